"""The `search` and `around` events through the whole chat: who may find what, and what a request may ask."""

import asyncio
import logging
from typing import Any

import pytest

from chat.errors import InvalidMessage
from chat.rate_limits import RateLimited
from chat.room_log.search import LATEST, Position, Query
from chat.rooms.search import format_cursor, parse_cursor, parse_query, take_turn
from tests.chat.functions.test_signed_in import id_of, sign_in
from tests.chat.local_chat import HIGH_LIMITS, Frame, LocalChat, Tab, run_chat


async def find(tab: Tab, **fields: Any) -> Frame:
    await tab.ask("search", {"clientId": "s"} | fields)
    return await tab.next(clientId="s")


async def texts(tab: Tab, **fields: Any) -> list[str]:
    """Return the texts of all messages that are found, step by step."""
    found: list[str] = []
    cursor = None
    while True:
        frame = await find(tab, **fields, **({"cursor": cursor} if cursor else {}))
        assert frame["type"] == "found", frame
        found += [line["message"] for line in frame["messages"]]
        cursor = frame["cursor"]
        if cursor is None:
            return found


async def say(tab: Tab, room: str, *said: str) -> None:
    for text in said:
        await tab.ask("message", {"room": room, "message": text})


async def make_private_room(owner: Tab, *members: Tab) -> str:
    await owner.ask("create", {"kind": "private", "title": "Plans"})
    room: str = (await owner.next(type="joined", kind="private"))["room"]
    await owner.ask("link", {"room": room})
    secret = (await owner.next(type="link"))["secret"]
    for member in members:
        await member.ask("accept", {"room": room, "secret": secret})
        await member.next(type="joined", room=room)
    return room


