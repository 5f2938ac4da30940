"""Conversations on a running chat in which every event is sent and every frame comes."""

import json
from typing import Any

from chat.room_log.entry_frames import LISTED_USERS
from tests.chat.functions.test_signed_in import id_of, sign_in
from tests.chat.local_chat import HIGH_LIMITS, Frame, LocalChat, Tab, run_chat
from tests.chat.protocol_document import SENT, entries_of

LIMITS = f"{HIGH_LIMITS}, reminder=1/2"
EXAMPLE_ID = "k7oq2xg4hbzd-3m5n7p2q4r6s7t2u4v6w"
# The room of the user in the examples, the room that the user is invited to by a link, and the link's secret.
EXAMPLE_ROOM, EXAMPLE_LINKED_ROOM = "~q5w7e2r4t6y3u7i2o4p6a3s5", "~z2x4c6v3b5n7m2l4k6j3h5g7"
EXAMPLE_SECRET = "kF2-vQ8hT4mB9xLpZ0cWrY6u"
# A message of the room `garden`, in which the user is the owner.
EXAMPLE_GARDEN_ID = "w4x5y6z7a2b3-c4d5e6f7g2h3i4j5k6l7"


def real(data: Any, names: dict[str, str]) -> Any:
    """Return an example with the id of a message, the rooms and the secret that exist."""
    text = json.dumps(data)
    for example, existing in names.items():
        text = text.replace(example, existing)
    return json.loads(text)


async def create_private_room(owner: Tab, *members: Tab) -> tuple[str, str]:
    """Create a private room with members who came by its link; return the room and the link's secret."""
    await owner.ask("create", {"kind": "private", "title": "Team plans"})
    room = (await owner.next(type="joined", kind="private"))["room"]
    await owner.ask("link", {"room": room})
    secret = (await owner.next(type="link"))["secret"]
    for member in members:
        await member.ask("accept", {"room": room, "secret": secret})
        await member.next(type="joined", room=room)
    return room, secret


async def create_garden(owner: Tab, *others: Tab) -> list[str]:
    """Create the room `garden`, in which the others are and say something; return the ids of their messages."""
    await owner.ask("create", {"kind": "public", "room": "garden", "title": "The garden"})
    said = []
    for number, other in enumerate(others):
        await other.ask("join", {"room": "garden"})
        await other.ask("message", {"room": "garden", "message": f"buy thing {number}"})
        said.append((await owner.next(message=f"buy thing {number}"))["id"])
    return said


async def send_every_example(chat: LocalChat) -> Tab:
    """Send every example of a client's event in the document, with what exists in the chat; return the sender's tab."""
    ana, cy, dee = await chat.open("ana"), await chat.open("cy"), await chat.open("dee")
    await ana.ask("message", "a message to change")
    message = (await ana.next(sender="ana"))["id"]
    room, _ = await create_private_room(ana, cy)
    (said,) = await create_garden(ana, dee)
    await ana.ask("join", {"room": "lobby"})
    linked_room, secret = await create_private_room(dee)
    names = {EXAMPLE_ID: message, EXAMPLE_ROOM: room, EXAMPLE_LINKED_ROOM: linked_room, EXAMPLE_SECRET: secret}
    names |= {EXAMPLE_GARDEN_ID: said}
    await dee.ask("create", {"kind": "private", "title": "Declined"})
    declined = (await dee.next(type="joined", title="Declined"))["room"]
    await dee.ask("invite", {"room": declined, "user": "ana"})
    await ana.next(type="invited")

    for event, data in sorted(SENT, key=lambda example: example[0] == "leave"):
        rooms = names | {EXAMPLE_ROOM: declined} if event == "decline" else names
        await ana.ask(event, real(data, rooms))
    return ana


async def collect_frames(chat: LocalChat) -> list[Frame]:
    """Send every request that the document shows, and return every frame that came, and the entries in them."""
    ana, bo, cy = [await chat.open(user) for user in ("ana", "bo", "cy")]
    await ana.ask("message", "good morning")
    first = (await bo.next(sender="ana"))["id"]
    for number, text in enumerate(("me too", "edited soon", "deleted soon", "liked soon")):
        answers = {"replyTo": first} if text == "me too" else {}
        await ana.ask("message", {"message": text, "clientId": f"m-{number}"} | answers)
    reply, edited, deleted, liked = [
        (await bo.next(message=text))["id"] for text in ("me too", "edited soon", "deleted soon", "liked soon")
    ]
    await ana.ask("edit", {"room": "lobby", "id": edited, "message": "edited", "clientId": "e-1"})
    await bo.ask("react", {"room": "lobby", "id": edited, "emoji": "👍", "on": True, "clientId": "r-1"})
    await ana.ask("history", {"room": "lobby"})
    await bo.ask("react", {"room": "lobby", "id": edited, "emoji": "👍", "on": False})
    await ana.ask("react", {"room": "lobby", "id": reply, "emoji": "👍"})
    await ana.ask("edit", {"room": "lobby", "id": reply, "message": "me too!"})
    await ana.ask("delete", {"room": "lobby", "id": deleted, "clientId": "d-1"})
    await ana.ask("delete", {"room": "lobby", "id": liked})
    await like_by_many(chat, reply)
    await bo.ask("typing", {"room": "lobby"})
    for _ in range(3):  # the last one is over the limit
        await ana.ask("message", {"room": "lobby", "message": "/reminders", "clientId": "m-5"})
    await ana.ask("message", {"room": "lobby", "message": "", "clientId": "m-4"})
    for request in ({}, {"limit": 1}):
        await ana.ask("history", {"room": "lobby"} | request)
    await ana.ask("since", {"room": "lobby", "seq": 0})
    await ana.ask("around", {"room": "lobby", "seq": 2, "limit": 1})
    for searched in ({"text": "good morning"}, {"text": "nothing"}, {"from": "ana", "limit": 1}):
        await ana.ask("search", searched)
    await bo.ask("join", {"room": "design"})
    await bo.ask("message", {"room": "design", "message": "tea?"})
    await ana.ask("join", {"room": "design"})
    await ana.ask("roster", {"room": "design"})
    await show_unread(chat, bo)
    await mention_and_go_away(ana, bo, cy)
    await manage_private_room(ana, bo, cy)
    await moderate_garden(ana, bo, cy)
    await ana.ask("leave", {"room": "design"})
    await cy.close()
    await ana.next(event="left", user="cy")
    frames = [*ana.seen, *bo.seen, *cy.seen]
    return frames + [entry for frame in frames for entry in entries_of(frame)]


