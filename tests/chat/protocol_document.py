"""What `docs/protocol.md` says, taken apart: its sections, its examples, and the heading that a frame belongs under."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.chat.local_chat import ROOT, Frame

DOCUMENT = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
# The fields that hold chat lines and changes: each of them has a form of its own.
ENTRIES = ("messages", "entries")


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


def heading(frame: Frame) -> str:
    """Return the heading that a frame belongs under."""
    if "type" not in frame:
        return "changed chat line" if {"editedAt", "deletedAt", "reactions"} & set(frame) else "chat line"
    return " ".join(filter(None, [frame["type"], frame.get("event")]))


def entries_of(frame: Frame) -> list[Frame]:
    return [entry for name in ENTRIES for entry in frame.get(name, [])]


SENT = list(examples("Client to server: user events"))
RECEIVED = list(examples("Server to client"))
