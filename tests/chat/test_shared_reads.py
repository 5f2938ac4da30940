"""A result is shared while its read runs and for a while after it began; who needs a new one gets a new one."""

import asyncio
from dataclasses import dataclass, field

import pytest

from chat.errors import ServiceUnavailable
from chat.shared_reads import SharedReads


@dataclass
class Source:
    """Something to read; a read ends when the test sets `may_end`."""

    reads: int = 0
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> int:
        self.reads += 1
        number = self.reads
        await self.may_end.wait()
        return number


async def let_tasks_run() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_callers_share_a_read_while_it_runs_and_for_the_stated_time() -> None:
    shared, source = SharedReads[int](1.0), Source()
    source.may_end.set()

    results = await asyncio.gather(*(shared.get("room", source.read, now=10.0) for _ in range(20)))

    assert results == [1] * 20
    assert await shared.get("room", source.read, now=10.9) == 1
    assert await shared.get("room", source.read, now=11.0) == 2


async def test_a_new_read_begins_after_the_call_and_is_shared_by_all_who_waited_for_it() -> None:
    shared, source = SharedReads[int](60.0), Source()
    earlier = asyncio.ensure_future(shared.get("room", source.read))
    await let_tasks_run()

    later = [asyncio.ensure_future(shared.get_new("room", source.read)) for _ in range(20)]
    await let_tasks_run()
    assert source.reads == 1  # at most one runs at a time
    source.may_end.set()

    assert await earlier == 1
    assert await asyncio.gather(*later) == [2] * 20
    assert await shared.get("room", source.read) == 2
    assert await shared.get_new("room", source.read) == 3


async def test_a_cancelled_caller_does_not_end_the_read_of_the_others() -> None:
    shared, source = SharedReads[int](1.0), Source()
    callers = [asyncio.ensure_future(shared.get_new("room", source.read)) for _ in range(2)]
    await let_tasks_run()

    callers[0].cancel()
    source.may_end.set()

    assert await callers[1] == 1
    assert callers[0].cancelled()


async def test_an_error_is_raised_for_all_who_share_the_read_and_not_for_the_next_new_one() -> None:
    shared, source = SharedReads[int](60.0), Source()
    source.may_end.set()

    async def fail() -> int:
        raise OSError("broken")

    outcomes = await asyncio.gather(*(shared.get_new("room", fail) for _ in range(3)), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [OSError] * 3
    with pytest.raises(OSError, match="broken"):
        await shared.get("room", source.read)
    assert await shared.get_new("room", source.read) == 1


async def test_old_results_are_not_kept() -> None:
    shared, source = SharedReads[int](1.0), Source()
    source.may_end.set()

    for number in range(100):
        await shared.get(f"room-{number}", source.read, now=float(number))

    assert list(shared.reads) == ["room-99"]


async def fail() -> int:
    raise ServiceUnavailable("no answer")


async def test_where_a_read_fails_the_last_result_is_used_for_a_stated_time() -> None:
    shared, source = SharedReads[int](1.0, 10.0), Source()
    source.may_end.set()
    await shared.get("room", source.read, now=10.0)

    assert await asyncio.gather(*(shared.get("room", fail, now=15.0) for _ in range(20))) == [1] * 20
    with pytest.raises(ServiceUnavailable):
        await shared.get("room", fail, now=20.0)
    with pytest.raises(ServiceUnavailable):
        await shared.get("design", fail, now=15.0)


async def test_where_a_read_takes_long_the_last_result_is_used_and_the_read_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chat.shared_reads.PATIENCE_SECONDS", 0.01)
    shared, source = SharedReads[int](1.0, 10.0), Source()
    source.may_end.set()
    await shared.get("room", source.read, now=10.0)
    source.may_end.clear()

    assert await shared.get("room", source.read, now=12.0) == 1
    source.may_end.set()
    await let_tasks_run()
    assert await shared.get("room", source.read, now=12.5) == 2


async def test_who_needs_a_new_result_is_given_no_earlier_one() -> None:
    shared, source = SharedReads[int](1.0, 10.0), Source()
    source.may_end.set()
    await shared.get("room", source.read)

    with pytest.raises(ServiceUnavailable):
        await shared.get_new("room", fail)


async def test_old_results_are_forgotten() -> None:
    shared, source = SharedReads[int](1.0, 10.0), Source()
    source.may_end.set()
    for number in range(100):
        await shared.get(f"room-{number}", source.read, now=float(number))

    assert len(shared._last) <= 11
