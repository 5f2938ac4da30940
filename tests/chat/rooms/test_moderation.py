"""Moderators act on users and rooms: in force at once, on every connection of the user, told in words."""

from pathlib import Path
from typing import Any

import aiohttp

from chat.message_ids import derived_id
from chat.room_log.moderation_acts import Act
from tests.chat.local_chat import JSON, Frame, LocalChat, run_chat, until
from tests.chat.room_log.requests import act
from tests.chat.rooms.moderated import append_acts, ask_error, connections, make_room, own_room, refusal, say

ROOM = "design"
MESSAGE = derived_id("ana", "a message that nobody sent")


def everything(line: Frame) -> list[tuple[str, dict[str, Any]]]:
    """Return all that somebody in the room may ask, about a message of it."""
    return [
        ("message", {"room": ROOM, "message": "still here"}),
        ("edit", {"room": ROOM, "id": line["id"], "message": "later"}),
        ("react", {"room": ROOM, "id": line["id"], "emoji": "👍"}),
        ("delete", {"room": ROOM, "id": line["id"]}),
        ("typing", {"room": ROOM}),
        ("history", {"room": ROOM}),
        ("since", {"room": ROOM, "seq": 0}),
        ("report", {"room": ROOM, "id": line["id"], "reason": "spam"}),
        ("mute", {"room": ROOM, "user": "cy"}),
    ]


async def test_who_is_muted_reads_on_and_says_nothing_until_it_ends(chat: LocalChat) -> None:
    ana, bo = await own_room(chat, ROOM, "bo")

    await ana.ask("mute", {"room": ROOM, "user": "bo", "for": 600, "reason": "spam", "clientId": "a-1"})

    told = await bo.next(type="moderation")
    assert {name: told[name] for name in ("act", "by", "user", "clientId")} == {
        "act": "mute",
        "by": "ana",
        "user": "bo",
        "clientId": "a-1",
    }
    assert "reason" not in told
    error = await ask_error(bo, "message", {"room": ROOM, "message": "hello", "clientId": "m-1"})
    assert (error["code"], error["clientId"]) == ("muted", "m-1")
    assert 590 < error["retryAfter"] <= 600
    assert await refusal(bo, "typing", {"room": ROOM}) == "muted"
    line = await say(ana, ROOM, "you can read this")
    assert await bo.next(message="you can read this")
    assert await refusal(bo, "react", {"room": ROOM, "id": line["id"], "emoji": "👍"}) == "muted"

    await ana.ask("unmute", {"room": ROOM, "user": "bo"})

    await say(bo, ROOM, "thank you")


async def test_who_is_banned_is_out_at_once_in_every_tab_and_is_told_why(chat: LocalChat) -> None:
    ana, bo, second = await own_room(chat, ROOM, "bo", "bo")
    line = await say(bo, ROOM, "buy my things")

    await ana.ask("ban", {"room": ROOM, "user": "bo", "for": 86_400, "reason": "spam"})

    for tab in (bo, second):
        removed = await tab.next(type="removed")
        assert (removed["room"], removed["act"], removed["reason"]) == (ROOM, "ban", "spam")
        assert removed["until"] > removed["at"]
    assert connections(chat, ROOM, "bo") == 0
    assert (await ana.next(event="left", user="bo"))["room"] == ROOM
    for tab in (bo, second):
        for event, data in everything(line):
            assert await refusal(tab, event, data) == "banned", event
        assert await refusal(tab, "join", {"room": ROOM}) == "banned"
    await say(ana, ROOM, "peace")
    await bo.ask("message", {"room": "lobby", "message": "end"})
    await bo.next(message="end")
    assert [
        frame for frame in bo.frames if frame.get("room") == ROOM and "message" in frame and "at" not in frame
    ] == []


async def test_a_ban_survives_a_new_connection_and_another_instance(chat: LocalChat) -> None:
    ana, _ = await own_room(chat, ROOM, "bo")
    await ana.ask("ban", {"room": ROOM, "user": "bo"})

    async with chat.another_instance() as other:
        chat.deliver("connect", "connected", "disconnected", url=other)
        tab = await chat.open("bo")

        error = await ask_error(tab, "join", {"room": ROOM})

        assert (error["code"], "retryAfter" in error) == ("banned", False)
        assert connections(chat, ROOM, "bo") == 0


async def test_a_ban_survives_a_restart_and_ends_by_unban(tmp_path: Path) -> None:
    async with run_chat(tmp_path) as chat:
        ana, _ = await own_room(chat, ROOM, "bo")
        await ana.ask("ban", {"room": ROOM, "user": "bo"})

    async with run_chat(tmp_path) as chat:
        bo, (ana, _) = await chat.open("bo"), await chat.enter("ana", ROOM)
        assert await refusal(bo, "join", {"room": ROOM}) == "banned"

        await ana.ask("unban", {"room": ROOM, "user": "bo"})

        await bo.ask("join", {"room": ROOM})
        await bo.next(type="joined", room=ROOM)
        await say(bo, ROOM, "back again")
        await ana.next(message="back again")


