"""The export of a room: every entry as clients are told it, one JSON object a line, in parts of about a megabyte.

The job only finds out which entries each part has; the lines are read from the log when a part is fetched. So no copy
of what was said lies anywhere, and what is erased after the export is not in it any more.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from chat.administration.jobs import ExportPart, Job, JobStore
from chat.room_log.entry_frames import entry_frame
from chat.room_log.model import Entry, Kind, Message
from chat.room_log.room_logs import RoomLogs
from chat.times import timestamp

VERSION = 1
PART_ENTRIES = 1000
PART_BYTES = 1_000_000
TEXT_FIELDS = ("message", "replyTo")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class ExportState:
    """How far an export is: it has `parts` with the entries up to `after`; `head` is the last one that it will have."""

    parts: int = 0
    after: int = 0
    head: int = -1
    entries: int = 0
    is_done: bool = False

    def encode(self) -> dict[str, Any]:
        """Return the state as an orchestration stores it."""
        return {"v": VERSION} | asdict(self)

    def counts(self) -> dict[str, int]:
        """Return what was done, for the audit."""
        return {"parts": self.parts, "entries": self.entries}

    def progress(self) -> dict[str, Any]:
        """Return how far the job is, as its status tells."""
        return {"rooms": {"done": int(self.is_done), "total": 1}, "entries": self.entries, "parts": self.parts}


def decode_state(content: Mapping[str, Any]) -> ExportState:
    """Return a stored state of any version."""
    return ExportState(**{each.name: content[each.name] for each in fields(ExportState) if each.name in content})


@dataclass(frozen=True, slots=True)
class Export:
    """The export of one room. Its methods raise StorageUnavailable."""

    rooms: RoomLogs
    jobs: JobStore
    job: Job

    async def step(self, state: ExportState) -> ExportState:
        """Find the entries of the next part, and return the state to go on from. The same step may be done again."""
        if state.head < 0:
            head = await self.rooms.read_head(self.job.room)
            await self.jobs.begin_export(self.job.id, head.first, head.seq)
            return replace(state, after=head.first - 1, head=head.seq)
        lines = await self._read_lines(state.after, state.head, PART_ENTRIES, PART_BYTES)
        last = lines[-1][0] if lines else state.head
        await self.jobs.write_part(self.job.id, state.parts + 1, ExportPart(state.after, last))
        return ExportState(state.parts + 1, last, state.head, state.entries + len(lines), is_done=last >= state.head)

    async def read_part(self, number: int) -> str:
        """Return the lines of a part, counted from 1, each with a line feed; part 1 begins with one about the export.

        Raises UnknownPart.
        """
        part = await self.jobs.read_part(self.job.id, number)
        lines = [line for _, line in await self._read_lines(part.after, part.last, part.last - part.after, None)]
        return "".join([encode_description(self.job), *lines] if number == 1 else lines)

    async def _read_lines(self, after: int, last: int, count: int, limit: int | None) -> list[tuple[int, str]]:
        """Return up to `count` entries after a number, with their numbers; at most `limit` bytes, but at least one."""
        lines: list[tuple[int, str]] = []
        size = 0
        while after < last and len(lines) < count:
            run = await self.rooms.read_since(self.job.room, after, last + 1)
            for entry, message in run.entries:
                line = encode_entry(self.job.room, entry, message)
                size += len(line.encode())
                if len(lines) == count or (lines and limit is not None and size > limit):
                    return lines
                lines.append((entry.seq, line))
            if not run.entries:  # retention removed the rest
                break
            after = run.entries[-1][0].seq
        return lines


def encode_entry(room: str, entry: Entry, message: Message | None) -> str:
    """Return an entry's line: a chat line as it is now, or a change without text, which stands in the chat line."""
    frame = entry_frame(room, entry, message)
    if reason := entry.moderation.reason if entry.moderation else entry.reason:
        frame["reason"] = reason
    if entry.kind is not Kind.MESSAGE:
        frame = {name: value for name, value in frame.items() if name not in TEXT_FIELDS}
    return _ENCODER.encode(frame) + "\n"


def encode_description(job: Job) -> str:
    """Return the first line of an export: which entries of which room it has, who wanted it and when."""
    about = {"type": "export", "v": VERSION, "room": job.room, "first": job.first, "head": job.head}
    return _ENCODER.encode(about | {"at": timestamp(job.at), "by": job.by}) + "\n"
