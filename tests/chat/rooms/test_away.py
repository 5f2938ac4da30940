"""Who is away: what clients say, over all connections of a user, as the service keeps it."""

import pytest

from chat.gateway import Member
from chat.presence.rosters import away_users, is_away, roster_of
from local_azure.webpubsub.observations import RestCalled
from tests.chat.local_chat import LocalChat, Tab, until


async def away_in(tab: Tab, room: str) -> list[str]:
    await tab.send("roster", {"room": room})
    return list((await tab.next(type="roster", room=room))["away"])


def test_a_user_is_away_when_all_connections_are() -> None:
    roster = roster_of([Member("c1", "ana"), Member("c2", "ana"), Member("c3", "bo"), Member("c4", None)])

    assert away_users(roster, roster_of([Member("c1", "ana"), Member("c3", "bo")])) == ("bo",)
    assert is_away("ana", roster, roster_of([Member("c1", "ana"), Member("c2", "ana")]))
    assert not is_away("cy", roster, roster_of([Member("c9", "cy")]))  # not in the room
    assert away_users(roster, None) == ()


async def test_the_room_is_told_at_once_and_joined_and_roster_tell_it(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo, _ = await chat.enter("bo", "design")

    await ana.ask("away", {"away": True, "room": "design"})

    assert await bo.next(type="presence") == {"type": "presence", "room": "design", "user": "ana", "away": True}
    _, joined = await chat.enter("cy", "design")
    assert (joined["users"], joined["away"]) == (["ana", "bo", "cy"], ["ana"])
    assert await away_in(bo, "design") == ["ana"]
    assert (await chat.get("/rooms/design"))["users"] == ["ana", "bo", "cy"]

    await ana.ask("away", {"away": False})
    assert (await bo.next(type="presence"))["away"] is False
    await until(lambda: _is_nobody_away(bo))
    assert [frame for frame in ana.seen if frame.get("type") == "presence"] == []


async def _is_nobody_away(tab: Tab) -> bool:
    return await away_in(tab, "design") == []


async def test_a_user_with_a_connection_that_is_looked_at_is_not_away(chat: LocalChat) -> None:
    bo, _ = await chat.enter("bo", "design")
    phone, _ = await chat.enter("ana", "design")
    laptop, _ = await chat.enter("ana", "design")

    await phone.ask("away", {"away": True})
    assert await away_in(bo, "design") == []
    assert [frame for frame in bo.seen if frame.get("type") == "presence"] == []
    await laptop.ask("away", {"away": True})

    await bo.next(type="presence", user="ana", away=True)
    await until(lambda: _are_away(bo, ["ana"]))
    await laptop.close()
    assert await away_in(bo, "design") == ["ana"]


async def _are_away(tab: Tab, users: list[str]) -> bool:
    return await away_in(tab, "design") == users


async def test_who_joins_while_away_is_away_there_and_who_leaves_is_not_away_at_the_next_join(chat: LocalChat) -> None:
    bo, _ = await chat.enter("bo", "design")
    ana = await chat.open("ana")
    await ana.ask("away", {"away": True})

    await ana.ask("join", {"room": "design"})
    await until(lambda: _are_away(bo, ["ana"]))
    await ana.ask("leave", {"room": "design"})
    await ana.ask("away", {"away": False})
    await ana.ask("join", {"room": "design"})

    await until(lambda: _are_away(bo, []))


async def test_all_rooms_are_marked_by_one_call_and_the_same_again_does_nothing(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    for number in range(5):
        await ana.ask("join", {"room": f"room-{number}"})
    calls: list[str] = []
    chat.service.observations.subscribe(
        lambda seen: calls.append(f"{seen.method} {seen.path}") if isinstance(seen, RestCalled) else None
    )

    for _ in range(3):
        await ana.ask("away", {"away": True})

    kinds = [call.rpartition("/")[2] for call in calls]
    assert sorted(kinds) == [":addToGroups", ":send", "connections", "connections"]
    calls.clear()
    await ana.ask("away", {"away": False})
    assert sorted(call.rpartition("/")[2] for call in calls) == [":removeFromGroups", ":send"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, "invalid_message"),
        ({"away": 1}, "invalid_message"),
        ({"away": True, "room": "design"}, "not_in_room"),
        ({"away": True, "room": "not a room"}, "invalid_name"),
        ("away", "invalid_message"),
    ],
)
async def test_what_is_not_understood_is_refused(chat: LocalChat, data: object, code: str) -> None:
    ana = await chat.open("ana")

    await ana.ask("away", data)

    assert (await ana.next(event="error"))["code"] == code


async def test_who_was_removed_from_a_room_tells_it_nothing(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    await ana.ask("create", {"kind": "public", "room": "garden"})
    await bo.ask("join", {"room": "garden"})
    await ana.ask("kick", {"room": "garden", "user": "bo"})
    await bo.next(type="removed")

    await bo.ask("away", {"away": True, "room": "garden"})

    assert (await bo.next(event="error"))["code"] == "not_in_room"
    assert [frame for frame in ana.seen if frame.get("type") == "presence"] == []
