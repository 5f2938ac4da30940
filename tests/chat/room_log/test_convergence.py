"""Whoever applies frames as `docs/protocol.md` says ends with the messages of the log, in any order of arrival."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chat.frames import Frame
from chat.room_log.entry_frames import chat_line, entry_frame
from chat.room_log.model import Request
from tests.chat.room_log.requests import MemoryLog, moderated_batches

ROOM = "lobby"
MUTABLE = ("message", "version", "replyTo", "editedAt", "deletedAt", "reactions", "reactionCounts")
FIXED = ("id", "room", "sentAt", "seq")


class Reader:
    """A screen: it merges by id, and keeps the mutable fields of the highest version."""

    def __init__(self) -> None:
        self.fixed: dict[str, Frame] = {}
        self.state: dict[str, dict[str, Any]] = {}
        # A change names the sender only when it was erased.
        self.senders: dict[str, tuple[int, str]] = {}
        self.numbers: set[int] = set()

    def receive(self, frame: Frame) -> None:
        """Apply a chat line or a change; a change may come before its message."""
        identity = frame["id"]
        self.numbers.add(frame["seq"])
        if frame.get("type") == "moderation":
            return
        if "type" not in frame:
            self.fixed[identity] = {name: frame[name] for name in FIXED if name in frame}
        if frame["version"] >= self.state.get(identity, {"version": 0})["version"]:
            self.state[identity] = {name: frame[name] for name in MUTABLE if name in frame}
        if "from" in frame:
            self.senders[identity] = max(self.senders.get(identity, (0, "")), (frame["version"], frame["from"]))

    @property
    def known(self) -> int:
        """The number up to which the reader has every entry."""
        return next(number for number in range(len(self.numbers) + 1) if number + 1 not in self.numbers)

    def lines(self) -> list[Frame]:
        """Return what is shown, in its order."""
        shown = [
            fixed | self.state[identity] | dict.fromkeys(("from", "user"), self.senders[identity][1])
            for identity, fixed in self.fixed.items()
        ]
        return sorted(shown, key=lambda line: line["seq"])


def write_log(grouped: list[list[Request]]) -> MemoryLog:
    log = MemoryLog()
    for batch in grouped:
        log.append(batch)
    return log


def lines_of(log: MemoryLog) -> list[Frame]:
    messages = sorted(log.messages.values(), key=lambda message: message.seq)
    return [chat_line(ROOM, replace(message, client_id=None)) for message in messages]


def published(log: MemoryLog) -> list[Frame]:
    """Return what was published: each entry with its message as it was then."""
    return [entry_frame(ROOM, entry, message) for entry, message in log.published]


def entries_after(log: MemoryLog, seq: int) -> Iterable[Frame]:
    """Return what `since` answers: each entry with its message as it is now."""
    for entry in log.entries.values():
        if entry.seq > seq:
            yield entry_frame(ROOM, entry, log.messages.get(entry.message_id))


@given(moderated_batches, st.data())
def test_a_reader_of_frames_in_any_order_with_repetitions_ends_as_the_log(
    grouped: list[list[Request]], data: st.DataObject
) -> None:
    log, reader = write_log(grouped), Reader()
    frames = published(log)
    repeated = data.draw(st.lists(st.sampled_from(frames), max_size=10)) if frames else []

    for frame in data.draw(st.permutations(frames + repeated)):
        reader.receive(frame)

    assert reader.lines() == lines_of(log)


@given(moderated_batches, st.data())
def test_a_reader_that_lost_frames_ends_as_the_log_after_asking_for_what_came_since(
    grouped: list[list[Request]], data: st.DataObject
) -> None:
    log, reader = write_log(grouped), Reader()
    for frame in published(log):
        if data.draw(st.booleans()):
            reader.receive(frame)

    for frame in entries_after(log, reader.known):
        reader.receive(frame)

    assert reader.known == log.head.seq
    assert reader.lines() == lines_of(log)


@given(moderated_batches, st.data())
def test_a_reader_of_a_page_and_of_what_is_published_meanwhile_ends_as_the_log(
    grouped: list[list[Request]], data: st.DataObject
) -> None:
    """The page is read at some moment; the frames that were published around it come before or after it."""
    moment = data.draw(st.integers(0, len(grouped)))
    early, log, reader = write_log(grouped[:moment]), write_log(grouped), Reader()
    frames = [*lines_of(early), *published(log)[data.draw(st.integers(0, len(early.entries))) :]]

    for frame in data.draw(st.permutations(frames)):
        reader.receive(frame)

    assert reader.lines() == lines_of(log)


@given(moderated_batches)
def test_every_entry_is_told_with_its_own_number_and_its_messages(grouped: list[list[Request]]) -> None:
    log = write_log(grouped)

    frames = list(entries_after(log, 0))

    assert [frame["seq"] for frame in frames] == list(range(1, log.head.seq + 1))
    for frame, entry in zip(frames, log.entries.values(), strict=True):
        if entry.moderation is not None:
            assert (frame["type"], frame["id"], frame["act"]) == ("moderation", entry.id, entry.moderation.act)
            continue
        message = log.messages[entry.message_id]
        assert (frame["id"], frame["version"], frame["message"]) == (message.id, message.version, message.text)
        assert frame.get("messageSeq", frame["seq"]) == message.seq
