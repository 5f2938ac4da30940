"""Every example in `docs/protocol.md` is taken by, or has the form of what comes from, the running backend."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from chat import errors
from chat.errors import ChatError
from chat.handlers import COMMANDS, HANDLERS
from chat.room_log.entry_frames import LISTED_USERS
from tests.chat.functions.test_signed_in import id_of, sign_in
from tests.chat.local_chat import HIGH_LIMITS, ROOT, Frame, LocalChat, Tab, run_chat

DOCUMENT = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
EXAMPLE_ID = "k7oq2xg4hbzd-3m5n7p2q4r6s7t2u4v6w"


@pytest.fixture
async def chat() -> AsyncIterator[LocalChat]:
    """The whole chat; commands of reminders meet their limit soon."""
    async with run_chat(ChatRateLimits=f"{HIGH_LIMITS}, reminder=1/2") as running:
        yield running


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


def real(data: Any, message: str) -> Any:
    """Return an example with the id of a message that exists."""
    return json.loads(json.dumps(data).replace(EXAMPLE_ID, message))


async def test_every_example_of_a_client_is_accepted(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await ana.ask("message", "a message to change")
    message = (await ana.next(sender="ana"))["id"]

    for event, data in sorted(SENT, key=lambda example: example[0] == "leave"):
        await ana.ask(event, real(data, message))

    assert [frame for frame in ana.frames if frame.get("event") == "error"] == []
    answered = {frame.get("type", "chat line") for frame in ana.frames}
    assert answered == {
        *("chat line", "edited", "deleted", "reaction", "history", "since"),
        *("system", "joined", "left", "roster", "places"),
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
    await bo.ask("join", {"room": "design"})
    await bo.ask("message", {"room": "design", "message": "tea?"})
    await ana.ask("join", {"room": "design"})
    await ana.ask("roster", {"room": "design"})
    await show_unread(chat, bo)
    await ana.ask("leave", {"room": "design"})
    await cy.close()
    await ana.next(event="left", user="cy")
    frames = [*ana.seen, *bo.seen]
    return frames + [entry for frame in frames for entry in entries_of(frame)]


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
    async with run_chat() as chat:
        frames = await collect_frames(chat)
    return frames + await collect_named_frames()


async def show_unread(chat: LocalChat, tab: Tab) -> None:
    """Let a user read in one tab what another tab of the same user is told."""
    other, _ = await chat.enter("bo", "design")
    await other.ask("read", {"room": "design", "seq": 1})
    await tab.next(type="read")
    await tab.ask("places", {})


async def like_by_many(chat: LocalChat, message: str) -> None:
    """Let more users react to a message than a frame lists."""
    for number in range(LISTED_USERS + 1):
        tab = await chat.open(f"user {number}")
        await tab.ask("react", {"room": "lobby", "id": message, "emoji": "👍"})


async def test_every_example_of_the_server_has_the_form_of_a_real_frame() -> None:
    frames = [(heading(frame), form(frame)) for frame in await collect_all_frames()]

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
        assert set(frame) - {"names"} <= shown[heading(frame)], frame
