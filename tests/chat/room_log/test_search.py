"""Searching several rooms in the local Table storage, step by step to their beginnings."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random

import pytest

from chat.room_log import search
from chat.room_log.append_plan import plan_append
from chat.room_log.model import Head, Message
from chat.room_log.search import FIRST_SPAN, LATEST, Found, Query, find_seq_at, first_positions, next_span, search_step
from chat.room_log.search_terms import parse_words, search_patterns
from chat.room_log.store import RoomStore
from tests.chat.room_log.conftest import Instances
from tests.chat.room_log.requests import delete, edit, new_message
from tests.chat.room_log.stored_room import NOW, changed_messages, new_messages, remove_before, write_room
from tests.chat.room_log.table_proxy import TableProxy

USERS, TEXTS = ("ana", "bo"), ("green tea", "Black TEA", "coffee", "a tee shirt")
Spoken = tuple[str, str, int]


async def write_rooms(store: RoomStore, rooms: Mapping[str, Sequence[Spoken]]) -> list[tuple[str, Message]]:
    """Write rooms in which users say texts at times; return all messages with their rooms."""
    written: list[tuple[str, Message]] = []
    for room, said in rooms.items():
        head = Head()
        for number, (user, text, at) in enumerate(said):
            plan = plan_append(room, head, {}, [new_message(f"{room}{number}", text, user)], at)
            etag = await store.commit(room, plan, 5.0)
            head = Head(plan.head.seq, plan.head.messages, plan.head.at, plan.head.first, etag)
            written += [(room, message) for message in plan.created.values()]
    return written


def random_rooms(seed: int) -> dict[str, list[Spoken]]:
    """Return rooms of different ages and lengths."""
    random = Random(seed)
    rooms: dict[str, list[Spoken]] = {}
    for name in ("old", "new", "both", "empty"):
        at = {"old": NOW, "new": NOW + 5000, "both": NOW, "empty": NOW}[name]
        length = 0 if name == "empty" else random.randrange(5, 40)
        rooms[name] = []
        for _ in range(length):
            at += random.choice((1, 1, 300))
            rooms[name].append((random.choice(USERS), random.choice(TEXTS), at))
    return rooms


async def read_heads(store: RoomStore, rooms: Sequence[str]) -> dict[str, Head]:
    return {room: await store.read_head(room) for room in rooms}


async def search_all(store: RoomStore, rooms: Sequence[str], query: Query, limit: int = 3) -> list[Found]:
    """Search rooms to their beginnings."""
    clock = asyncio.get_running_loop().time
    positions = first_positions(await read_heads(store, rooms), query)
    steps: list[Found] = []
    while positions:
        steps.append(await search_step(store, query, positions, limit, store.read_head, clock))
        positions = list(steps[-1].positions)
    return steps


def messages_of(steps: Sequence[Found]) -> list[tuple[str, Message]]:
    return [found for step in steps for found in step.messages]


def words(text: str) -> tuple[str, ...]:
    return search_patterns(parse_words(text))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("span", "ranges"), [(2, 60), (100, 60), (2, 1), (100, 1)])
async def test_every_message_that_matches_is_found_once_and_the_newest_first(
    store: RoomStore, monkeypatch: pytest.MonkeyPatch, seed: int, span: int, ranges: int
) -> None:
    monkeypatch.setattr(search, "MAX_RANGES", ranges)
    monkeypatch.setattr(search, "FIRST_SPAN", span)
    monkeypatch.setattr(search, "LONGEST_SPAN", span)
    rooms = random_rooms(seed)
    written = await write_rooms(store, rooms)

    steps = await search_all(store, list(rooms), Query(words("tea")))

    expected = {message.id for _, message in written if "tea" in message.text.lower()}
    found = messages_of(steps)
    assert {message.id for _, message in found} == expected
    assert len(found) == len(expected)
    times = [message.sent_at for _, message in found]
    assert times == sorted(times, reverse=True)
    assert all(message.id.startswith(room) for room, message in found)
    assert all(len(step.messages) <= 3 for step in steps)
    reached = [step.reached for step in steps]
    assert reached[-1] is None
    for step, later in pairwise(steps):
        assert step.reached is not None
        assert all(message.sent_at <= step.reached for _, message in later.messages)


async def test_messages_are_found_by_their_sender_and_their_time(store: RoomStore) -> None:
    rooms = random_rooms(9)
    written = await write_rooms(store, rooms)
    times = sorted(message.sent_at for _, message in written)
    after, before = times[len(times) // 4], times[len(times) * 3 // 4]

    found = messages_of(await search_all(store, list(rooms), Query((), "bo", after, before)))

    expected = {m.id for _, m in written if m.sender == "bo" and after <= m.sent_at < before}
    assert expected
    assert {message.id for _, message in found} == expected


async def test_a_message_is_searched_as_it_is_now_and_a_deleted_one_is_not_found(store: RoomStore) -> None:
    await write_room(
        store,
        [
            new_message("m1", "tea today"),
            new_message("m2", "coffee today"),
            new_message("m3", "tea tomorrow"),
            edit("c1", "m1", "cake today"),
            edit("c2", "m2", "tea at last"),
            delete("c3", "m3"),
        ],
    )

    found = messages_of(await search_all(store, ["lobby"], Query(words("tea"))))
    by_sender = messages_of(await search_all(store, ["lobby"], Query(user="ana")))

    assert [message.id for _, message in found] == ["m2"]
    assert [message.id for _, message in by_sender] == ["m2", "m1"]


async def test_what_retention_removed_is_not_searched(store: RoomStore) -> None:
    requests = new_messages(30, "tea")
    await write_room(store, requests)
    await remove_before(store, 21, requests)

    steps = await search_all(store, ["lobby"], Query(words("tea")), limit=50)

    assert [message.seq for _, message in messages_of(steps)] == list(range(30, 20, -1))
    assert sum(step.searched for step in steps) == 10


async def test_one_step_looks_at_a_bounded_number_of_entries_and_the_next_one_goes_on(
    store: RoomStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MAX_SEARCHED", 250)
    await write_room(store, [new_message("needle", "a needle"), *new_messages(999, "hay")])

    steps = await search_all(store, ["lobby"], Query(words("needle")))

    assert [message.id for _, message in messages_of(steps)] == ["needle"]
    assert all(step.searched <= 250 + 2 * search.LONGEST_SPAN for step in steps)
    assert sum(step.searched for step in steps) == 1000
    assert len(steps) > 2


async def test_a_step_ends_when_its_time_is_over(store: RoomStore) -> None:
    await write_room(store, new_messages(500, "hay"))
    times = iter(range(0, 1000, 3))
    positions = first_positions(await read_heads(store, ["lobby"]), Query(words("needle")))

    step = await search_step(store, Query(words("needle")), positions, 5, store.read_head, lambda: float(next(times)))

    assert step.searched == FIRST_SPAN
    assert step.positions


async def test_a_room_whose_reading_is_refused_meanwhile_gives_nothing_more(store: RoomStore) -> None:
    await write_rooms(store, {"open": [("ana", "tea", NOW)], "shut": [("ana", "tea", NOW + 1)]})

    async def read_head(room: str) -> Head | None:
        return None if room == "shut" else await store.read_head(room)

    query = Query(words("tea"))
    positions = first_positions(await read_heads(store, ["open", "shut"]), query)
    step = await search_step(store, query, positions, 5, read_head, asyncio.get_running_loop().time)

    assert [room for room, _ in step.messages] == ["open"]
    assert step.positions == ()


async def test_a_room_that_is_older_than_what_is_found_is_not_read(
    store: RoomStore, instances: Instances, proxy: TableProxy
) -> None:
    await write_rooms(
        store,
        {f"old{number}": [("ana", "tea", NOW)] for number in range(20)}
        | {"new": [("ana", "tea", NOW + 1000 + number) for number in range(5)]},
    )
    watched = instances.store(proxy.connection_string)
    rooms = ["new", *(f"old{number}" for number in range(20))]
    query = Query(words("tea"))
    positions = first_positions(await read_heads(store, rooms), query)

    step = await search_step(watched, query, positions, 3, watched.read_head, asyncio.get_running_loop().time)

    assert [message.seq for _, message in step.messages] == [5, 4, 3]
    assert proxy.reads == 2  # the head and one range of one room
    assert len(step.positions) == 21


@pytest.mark.parametrize("offset", [-5, 0, 1, 7, 19, 20, 500])
async def test_the_first_entry_of_a_time_is_looked_up_in_a_few_reads(
    store: RoomStore, instances: Instances, proxy: TableProxy, offset: int
) -> None:
    await write_rooms(store, {"lobby": [("ana", "x", NOW + 2 * number) for number in range(10)]})
    head = await store.read_head("lobby")
    watched = instances.store(proxy.connection_string)
    proxy.reads = 0

    seq = await find_seq_at(watched, "lobby", head, NOW + offset)

    assert seq == min(11, max(1, (offset + 1) // 2 + 1))
    assert proxy.reads <= 4


async def test_a_step_before_a_time_does_not_read_what_is_later(store: RoomStore) -> None:
    await write_rooms(store, {"lobby": [("ana", "tea", NOW + number) for number in range(300)]})

    [step] = await search_all(store, ["lobby"], Query(words("tea"), before=NOW + 10), limit=50)

    assert [message.seq for _, message in step.messages] == list(range(10, 0, -1))
    assert step.searched == 10


async def test_changes_between_the_messages_are_passed_over(store: RoomStore) -> None:
    written = await write_room(store, changed_messages(12, 20))

    found = messages_of(await search_all(store, ["lobby"], Query(after=1), limit=5))

    assert [message.id for _, message in found] == list(reversed(written))


def test_a_range_is_shorter_after_long_texts_and_longer_after_short_ones() -> None:
    assert next_span(100, 5_000, Query()) == 200
    assert next_span(200, 5_000, Query()) == 200
    assert next_span(200, 500_000, Query()) == 100
    assert next_span(30, 500_000, Query()) == 25
    assert next_span(800, 500, Query(user="ana")) == 1000


def test_a_query_without_times_takes_every_time() -> None:
    assert Query().has_time(0)
    assert Query().has_time(LATEST - 1)
