"""The checks that ask, against a real service and storage that fail in one way each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web

from chat.gateway import Gateways
from chat.health.probes import Probes
from chat.health.readiness import Status
from chat.settings import Settings
from chat.table_storage.client import TableClients
from local_azure import tables, webpubsub
from local_azure.observations import StorageCalled
from tests.chat.storage import answer_error, serve_storage
from tests.chat.stub_server import a_server

OTHER_KEY = "bm90IHRoZSBrZXkgb2YgdGhlIGFjY291bnQgb3Igc2VydmljZQ=="


@dataclass
class Surroundings:
    """A service and a storage, and checks that ask them."""

    service: webpubsub.Service
    storage: tables.Service
    probes: Probes


@asynccontextmanager
async def surroundings(seconds: float = 3.0, **settings: str) -> AsyncIterator[Surroundings]:
    async with webpubsub.serve() as service, tables.serve() as storage:
        values = {"WebPubSubConnectionString": service.connection_string, "ChatAuth": "open"}
        values |= {"AzureWebJobsStorage": storage.connection_string} | settings
        yield Surroundings(service, storage, Probes(Settings(values), Gateways(), TableClients(), seconds))


async def answer_no_instance(_: web.Request) -> web.Response:
    return web.Response(status=404)


async def found_by(probes: Probes, durable: object = answer_no_instance) -> dict[str, tuple[Status, str]]:
    async with serve_storage(durable) as client:  # type: ignore[arg-type]
        return {check.name: (check.status, check.detail) for check in await probes.run(client)}


async def test_what_works_is_found_to_work_and_leaves_no_row() -> None:
    calls: list[tuple[str, str]] = []
    async with surroundings() as around:
        around.storage.observations.subscribe(
            lambda record: calls.append((record.operation, record.table)) if isinstance(record, StorageCalled) else None
        )
        found = await found_by(around.probes)
        again = await found_by(around.probes)
        left = await (await around.probes.tables.get(around.probes.settings)).get("Health", "readyz", "probe")

    assert {name: status for name, (status, _) in found.items()} == dict.fromkeys(
        ("settings", "service", "storage", "durable"), Status.OK
    )
    assert again["storage"] == (Status.OK, "tables can be read; they could be written a moment ago")
    assert left is None
    assert len([call for call in calls if "delete" in call[0]]) == 1


@pytest.mark.parametrize("operation", ["get", "merge", "delete"])
async def test_storage_that_cannot_be_read_or_written_is_wrong(operation: str) -> None:
    async with surroundings() as around:
        around.storage.faults.add(f"fail storage 500 operation={operation} for=60s")
        found = await found_by(around.probes)
        around.storage.faults.clear()
        after = await found_by(around.probes)

    assert found["storage"] == (
        Status.WRONG,
        "the storage that AzureWebJobsStorage names: storage answered 500 InternalError",
    )
    assert after["storage"] == (Status.OK, "tables can be made, read and written")


async def test_a_service_that_cannot_be_reached_is_wrong() -> None:
    async with surroundings(WebPubSubConnectionString=f"Endpoint=http://127.0.0.1:9;AccessKey={OTHER_KEY};") as around:
        found = await found_by(around.probes)

    assert found["service"] == (
        Status.WRONG,
        "the service that WebPubSubConnectionString names does not answer: ServiceRequestError",
    )


async def test_what_does_not_answer_in_time_is_wrong() -> None:
    asked = asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        asked.set()
        await asyncio.Event().wait()
        return web.Response()

    async with a_server(never) as silent:
        connection = f"Endpoint={silent};AccessKey={OTHER_KEY};"
        async with surroundings(0.2, WebPubSubConnectionString=connection) as around:
            found = await found_by(around.probes)

    assert asked.is_set()
    assert found["service"] == (Status.WRONG, "no answer within 0.2 s")
    assert found["storage"][0] is Status.OK


async def test_a_task_hub_that_answers_with_errors_is_wrong() -> None:
    async with surroundings() as around:
        found = await found_by(around.probes, answer_error)

    assert found["durable"] == (
        Status.WRONG,
        "the task hub of Durable Functions does not answer: reminders and jobs do not run",
    )
    assert found["storage"][0] is Status.OK
