"""One limit ends what takes too long, and nothing else."""

import asyncio

import pytest

from local_azure.webpubsub.event_handlers.time_limit import TimeLimit


async def endless() -> None:
    await asyncio.Event().wait()


async def immediate() -> str:
    return "done"


async def test_what_is_done_in_time_returns_its_result() -> None:
    assert await TimeLimit(60).run(immediate()) == "done"


async def test_what_takes_too_long_is_ended_and_its_task_goes_on() -> None:
    limit = TimeLimit(0)

    for _ in range(2):  # the timer of the first one is over
        with pytest.raises(TimeoutError):
            await limit.run(endless())

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)


async def test_what_began_later_has_its_whole_time() -> None:
    limit = TimeLimit(0.01)
    first, later = asyncio.create_task(limit.run(endless())), asyncio.Event()

    async def begin_later() -> None:
        await later.wait()
        await limit.run(endless())

    second = asyncio.create_task(begin_later())
    asyncio.get_running_loop().call_later(0.005, later.set)
    done, pending = await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)

    assert (done, pending) == ({first}, {second})
    assert isinstance(first.exception(), TimeoutError)
    with pytest.raises(TimeoutError):
        await second


@pytest.mark.parametrize("seconds", [0, 60])
async def test_a_task_that_is_cancelled_by_others_is_cancelled_and_not_late(seconds: float) -> None:
    task = asyncio.create_task(TimeLimit(seconds).run(endless()))
    await asyncio.sleep(0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_that_ignores_its_end_returns_and_leaves_its_task_uncancelled() -> None:
    async def stubborn() -> str:
        try:
            await endless()
        except asyncio.CancelledError:
            return "late"
        raise AssertionError

    assert await TimeLimit(0).run(stubborn()) == "late"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
