"""Storage never holds up a conversation, and never fails it."""

import asyncio
import time

import pytest

from chat.signals import Signals


async def nothing() -> None:
    """Take no time."""


async def fail() -> None:
    raise RuntimeError("storage is on fire")


async def test_a_quick_signal_is_done_when_the_answer_is() -> None:
    signals, done = Signals(), []

    async def remember() -> None:
        done.append("remembered")

    await signals.beside(nothing(), remember)

    assert done == ["remembered"]


async def test_a_slow_signal_goes_on_after_the_answer() -> None:
    signals, free = Signals(wait_seconds=0.01), asyncio.Event()
    done: list[str] = []

    async def remember() -> None:
        await free.wait()
        done.append("remembered")

    await signals.beside(nothing(), remember)
    assert (done, len(signals.late)) == ([], 1)

    free.set()
    await asyncio.gather(*signals.running)
    assert (done, len(signals.late), len(signals.running)) == (["remembered"], 0, 0)


async def test_while_storage_is_slow_nobody_waits_for_it() -> None:
    signals, free = Signals(wait_seconds=0.01), asyncio.Event()
    await signals.beside(nothing(), free.wait)
    signals.wait_seconds = 3600

    async with asyncio.timeout(5):
        for _ in range(10):
            await signals.beside(nothing(), free.wait)

    assert len(signals.late) == 11
    free.set()
    await asyncio.gather(*signals.running)


async def test_after_one_answer_waited_in_vain_the_next_ones_do_not_wait_for_a_while() -> None:
    """Also where messages are so rare that the late signal has ended before the next one comes."""
    signals, free = Signals(wait_seconds=0.01), asyncio.Event()
    await signals.beside(nothing(), free.wait)
    free.set()
    await asyncio.gather(*signals.running)
    assert signals.late == set()

    waits_again_at = signals.waits_again_at
    signals.wait_seconds = 3600
    free.clear()
    async with asyncio.timeout(5):
        await signals.beside(nothing(), free.wait)
    free.set()
    await asyncio.gather(*signals.running)

    assert signals.waits_again_at == waits_again_at, "who did not wait has not waited in vain"
    signals.waits_again_at, done = time.monotonic(), []

    async def remember() -> None:
        await asyncio.sleep(0)
        done.append("remembered")

    await signals.beside(nothing(), remember)
    assert done == ["remembered"]


async def test_a_signal_that_fails_is_counted_and_the_message_is_not_affected(caplog: pytest.LogCaptureFixture) -> None:
    signals = Signals()

    await signals.beside(nothing(), fail)
    await signals.beside(nothing(), fail)

    assert signals.lost == 2
    assert [record.message.split(" {")[0] for record in caplog.records] == ["memory lost a signal"] * 2


async def test_a_signal_that_never_ends_is_given_up() -> None:
    signals = Signals(wait_seconds=1, signal_seconds=0.01)

    await signals.beside(nothing(), asyncio.Event().wait)

    assert (signals.lost, len(signals.running)) == (1, 0)


async def test_what_was_not_published_is_not_remembered() -> None:
    signals, done = Signals(), []

    async def publish() -> None:
        await asyncio.sleep(0)
        raise RuntimeError("nobody was reached")

    async def remember() -> None:
        await asyncio.sleep(0.01)
        done.append("remembered")

    with pytest.raises(RuntimeError, match="nobody was reached"):
        await signals.beside(publish(), remember)
    await asyncio.gather(*signals.running, return_exceptions=True)

    assert done == []


async def test_signals_that_pile_up_are_dropped_and_counted() -> None:
    signals, free = Signals(wait_seconds=0.001, max_running=2), asyncio.Event()

    for _ in range(5):
        await signals.beside(nothing(), free.wait)

    free.set()
    await asyncio.gather(*signals.running)
    assert signals.lost == 3