async def test_who_is_kicked_is_out_and_may_come_back(chat: LocalChat) -> None:
    ana, bo = await own_room(chat, ROOM, "bo")
    line = await say(bo, ROOM, "noise")

    await ana.ask("kick", {"room": ROOM, "user": "bo", "reason": "noise"})

    assert (await bo.next(type="removed"))["act"] == "kick"
    assert connections(chat, ROOM, "bo") == 0
    for event, data in everything(line):
        assert await refusal(bo, event, data) == "not_in_room", event
    await bo.ask("join", {"room": ROOM})
    await bo.next(type="joined", room=ROOM)
    assert connections(chat, ROOM, "bo") == 2
    await say(bo, ROOM, "sorry")
    await ana.next(message="sorry")


async def test_a_plain_client_that_is_banned_from_the_lobby_cannot_connect(chat: LocalChat) -> None:
    await make_room(chat, "lobby", "ana")
    ana, plain = await chat.open("ana"), await chat.open("bo", subprotocol=None)
    await plain.send("message", "hello")
    await ana.next(message="hello")

    await ana.ask("ban", {"room": "lobby", "user": "bo"})

    await plain.send("message", "still here?")
    assert (await plain.next(event="error"))["code"] == "banned"
    await until(lambda: refused_connection(chat, "bo"))
    rich = await chat.open("bo", subprotocol=JSON)
    assert await refusal(rich, "message", {"room": "lobby", "message": "hello"}) == "not_in_room"
    assert await refusal(rich, "join", {"room": "lobby"}) == "banned"
    await say(ana, "lobby", "peace")
    await rich.ask("join", {"room": "design"})
    assert [frame for frame in rich.frames if frame.get("message") == "peace"] == []


async def refused_connection(chat: LocalChat, user: str) -> bool:
    """Return whether a plain client of the user is refused; the rules at `connect` are up to a second old."""
    url = (await chat.get(f"/negotiate?id={user}"))["url"]
    try:
        async with chat.http.ws_connect(url):
            return False
    except aiohttp.WSServerHandshakeError as error:
        return error.status == 403


async def test_a_connection_that_the_rules_of_a_moment_ago_let_in_leaves_the_lobby(chat: LocalChat) -> None:
    await make_room(chat, "lobby", "ana")
    await chat.open("cy")  # the rules of the lobby are read

    await append_acts(chat, "lobby", act("a1", Act.BAN, "bo"))
    bo = await chat.open("bo")

    await until(lambda: connections(chat, "lobby", "bo") == 0)
    assert await refusal(bo, "message", {"room": "lobby", "message": "hello"}) in ("banned", "not_in_room")


FOR_MODERATORS: list[tuple[str, dict[str, Any]]] = [
    ("mute", {"user": "cy"}),
    ("unmute", {"user": "cy"}),
    ("kick", {"user": "cy"}),
    ("ban", {"user": "cy"}),
    ("unban", {"user": "cy"}),
    ("close", {}),
    ("open", {}),
    ("slow", {"seconds": 5}),
    ("unpin", {"id": MESSAGE}),
    ("audit", {}),
    ("rules", {}),
    ("reports", {}),
    ("resolve", {"id": MESSAGE}),
]


async def test_only_moderators_who_are_in_the_room_may(chat: LocalChat) -> None:
    await make_room(chat, ROOM)
    bo, _ = await chat.enter("bo", ROOM)
    outside = await chat.open("ana")  # the owner, who is not in the room now

    for event, fields in FOR_MODERATORS:
        assert await refusal(bo, event, {"room": ROOM} | fields) == "not_allowed", event
        assert await refusal(outside, event, {"room": ROOM} | fields) == "not_in_room", event
        assert await refusal(bo, event, {"room": "lobby"} | fields) == "not_allowed", event
    await bo.ask("since", {"room": ROOM, "seq": 0})
    assert [entry["act"] for entry in (await bo.next(type="since"))["entries"]] == ["create"]


async def test_a_moderator_can_act_neither_on_the_owner_nor_on_another_moderator(chat: LocalChat) -> None:
    await make_room(chat, ROOM, "ana", "mo", "max")
    mo, _ = await chat.enter("mo", ROOM)

    for user in ("ana", "max", "mo"):
        for event in ("mute", "kick", "ban"):
            assert await refusal(mo, event, {"room": ROOM, "user": user}) == "not_allowed"
    await mo.ask("kick", {"room": ROOM, "user": "bo"})
    assert (await mo.next(type="moderation"))["act"] == "kick"


async def test_a_closed_room_is_read_and_only_its_moderators_speak(chat: LocalChat) -> None:
    ana, bo, mo = await own_room(chat, ROOM, "bo", "mo")

    await ana.ask("close", {"room": ROOM, "reason": "for the night"})

    assert (await bo.next(type="moderation"))["act"] == "close"
    assert await refusal(bo, "message", {"room": ROOM, "message": "hello?"}) == "room_closed"
    await say(mo, ROOM, "back tomorrow")
    await bo.next(message="back tomorrow")
    await mo.ask("open", {"room": ROOM})
    await say(bo, ROOM, "good morning")


