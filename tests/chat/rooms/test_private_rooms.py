"""Private rooms: who creates one, invites to it, enters it and leaves it for good."""

import re
import time

import pytest

from chat.settings import Settings
from chat.table_storage.client import TableClients
from local_azure.webpubsub.faults import FailRest, Scope, SlowRest
from tests.chat.local_chat import HUB, Frame, LocalChat, Tab, until


async def create(owner: Tab, title: str = "Team plans") -> str:
    """Create a private room and return its name."""
    await owner.ask("create", {"kind": "private", "title": title})
    return str((await owner.next(type="joined", kind="private"))["room"])


async def invite(owner: Tab, room: str, tab: Tab, user: str) -> Frame:
    """Invite a user who accepts; return the answer."""
    await owner.ask("invite", {"room": room, "user": user})
    await tab.ask("accept", {"room": room})
    return await tab.next(type="joined", room=room)


async def code_of(tab: Tab, event: str, data: Frame) -> str:
    await tab.ask(event, data)
    return str((await tab.next(event="error"))["code"])


async def rooms_of(tab: Tab) -> Frame:
    await tab.ask("places", {})
    answer = await tab.next(type="places")
    return {
        "rooms": [(row["room"], row["title"]) for row in answer["rooms"]],
        "invitations": [(row["room"], row["title"], row["by"]) for row in answer["invitations"]],
    }


def members(chat: LocalChat, room: str) -> set[str | None]:
    groups = [chat.service.hubs.hub(HUB).group_members(f"{kind}.{room}") for kind in ("room", "rich")]
    users = [{connection.user_id for connection in group} for group in groups]
    assert users[0] == users[1]
    return users[0]


async def test_who_creates_a_private_room_is_its_owner_and_in_it(chat: LocalChat) -> None:
    ana = await chat.open("ana")

    await ana.ask("create", {"kind": "private", "title": " Team plans "})

    joined = await ana.next(type="joined")
    assert re.fullmatch(r"~[a-z2-7]{24}", joined["room"])
    assert (joined["kind"], joined["title"], joined["role"]) == ("private", "Team plans", "owner")
    assert (joined["closed"], joined["slow"], joined["pinned"]) == (False, 0, [])
    assert await rooms_of(ana) == {"rooms": [(joined["room"], "Team plans")], "invitations": []}


async def test_the_same_request_sent_again_creates_one_room(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    for _ in range(2):
        await ana.ask("create", {"kind": "private", "title": "Team plans", "clientId": "c-1"})

    first, again = await ana.next(type="joined"), await ana.next(type="joined")

    assert first["room"] == again["room"]
    assert len((await rooms_of(ana))["rooms"]) == 1


async def test_a_public_room_that_is_created_has_an_owner_and_one_with_a_log_is_taken(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    await ana.ask("create", {"kind": "public", "room": "Plans", "title": "Our plans"})

    joined = await ana.next(type="joined")

    assert (joined["room"], joined["kind"], joined["title"], joined["role"]) == (
        "plans",
        "public",
        "Our plans",
        "owner",
    )
    assert await code_of(bo, "create", {"kind": "public", "room": "plans"}) == "room_exists"
    assert await code_of(bo, "create", {"kind": "public", "room": "lobby"}) == "room_exists"
    await bo.ask("join", {"room": "plans"})
    assert (await bo.next(type="joined", room="plans"))["role"] == "member"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": "x"}, "invalid_message"),
        ({"kind": "direct", "title": "x"}, "invalid_message"),
        ({"kind": "private"}, "invalid_message"),
        ({"kind": "private", "title": " "}, "invalid_message"),
        ({"kind": "private", "title": "x" * 65}, "invalid_message"),
        ({"kind": "private", "title": "two\nlines"}, "invalid_message"),
        ({"kind": "private", "title": "hidden\u200b"}, "invalid_message"),
        ({"kind": "public"}, "invalid_name"),
        ({"kind": "public", "room": "~abc"}, "invalid_name"),
        ({"kind": "public", "room": "plans", "title": 7}, "invalid_message"),
    ],
)
async def test_a_room_that_cannot_be_is_not_created(chat: LocalChat, fields: Frame, code: str) -> None:
    ana = await chat.open("ana")

    assert await code_of(ana, "create", fields) == code


