"""azure-data-tables, synchronous and asynchronous, on a storage that is busy, slow, or loses its answers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.data.tables import TableTransactionError, UpdateMode

from local_azure.observations import StorageCalled, StorageObservation
from local_azure.pytest_plugin import TableStorage
from tests.interop.table_clients import TableClients, collect, wait

ENTITY = {"PartitionKey": "p", "RowKey": "r", "n": 1}


@pytest.fixture(params=["sync", "aio"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "aio")


@pytest.fixture
async def clients(table_storage: TableStorage, is_async: bool) -> AsyncIterator[TableClients]:
    made = TableClients(table_storage.connection_string, is_async=is_async)
    yield made
    await made.close()


@pytest.fixture
def calls(table_storage: TableStorage) -> list[StorageCalled]:
    """Every call that the storage answered, from now on."""
    seen: list[StorageCalled] = []

    def remember(record: StorageObservation) -> None:
        if isinstance(record, StorageCalled):
            seen.append(record)

    table_storage.call(lambda: table_storage.service.observations.subscribe(remember))
    return seen


def results(calls: list[StorageCalled], operation: str) -> list[int | None]:
    return [call.status for call in calls if call.operation == operation]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("fail storage 503", 503),
        ("fail storage 500", 500),
        ("fail storage 500 code=OperationTimedOut", 500),
        ("throttle storage retry-after=0s", 503),
    ],
)
async def test_t086_a_failure_before_anything_was_done_is_not_seen(
    table_storage: TableStorage, clients: TableClients, calls: list[StorageCalled], fault: str, status: int
) -> None:
    table = await clients.created()
    table_storage.add_fault(f"{fault} operation=insert count=1")
    table_storage.add_fault(f"{fault} operation=transaction count=1")

    await wait(table.create_entity(ENTITY))
    await wait(table.submit_transaction([("create", {"PartitionKey": "p", "RowKey": "s"})]))

    assert results(calls, "insert") == [status, 201]
    assert results(calls, "transaction") == [status, 202]
    assert [entity["RowKey"] for entity in await collect(table.list_entities())] == ["r", "s"]


async def test_a_throttled_call_is_sent_again_when_the_storage_has_said(
    table_storage: TableStorage, clients: TableClients, calls: list[StorageCalled]
) -> None:
    """Retry-After counts, not the pause of the client, which is none before its first retry."""
    table = await clients.created()
    table_storage.add_fault("throttle storage retry-after=1s operation=insert count=1")
    started = time.perf_counter()

    await wait(table.create_entity(ENTITY))

    assert time.perf_counter() - started >= 1.0
    assert results(calls, "insert") == [503, 201]
    assert len({call.client_request_id for call in calls if call.operation == "insert"}) == 1


@pytest.mark.parametrize("status", [500, 503])
async def test_t084_an_insert_whose_answer_was_replaced_is_reported_as_there(
    table_storage: TableStorage, clients: TableClients, calls: list[StorageCalled], status: int
) -> None:
    table = await clients.created()
    table_storage.add_fault(f"fail storage {status} carried-out operation=insert count=1")

    with pytest.raises(ResourceExistsError):
        await wait(table.create_entity(ENTITY))

    assert results(calls, "insert") == [status, 409]
    assert (await wait(table.get_entity("p", "r")))["n"] == 1


@pytest.mark.parametrize("mode", [UpdateMode.MERGE, UpdateMode.REPLACE])
async def test_t084_a_conditional_write_whose_answer_was_replaced_is_reported_as_changed(
    table_storage: TableStorage, clients: TableClients, mode: UpdateMode
) -> None:
    table = await clients.created()
    etag = (await wait(table.create_entity(ENTITY)))["etag"]
    table_storage.add_fault("fail storage 503 carried-out count=1")

    with pytest.raises(ResourceModifiedError):
        await wait(
            table.update_entity({**ENTITY, "n": 2}, mode, etag=etag, match_condition=MatchConditions.IfNotModified)
        )

    assert (await wait(table.get_entity("p", "r")))["n"] == 2


def append(number: int, etag: str) -> list[Any]:
    """Return an append to the log of a room: its head, only if unchanged, an entry, and the row of the operation."""
    condition = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    return [
        ("update", {"PartitionKey": "p", "RowKey": "head", "n": number}, condition),
        ("create", {"PartitionKey": "p", "RowKey": f"m-{number}"}),
        ("create", {"PartitionKey": "p", "RowKey": f"op-{number}", "n": number}),
    ]


async def assert_was_appended_once(table: Any) -> None:
    """The row of the operation says that it is there, and under which number."""
    assert (await wait(table.get_entity("p", "op-1")))["n"] == 1
    assert (await wait(table.get_entity("p", "head")))["n"] == 1
    assert [entity["RowKey"] for entity in await collect(table.list_entities())] == ["head", "m-1", "op-1"]


async def test_t084_an_append_whose_answer_was_replaced_has_lost_the_race_against_itself(
    table_storage: TableStorage, clients: TableClients, calls: list[StorageCalled]
) -> None:
    table = await clients.created()
    etag = (await wait(table.create_entity({"PartitionKey": "p", "RowKey": "head", "n": 0})))["etag"]
    table_storage.add_fault("fail storage 500 carried-out operation=transaction table=rooms count=1")

    with pytest.raises(TableTransactionError) as lost:
        await wait(table.submit_transaction(append(1, etag)))

    assert (lost.value.status_code, lost.value.index) == (412, 0)
    assert results(calls, "transaction") == [500, 202]
    await assert_was_appended_once(table)


async def test_t085_an_insert_whose_connection_was_cut_is_an_error_and_is_there(
    table_storage: TableStorage, clients: TableClients, calls: list[StorageCalled], is_async: bool
) -> None:
    table = await clients.created()
    table_storage.add_fault("cut storage carried-out operation=insert count=1")

    with pytest.raises(ServiceRequestError if is_async else ServiceResponseError):
        await wait(table.create_entity(ENTITY))

    assert results(calls, "insert") == [None]
    assert (await wait(table.get_entity("p", "r")))["n"] == 1


async def test_t085_an_append_whose_connection_was_cut_is_found_by_the_row_of_its_operation(
    table_storage: TableStorage, clients: TableClients, is_async: bool
) -> None:
    table = await clients.created()
    etag = (await wait(table.create_entity({"PartitionKey": "p", "RowKey": "head", "n": 0})))["etag"]
    table_storage.add_fault("cut storage carried-out operation=transaction count=1")

    with pytest.raises(ServiceRequestError if is_async else ServiceResponseError):
        await wait(table.submit_transaction(append(1, etag)))

    await assert_was_appended_once(table)


async def test_a_call_whose_connection_was_cut_before_it_was_carried_out_did_nothing(
    table_storage: TableStorage, clients: TableClients, is_async: bool
) -> None:
    table = await clients.created()
    table_storage.add_fault("cut storage operation=insert count=1")

    with pytest.raises(ServiceRequestError if is_async else ServiceResponseError):
        await wait(table.create_entity(ENTITY))

    assert await collect(table.list_entities()) == []
    await wait(table.create_entity(ENTITY))


async def test_t087_a_permanent_failure_ends_after_four_requests_and_about_five_seconds(
    table_storage: TableStorage, calls: list[StorageCalled]
) -> None:
    """Both kinds of client wait at the same time, each for its own table."""

    async def insert(clients: TableClients, table_name: str) -> None:
        table = clients.table(table_name)
        started = time.perf_counter()
        with pytest.raises(HttpResponseError) as failed:
            await wait(table.create_entity(ENTITY))
        assert failed.value.status_code == 503
        assert time.perf_counter() - started >= 4.5

    sync, aio = (TableClients(table_storage.connection_string, is_async=is_async) for is_async in (False, True))
    async with AsyncExitStack() as open_clients:
        for clients, table_name in ((sync, "first"), (aio, "second")):
            open_clients.push_async_callback(clients.close)
            await clients.created(table_name)
        table_storage.add_fault("fail storage 503 operation=insert for=10m")

        await asyncio.gather(asyncio.to_thread(asyncio.run, insert(sync, "first")), insert(aio, "second"))

    for table_name in ("first", "second"):
        assert results([call for call in calls if call.table == table_name], "insert") == [503] * 4


async def test_a_delayed_call_is_only_late(table_storage: TableStorage, clients: TableClients) -> None:
    table = await clients.created()
    table_storage.add_fault("delay storage 200ms operation=insert count=1")
    started = time.perf_counter()

    await wait(table.create_entity(ENTITY))

    assert time.perf_counter() - started >= 0.2
