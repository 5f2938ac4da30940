"""Direct rooms: two users, one room, whoever of them asks."""

import asyncio

from tests.chat.local_chat import LocalChat, Tab, run_chat
from tests.chat.rooms.test_private_rooms import code_of, members, rooms_of


async def open_direct(tab: Tab, user: str) -> str:
    await tab.ask("direct", {"user": user})
    return str((await tab.next(type="joined", kind="direct"))["room"])


async def test_both_enter_the_same_room_and_see_it_as_the_other_one(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")

    await ana.ask("direct", {"user": "bo"})

    joined, invited = await ana.next(type="joined"), await bo.next(type="invited")
    room = joined["room"]
    assert (joined["title"], joined["with"], joined["role"]) == ("bo", "bo", "member")
    assert (invited["room"], invited["title"], invited["kind"], invited["by"]) == (room, "ana", "direct", "ana")
    assert (await rooms_of(bo))["rooms"] == [(room, "ana")]
    assert await open_direct(bo, "ana") == room
    await bo.ask("message", {"room": room, "message": "hello"})
    assert (await ana.next(message="hello"))["room"] == room


async def test_what_is_said_before_the_other_one_comes_is_unread(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    room = await open_direct(ana, "bo")
    await ana.ask("message", {"room": room, "message": "are you there?"})

    await bo.ask("places", {})

    [place] = (await bo.next(type="places"))["rooms"]
    assert (place["room"], place["unread"]) == (room, 1)


async def test_a_direct_room_that_was_left_is_listed_again_when_the_other_one_asks(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    room = await open_direct(ana, "bo")
    await open_direct(bo, "ana")
    await bo.ask("leave", {"room": room})
    assert (await rooms_of(bo))["rooms"] == []

    assert await open_direct(ana, "bo") == room

    assert (await rooms_of(bo))["rooms"] == [(room, "ana")]


async def test_two_who_ask_at_the_same_moment_are_in_one_room(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")

    rooms = await asyncio.gather(open_direct(ana, "bo"), open_direct(bo, "ana"))

    assert rooms[0] == rooms[1]
    assert members(chat, rooms[0]) == {"ana", "bo"}


async def test_a_direct_room_has_no_moderator_and_nobody_else_enters_it(chat: LocalChat) -> None:
    ana, cy = await chat.open("ana"), await chat.open("cy")
    room = await open_direct(ana, "bo")

    for event, data in (
        ("invite", {"user": "cy"}),
        ("link", {}),
        ("remove", {"user": "bo"}),
        ("remove", {"user": "ana"}),
        ("rename", {"title": "x"}),
        ("role", {"user": "ana", "role": "owner"}),
    ):
        assert await code_of(ana, event, {"room": room} | data) == "not_allowed"
    assert await code_of(cy, "join", {"room": room}) == "unknown_room"
    assert await code_of(ana, "direct", {"user": "ana"}) == "not_allowed"
    assert await code_of(ana, "direct", {"user": "  "}) == "invalid_name"


async def test_a_direct_room_can_be_opened_by_a_command(chat: LocalChat) -> None:
    ana = await chat.open("ana")

    await ana.ask("message", "/direct @bo")

    assert (await ana.next(type="joined", kind="direct"))["with"] == "bo"


async def test_where_users_sign_in_only_who_has_been_here_can_be_talked_to() -> None:
    async with run_chat(ChatAuth="easyauth") as chat:
        tabs = []
        for number in (1, 2):
            headers = {
                "x-ms-client-principal-idp": "aad",
                "x-ms-client-principal-id": f"id-{number}",
                "x-ms-client-principal-name": f"Person {'AB'[number - 1]}",
            }
            url = (await chat.get("/negotiate", headers=headers))["url"]
            tabs.append(await chat.dial(url, subprotocol="json.webpubsub.azure.v1"))
            await tabs[-1].ask("join", {"room": "lobby"})
        first, second = tabs

        assert await code_of(first, "direct", {"user": "aad:id-3"}) == "unknown_user"
        await first.ask("direct", {"user": "aad:id-2"})

        joined, invited = await first.next(type="joined", kind="direct"), await second.next(type="invited")
        assert (joined["with"], joined["names"]["aad:id-2"]) == ("aad:id-2", "Person B")
        assert (invited["by"], invited["names"]["aad:id-1"]) == ("aad:id-1", "Person A")
        await first.ask("create", {"kind": "private", "title": "Plans"})
        room = (await first.next(type="joined", kind="private"))["room"]
        assert await code_of(first, "invite", {"room": room, "user": "aad:id-3"}) == "unknown_user"
        await first.ask("invite", {"room": room, "user": "aad:id-2"})
        await second.ask("places", {})
        [invitation] = (await second.next(type="places"))["invitations"]
        assert (invitation["room"], invitation["by"]) == (room, "aad:id-1")
