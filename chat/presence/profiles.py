"""What are users called, where that is not their id? One row of table `Users` for each user who has a name.

A row is written when a connection begins and the name is new. Names are only shown, so they are read from the process's
cache for some minutes, and where storage does not answer, the ids are shown.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chat.errors import StorageUnavailable
from chat.frames import Frame, with_names
from chat.logs import cause_of, log
from chat.names import user_key
from chat.presence.places import TABLE
from chat.table_storage.client import TableClient
from chat.value_objects import value_object

# No room's name begins with a dot.
ROW = ".profile"
VERSION = 1
MAX_KEPT = 10_000
KEPT_SECONDS = 300.0
MAX_PARALLEL_READS = 32
# The fields of frames that are lists of frames, or of what names users as frames do.
PARTS = (
    *("messages", "entries", "rooms", "invitations", "members", "invited"),
    *("acts", "banned", "muted", "reports"),
)


@dataclass(slots=True)
class NameCache:
    """The names of users that were asked for lately, "" for who has none; at most 10,000, each for five minutes.

    Times are monotonic seconds.
    """

    kept: OrderedDict[str, tuple[str, float]] = field(default_factory=OrderedDict)

    def get(self, user: str, now: float) -> str | None:
        """Return a user's name, or None when it must be read."""
        name, until = self.kept.get(user, ("", 0.0))
        return name if until > now else None

    def put(self, user: str, name: str, now: float) -> None:
        """Keep a user's name; the one that was put first goes when there are too many."""
        self.kept[user] = name, now + KEPT_SECONDS
        self.kept.move_to_end(user)
        if len(self.kept) > MAX_KEPT:
            self.kept.popitem(last=False)


def encode_profile(user: str, name: str) -> dict[str, Any]:
    """Return the row of a user's profile."""
    return {"PartitionKey": user_key(user), "RowKey": ROW, "v": VERSION, "user": user, "name": name}


def decode_name(row: Mapping[str, Any] | None) -> str:
    """Return the name in a row of any version, "" without one."""
    name = row.get("name") if row else None
    return name if isinstance(name, str) else ""


@value_object
class Profiles:
    """The names of users. Where ids are names (`has_names` is False) nothing is read or written."""

    tables: TableClient
    cache: NameCache
    has_names: bool

    async def store(self, user: str, name: str | None) -> None:
        """Keep what a user is called; after a failure of storage, other people are shown the id or the former name."""
        if not self.has_names or name is None or self.cache.get(user, time.monotonic()) == name:
            return
        try:
            if await self._read(user) != name:
                await self.tables.upsert(TABLE, encode_profile(user, name))
        except StorageUnavailable as problem:
            log.warning("a name was not stored", extra={"user": user, "cause": cause_of(problem)})
            return
        self.cache.put(user, name, time.monotonic())

    async def read_names(self, users: Iterable[str]) -> dict[str, str]:
        """Return the names of those users who have one, as far as storage answers; up to five minutes old."""
        if not self.has_names:
            return {}
        limit = asyncio.Semaphore(MAX_PARALLEL_READS)

        async def read(user: str) -> tuple[str, str]:
            name = self.cache.get(user, time.monotonic())
            if name is None:
                async with limit:
                    name = await self._read(user)
            return user, name

        outcomes = await asyncio.gather(*map(read, dict.fromkeys(users)), return_exceptions=True)
        names: dict[str, str] = {}
        for outcome in outcomes:
            if isinstance(outcome, StorageUnavailable):
                log.warning("a name is unknown", extra={"cause": cause_of(outcome)})
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                names |= [outcome]
        return {user: name for user, name in names.items() if name}

    async def add_names(self, frame: Frame) -> Frame:
        """Return a frame with the names of the users that it names by their ids."""
        if not self.has_names:
            return frame
        known = frame.get("names", {})
        names = await self.read_names(users_of(frame) - set(known))
        return with_names(frame, names | known)

    async def _read(self, user: str) -> str:
        name = decode_name(await self.tables.get(TABLE, user_key(user), ROW))
        self.cache.put(user, name, time.monotonic())
        return name


def users_of(frame: Frame) -> set[str]:
    """Return the ids of the users that a frame, or a line or change in it, names without their names."""
    users = {frame[field] for field in ("by", "user", "with", "owner") if frame.get(field) and "from" not in frame}
    users.update(*(frame.get(field, ()) for field in ("users", "moderators", "mentions")))
    users.update(*frame.get("reactions", {}).values())
    for name in PARTS:
        for part in frame.get(name, ()):
            users |= users_of(part)
    return users