async def test_who_is_invited_is_told_and_finds_the_invitation_later(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    room = await create(ana)

    await ana.ask("invite", {"room": room, "user": "bo"})

    invited = await bo.next(type="invited")
    assert (invited["room"], invited["title"], invited["kind"], invited["by"]) == (room, "Team plans", "private", "ana")
    assert await rooms_of(await chat.open("bo")) == {"rooms": [], "invitations": [(room, "Team plans", "ana")]}
    await bo.ask("accept", {"room": room})
    assert (await bo.next(type="joined", room=room))["role"] == "member"
    assert await rooms_of(bo) == {"rooms": [(room, "Team plans")], "invitations": []}
    await ana.ask("message", {"room": room, "message": "welcome"})
    assert (await bo.next(message="welcome"))["room"] == room


async def test_an_invitation_that_was_withdrawn_is_gone(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    room = await create(ana)
    await ana.ask("invite", {"room": room, "user": "bo"})
    await bo.next(type="invited")

    await ana.ask("uninvite", {"room": room, "user": "bo"})

    assert await rooms_of(bo) == {"rooms": [], "invitations": []}
    assert await code_of(bo, "accept", {"room": room}) == "invalid_invitation"


async def test_an_invitation_that_is_declined_is_gone_and_the_members_are_told(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    room = await create(ana)
    await ana.ask("invite", {"room": room, "user": "bo"})
    await bo.next(type="invited")

    await bo.ask("decline", {"room": room})

    told = await ana.next(type="moderation", act="uninvite")
    assert (told["by"], told["user"]) == ("bo", "bo")
    assert await rooms_of(bo) == {"rooms": [], "invitations": []}
    assert await code_of(bo, "accept", {"room": room}) == "invalid_invitation"
    assert await code_of(bo, "decline", {"room": room}) == "invalid_invitation"
    await ana.ask("members", {"room": room})
    assert (await ana.next(type="members"))["invited"] == []
    await ana.ask("invite", {"room": room, "user": "bo"})
    await bo.ask("accept", {"room": room})
    assert (await bo.next(type="joined", room=room))["role"] == "member"


async def test_only_who_is_invited_can_decline_and_a_membership_does_not_end_by_it(chat: LocalChat) -> None:
    ana, bo, cy = [await chat.open(user) for user in ("ana", "bo", "cy")]
    room = await create(ana)
    await invite(ana, room, bo, "bo")

    assert await code_of(bo, "decline", {"room": room}) == "invalid_invitation"
    assert await code_of(ana, "decline", {"room": room}) == "invalid_invitation"
    assert await code_of(cy, "decline", {"room": room}) == "invalid_invitation"
    assert await code_of(cy, "uninvite", {"room": room, "user": "cy"}) == "not_in_room"

    await bo.ask("message", {"room": room, "message": "still here"})
    assert (await ana.next(message="still here"))["from"] == "bo"


async def test_whoever_has_a_links_secret_enters_until_its_time_is_over(chat: LocalChat) -> None:
    ana, bo, cy = [await chat.open(user) for user in ("ana", "bo", "cy")]
    room = await create(ana)
    await ana.ask("link", {"room": room, "for": 1})
    short = await ana.next(type="link")
    await ana.ask("link", {"room": room})
    link = await ana.next(type="link")
    assert len(link["secret"]) >= 22
    assert short["secret"] != link["secret"]

    await bo.ask("accept", {"room": room, "secret": link["secret"]})

    assert (await bo.next(type="joined", room=room))["title"] == "Team plans"
    made = time.time()
    await until(lambda: time.time() > made + 1)
    assert await code_of(cy, "accept", {"room": room, "secret": short["secret"]}) == "invalid_invitation"
    await ana.ask("unlink", {"room": room})
    assert await code_of(cy, "accept", {"room": room, "secret": link["secret"]}) == "invalid_invitation"


async def test_a_links_secret_is_told_to_who_asked_for_it_alone_and_stored_nowhere(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    room = await create(ana)
    await invite(ana, room, bo, "bo")

    await ana.ask("link", {"room": room})
    secret = (await ana.next(type="link"))["secret"]
    await ana.ask("message", {"room": room, "message": "after"})
    await bo.next(message="after")
    await bo.ask("since", {"room": room, "seq": 0})

    await bo.next(type="since")
    assert secret not in str(bo.seen)
    tables = await TableClients().get(Settings({"AzureWebJobsStorage": chat.storage.connection_string}))
    for table in ("Rooms", "Users", "RoomList"):
        rows = (await tables.query_all(table, "PartitionKey ge ' '", limit=1000)).entities
        assert rows
        assert secret not in str(rows)


@pytest.mark.parametrize("seconds", [0, -1, 31 * 86_400, "60", True, 1.5])
async def test_a_link_for_another_time_than_up_to_thirty_days_is_refused(chat: LocalChat, seconds: object) -> None:
    ana = await chat.open("ana")
    room = await create(ana)

    assert await code_of(ana, "link", {"room": room, "for": seconds}) == "invalid_message"


async def test_who_is_removed_is_told_on_every_tab_and_gets_nothing_more(chat: LocalChat) -> None:
    ana, bo, tablet = await chat.open("ana"), await chat.open("bo"), await chat.open("bo")
    room = await create(ana)
    await invite(ana, room, bo, "bo")
    await tablet.ask("join", {"room": room})
    assert members(chat, room) == {"ana", "bo"}

    await ana.ask("remove", {"room": room, "user": "bo"})

    for tab in (bo, tablet):
        removed = await tab.next(type="removed")
        assert (removed["room"], removed["act"]) == (room, "remove")
    assert (await ana.next(event="left", room=room))["user"] == "bo"
    assert members(chat, room) == {"ana"}
    assert await rooms_of(bo) == {"rooms": [], "invitations": []}
    for event, data in (("message", {"message": "still here?"}), ("history", {}), ("typing", {}), ("join", {})):
        assert await code_of(tablet, event, {"room": room} | data) == "unknown_room"
    assert await code_of(tablet, "read", {"room": room, "seq": 1}) == "not_in_room"


async def test_who_was_removed_comes_back_by_an_invitation_and_not_by_a_link(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    room = await create(ana)
    await ana.ask("link", {"room": room})
    secret = (await ana.next(type="link"))["secret"]
    await bo.ask("accept", {"room": room, "secret": secret})
    await bo.next(type="joined", room=room)
    await ana.ask("remove", {"room": room, "user": "bo"})
    await bo.next(type="removed")

    assert await code_of(bo, "accept", {"room": room, "secret": secret}) == "invalid_invitation"

    # The connection's state still has the room, so it joins the groups anew.
    await invite(ana, room, bo, "bo")
    assert members(chat, room) == {"ana", "bo"}
    await bo.ask("message", {"room": room, "message": "back"})
    assert (await ana.next(message="back"))["user"] == "bo"


async def test_a_member_gives_up_the_membership_and_an_owner_hands_the_room_over_first(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    room = await create(ana)
    await invite(ana, room, bo, "bo")

    assert await code_of(ana, "remove", {"room": room, "user": "ana"}) == "not_allowed"
    await ana.ask("role", {"room": room, "user": "bo", "role": "owner"})
    await ana.ask("remove", {"room": room, "user": "ana"})

    assert (await ana.next(type="removed"))["room"] == room
    assert await code_of(ana, "message", {"room": room, "message": "x"}) == "not_in_room"
    await bo.ask("members", {"room": room})
    assert (await bo.next(type="members"))["members"] == [{"user": "bo", "role": "owner"}]


async def test_roles_decide_who_invites_and_removes(chat: LocalChat) -> None:
    ana, bo, cy = [await chat.open(user) for user in ("ana", "bo", "cy")]
    room = await create(ana)
    for tab, user in ((bo, "bo"), (cy, "cy")):
        await invite(ana, room, tab, user)

    for event, data in (
        ("invite", {"user": "dee"}),
        ("link", {}),
        ("remove", {"user": "cy"}),
        ("role", {"user": "bo", "role": "owner"}),
        ("rename", {"title": "Mine"}),
    ):
        assert await code_of(bo, event, {"room": room} | data) == "not_allowed"
    await ana.ask("role", {"room": room, "user": "bo", "role": "moderator"})
    await bo.ask("rename", {"room": room, "title": "Plans for May"})
    await bo.ask("invite", {"room": room, "user": "dee"})
    assert await code_of(bo, "remove", {"room": room, "user": "ana"}) == "not_allowed"

    await bo.ask("members", {"room": room})
    answer = await bo.next(type="members")
    assert (answer["title"], answer["invited"]) == ("Plans for May", [{"user": "dee", "by": "bo"}])
    assert [(row["user"], row["role"]) for row in answer["members"]] == [
        ("ana", "owner"),
        ("bo", "moderator"),
        ("cy", "member"),
    ]
    await cy.ask("members", {"room": room})
    assert "invited" not in await cy.next(type="members")


async def test_a_removal_that_the_service_did_not_carry_out_is_completed_when_it_is_sent_again(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    room = await create(ana)
    await invite(ana, room, bo, "bo")
    chat.service.faults.add(FailRest(503, scope=Scope(operation="remove_user_from_group"), count=6))
    removal = {"room": room, "user": "bo", "clientId": "r-1"}

    assert await code_of(ana, "remove", removal) == "service_unavailable"
    # The log has it: nobody waits for the service to refuse what bo says.
    assert await code_of(bo, "message", {"room": room, "message": "x"}) == "unknown_room"
    chat.service.faults.clear()
    await ana.ask("remove", removal)

    await bo.next(type="removed")
    assert members(chat, room) == {"ana"}


async def test_while_the_rules_cannot_be_read_nobody_is_in_a_private_room(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    room = await create(ana)
    await invite(ana, room, bo, "bo")
    chat.storage.faults.add("fail storage 500 operation=get for=60s")

    for event in ("join", "roster", "typing", "members"):
        assert await code_of(bo, event, {"room": room}) == "storage_unavailable"


async def test_commands_do_what_the_events_do(chat: LocalChat) -> None:
    ana, bo, cy = [await chat.open(user) for user in ("ana", "bo", "cy")]
    await ana.ask("message", "/create private Team plans")
    room = (await ana.next(type="joined", kind="private"))["room"]

    async def notice(text: str) -> str:
        await ana.ask("message", {"room": room, "message": text})
        return str((await ana.next(event="notice"))["message"])

    assert await notice("/invite bo") == "bo is invited"
    await bo.ask("message", f"/accept {room}")
    assert (await bo.next(type="joined", room=room))["title"] == "Team plans"
    await ana.ask("message", {"room": room, "message": "/link 2d"})
    link = await ana.next(type="link")
    await cy.ask("message", f"/accept {room}.{link['secret']}")
    await cy.next(type="joined", room=room)
    assert await notice("/role bo moderator") == "bo is moderator now"
    await ana.ask("message", {"room": room, "message": "/rename Plans for May"})
    await ana.ask("message", {"room": room, "message": "/members"})
    listed = await ana.next(type="members")
    assert [row["user"] for row in listed["members"]] == ["ana", "bo", "cy"]
    assert listed["title"] == "Plans for May"
    assert await notice("/remove cy") == "cy is not a member any more"
    assert await notice("/uninvite dee") == "dee is not invited any more"
    assert await notice("/unlink") == "all links have ended"
    await ana.ask("message", "/create public plans")
    await ana.next(type="joined", room="plans")


async def test_a_command_that_lacks_something_says_what(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    for text in ("/create", "/create plans", "/invite", "/role bo", "/link soon", "/remove", "/direct"):
        assert await code_of(ana, "message", {"message": text}) in ("invalid_message", "invalid_name")


async def test_a_member_who_is_removed_while_another_tab_joins_is_in_no_group(chat: LocalChat) -> None:
    ana, bo, tablet = [await chat.open(user) for user in ("ana", "bo", "bo")]
    room = await create(ana)
    await invite(ana, room, bo, "bo")
    chat.service.faults.add(SlowRest(2.5, scope=Scope(operation="add_connection_to_group"), count=2))

    # The join has read the rules, and waits for the groups; the removal is over before it is in them.
    await tablet.send("join", {"room": room})
    await until(lambda: chat.service.faults.active() == [])
    await ana.ask("remove", {"room": room, "user": "bo"})

    assert (await tablet.next(event="error"))["code"] == "unknown_room"
    assert members(chat, room) == {"ana"}
    assert await rooms_of(tablet) == {"rooms": [], "invitations": []}
