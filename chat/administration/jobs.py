"""The jobs of admins: an export of a room, or the erasure of a user; each is an orchestration with the job's id.

A job is a row of table `Jobs` (PartitionKey the job's id, RowKey `job`): `v`, `kind`, `by`, `at`, and `room` or `user`.
So the orchestration's history, which the platform keeps, has no name in it; the row loses the name of an erased user
when the job ends. Rows `part-<number>` say which entries a part of an export has. Table `Audit` records who did what:
PartitionKey the month, RowKey the job's id; a user stands there as a hash. Times are milliseconds since 1970 (UTC).
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from chat.administration.row_changes import change_rows
from chat.errors import UnknownJob, UnknownPart
from chat.names import user_key
from chat.table_storage.addresses import key_range
from chat.table_storage.client import TableClient
from chat.table_storage.entities import Value
from chat.table_storage.operations import Delete

JOBS_TABLE, AUDIT_TABLE = "Jobs", "Audit"
JOB_ROW = "job"
VERSION = 1
# A job and the parts of an export can be read for so long.
KEPT_MS = 7 * 24 * 60 * 60 * 1000
ROWS_OF_TRANSACTION = 100
JOBS_OF_CLEANING = 100


class JobKind(StrEnum):
    """What a job does; the values are stored, and are the first part of its id."""

    EXPORT = "export"
    ERASE = "erase"


_ID = re.compile(rf"(?:{'|'.join(JobKind)})-[0-9a-f]{{20}}")


def new_job_id(kind: JobKind) -> str:
    """Return the id of a new job, which is also its orchestration's id."""
    return f"{kind}-{uuid.uuid4().hex[:20]}"


def is_job_id(value: str) -> bool:
    """Return whether a text has the form of our job ids."""
    return _ID.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Job:
    """A job: who wants it since when, and the room to export or the user to erase (empty after the end).

    An export has the entries from `first` to `head`, which are known once it began (-1 before).
    """

    id: str
    kind: JobKind
    by: str
    at: int
    room: str = ""
    user: str = ""
    first: int = -1
    head: int = -1


@dataclass(frozen=True, slots=True)
class ExportPart:
    """The entries of one part of an export: those after the number `after` up to `last`."""

    after: int
    last: int


@dataclass(frozen=True, slots=True)
class JobStore:
    """The rows of jobs and of the audit. Every method raises StorageUnavailable; each write may be repeated."""

    tables: TableClient

    async def create(self, job: Job) -> None:
        """Store a job and its record in the audit."""
        row: dict[str, Value] = {"v": VERSION, "kind": job.kind.value, "by": job.by, "at": job.at}
        subject: dict[str, Value] = {"userHash": user_key(job.user)} if job.user else {"room": job.room}
        await self.tables.upsert(AUDIT_TABLE, audit_key(job) | row | subject)
        await self.tables.upsert(JOBS_TABLE, job_key(job.id) | row | {"room": job.room, "user": job.user})

    async def read(self, identity: str) -> Job:
        """Return a job; raises UnknownJob."""
        row = await self.tables.get(JOBS_TABLE, identity, JOB_ROW) if is_job_id(identity) else None
        if row is None:
            raise UnknownJob
        kind = JobKind(row["kind"])
        return Job(
            id=identity,
            kind=kind,
            by=row["by"],
            at=int(row["at"]),
            room=row.get("room", ""),
            user=row.get("user", ""),
            first=int(row.get("first", -1)),
            head=int(row.get("head", -1)),
        )

    async def begin_export(self, identity: str, first: int, head: int) -> None:
        """Store which entries an export has."""
        await self.tables.merge(JOBS_TABLE, job_key(identity) | {"first": first, "head": head})

    async def finish(self, job: Job, counts: Mapping[str, int], now: int) -> None:
        """Record in the audit that a job ended and what it did, then forget the name of the user."""
        outcome: dict[str, Value] = {"finishedAt": now, **counts}
        await self.tables.upsert(AUDIT_TABLE, audit_key(job) | outcome)
        await self.tables.merge(JOBS_TABLE, job_key(job.id) | {"user": ""})

    async def write_part(self, identity: str, number: int, part: ExportPart) -> None:
        """Store which entries a part of an export has; `number` counts from 1."""
        row: dict[str, Value] = {"PartitionKey": identity, "RowKey": part_row(number), "v": VERSION}
        await self.tables.upsert(JOBS_TABLE, row | {"after": part.after, "last": part.last})

    async def read_part(self, identity: str, number: int) -> ExportPart:
        """Return which entries a part of an export has; raises UnknownPart."""
        row = await self.tables.get(JOBS_TABLE, identity, part_row(number))
        if row is None:
            raise UnknownPart(number)
        return ExportPart(int(row["after"]), int(row["last"]))

    async def remove_old(self, now: int) -> int:
        """Remove jobs that are older than a week, at most 100 of them; return how many. The audit is kept."""
        old = f"RowKey eq '{JOB_ROW}' and at lt {now - KEPT_MS}L"
        page = await self.tables.query_all(JOBS_TABLE, old, ("PartitionKey",), limit=JOBS_OF_CLEANING)
        for row in page.entities:
            await self._remove(row["PartitionKey"])
        return len(page.entities)

    async def _remove(self, identity: str) -> None:
        """Remove a job's rows, its parts first: while the row `job` is there, the next run finds the rest."""
        parts = key_range(identity, part_row(0), "part.")
        while rows := (await self.tables.query_all(JOBS_TABLE, parts, ("RowKey",), limit=ROWS_OF_TRANSACTION)).entities:
            await change_rows(self.tables, JOBS_TABLE, [Delete(identity, row["RowKey"]) for row in rows])
        await change_rows(self.tables, JOBS_TABLE, [Delete(identity, JOB_ROW)])


def job_key(identity: str) -> dict[str, Value]:
    """Return the keys of a job's row."""
    return {"PartitionKey": identity, "RowKey": JOB_ROW}


def part_row(number: int) -> str:
    """Return the row of a part of an export."""
    return f"part-{number:09}"


def audit_key(job: Job) -> dict[str, Value]:
    """Return the keys of a job's row in the audit."""
    return {"PartitionKey": f"{datetime.fromtimestamp(job.at / 1000, UTC):%Y-%m}", "RowKey": job.id}
