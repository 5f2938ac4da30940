"""What is stored of an admin's job: enough to run it and to account for it, and no name for longer than it takes."""

import pytest

from chat.administration.jobs import (
    AUDIT_TABLE,
    JOBS_TABLE,
    KEPT_MS,
    ExportPart,
    Job,
    JobKind,
    JobStore,
    is_job_id,
    new_job_id,
)
from chat.errors import UnknownJob, UnknownPart
from chat.names import user_key
from chat.table_storage.client import TableClient

AT = 1_769_860_800_000  # 2026-01-31T12:00:00Z
ERASURE = Job("erase-" + "0" * 20, JobKind.ERASE, "root", AT, user="ana")
EXPORT = Job("export-" + "0" * 20, JobKind.EXPORT, "root", AT, room="design")


def test_the_ids_of_jobs_are_recognized_and_those_of_other_instances_are_not() -> None:
    assert is_job_id(new_job_id(JobKind.EXPORT))
    assert not is_job_id("sweep-rooms")
    assert not is_job_id("erase-" + "0" * 20 + "/x")


async def test_a_job_is_read_as_it_was_stored_and_forgets_the_user_at_its_end(storage: TableClient) -> None:
    jobs = JobStore(storage)
    await jobs.create(ERASURE)
    assert await jobs.read(ERASURE.id) == ERASURE

    for _ in range(2):  # its answer may be lost
        await jobs.finish(ERASURE, {"messages": 3}, now=AT + 5000)

    assert (await jobs.read(ERASURE.id)).user == ""
    record = await storage.get(AUDIT_TABLE, "2026-01", ERASURE.id)
    assert record is not None
    expected = {"by": "root", "kind": "erase", "at": AT, "userHash": user_key("ana"), "messages": 3}
    assert (expected | {"finishedAt": AT + 5000}).items() <= record.items()


async def test_jobs_that_are_a_week_old_are_removed_with_their_parts_and_the_audit_stays(storage: TableClient) -> None:
    jobs = JobStore(storage)
    for job in (ERASURE, EXPORT):
        await jobs.create(job)
    await jobs.begin_export(EXPORT.id, 3, 900)
    for number in range(1, 121):
        await jobs.write_part(EXPORT.id, number, ExportPart(number * 10, number * 10 + 10))
    assert await jobs.read_part(EXPORT.id, 120) == ExportPart(1200, 1210)
    assert ((await jobs.read(EXPORT.id)).first, (await jobs.read(EXPORT.id)).head) == (3, 900)

    assert await jobs.remove_old(AT + KEPT_MS) == 0
    assert await jobs.remove_old(AT + KEPT_MS + 1) == 2

    assert (await storage.query(JOBS_TABLE, "")).entities == []
    assert len((await storage.query(AUDIT_TABLE, "")).entities) == 2
    with pytest.raises(UnknownJob):
        await jobs.read(EXPORT.id)
    with pytest.raises(UnknownPart):
        await jobs.read_part(EXPORT.id, 120)