async def test_slow_mode_holds_between_instances(chat: LocalChat) -> None:
    ana, bo = await own_room(chat, ROOM, "bo")
    await ana.ask("slow", {"room": ROOM, "seconds": 60})
    assert (await bo.next(type="moderation"))["seconds"] == 60
    await say(bo, ROOM, "one")

    async with chat.another_instance() as other:
        chat.deliver(url=other)
        error = await ask_error(bo, "message", {"room": ROOM, "message": "two"})

        assert (error["code"], 50 < error["retryAfter"] <= 60) == ("slow_mode", True)
        await say(ana, ROOM, "three")
        await ana.ask("slow", {"room": ROOM, "seconds": 0})
        await say(bo, ROOM, "four")


async def test_a_message_is_pinned_and_unpinned(chat: LocalChat) -> None:
    ana, bo = await own_room(chat, ROOM, "bo")
    line = await say(bo, ROOM, "the rules of this room")

    await ana.ask("pin", {"room": ROOM, "id": line["id"]})
    assert (await bo.next(type="moderation"))["messageId"] == line["id"]
    assert await refusal(ana, "pin", {"room": ROOM, "id": MESSAGE}) == "unknown_message"
    await ana.ask("unpin", {"room": ROOM, "id": line["id"]})
    assert (await bo.next(type="moderation"))["act"] == "unpin"


async def test_who_joins_is_told_the_rules_that_hold(chat: LocalChat) -> None:
    ana, bo = await own_room(chat, ROOM, "bo")
    line = await say(bo, ROOM, "the rules of this room")
    for event, fields in [
        ("pin", {"id": line["id"]}),
        ("slow", {"seconds": 30}),
        ("close", {}),
        ("mute", {"user": "cy"}),
    ]:
        await ana.ask(event, {"room": ROOM} | fields)

    _, joined = await chat.enter("cy", ROOM)
    _, of_another = await chat.enter("dee", ROOM)

    assert (joined["role"], joined["closed"], joined["slow"], joined["pinned"]) == ("member", True, 30, [line["id"]])
    assert joined["muted"] is None
    assert "muted" not in of_another


async def test_what_changes_nothing_is_said_to_the_sender_alone(chat: LocalChat) -> None:
    ana, bo = await own_room(chat, ROOM, "bo")

    await ana.send("unmute", {"room": ROOM, "user": "bo"})

    assert (await ana.next(event="notice"))["message"] == "nothing was changed: it is like that already"
    await say(ana, ROOM, "end")
    await bo.next(message="end")
    assert [frame for frame in bo.frames if frame.get("type") == "moderation"] == []


async def test_a_moderator_with_a_plain_client_is_told_that_it_is_done(chat: LocalChat) -> None:
    await make_room(chat, "lobby", "ana")
    plain, bo = await chat.open("ana", subprotocol=None), await chat.open("bo")

    await plain.send("message", "/mute bo 10m")

    assert (await plain.next(event="notice"))["message"] == "done"
    assert (await bo.next(type="moderation"))["user"] == "bo"
    assert await refusal(bo, "message", {"room": "lobby", "message": "hello"}) == "muted"


async def test_the_same_client_id_for_a_change_and_an_act_are_two_things(chat: LocalChat) -> None:
    (ana,) = await own_room(chat, ROOM)
    line = await say(ana, ROOM, "hello")

    await ana.ask("edit", {"room": ROOM, "id": line["id"], "message": "good day", "clientId": "x"})
    await ana.ask("close", {"room": ROOM, "clientId": "x"})

    assert (await ana.next(type="edited"))["clientId"] == "x"
    assert (await ana.next(type="moderation"))["clientId"] == "x"


async def test_two_moderators_at_once_on_two_instances_are_both_in_force(chat: LocalChat) -> None:
    ana, mo, bo = await own_room(chat, ROOM, "mo", "bo")
    async with chat.another_instance() as other:
        await mo.send("mute", {"room": ROOM, "user": "bo"})
        chat.deliver(url=other)
        await ana.send("slow", {"room": ROOM, "seconds": 5})

        acts = {(await bo.next(type="moderation"))["act"] for _ in range(2)}

        assert acts == {"mute", "slow"}
        assert await refusal(bo, "message", {"room": ROOM, "message": "hello"}) == "muted"


async def test_a_reader_who_was_away_finds_the_acts_in_the_log(chat: LocalChat) -> None:
    ana, bo = await own_room(chat, ROOM, "bo")
    line = await say(bo, ROOM, "one")
    await ana.ask("mute", {"room": ROOM, "user": "cy", "reason": "only for moderators"})
    await ana.ask("delete", {"room": ROOM, "id": line["id"], "reason": "only for moderators"})

    await bo.ask("since", {"room": ROOM, "seq": line["seq"]})

    answer = await bo.next(type="since")
    assert [entry["type"] for entry in answer["entries"]] == ["moderation", "deleted"]
    assert [entry["seq"] for entry in answer["entries"]] == [line["seq"] + 1, line["seq"] + 2]
    assert "only for moderators" not in str(answer)
