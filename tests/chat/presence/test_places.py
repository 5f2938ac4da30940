"""The rows of users: what they hold, how versions read each other, and what happens when two change one at once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from chat.names import user_key
from chat.presence.places import (
    MAX_UNREAD_MENTIONS,
    Level,
    Place,
    PlaceStore,
    Position,
    decode_place,
    encode_place,
)
from chat.settings import Settings
from chat.table_storage.client import TableClients
from chat.table_storage.errors import Conflict
from local_azure import tables

OLD = Place(
    "ana", "design", Position(7, 3), joined_at=1_769_860_800_000, is_here=True, news_at=1_769_860_801_000, left_by="c1"
)
STORED = replace(OLD, mentions=(8, 12), level=Level.MENTIONS)
# What each version of the app wrote for this place. A new version adds its own; none is ever removed.
WRITTEN: dict[str, dict[str, Any]] = {
    "1": {
        "PartitionKey": user_key("ana"),
        "RowKey": "design",
        "v": 1,
        "user": "ana",
        "seq": 7,
        "messages": 3,
        "joinedAt": 1_769_860_800_000,
        "here": True,
        "newsAt": 1_769_860_801_000,
        "leftBy": "c1",
    }
}
WRITTEN["1 with invitations"] = WRITTEN["1"] | {"invitedAt": 0}
WRITTEN["1 with mentions"] = WRITTEN["1 with invitations"] | {"mentions": "8 12", "level": "mentions"}
NEWEST_NAME = "1 with mentions"
NEWEST = WRITTEN[NEWEST_NAME]


@pytest.fixture
async def store() -> AsyncIterator[PlaceStore]:
    async with tables.serve() as storage:
        settings = Settings({"AzureWebJobsStorage": storage.connection_string})
        yield PlaceStore(await TableClients().get(settings))


@pytest.mark.parametrize("version", WRITTEN)
def test_a_row_of_every_version_is_read(version: str) -> None:
    row = WRITTEN[version] | {"odata.etag": "1"}

    assert encode_place(decode_place(row, "ana", "design")) == encode_place(STORED if version == NEWEST_NAME else OLD)


def test_the_newest_version_is_written_and_a_later_ones_field_is_ignored() -> None:
    assert encode_place(STORED) == NEWEST
    later = NEWEST | {"v": 2, "colour": True, "odata.etag": "1"}
    assert encode_place(decode_place(later, "ana", "design")) == NEWEST


@pytest.mark.parametrize(
    "missing",
    ["v", "user", "seq", "messages", "joinedAt", "here", "newsAt", "leftBy", "invitedAt", "mentions", "level"],
)
def test_a_missing_field_has_its_default(missing: str) -> None:
    row = {name: value for name, value in NEWEST.items() if name != missing} | {"odata.etag": "1"}

    place = encode_place(decode_place(row, "ana", "design"))

    default = encode_place(Place("ana", "design"))
    assert place == NEWEST | ({missing: default[missing]} if missing != "v" else {})


def test_a_position_moves_forward_only() -> None:
    place = Place("ana", "design", Position(7, 3), joined_at=5)

    assert place.read_up_to(Position(9, 4)).read == Position(9, 4)
    assert place.read_up_to(Position(6, 2)) == place
    assert place.unread(10) == 7
    assert place.unread(2) == 0


def test_a_mention_counts_once_until_it_is_read_or_removed() -> None:
    place = Place("ana", "design", Position(7, 3), joined_at=5).mentioned(12).mentioned(9).mentioned(9)

    assert place.mentions == (9, 12)
    assert place.mentioned(7) == place  # it was read before it was noted
    assert place.unread_mentions(first=10) == [12]
    assert place.unmentioned(9).mentions == (12,)
    assert place.read_up_to(Position(9, 4)).mentions == (12,)
    assert place.unlisted().listed(6, Position(20, 8)).mentions == ()


def test_a_room_that_is_not_in_the_list_takes_no_mention_and_one_in_it_a_hundred() -> None:
    assert Place("ana", "design").mentioned(9).mentions == ()
    place = Place("ana", "design", joined_at=5)
    for seq in range(1, 200):
        place = place.mentioned(seq)
    assert place.mentions == tuple(range(1, MAX_UNREAD_MENTIONS + 1))


def test_mentions_that_a_version_without_them_left_behind_are_read_when_the_position_is_further() -> None:
    row = NEWEST | {"seq": 10, "odata.etag": "1"}

    assert decode_place(row, "ana", "design").mentions == (12,)


def test_a_room_in_the_list_keeps_its_position_and_a_removed_one_forgets_it() -> None:
    place = Place("ana", "design").listed(5, Position(7, 3))

    assert (place.joined_at, place.read) == (5, Position(7, 3))
    assert place.listed(9, Position(8, 4)) == place
    assert place.unlisted().listed(9, Position(8, 4)).read == Position(8, 4)


@pytest.mark.parametrize("user", ["ana", "Ana", "it's", "a/b#c?d\\e", "Zoë 😀", "x" * 64])
async def test_a_user_with_any_name_has_rows_of_its_own(store: PlaceStore, user: str) -> None:
    absent = await store.read(user, "design")
    saved = await store.save(absent.listed(1_769_860_800_000, Position(7, 3)).arrived(1_769_860_800_001))

    assert await store.read(user, "design") == saved
    assert await store.read_listed_and_invited(user) == ([saved], [])
    assert await store.read_listed_and_invited("somebody else") == ([], [])


async def test_rooms_are_listed_in_the_order_in_which_they_were_joined(store: PlaceStore) -> None:
    for at, room in enumerate(["zebra", "ant", "lobby"], 1):
        await store.save(Place("ana", room).listed(at, Position()))
    await store.save(Place("ana", "visited").arrived(9))

    assert [place.room for place in (await store.read_listed_and_invited("ana"))[0]] == ["zebra", "ant", "lobby"]
    assert await store.count_listed("ana") == 3
    assert [place.room for place in await store.read_departing("ana", "c1")] == ["visited"]


async def test_the_rows_of_a_departure_are_those_where_the_user_is_and_those_that_the_connection_left(
    store: PlaceStore,
) -> None:
    for room in ("here", "left", "left-by-another"):
        await store.save(Place("ana", room).listed(5, Position()).arrived(6))
    for room, connection in (("left", "it's"), ("left-by-another", "c2")):
        await store.save((await store.read("ana", room)).departed(7, connection))

    assert [place.room for place in await store.read_departing("ana", "it's")] == ["here", "left"]


async def test_of_two_who_change_a_row_at_once_one_fails_and_an_update_tries_again(store: PlaceStore) -> None:
    first = await store.save(Place("ana", "design").listed(5, Position(1, 1)))
    second = await store.save(first.read_up_to(Position(2, 2)))

    with pytest.raises(Conflict):
        await store.save(first.arrived(9))
    with pytest.raises(Conflict):
        await store.save(Place("ana", "design"))
    with pytest.raises(Conflict):
        await store.remove(first)
    before, after = await store.update(first, lambda place: place.arrived(9))

    assert before == second
    assert (after.read, after.is_here) == (Position(2, 2), True)
    assert await store.read("ana", "design") == after


async def test_an_update_that_changes_nothing_is_not_stored(store: PlaceStore) -> None:
    place = await store.save(Place("ana", "design").listed(5, Position(1, 1)))

    assert await store.update(place, lambda _: None) == (place, place)
    assert await store.read("ana", "design") == place
    await store.remove(place)
    assert await store.read("ana", "design") == Place("ana", "design")