async def test_words_are_found_in_one_room_and_in_all_rooms_of_the_user(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    for room in ("tea", "cake"):
        await ana.ask("join", {"room": room})
        await bo.ask("join", {"room": room})
    await bo.ask("join", {"room": "elsewhere"})
    await say(bo, "tea", "Earl Grey for ANA")
    await say(bo, "elsewhere", "grey skies")
    await say(bo, "cake", "gréy icing")

    assert await texts(ana, text="grey", room="tea") == ["Earl Grey for ANA"]
    assert await texts(ana, text="grey") == ["gréy icing", "Earl Grey for ANA"]
    assert await texts(ana, text="grey", room=None) == ["gréy icing", "Earl Grey for ANA"]
    assert await texts(ana, text="ana gre") == ["Earl Grey for ANA"]
    assert await texts(ana, **{"from": "ana"}) == []
    assert await texts(bo, text="grey") == ["gréy icing", "grey skies", "Earl Grey for ANA"]


async def test_the_pages_of_a_search_follow_each_other_and_tell_how_far_they_reach(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await say(ana, "lobby", *(f"tea {number}" for number in range(7)))

    first = await find(ana, text="tea", limit=5)
    await say(ana, "lobby", "more tea")
    second = await find(ana, text="tea", limit=5, cursor=first["cursor"])

    assert [line["message"] for line in first["messages"]] == [f"tea {number}" for number in (6, 5, 4, 3, 2)]
    assert [line["message"] for line in second["messages"]] == ["tea 1", "tea 0"]
    assert first["reached"] <= first["messages"][-1]["sentAt"]
    assert (second["cursor"], second["reached"]) == (None, None)
    assert first["searched"] == 7


async def test_a_private_room_is_searched_by_its_members_alone_and_only_as_long_as_they_are(chat: LocalChat) -> None:
    ana, bo, cy = [await chat.open(user) for user in ("ana", "bo", "cy")]
    room = await make_private_room(ana, bo)
    await say(ana, room, "secret tea")

    assert await texts(bo, text="tea") == ["secret tea"]
    assert await texts(cy, text="tea") == []
    cursor = (await find(bo, text="tea", limit=1, room=room))["cursor"] or f"1 {room}:9:9999999999999"
    await ana.ask("remove", {"room": room, "user": "bo"})
    await bo.next(type="removed")

    assert await texts(bo, text="tea") == []
    assert await texts(bo, text="tea", cursor=cursor) == []
    for user in (bo, cy):
        assert (await find(user, text="tea", room=room))["code"] in ("not_in_room", "unknown_room")


async def test_a_cursor_that_names_a_room_opens_no_room(chat: LocalChat) -> None:
    ana, cy = await chat.open("ana"), await chat.open("cy")
    room = await make_private_room(ana)
    await say(ana, room, "secret tea")
    await say(ana, "lobby", "tea for all")

    found = await find(cy, text="tea", cursor=f"1 {room}:9:9999999999999 lobby:9:9999999999999")

    assert [line["message"] for line in found["messages"]] == ["tea for all"]


async def test_who_is_banned_finds_nothing_in_the_room_from_that_moment_on(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    await ana.ask("create", {"kind": "public", "room": "garden"})
    await bo.ask("join", {"room": "garden"})
    await say(ana, "garden", *(f"tea {number}" for number in range(4)))
    cursor = (await find(bo, text="tea", limit=2, room="garden"))["cursor"]
    assert cursor

    await ana.ask("ban", {"room": "garden", "user": "bo"})
    await bo.next(type="removed")

    assert (await find(bo, text="tea", room="garden", cursor=cursor))["code"] in ("banned", "not_in_room")
    assert await texts(bo, text="tea") == []
    assert await texts(bo, text="tea", cursor=cursor) == []


async def test_a_room_that_was_left_is_not_searched(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await ana.ask("join", {"room": "tea"})
    await say(ana, "tea", "green")
    await ana.ask("leave", {"room": "tea"})

    assert await texts(ana, text="green") == []
    assert (await find(ana, text="green", room="tea"))["code"] == "not_in_room"


async def test_a_room_that_another_device_joined_is_searched(chat: LocalChat) -> None:
    ana, (other, _) = await chat.open("ana"), await chat.enter("ana", "tea")
    await say(other, "tea", "green")

    assert await texts(ana, text="green", room="tea") == ["green"]


async def test_deleted_messages_are_not_found_and_edited_ones_as_they_are_now(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await say(ana, "lobby", "tea one", "tea two")
    one, two = [(await ana.next(message=text))["id"] for text in ("tea one", "tea two")]
    await ana.ask("delete", {"room": "lobby", "id": one})
    await ana.ask("edit", {"room": "lobby", "id": two, "message": "coffee two"})

    assert await texts(ana, text="tea") == []
    assert await texts(ana, text="coffee") == ["coffee two"]


async def test_what_is_found_has_the_names_of_who_is_named(chat: LocalChat) -> None:
    async with run_chat(ChatAuth="easyauth") as signed_in:
        ana, bo = await sign_in(signed_in, "Ana"), await sign_in(signed_in, "Bo")
        await say(bo, "lobby", "tea")
        line = await ana.next(message="tea")
        await bo.ask("react", {"room": "lobby", "id": line["id"], "emoji": "👍"})

        found = await find(ana, **{"from": id_of("Bo")})

    assert found["messages"][0]["from"] == "Bo"
    assert found["names"] == {id_of("Bo"): "Bo"}


async def test_while_storage_cannot_be_read_a_search_says_so(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await say(ana, "lobby", "tea")
    chat.storage.faults.add("fail storage 500 operation=get for=60s")

    for event, data in (("search", {"text": "tea"}), ("around", {"room": "lobby", "seq": 1})):
        await ana.ask(event, data)
        assert (await ana.next(event="error"))["code"] == "storage_unavailable"


async def test_what_is_searched_for_is_never_logged(chat: LocalChat, caplog: pytest.LogCaptureFixture) -> None:
    ana = await chat.open("ana")
    caplog.set_level(logging.DEBUG)
    chat.storage.faults.add("fail storage 500 operation=get for=60s")
    await find(ana, text="verysecretword")
    chat.storage.faults.clear()
    await find(ana, text="verysecretword")
    await find(ana, text="verysecretword" * 20)

    assert [record for record in caplog.records if record.getMessage().startswith("event failed")]
    assert not [record for record in caplog.records if "verysecretword" in str(record.__dict__)]


async def test_searches_have_a_limit_of_their_own() -> None:
    async with run_chat(ChatRateLimits=f"{HIGH_LIMITS}, search=1/2") as chat:
        ana = await chat.open("ana")
        answers = [await find(ana, text="tea") for _ in range(3)]
        await ana.ask("history", {"room": "lobby"})

    assert [answer.get("type") for answer in answers] == ["found", "found", "system"]
    assert answers[2]["code"] == "rate_limited"
    assert answers[2]["retryAfter"] > 0


async def test_of_many_searches_at_once_few_go_on_at_a_time_and_all_are_answered(chat: LocalChat) -> None:
    tabs = [await chat.open(f"user{number}") for number in range(12)]
    await say(tabs[0], "lobby", "tea")

    found = await asyncio.gather(*(find(tab, text="tea") for tab in tabs))

    assert [len(frame["messages"]) for frame in found] == [1] * 12


async def test_a_search_that_gets_no_turn_is_told_to_come_again() -> None:
    searches = asyncio.Semaphore(1)

    async with take_turn(searches):
        with pytest.raises(RateLimited, match="too many searches") as refused:
            async with take_turn(searches, 0.0):
                pass
    async with take_turn(searches, 0.0):
        assert searches.locked()

    assert refused.value.retry_after == 2.0
    assert not searches.locked()


async def test_a_message_however_old_is_shown_among_its_neighbours(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await say(ana, "lobby", *(f"m{number}" for number in range(1, 10)))
    line = await ana.next(message="m3")

    await ana.ask("around", {"room": "lobby", "id": line["id"], "limit": 3, "clientId": "q"})
    around = await ana.next(type="around")

    assert [each["message"] for each in around["messages"]] == ["m2", "m3", "m4"]
    assert {name: around[name] for name in ("seq", "before", "after", "head", "first", "clientId")} == {
        "seq": 3,
        "before": 2,
        "after": 4,
        "head": 9,
        "first": 1,
        "clientId": "q",
    }
    await ana.ask("around", {"room": "lobby", "seq": 3, "limit": 3, "clientId": "q"})
    assert await ana.next(type="around") == around


async def test_what_is_not_there_cannot_be_looked_around(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await say(ana, "lobby", "hello")
    refused: list[tuple[Frame, str]] = [
        ({"room": "lobby", "seq": 99}, "unknown_message"),
        ({"room": "lobby", "id": "k7oq2xg4hbzd-3m5n7p2q4r6s7t2u4v6w"}, "unknown_message"),
        ({"room": "lobby", "id": "x"}, "invalid_message"),
        ({"room": "lobby"}, "invalid_message"),
        ({"room": "lobby", "seq": 1, "limit": 101}, "invalid_message"),
        ({"room": "design", "seq": 1}, "not_in_room"),
    ]

    for data, code in refused:
        await ana.ask("around", data)
        assert (await ana.next(event="error"))["code"] == code, data


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "a search needs text with a word, from, after or before"),
        ({"text": " ?! "}, "a search needs text"),
        ({"text": 7}, "text is 7"),
        ({"text": "tea", "after": "soon"}, "after is 'soon', it must be a date"),
        ({"text": "tea", "before": 5}, "before is 5"),
    ],
)
def test_a_search_that_is_not_of_the_documented_form_is_refused(fields: Frame, reason: str) -> None:
    with pytest.raises(InvalidMessage, match=reason):
        parse_query(fields)


def test_dates_are_the_beginnings_of_days_in_utc() -> None:
    query = parse_query({"after": "2026-01-31", "before": "2026-02-01T01:00:00+01:00"})

    assert query == Query((), None, 1_769_817_600_000, 1_769_904_000_000)


def test_a_cursor_says_where_each_room_goes_on() -> None:
    positions = [Position("lobby", 17, 1000), Position("~d4k6f2a7q5w3e6r2t4y7u5i3o", None, LATEST)]

    cursor = format_cursor(positions)

    assert parse_cursor(cursor) == positions
    assert format_cursor([]) is None


@pytest.mark.parametrize(
    "cursor",
    [5, "", "1", "2 lobby:1:1", "1 lobby:1", "1 Lobby:1:1", "1 lobby:-5:1", "1 lobby:1:1 ", "1" + " a:1:1" * 501],
)
def test_a_cursor_of_another_form_is_refused(cursor: object) -> None:
    with pytest.raises(InvalidMessage, match="cursor"):
        parse_cursor(cursor)
