"""What a storage publishes about its calls: what was asked for and how it ended."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest

from local_azure import tables
from local_azure.observations import Publisher, StorageCalled, StorageFaultTriggered, StorageObservation
from local_azure.tables.http_server import OBSERVED_BODY_BYTES
from tests.local_azure.tables.rest_client import RestClient, insert_operation, write_operation

CLIENT_REQUEST_ID = "x-ms-client-request-id"


@dataclass
class Observed:
    """A storage with the table `rooms`, a caller, and what was published since."""

    service: tables.Service
    rest: RestClient
    records: list[StorageObservation] = field(default_factory=list)

    def calls(self) -> list[tuple[str, str, int | None, str | None]]:
        found = [record for record in self.records if isinstance(record, StorageCalled)]
        return [(call.operation, call.table, call.status, call.error_code) for call in found]


@pytest.fixture
async def storage() -> AsyncIterator[Observed]:
    connector = aiohttp.TCPConnector(force_close=True)
    async with tables.serve() as service, aiohttp.ClientSession(connector=connector) as session:
        observed = Observed(service, RestClient(session, service.endpoint, "rooms"))
        await observed.rest.call("POST", "Tables", {"TableName": "rooms"})
        service.observations.subscribe(observed.records.append)
        yield observed


async def test_each_call_is_published_with_its_result(storage: Observed) -> None:
    rest = storage.rest
    await rest.call("POST", "Tables", {"TableName": "people"})
    await rest.insert("p", "r")
    await rest.insert("p", "r")
    await rest.get("p", "absent")
    await rest.write("PUT", "p", "r", {}, if_match="*")
    await rest.query()
    await rest.call("GET", "Tables")

    assert storage.calls() == [
        ("create_table", "people", 201, None),
        ("insert", "rooms", 204, None),
        ("insert", "rooms", 409, "EntityAlreadyExists"),
        ("get", "rooms", 404, "ResourceNotFound"),
        ("update", "rooms", 204, None),
        ("query", "rooms", 200, None),
        ("list_tables", "", 200, None),
    ]


async def test_a_transaction_that_is_refused_has_the_code_of_its_operation(storage: Observed) -> None:
    await storage.rest.transaction([insert_operation("rooms", "p", "r")])
    await storage.rest.transaction([write_operation("PUT", "rooms", "p", "absent", {}, if_match="*")])

    assert storage.calls() == [
        ("transaction", "rooms", 202, None),
        ("transaction", "rooms", 202, "ResourceNotFound"),
    ]


async def test_a_call_that_asks_for_nothing_known_is_published_without_an_operation(storage: Observed) -> None:
    await storage.rest.get("p", "r", headers={"Authorization": "SharedKey nobody:x"})
    await storage.rest.call("OPTIONS", "rooms")
    await storage.rest.call("POST", "rooms", "no JSON")
    await storage.rest.call("DELETE", "rooms")

    assert storage.calls() == [
        ("", "", 403, "AuthenticationFailed"),
        ("", "", 403, "CorsPreflightFailure"),
        ("insert", "rooms", 400, "InvalidInput"),
        ("", "rooms", 405, "UnsupportedHttpVerb"),
    ]


async def test_a_record_says_when_the_call_was_and_who_made_it(storage: Observed) -> None:
    before = time.time()
    answer = await storage.rest.get("p", "r", headers={CLIENT_REQUEST_ID: "event-1"})

    [record] = storage.records

    assert isinstance(record, StorageCalled)
    assert before <= record.at - record.milliseconds / 1000 <= record.at <= time.time()
    assert (record.method, record.client_request_id) == ("GET", "event-1")
    assert record.request_id == answer.headers["x-ms-request-id"]


async def test_a_fault_and_the_call_that_it_disturbs_have_one_request_id(storage: Observed) -> None:
    storage.service.faults.add("cut storage carried-out operation=insert count=1")

    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await storage.rest.call("POST", "rooms", {"PartitionKey": "p", "RowKey": "r"}, headers={CLIENT_REQUEST_ID: "e"})

    fault, call = storage.records
    assert isinstance(fault, StorageFaultTriggered)
    assert (fault.fault, fault.operation, fault.table, fault.client_request_id) == (
        "cut storage carried-out operation=insert count=1",
        "insert",
        "rooms",
        "e",
    )
    assert storage.calls() == [("insert", "rooms", None, None)]
    assert fault.request_id == call.request_id


async def test_a_call_is_recorded_whole_and_without_the_key_that_signs_it(storage: Observed) -> None:
    await storage.rest.insert("p", "r", text="hello")
    await storage.rest.query("PartitionKey eq 'p'")
    await storage.rest.transaction([insert_operation("rooms", "p", "s", text="hello again")])

    insert, query, transaction = (record for record in storage.records if isinstance(record, StorageCalled))
    assert json.loads(insert.body)["text"] == "hello"
    assert insert.answer == b""
    assert dict(insert.answer_headers)["x-ms-request-id"] == insert.request_id
    assert query.url.startswith(f"{storage.service.endpoint}/rooms()?$filter=")
    assert b"hello again" in transaction.body
    assert [record.is_signed for record in (insert, query, transaction)] == [True] * 3
    assert tables.DEVELOPMENT_KEY not in str(storage.records)


async def test_of_a_long_body_the_start_and_the_size_are_recorded(storage: Observed) -> None:
    await storage.rest.insert("p", "r", a="x" * 30_000, b="x" * 30_000, c="x" * 30_000)

    (call,) = (record for record in storage.records if isinstance(record, StorageCalled))
    assert len(call.body) == OBSERVED_BODY_BYTES
    assert call.body_size > 90_000


async def test_nothing_is_published_when_nobody_subscribes_any_more() -> None:
    publisher = Publisher[str]()
    seen: list[str] = []
    assert not publisher.active

    unsubscribe = publisher.subscribe(seen.append)
    publisher.publish("one")
    assert publisher.active
    unsubscribe()
    publisher.publish("two")

    assert not publisher.active
    assert seen == ["one"]


async def test_a_subscriber_that_fails_disturbs_no_call(storage: Observed, caplog: pytest.LogCaptureFixture) -> None:
    def fail(record: StorageObservation) -> None:
        raise ValueError("no")

    storage.service.observations.subscribe(fail)

    assert (await storage.rest.insert("p", "r")).status == 204
    assert storage.calls() == [("insert", "rooms", 204, None)]
    assert "a subscriber failed" in caplog.text
