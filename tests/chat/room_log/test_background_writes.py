"""Storage never delays a conversation, and never makes it fail."""

import asyncio
import time

import pytest

from chat.room_log.background_writes import BackgroundWrites


async def nothing() -> None:
    """Take no time."""


async def fail() -> None:
    raise RuntimeError("storage is on fire")


async def test_a_quick_write_is_done_when_the_answer_is() -> None:
    writes, done = BackgroundWrites(), []

    async def store() -> None:
        done.append("stored")

    await writes.publish_and_store(nothing(), store)

    assert done == ["stored"]


async def test_a_slow_write_goes_on_after_the_answer() -> None:
    writes, free = BackgroundWrites(wait_seconds=0.01), asyncio.Event()
    done: list[str] = []

    async def store() -> None:
        await free.wait()
        done.append("stored")

    await writes.publish_and_store(nothing(), store)
    assert (done, len(writes.late)) == ([], 1)

    free.set()
    await asyncio.gather(*writes.running)
    assert (done, len(writes.late), len(writes.running)) == (["stored"], 0, 0)


async def test_while_storage_is_slow_nobody_waits_for_it() -> None:
    writes, free = BackgroundWrites(wait_seconds=0.01), asyncio.Event()
    await writes.publish_and_store(nothing(), free.wait)
    writes.wait_seconds = 3600

    async with asyncio.timeout(5):
        for _ in range(10):
            await writes.publish_and_store(nothing(), free.wait)

    assert len(writes.late) == 11
    free.set()
    await asyncio.gather(*writes.running)


async def test_after_one_answer_waited_in_vain_the_next_ones_do_not_wait_for_a_while() -> None:
    """Also where messages are so rare that the late write has ended before the next one comes."""
    writes, free = BackgroundWrites(wait_seconds=0.01), asyncio.Event()
    await writes.publish_and_store(nothing(), free.wait)
    free.set()
    await asyncio.gather(*writes.running)
    assert writes.late == set()

    waits_again_at = writes.waits_again_at
    writes.wait_seconds = 3600
    free.clear()
    async with asyncio.timeout(5):
        await writes.publish_and_store(nothing(), free.wait)
    free.set()
    await asyncio.gather(*writes.running)

    assert writes.waits_again_at == waits_again_at, "who did not wait has not waited in vain"
    writes.waits_again_at, done = time.monotonic(), []

    async def store() -> None:
        await asyncio.sleep(0)
        done.append("stored")

    await writes.publish_and_store(nothing(), store)
    assert done == ["stored"]


async def test_a_write_that_fails_is_counted_and_the_message_is_not_affected(caplog: pytest.LogCaptureFixture) -> None:
    writes = BackgroundWrites()

    await writes.publish_and_store(nothing(), fail)
    await writes.publish_and_store(nothing(), fail)

    assert writes.lost == 2
    assert [record.message.split(" {")[0] for record in caplog.records] == ["a write to storage was lost"] * 2


async def test_a_write_that_never_ends_is_given_up() -> None:
    writes = BackgroundWrites(wait_seconds=1, write_seconds=0.01)

    await writes.publish_and_store(nothing(), asyncio.Event().wait)

    assert (writes.lost, len(writes.running)) == (1, 0)


async def test_what_was_not_published_is_not_stored() -> None:
    writes, done = BackgroundWrites(), []

    async def publish() -> None:
        await asyncio.sleep(0)
        raise RuntimeError("nobody was reached")

    async def store() -> None:
        await asyncio.sleep(0.01)
        done.append("stored")

    with pytest.raises(RuntimeError, match="nobody was reached"):
        await writes.publish_and_store(publish(), store)
    await asyncio.gather(*writes.running, return_exceptions=True)

    assert done == []


async def test_writes_that_pile_up_are_dropped_and_counted() -> None:
    writes, free = BackgroundWrites(wait_seconds=0.001, max_running=2), asyncio.Event()

    for _ in range(5):
        await writes.publish_and_store(nothing(), free.wait)

    free.set()
    await asyncio.gather(*writes.running)
    assert writes.lost == 3
