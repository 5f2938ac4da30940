"""What one client shows of a room, and what it must ask for: the rules that `docs/protocol.md` gives to clients.

Lines are merged by id, the fields of the highest version count, and the order is that of `seq`. A number that is
missing, or a head that is further, is asked for with `since`.
"""

from collections.abc import Mapping
from typing import Any

Frame = Mapping[str, Any]
Line = dict[str, Any]

IDENTITY = ("id", "from", "user", "sentAt", "seq")
CHANGING = ("version", "message", "editedAt", "deletedAt", "reactions", "reactionCounts", "replyTo")
CHANGES = ("edited", "deleted", "reaction")
PAGES = ("joined", "history", "since", "roster")


class Screen:
    """One room as a client knows it.

    Every entry up to `position` is known; `head` is the highest number that the client has heard of, and `older` where
    the messages before the first page begin (None when there are none, or when no page was read yet).
    """

    def __init__(self, room: str) -> None:
        self.room = room
        self.position: int | None = None
        self.head = 0
        self.older: int | None = None
        self._ahead: set[int] = set()
        self._lines: dict[str, Line] = {}
        self._changed: dict[str, Line] = {}

    def receive(self, frame: Frame) -> None:
        """Take a frame of the room; what is none of a log is ignored."""
        kind = frame.get("type")
        if kind is None or kind in CHANGES:
            self._take_entry(frame)
        elif kind in PAGES:
            self._take_page(frame)
        self._advance()

    def question(self) -> dict[str, int] | None:
        """Return what to ask with `since` (`seq`, and `until` for a hole); None when nothing is known to be missing."""
        if self.position is None:
            return None
        if self._ahead:
            return {"seq": self.position, "until": min(self._ahead)}
        return {"seq": self.position} if self.head > self.position else None

    def lines(self) -> list[Line]:
        """Return the messages in order, each with the fields that it has now."""
        return sorted(self._lines.values(), key=lambda line: int(line["seq"]))

    def _take_page(self, page: Frame) -> None:
        if page.get("head") is None:
            return  # storage could not be read
        self.head = max(self.head, page["head"])
        for message in page.get("messages", ()):
            self._take_line(message)
        if page["type"] == "joined" and self.position is None:
            self.position, self.older = page["head"], page["before"]
        elif page["type"] == "history" and self.older is not None:
            self.older = page["before"]
        for entry in page.get("entries", ()):
            self._take_entry(entry)
        if page["type"] == "since" and page["entries"] and self.position is not None:
            # Retention removed what was before the first entry that is kept.
            self.position = max(self.position, page["first"] - 1)

    def _take_entry(self, entry: Frame) -> None:
        self._ahead.add(entry["seq"])
        self.head = max(self.head, entry["seq"])
        if "type" in entry:
            self._take_change(entry)
        else:
            self._take_line(entry)

    def _take_line(self, message: Frame) -> None:
        known = self._changed.pop(message["id"], None) or self._lines.get(message["id"])
        line = {name: message[name] for name in (*IDENTITY, "clientId", *CHANGING) if name in message}
        if known and known["version"] > line["version"]:
            line = {name: line[name] for name in line if name not in CHANGING} | _changing(known)
        self._lines[message["id"]] = line

    def _take_change(self, change: Frame) -> None:
        shown = self._lines.get(change["id"])
        known = shown or self._changed.get(change["id"])
        if known and known["version"] >= change["version"]:
            return
        if shown:
            kept = {name: shown[name] for name in shown if name not in CHANGING}
            self._lines[change["id"]] = kept | _changing(change)
        else:
            self._changed[change["id"]] = _changing(change)

    def _advance(self) -> None:
        if self.position is None:
            return
        while self.position + 1 in self._ahead:
            self.position += 1
        self._ahead = {number for number in self._ahead if number > self.position}


def _changing(frame: Frame) -> Line:
    return {name: frame[name] for name in CHANGING if name in frame}
