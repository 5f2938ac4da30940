"""Reports of messages, as table `Reports` keeps them: one row for each message of a room that was reported.

A row has who reported the message, when and why; what the message says is read in the room's log. `v` is the version of
the form: a reader ignores what it does not know. Times are milliseconds since 1970 (UTC).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chat.errors import ChatError, StorageUnavailable
from chat.table_storage.addresses import key_range
from chat.table_storage.client import TableClient
from chat.table_storage.entities import ETAG
from chat.table_storage.errors import Conflict

TABLE = "Reports"
VERSION = 1
# The messages of a room that are reported and not resolved, those of them by one user, and the users of one message.
MAX_OPEN, MAX_OF_USER, MAX_REPORTERS = 200, 20, 20
MAX_TRIES = 10
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


class TooManyReports(ChatError):
    """The room, the user or the message has as many open reports as it may have."""

    code = "too_many_reports"

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"{what} {limit} open reports, the limit; a moderator resolves them")


@dataclass(frozen=True, slots=True)
class Report:
    """Who reported a message, when and why."""

    user: str
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReportedMessage:
    """A message of a room, the number of its entry, and its reports, the oldest first."""

    room: str
    message: str
    seq: int
    reports: tuple[Report, ...] = ()
    etag: str | None = None

    def is_reported_by(self, user: str) -> bool:
        """Return whether the user has reported the message."""
        return any(report.user == user for report in self.reports)


def encode_reported(reported: ReportedMessage) -> dict[str, Any]:
    """Return the row of a reported message; the reports are JSON `[[user, at, reason]]`."""
    reports = [[report.user, report.at, report.reason] for report in reported.reports]
    keys = {"PartitionKey": reported.room, "RowKey": reported.message, "v": VERSION}
    return keys | {"seq": reported.seq, "reports": _ENCODER.encode(reports)}


def decode_reported(row: Mapping[str, Any]) -> ReportedMessage:
    """Return the reported message that a row of any version holds."""
    reports = [Report(user, at, reason) for user, at, reason, *_ in json.loads(row["reports"])]
    return ReportedMessage(row["PartitionKey"], row["RowKey"], int(row["seq"]), tuple(reports), row[ETAG])


def with_report(queue: Sequence[ReportedMessage], new: ReportedMessage, report: Report) -> ReportedMessage | None:
    """Return what a message's row is after a report, None when the user has reported it already.

    `queue` are the room's reported messages, `new` is the message without reports. Raises TooManyReports.
    """
    found = next((each for each in queue if each.message == new.message), None)
    if found is not None and found.is_reported_by(report.user):
        return None
    if sum(each.is_reported_by(report.user) for each in queue) >= MAX_OF_USER:
        raise TooManyReports("you have", MAX_OF_USER)
    if found is None and len(queue) >= MAX_OPEN:
        raise TooManyReports("the room has", MAX_OPEN)
    if found is not None and len(found.reports) >= MAX_REPORTERS:
        return None  # moderators know enough of it
    before = found or new
    return replace(before, reports=(*before.reports, report))


@dataclass(frozen=True, slots=True)
class ReportStore:
    """The reports of all rooms; every method raises StorageUnavailable."""

    tables: TableClient

    async def read_queue(self, room: str) -> list[ReportedMessage]:
        """Return the reported messages of a room that are not resolved."""
        page = await self.tables.query_all(TABLE, key_range(room), limit=2 * MAX_OPEN)
        return [decode_reported(row) for row in page.entities]

    async def add(self, new: ReportedMessage, report: Report) -> None:
        """Keep a report of a message; a second one of the same user changes nothing. Raises also TooManyReports.

        Reports that are added at the same moment may exceed a limit by their number.
        """
        for _ in range(MAX_TRIES):
            changed = with_report(await self.read_queue(new.room), new, report)
            if changed is None or await self._save(changed):
                return
        raise StorageUnavailable("the reports were changed by others all the time", may_have_happened=False)

    async def remove(self, room: str, message: str) -> None:
        """Remove the reports of a message, if there are any."""
        try:
            await self.tables.delete(TABLE, room, message)
        except Conflict as conflict:
            if conflict.status != 404:
                raise

    async def erase_user(self, room: str, user: str) -> int:
        """Remove what a user reported in a room; return how many reports there were."""
        count = 0
        for reported in await self.read_queue(room):
            kept = tuple(report for report in reported.reports if report.user != user)
            count += len(reported.reports) - len(kept)
            if not kept:
                await self.remove(room, reported.message)
            elif kept != reported.reports and not await self._save(replace(reported, reports=kept)):
                raise StorageUnavailable("a report was changed meanwhile", may_have_happened=False)
        return count

    async def _save(self, reported: ReportedMessage) -> bool:
        """Store a row that nobody changed since it was read; return whether it was so."""
        row = encode_reported(reported)
        try:
            if reported.etag is None:
                await self.tables.insert(TABLE, row)
            else:
                await self.tables.merge(TABLE, row, reported.etag)
        except Conflict:
            return False
        return True
