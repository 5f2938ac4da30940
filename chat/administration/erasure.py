"""Removing a user from a room's log: the text and name in the user's messages, and the name wherever else it stands.

A message changes by an entry of the log, so that every screen ends as the log. The entries of the user's own edits,
deletions and reactions only lose the name. Each step may be repeated: what is erased is not found again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chat.administration.row_changes import change_rows
from chat.errors import ServiceUnavailable
from chat.frames import Frame
from chat.gateway import Gateway
from chat.logs import cause_of, log, or_none
from chat.message_ids import derived_id
from chat.names import ERASED_USER, groups_of, rich_group
from chat.presence.mentions import Mentions
from chat.presence.places import PlaceStore
from chat.room_log.append_plan import Appended
from chat.room_log.entry_frames import change_frame, entry_frame
from chat.room_log.model import EraseUser, Head, Kind, Message, UnknownMessage, erase_user
from chat.room_log.moderation_acts import Act, Moderate, Moderation
from chat.room_log.room_logs import RoomLogs
from chat.room_log.rows import Row, decode_message, erase_from_row
from chat.room_log.store import TABLE
from chat.rooms.report_store import ReportStore
from chat.table_storage.client import TableClient
from chat.table_storage.operations import Merge

ENTRIES_OF_STEP = 500
# So many requests are appended at the same time; the room's writer makes transactions of them.
MAX_PARALLEL_APPENDS = 99
MAX_PARALLEL_PUBLISHES = 8


@dataclass(frozen=True, slots=True)
class Found:
    """How many entries changed: the user's own messages, those of others, and changes that the user made."""

    messages: int = 0
    mentions: int = 0
    changes: int = 0

    def __add__(self, other: "Found") -> "Found":
        return Found(self.messages + other.messages, self.mentions + other.mentions, self.changes + other.changes)

    @property
    def total(self) -> int:
        """How many entries changed in all."""
        return self.messages + self.mentions + self.changes


def find_messages(rows: Sequence[Row], user: str) -> list[Message]:
    """Return the messages that have something of a user."""
    messages = [decode_message(row) for row in rows if row["kind"] == Kind.MESSAGE]
    return [message for message in messages if erase_user(message, user, message.seq, message.sent_at) is not message]


def find_changes(rows: Sequence[Row], user: str) -> dict[str, dict[str, Any]]:
    """Return what is merged into the rows of the changes and acts that name a user, by row key."""
    changes = {row["RowKey"]: erase_from_row(row, user) for row in rows if row["kind"] != Kind.MESSAGE}
    return {key: change for key, change in changes.items() if change}


def erase_request(message: Message, user: str, job: str, by: str) -> EraseUser:
    """Return the request that erases a user from a message as it is now: the same one however often it is made."""
    identity = derived_id(ERASED_USER, job, message.id, str(message.version))
    return EraseUser(id=identity, user=by, target=message.id, erased=user)


@dataclass(frozen=True, slots=True)
class Erasure:
    """The erasure of one user from rooms, for the admin `by`. Its methods raise StorageUnavailable."""

    rooms: RoomLogs
    tables: TableClient
    gateway: Gateway
    job: str
    user: str
    by: str

    async def erase_entries(self, room: str, low: int, high: int) -> Found:
        """Erase the user from the entries from `low` to `high`, both included; at most 500."""
        rows = await self.rooms.store.read_rows(room, low, high)
        messages, changes = find_messages(rows, self.user), find_changes(rows, self.user)
        done: list[Appended] = []
        for begin in range(0, len(messages), MAX_PARALLEL_APPENDS):
            appended = await self._append(room, messages[begin : begin + MAX_PARALLEL_APPENDS])
            await self._publish(room, appended)
            await self._remove_mentions(room, appended)
            done += appended
        merges = [Merge({"PartitionKey": room, "RowKey": key} | change) for key, change in changes.items()]
        await change_rows(self.tables, TABLE, merges)
        own = sum(each.message.deleted_at is not None for each in done)
        return Found(own, len(done) - own, len(changes))

    async def erase_rules(self, room: str, head: Head) -> Found:
        """Remove the user from a room's rules, and the user's connections from a room that is for its members only."""
        if not head.rules.names_user(self.user):
            return Found()
        groups = groups_of(room, rich=True) if head.rules.is_members_only else ()
        await self.gateway.remove_user(self.user, groups)
        act = Moderation(act=Act.ERASE, whom=self.user)
        identity = derived_id(ERASED_USER, self.job, room, str(head.seq))
        moderated = await self.rooms.moderate(room, Moderate(id=identity, user=self.by, moderation=act, admin=True))
        if moderated.entry is None:
            return Found()
        await self._publish_frame(room, entry_frame(room, moderated.entry, None))
        # Again: the user may have joined between the two.
        await or_none(self.gateway.remove_user(self.user, groups), "an erased user was not removed", room)
        return Found(changes=1)

    async def erase_reports(self, room: str) -> Found:
        """Remove what the user reported in a room."""
        return Found(changes=await ReportStore(self.tables).erase_user(room, self.user))

    async def _append(self, room: str, messages: Sequence[Message]) -> list[Appended]:
        requests = [erase_request(message, self.user, self.job, self.by) for message in messages]
        calls = [self.rooms.append(room, request) for request in requests]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        done = []
        for outcome in outcomes:
            if isinstance(outcome, Appended):
                done.append(outcome)
            elif not isinstance(outcome, UnknownMessage):  # retention removed the message meanwhile
                raise outcome
        return done

    async def _publish(self, room: str, done: Sequence[Appended]) -> None:
        limit = asyncio.Semaphore(MAX_PARALLEL_PUBLISHES)

        async def publish(appended: Appended) -> None:
            if appended.entry is not None:
                async with limit:
                    await self._publish_frame(room, change_frame(room, appended.entry, appended.message))

        await asyncio.gather(*map(publish, done))

    async def _remove_mentions(self, room: str, done: Sequence[Appended]) -> None:
        mentions = Mentions(PlaceStore(self.tables), self.gateway)
        for appended in done:
            if appended.unmentioned:
                await mentions.remove(room, appended.message.id, appended.message.seq, appended.unmentioned)

    async def _publish_frame(self, room: str, frame: Frame) -> None:
        try:
            await self.gateway.publish(rich_group(room), frame)
        except ServiceUnavailable as problem:  # screens find the entry by the gap in the numbers
            log.warning("an erasure was not published", extra={"room": room, "cause": cause_of(problem)})
