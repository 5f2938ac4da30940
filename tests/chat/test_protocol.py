"""Every example in `docs/protocol.md` is taken by, or has the form of what comes from, the running backend."""

import asyncio
import re
from typing import Any

import pytest

from chat import errors
from chat.errors import ChatError
from chat.handlers import COMMANDS, HANDLERS
from tests.chat.conversation import collect_all_frames, send_every_example
from tests.chat.local_chat import Frame, LocalChat
from tests.chat.protocol_document import DOCUMENT, ENTRIES, RECEIVED, SENT, entries_of, heading, section


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    """Every frame that came in conversations on running chats, and the entries in them."""
    return asyncio.run(collect_all_frames())


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


async def test_every_example_of_a_client_is_accepted(chat: LocalChat) -> None:
    ana = await send_every_example(chat)

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


def without_question(frame: Frame) -> Frame:
    """Return an answer without the `clientId` of its question, which every answer may have; other frames unchanged."""
    if not frame.get("type") or "seq" in frame or heading(frame) == "system error":
        return frame
    return {name: value for name, value in frame.items() if name != "clientId"}


def test_every_example_of_the_server_has_the_form_of_a_real_frame(frames: list[Frame]) -> None:
    forms = [(heading(frame), form(without_question(frame))) for frame in frames]

    for title, example in RECEIVED:
        assert heading(example) == title
        assert (title, form(example)) in forms, (title, [shape for name, shape in forms if name == title])
        for entry in entries_of(example):
            assert (heading(entry), form(entry)) in forms


def test_no_frame_has_fields_that_the_document_does_not_show(frames: list[Frame]) -> None:
    shown: dict[str, set[str]] = {}
    for title, example in RECEIVED:
        shown.setdefault(title, set()).update(example)
    shown["changed chat line"] |= shown["chat line"]
    # Every change shows all that its message has now, whatever kind of change it is.
    changes = ("edited", "deleted", "reaction")
    state = set().union(*(shown[kind] for kind in changes)) - {"emoji", "user", "on"}
    for kind in changes:
        shown[kind] |= state

    for frame in frames:
        assert set(without_question(frame)) - {"names"} <= shown[heading(frame)], frame
