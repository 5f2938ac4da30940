"""Every example in `docs/protocol.md` is taken by, or has the form of what comes from, the running backend."""

import json
import re
from collections.abc import Iterator
from typing import Any

from chat import errors
from chat.errors import ChatError
from chat.handlers import COMMANDS, HANDLERS
from chat.room_log.entry_frames import LISTED_USERS
from tests.chat.functions.test_signed_in import id_of, sign_in
from tests.chat.local_chat import HIGH_LIMITS, ROOT, Frame, LocalChat, Tab, run_chat

DOCUMENT = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
LIMITS = f"{HIGH_LIMITS}, reminder=1/2"
EXAMPLE_ID = "k7oq2xg4hbzd-3m5n7p2q4r6s7t2u4v6w"
# The room of the user in the examples, the room that the user is invited to by a link, and the link's secret.
EXAMPLE_ROOM, EXAMPLE_LINKED_ROOM = "~q5w7e2r4t6y3u7i2o4p6a3s5", "~z2x4c6v3b5n7m2l4k6j3h5g7"
EXAMPLE_SECRET = "kF2-vQ8hT4mB9xLpZ0cWrY6u"
# A message of the room `garden`, in which the user is the owner.
EXAMPLE_GARDEN_ID = "w4x5y6z7a2b3-c4d5e6f7g2h3i4j5k6l7"


def section(title: str) -> str:
    """Return the text under a second-level heading."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def examples(title: str) -> Iterator[tuple[str, Any]]:
    """Return the JSON blocks of a section with the third-level heading that each stands under."""
    for heading, text in re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", section(title), re.MULTILINE | re.DOTALL):
        for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
            yield heading.replace("`", ""), json.loads(block)


SENT = list(examples("Client to server: user events"))
RECEIVED = list(examples("Server to client"))


def test_every_block_of_json_is_checked() -> None:
    assert DOCUMENT.count("```json") == len(SENT) + len(RECEIVED)


def test_every_event_has_an_example_and_a_row() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", section("Client to server: user events"), re.MULTILINE)

    assert set(HANDLERS) == {event for event, _ in SENT} == set(rows)


def test_every_command_is_documented() -> None:
    assert set(re.findall(r"`/(\w+)", section("Slash commands"))) == set(COMMANDS)


def test_every_code_of_a_refusal_that_clients_can_meet_is_documented() -> None:
    only_for_the_service = {"invalid_event", "untrusted_event", "unknown_hub", "origin_refused"}

    def codes(kind: type[ChatError]) -> set[str]:
        return {kind.code}.union(*(codes(child) for child in kind.__subclasses__()))

    cells = re.findall(r"^\| (`.*?) \|", section("Codes of refusals"), re.MULTILINE)
    documented = set(re.findall(r"`([a-z_]+)`", "".join(cells)))
    assert documented == codes(errors.ChatError) - only_for_the_service - {"chat_error"}


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


async def test_every_example_of_a_client_is_accepted(chat: LocalChat) -> None:
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

    assert [frame for frame in ana.frames if frame.get("event") == "error"] == []
    answered = {frame.get("type", "chat line") for frame in ana.frames}
    assert answered == {
        *("chat line", "edited", "deleted", "reaction", "history", "since"),
        *("system", "joined", "left", "roster", "places", "around", "found"),
        *("moderation", "link", "members", "audit", "rules", "reports"),
    }


FORMS = {
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "id": r"[a-z2-7]{12}-[a-z2-7]{20}",
}


# The fields that hold chat lines and changes: each of them has a form of its own.
ENTRIES = ("messages", "entries")


def form(frame: Frame) -> Frame:
    """Return a frame's fields with the kinds of their values, times and ids recognised by their form."""
    return {name: name if name in (*ENTRIES, "names") else kind_of(value) for name, value in frame.items()}


def kind_of(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: kind_of(item) for name, item in value.items()}
    if isinstance(value, list):
        return [kind_of(item) for item in value[:1]]
    written = [kind for kind, pattern in FORMS.items() if isinstance(value, str) and re.fullmatch(pattern, value)]
    return written[0] if written else type(value).__name__


def heading(frame: Frame) -> str:
    """Return the heading that a frame belongs under."""
    if "type" not in frame:
        return "changed chat line" if {"editedAt", "deletedAt", "reactions"} & set(frame) else "chat line"
    return " ".join(filter(None, [frame["type"], frame.get("event")]))


def entries_of(frame: Frame) -> list[Frame]:
    return [entry for name in ENTRIES for entry in frame.get(name, [])]


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


async def collect_named_frames() -> list[Frame]:
    """Return every frame that two signed-in users are sent; it has the names of the users."""
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
    return [*ana.seen, *bo.seen]


async def collect_all_frames() -> list[Frame]:
    """Return the frames of an open chat, then those of one where people are signed in."""
    async with run_chat(ChatRateLimits=LIMITS) as chat:
        frames = await collect_frames(chat)
    return frames + await collect_named_frames()


def without_question(frame: Frame) -> Frame:
    """Return an answer without the `clientId` of its question, which every answer may have; other frames unchanged."""
    if not frame.get("type") or "seq" in frame or heading(frame) == "system error":
        return frame
    return {name: value for name, value in frame.items() if name != "clientId"}


async def show_unread(chat: LocalChat, tab: Tab) -> None:
    """Let a user read in one tab what another tab of the same user is told."""
    other, _ = await chat.enter("bo", "design")
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


async def test_every_example_of_the_server_has_the_form_of_a_real_frame() -> None:
    frames = [(heading(frame), form(without_question(frame))) for frame in await collect_all_frames()]

    for title, example in RECEIVED:
        assert heading(example) == title
        assert (title, form(example)) in frames, (title, [shape for name, shape in frames if name == title])
        for entry in entries_of(example):
            assert (heading(entry), form(entry)) in frames


async def test_no_frame_has_fields_that_the_document_does_not_show() -> None:
    shown: dict[str, set[str]] = {}
    for title, example in RECEIVED:
        shown.setdefault(title, set()).update(example)
    shown["changed chat line"] |= shown["chat line"]
    # Every change shows all that its message has now, whatever kind of change it is.
    changes = ("edited", "deleted", "reaction")
    state = set().union(*(shown[kind] for kind in changes)) - {"emoji", "user", "on"}
    for kind in changes:
        shown[kind] |= state

    for frame in await collect_all_frames():
        assert set(without_question(frame)) - {"names"} <= shown[heading(frame)], frame
