"""Checks of storage: the chat's tables can be written with the app's own credential, and Durable Functions answer."""

import asyncio
import time

from chat.errors import NotConfigured, StorageUnavailable
from chat.settings import Settings
from chat.table_storage.client import TableClient
from chat.table_storage.connection import StorageConnection, read_storage_connection
from chat.table_storage.errors import Conflict
from doctor.connection import START, is_on_this_machine
from doctor.findings import Finding, Verdict
from doctor.http import Failure, NoAnswer, Response, send_request
from doctor.symptoms import Symptom

TABLE = "Doctor"
"""The table, after the chat's prefix, in which one row is written and deleted; it stays, empty."""
PARTITION, ROW = "doctor", "doctor"
DURABLE_PATH = "/runtime/webhooks/durabletask/instances?top=1&showInput=false"


def check_tables(settings: Settings, timeout: float) -> Finding:
    """Write a row into a table of the doctor's own, read it, and delete it, as the app would."""
    try:
        connection = read_storage_connection(settings)
        prefix = settings.table_prefix
    except NotConfigured as problem:
        seen = f"the storage is not known: {problem}"
        return Finding("storage.tables", Verdict.WRONG, seen, "correct the setting that is named", Symptom.STORAGE)
    if not _accepts_connections(connection):
        seen = f"nothing runs at {connection.endpoint}"
        return Finding("storage.tables", Verdict.UNKNOWN, seen, START, Symptom.STORAGE)
    started = time.monotonic()
    try:
        asyncio.run(_write_and_delete(TableClient(connection, prefix), seconds=timeout))
    except (StorageUnavailable, Conflict) as problem:
        seen = f"{connection.endpoint}: {problem}"
        fix = "look at the account's key or the identity's role (Storage Table Data Contributor), and at its network"
        return Finding("storage.tables", Verdict.WRONG, seen, fix, Symptom.STORAGE)
    seen = f"a row was written, read and deleted at {connection.endpoint}"
    return Finding("storage.tables", Verdict.OK, seen, milliseconds=(time.monotonic() - started) * 1000)


async def _write_and_delete(client: TableClient, *, seconds: float) -> None:
    try:
        await client.upsert(TABLE, {"PartitionKey": PARTITION, "RowKey": ROW}, seconds=seconds)
        if await client.get(TABLE, PARTITION, ROW, seconds=seconds) is None:
            raise StorageUnavailable("storage lost the row that was just written")
        await client.delete(TABLE, PARTITION, ROW, seconds=seconds)
    finally:
        await client.close()


def _accepts_connections(connection: StorageConnection) -> bool:
    """Return False only where nothing listens on this machine: anything else is for the real call to find out."""
    if not is_on_this_machine(connection.endpoint):
        return True
    try:
        send_request("GET", connection.endpoint, timeout=2)
    except NoAnswer as problem:
        return problem.failure is not Failure.REFUSED
    return True


def check_durable(base_url: str, timeout: float) -> Finding:
    """Ask the host of this machine for the instances of Durable Functions, without their inputs."""
    try:
        answer = send_request("GET", base_url + DURABLE_PATH, timeout=timeout)
    except NoAnswer as problem:
        seen = f"the host was not asked: {base_url}: {problem}"
        return Finding("storage.durable", Verdict.UNKNOWN, seen, START, Symptom.DURABLE)
    return judge_durable(answer)


def judge_durable(answer: Response) -> Finding:
    """Say whether the Durable extension runs and reaches its storage."""
    check, took = "storage.durable", answer.milliseconds
    if answer.status in (200, 202) and isinstance(answer.json(), list):
        return Finding(check, Verdict.OK, "Durable Functions list their instances", milliseconds=took)
    if answer.status in (401, 403):
        seen = f"Durable Functions answer to the system key alone ({answer.status})"
        return Finding(check, Verdict.UNKNOWN, seen, "look at /readyz/details with the function key", Symptom.DURABLE)
    seen = f"Durable Functions do not list their instances: the host answers {answer.status}"
    fix = "look at the host's log: the extension bundle, AzureWebJobsStorage, or an app that could not be imported"
    return Finding(check, Verdict.WRONG, seen, fix, Symptom.DURABLE, took)
