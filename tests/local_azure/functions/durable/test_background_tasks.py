"""Background tasks: one run at a time for each key, no wake is lost, a limit, and a stop that waits."""

import asyncio
import logging

import pytest

from local_azure.functions.durable.execution.background_tasks import SerialRunner


async def settled() -> None:
    """Let everything that can run, run."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_wake_during_a_run_leads_to_another_run() -> None:
    runs: list[str] = []
    gate = asyncio.Event()

    async def work(key: str) -> None:
        runs.append(key)
        await gate.wait()

    workers = SerialRunner(work, 4)
    workers.wake("a")
    await settled()
    for _ in range(5):
        workers.wake("a")
    await settled()
    assert runs == ["a"]

    gate.set()
    await settled()
    assert runs == ["a", "a"]
    await workers.stop()


async def test_keys_run_side_by_side_up_to_the_limit() -> None:
    running: set[int] = set()
    most = 0
    gate = asyncio.Event()

    async def work(key: int) -> None:
        nonlocal most
        running.add(key)
        most = max(most, len(running))
        await gate.wait()
        running.discard(key)

    workers = SerialRunner(work, 3)
    for key in range(10):
        workers.wake(key)
    await settled()
    gate.set()
    await settled()
    assert most == 3
    assert not running
    await workers.stop()


async def test_a_failed_run_is_logged_and_its_key_can_be_woken_again(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[str] = []

    async def work(key: str) -> None:
        runs.append(key)
        raise OSError("out of luck")

    workers = SerialRunner(work, 1)
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            workers.wake("a")
            await settled()
    assert runs == ["a", "a"]
    assert [record.message for record in caplog.records] == ["durable work failed"] * 2
    await workers.stop()


async def test_stop_ends_what_runs() -> None:
    ended: list[str] = []

    async def work(key: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(key)

    workers = SerialRunner(work, 2)
    workers.wake("a")
    workers.wake("b")
    await settled()
    await workers.stop()
    assert sorted(ended) == ["a", "b"]
