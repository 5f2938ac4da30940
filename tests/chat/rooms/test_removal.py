"""Whom an act removes is out of the room's groups, whatever happens at the same moment, and whatever fails."""

import pytest

from local_azure.tables import faults as storage
from local_azure.webpubsub.faults import FailRest, Scope, SlowRest
from tests.chat.local_chat import LocalChat, until
from tests.chat.rooms.moderated import ask_error, connections, make_room, own_room, refusal, say

ROOM = "design"


async def test_a_kick_that_is_delivered_again_after_a_return_leaves_a_way_back(chat: LocalChat) -> None:
    ana, bo = await own_room(chat, ROOM, "bo")
    kick = {"room": ROOM, "user": "bo", "clientId": "k-1"}
    await ana.ask("kick", kick)
    await bo.ask("join", {"room": ROOM})

    await ana.ask("kick", kick)
    await bo.ask("join", {"room": ROOM})

    assert connections(chat, ROOM, "bo") == 2
    await say(ana, ROOM, "hello")
    await bo.next(message="hello")


@pytest.mark.parametrize("kind", ["ban", "kick"])
async def test_a_join_at_the_moment_of_a_removal_ends_outside(chat: LocalChat, kind: str) -> None:
    """The join has read the rules; before it is in the groups, the removal on another instance is over."""
    (ana,) = await own_room(chat, ROOM)
    bo = await chat.open("bo")
    async with chat.another_instance() as other:
        chat.service.faults.add(SlowRest(1.5, scope=Scope(operation="add_connection_to_group"), count=2))
        await bo.send("join", {"room": ROOM})
        await until(lambda: chat.service.faults.active() == [])
        chat.deliver("connect", "connected", "disconnected", url=other)

        await ana.ask(kind, {"room": ROOM, "user": "bo"})
        assert connections(chat, ROOM, "bo") == 0  # the join is still under way

        error = await bo.next(event="error")
        assert error["code"] == ("banned" if kind == "ban" else "not_in_room")
        assert connections(chat, ROOM, "bo") == 0
        await say(ana, ROOM, "only for those inside")
        await bo.ask("roster", {"room": "lobby"})
        assert not [frame for frame in bo.frames if frame.get("message") == "only for those inside"]
        if kind == "kick":
            await bo.ask("join", {"room": ROOM})
            await bo.next(type="joined", room=ROOM)


async def test_a_join_whose_rules_cannot_be_read_again_is_undone(chat: LocalChat) -> None:
    await make_room(chat, ROOM)
    bo = await chat.open("bo")
    chat.service.faults.add(SlowRest(0.5, scope=Scope(operation="add_connection_to_group"), count=2))
    await bo.send("join", {"room": ROOM})
    await until(lambda: chat.service.faults.active() == [])
    chat.storage.faults.add(storage.Fail(500, scope=storage.Scope(table="ChatRooms"), for_seconds=60))

    assert (await bo.next(event="error"))["code"] == "storage_unavailable"
    assert connections(chat, ROOM, "bo") == 0


async def test_a_removal_that_the_service_did_not_do_is_told_and_is_done_when_it_is_sent_again(
    chat: LocalChat,
) -> None:
    ana, bo = await own_room(chat, ROOM, "bo")
    ban = {"room": ROOM, "user": "bo", "clientId": "b-1"}
    chat.service.faults.add(FailRest(503, scope=Scope(operation="remove_user_from_group"), for_seconds=60))

    error = await ask_error(ana, "ban", ban)

    assert (error["code"], error["clientId"]) == ("service_unavailable", "b-1")
    assert await refusal(bo, "message", {"room": ROOM, "message": "still here"}) == "banned"
    assert connections(chat, ROOM, "bo") == 2
    chat.service.faults.clear()
    await ana.ask("ban", ban)
    assert connections(chat, ROOM, "bo") == 0
    assert (await bo.next(type="removed"))["act"] == "ban"
    first, second = await ana.next(type="moderation"), await ana.next(type="moderation")
    assert first == second  # one entry


async def test_a_removal_that_nobody_repeats_is_completed_when_somebody_asks_who_is_here(chat: LocalChat) -> None:
    ana, _ = await own_room(chat, ROOM, "bo")
    chat.service.faults.add(FailRest(503, scope=Scope(operation="remove_user_from_group"), for_seconds=60))
    assert await refusal(ana, "ban", {"room": ROOM, "user": "bo"}) == "service_unavailable"
    assert connections(chat, ROOM, "bo") == 2
    chat.service.faults.clear()

    async def is_completed() -> bool:
        await ana.send("roster", {"room": ROOM})
        await ana.next(type="roster")
        return connections(chat, ROOM, "bo") == 0

    await until(is_completed)  # a roster and the rules may be a second old
    assert connections(chat, ROOM, "ana") == 2  # in both groups


async def test_a_removal_is_done_although_the_room_could_not_be_told(chat: LocalChat) -> None:
    ana, _ = await own_room(chat, ROOM, "bo")
    chat.service.faults.add(FailRest(503, scope=Scope(operation="send_to_group", group=f"rich.{ROOM}"), for_seconds=60))

    assert await refusal(ana, "ban", {"room": ROOM, "user": "bo"}) == "service_unavailable"

    assert connections(chat, ROOM, "bo") == 0
