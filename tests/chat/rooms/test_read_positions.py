"""A user has the same rooms and the same exact number of unread messages on all devices."""

import pytest

from chat.presence.places import MAX_PLACES, Place, PlaceStore, Position
from chat.room_log.model import Head
from chat.rooms.read_positions import moved_place, position_at
from chat.settings import Settings
from chat.table_storage.client import TableClients
from local_azure.tables import faults as storage
from tests.chat.local_chat import Frame, LocalChat, Tab

PUBLIC = {"kind": "public", "title": "", "mentioned": [], "level": "all"}


async def places(tab: Tab) -> list[Frame]:
    await tab.send("places", {})
    return list((await tab.next(type="places"))["rooms"])


async def say(tab: Tab, room: str, count: int) -> None:
    for number in range(count):
        await tab.ask("message", {"room": room, "message": str(number)})


@pytest.mark.parametrize(
    ("seq", "count", "expected"),
    [
        (5, 3, Position(5, 3)),
        (9, 6, Position(9, 6)),
        (10, 6, Position(10, 7)),
        (99, None, Position(10, 7)),
        (2, None, None),
    ],
)
def test_a_position_is_at_most_at_the_head_and_never_at_an_entry_that_was_removed(
    seq: int, count: int | None, expected: Position | None
) -> None:
    assert position_at(seq, Head(seq=10, messages=7, first=3), count) == expected


def test_a_room_that_left_the_list_meanwhile_gets_no_position() -> None:
    assert moved_place(Place("ana", "design"), Position(9, 9)) is None
    assert moved_place(Place("ana", "design", Position(9, 9), joined_at=5), Position(9, 9)) is None


async def test_a_room_that_is_new_in_the_list_counts_as_read_and_a_known_one_from_where_it_was(
    chat: LocalChat,
) -> None:
    ana, _ = await chat.enter("ana", "design")
    await say(ana, "design", 3)

    bo, first = await chat.enter("bo", "design")
    await bo.close()
    await say(ana, "design", 2)
    _, again = await chat.enter("bo", "design")

    assert (first["head"], first["read"], first["unread"]) == (3, 3, 0)
    assert (again["head"], again["read"], again["unread"]) == (5, 3, 2)