async def manage_private_room(ana: Tab, bo: Tab, cy: Tab) -> None:
    """Let ana have a private room with cy, to which bo is invited, and talk with bo alone."""
    room, _ = await create_private_room(ana, cy)
    await ana.ask("invite", {"room": room, "user": "bo"})
    await ana.ask("role", {"room": room, "user": "cy", "role": "moderator", "clientId": "r-2"})
    await ana.ask("rename", {"room": room, "title": "Plans for May"})
    await ana.ask("members", {"room": room})
    await ana.ask("since", {"room": room, "seq": 0})
    await ana.ask("direct", {"user": "bo"})
    await bo.ask("places", {})
    await ana.ask("remove", {"room": room, "user": "cy"})
    await cy.next(type="removed", room=room)


async def moderate_garden(ana: Tab, bo: Tab, cy: Tab) -> None:
    """Let ana moderate a public room with everything that a moderator can do."""
    garden = {"room": "garden"}
    rude, pinned = await create_garden(ana, bo, cy)
    await cy.ask("report", garden | {"id": rude, "reason": "spam"})
    await ana.ask("reports", garden)
    await ana.ask("role", garden | {"user": "cy", "role": "moderator"})
    acts: list[tuple[str, Frame]] = [
        ("mute", {"user": "bo", "for": 600, "reason": "spam"}),
        ("mute", {"user": "dee", "clientId": "a-1"}),
        ("kick", {"user": "dee", "reason": "noise"}),
        ("audit", {"limit": 1}),
        ("unmute", {"user": "dee"}),
        ("ban", {"user": "dee"}),
        ("close", {}),
        ("open", {}),
        ("slow", {"seconds": 30}),
        ("pin", {"id": pinned}),
        ("delete", {"id": rude, "reason": "rude words"}),
        ("audit", {}),
        ("rules", {}),
    ]
    for event, fields in acts:
        await ana.ask(event, garden | fields)
    await ana.next(type="rules")


async def talk_signed_in() -> list[Tab]:
    """Return the tabs of two signed-in users after a conversation; their frames have the names of the users."""
    async with run_chat(ChatAuth="easyauth") as chat:
        ana = await sign_in(chat, "Ana")
        await ana.ask("join", {"room": "design"})
        bo = await sign_in(chat, "Bo")
        await ana.next(event="joined", user=id_of("Bo"))
        for event in ("join", "roster", "typing"):
            await bo.ask(event, {"room": "design"})
        await ana.next(type="typing")
        await bo.ask("leave", {"room": "design"})
        await ana.next(event="left")
    return [ana, bo]


async def collect_all_frames() -> list[Frame]:
    """Return the frames of an open chat, then those of one where people are signed in."""
    async with run_chat(ChatRateLimits=LIMITS) as chat:
        frames = await collect_frames(chat)
    return frames + [frame for tab in await talk_signed_in() for frame in tab.seen]


async def show_unread(chat: LocalChat, tab: Tab) -> None:
    """Let a user read in one tab what another tab of the same user is told."""
    other = await chat.open("bo")
    await other.ask("join", {"room": "design"})
    await other.ask("read", {"room": "design", "seq": 1})
    await tab.next(type="read")
    await other.ask("level", {"room": "design", "level": "mentions"})
    await tab.next(type="level")
    await tab.ask("places", {})


async def mention_and_go_away(ana: Tab, bo: Tab, cy: Tab) -> None:
    """Let ana mention bo, and take it back; let cy be away, and come back."""
    await ana.ask("message", {"room": "design", "message": "@bo, tea?"})
    line = await bo.next(message="@bo, tea?", sender="ana", seq=2)
    for text in ("@bo, tea or coffee?", "coffee"):
        await ana.ask("edit", {"room": "design", "id": line["id"], "message": text})
    await bo.next(type="unmentioned")
    for away in (True, False):
        await cy.ask("away", {"away": away})
        await ana.next(type="presence", away=away)


async def like_by_many(chat: LocalChat, message: str) -> None:
    """Let more users react to a message than a frame lists."""
    for number in range(LISTED_USERS + 1):
        tab = await chat.open(f"user {number}")
        await tab.ask("react", {"room": "lobby", "id": message, "emoji": "👍"})