async def test_what_is_read_on_one_device_is_read_on_the_other(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    phone, _ = await chat.enter("bo", "design")
    laptop = await chat.open("bo")
    await say(ana, "design", 60)

    assert await places(laptop) == [{"room": "design", "read": 0, "unread": 60, "head": 60} | PUBLIC]
    await phone.ask("read", {"room": "design", "seq": 58})

    assert await laptop.next(type="read") == {
        "type": "read",
        "room": "design",
        "seq": 58,
        "unread": 2,
        "mentioned": [],
    }
    assert (await places(laptop))[0]["unread"] == 2
    assert [frame for frame in [*phone.seen, *ana.seen] if frame.get("type") == "read"] == []


async def test_only_messages_are_counted_as_unread(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo, _ = await chat.enter("bo", "design")
    await say(ana, "design", 2)
    line = await bo.next(message="1")
    await ana.ask("react", {"room": "design", "id": line["id"], "emoji": "👍"})
    await ana.ask("edit", {"room": "design", "id": line["id"], "message": "one"})

    assert await places(bo) == [{"room": "design", "read": 0, "unread": 2, "head": 4} | PUBLIC]
    await bo.ask("read", {"room": "design", "seq": 3})
    _, joined = await chat.enter("bo", "design")
    assert (joined["read"], joined["unread"]) == (3, 0)


async def test_a_position_never_goes_back_and_never_beyond_the_end(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    await say(ana, "design", 3)
    other = await chat.open("ana")

    for seq in (2, 1, 2, 99):
        await ana.ask("read", {"room": "design", "seq": seq})
    await say(ana, "design", 1)
    await ana.ask("read", {"room": "design", "seq": 4})

    told = [await other.next(type="read") for _ in range(3)]
    assert [(frame["seq"], frame["unread"]) for frame in told] == [(2, 1), (3, 0), (4, 0)]
    assert (await places(other))[0]["read"] == 4


async def test_the_level_of_a_room_is_kept_for_the_user_until_the_room_is_left(chat: LocalChat) -> None:
    phone, _ = await chat.enter("ana", "design")
    laptop = await chat.open("ana")

    await phone.ask("level", {"room": "design", "level": "none"})
    await phone.ask("level", {"room": "design", "level": "none"})

    assert await laptop.next(type="level") == {"type": "level", "room": "design", "level": "none"}
    assert (await places(laptop))[0]["level"] == "none"
    assert [frame["type"] for frame in laptop.seen if frame.get("type") == "level"] == ["level"]
    _, joined = await chat.enter("ana", "design")
    assert joined["level"] == "none"
    await phone.ask("leave", {"room": "design"})
    _, joined = await chat.enter("ana", "design")
    assert joined["level"] == "all"


async def test_a_room_is_in_the_list_until_it_is_left_on_any_device(chat: LocalChat) -> None:
    phone, _ = await chat.enter("ana", "design")
    await phone.ask("join", {"room": "support"})
    await phone.close()
    laptop = await chat.open("ana")

    assert [place["room"] for place in await places(laptop)] == ["design", "support"]
    await laptop.ask("leave", {"room": "design"})

    assert (await laptop.next(type="left"))["room"] == "design"
    assert [place["room"] for place in await places(laptop)] == ["support"]
    await laptop.ask("leave", {"room": "design"})
    assert (await laptop.next(event="error"))["code"] == "not_in_room"


@pytest.mark.parametrize(
    ("event", "data", "code"),
    [
        ("read", {"room": "design", "seq": 1}, "not_in_room"),
        ("read", {"room": "design"}, "invalid_message"),
        ("read", {"room": "design", "seq": -1}, "invalid_message"),
        ("read", {"room": "design", "seq": True}, "invalid_message"),
        ("read", {"seq": 1}, "invalid_name"),
        ("roster", {"room": "design"}, "not_in_room"),
        ("places", "all", "invalid_message"),
        ("level", {"room": "design", "level": "all"}, "not_in_room"),
        ("level", {"room": "lobby", "level": "some"}, "invalid_message"),
        ("level", {"room": "lobby"}, "invalid_message"),
    ],
)
async def test_a_wrong_question_is_refused(chat: LocalChat, event: str, data: object, code: str) -> None:
    ana = await chat.open("ana")

    await ana.ask(event, data)

    assert (await ana.next(event="error"))["code"] == code


async def test_a_user_may_have_more_rooms_than_a_connection_and_at_most_five_hundred(chat: LocalChat) -> None:
    settings = Settings({"AzureWebJobsStorage": chat.storage.connection_string})
    store = PlaceStore(await TableClients().get(settings))
    for number in range(MAX_PLACES - 1):
        await store.save(Place("ana", f"room-{number}").listed(number + 1, Position()))
    ana = await chat.open("ana")

    assert len(await places(ana)) == MAX_PLACES - 1
    await ana.ask("join", {"room": "the-last"})
    await ana.ask("join", {"room": "one-more"})
    await ana.ask("join", {"room": "room-7"})

    assert (await ana.next(type="joined"))["room"] == "the-last"
    refusal = await ana.next(event="error")
    assert (refusal["code"], "500" in refusal["message"]) == ("too_many_rooms", True)
    assert (await ana.next(type="joined"))["room"] == "room-7"


async def test_while_storage_fails_positions_and_places_say_so(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    chat.storage.faults.add(storage.Fail(500, scope=storage.Scope(table="ChatUsers"), for_seconds=60))

    for event, data in (("read", {"room": "design", "seq": 1}), ("places", {}), ("leave", {"room": "design"})):
        await ana.ask(event, data)
        assert (await ana.next(event="error"))["code"] == "storage_unavailable"

    chat.storage.faults.clear()
    assert [place["room"] for place in await places(ana)] == ["design"]
    assert await chat.roster("design") == ["ana"]


async def test_many_who_ask_for_their_places_at_once_read_a_rooms_end_once(chat: LocalChat) -> None:
    tabs = [(await chat.enter(f"user-{number}", "design"))[0] for number in range(10)]
    reads: list[str] = []
    chat.storage.observations.subscribe(
        lambda seen: reads.append(seen.operation) if (seen.table, seen.operation) == ("ChatRooms", "get") else None
    )

    for tab in tabs:
        await tab.send("places", {})
    answers = [(await tab.next(type="places"))["rooms"] for tab in tabs]

    assert answers == [[{"room": "design", "read": 0, "unread": 0, "head": 0} | PUBLIC]] * 10
    assert 1 <= len(reads) <= 2  # the second one if it took more than a second
