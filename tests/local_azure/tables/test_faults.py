"""The effect of each kind of fault on the calls of a storage, over real sockets."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from local_azure import tables
from local_azure.tables.operations import OPERATION_NAMES
from tests.local_azure.tables.rest_client import NO_METADATA, Answer, RestClient, entity_path, insert_operation
from tests.local_azure.webpubsub.small_app import until

NOT_FOUND = (404, "ResourceNotFound")


@dataclass
class Storage:
    """A storage with the tables `rooms` and `people`, and a caller."""

    service: tables.Service
    rest: RestClient


@pytest.fixture
async def storage() -> AsyncIterator[Storage]:
    # Without connections that are used again: a client sends some calls a second time when such a one is closed.
    connector = aiohttp.TCPConnector(force_close=True)
    async with tables.serve() as service, aiohttp.ClientSession(connector=connector) as session:
        rest = RestClient(session, service.endpoint, "rooms")
        for name in ("rooms", "people"):
            assert (await rest.call("POST", "Tables", {"TableName": name})).status == 201
        yield Storage(service, rest)


async def test_a_failed_call_has_the_status_and_the_code_of_its_fault_and_does_nothing(storage: Storage) -> None:
    storage.service.faults.add("fail storage 503 operation=insert count=1")
    storage.service.faults.add("fail storage 500 code=OperationTimedOut operation=get count=1")

    failed = await storage.rest.insert("p", "r")
    absent = [await storage.rest.get("p", "r") for _ in range(2)]

    assert failed.refusal == (503, "ServerBusy")
    assert "Retry-After" not in failed.headers
    assert "A fault was injected" in failed.message
    assert [answer.refusal for answer in absent] == [(500, "OperationTimedOut"), NOT_FOUND]
    assert (await storage.rest.insert("p", "r")).status == 204


@pytest.mark.parametrize(
    ("status", "code"), [(500, "InternalError"), (503, "ServerBusy"), (504, "InjectedFault"), (412, "InjectedFault")]
)
async def test_a_status_has_a_code_of_its_own(storage: Storage, status: int, code: str) -> None:
    storage.service.faults.add(f"fail storage {status} count=1")

    assert (await storage.rest.get("p", "r")).refusal == (status, code)


async def test_a_caller_that_accepts_no_json_is_told_of_the_fault_in_xml(storage: Storage) -> None:
    storage.service.faults.add("fail storage 503 count=1")

    answer = await storage.rest.get("p", "r", headers={"Accept": "application/xml"})

    assert answer.refusal == (503, "ServerBusy")
    assert answer.headers["Content-Type"] == "application/xml"


async def test_a_call_that_is_carried_out_but_failed_has_had_its_effect(storage: Storage) -> None:
    storage.service.faults.add("fail storage 500 carried-out operation=transaction table=rooms count=1")

    answer, _ = await storage.rest.transaction(
        [insert_operation("rooms", "p", "a"), insert_operation("rooms", "p", "b")]
    )

    assert answer.refusal == (500, "InternalError")
    assert (await storage.rest.query()).rows == ["a", "b"]


async def test_a_call_that_is_carried_out_and_refused_is_answered_by_the_fault(storage: Storage) -> None:
    await storage.rest.insert("p", "r", n=1)
    storage.service.faults.add("fail storage 503 carried-out operation=insert count=1")

    assert (await storage.rest.insert("p", "r", n=2)).status == 503
    assert (await storage.rest.get("p", "r", headers=NO_METADATA)).json["n"] == 1


async def test_a_throttled_call_says_when_to_try_again(storage: Storage) -> None:
    storage.service.faults.add("throttle storage retry-after=7s count=1")

    answer = await storage.rest.insert("p", "r")

    assert answer.refusal == (503, "ServerBusy")
    assert answer.headers["Retry-After"] == "7"
    assert "Please retry your request." in answer.message
    assert (await storage.rest.get("p", "r")).refusal == NOT_FOUND


@pytest.mark.parametrize(("form", "rows"), [("cut storage", []), ("cut storage carried-out", ["r"])])
async def test_a_cut_connection_is_closed_without_an_answer(storage: Storage, form: str, rows: list[str]) -> None:
    storage.service.faults.add(f"{form} operation=insert count=1")

    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await storage.rest.insert("p", "r")

    assert (await storage.rest.query()).rows == rows


async def test_a_delayed_call_is_carried_out_late_and_holds_up_no_other(storage: Storage) -> None:
    storage.service.faults.add("delay storage 500ms operation=insert count=1")
    started = time.perf_counter()
    inserting = asyncio.create_task(storage.rest.insert("p", "r"))
    await until(lambda: storage.service.faults.active() == [])

    assert (await storage.rest.get("p", "r")).refusal == NOT_FOUND
    assert (await inserting).status == 204
    assert time.perf_counter() - started >= 0.5
    assert (await storage.rest.get("p", "r")).status == 200


async def test_a_delayed_call_is_carried_out_also_when_its_caller_is_gone(storage: Storage) -> None:
    storage.service.faults.add("delay storage 100ms operation=insert count=1")
    inserting = asyncio.create_task(storage.rest.insert("p", "r"))
    await until(lambda: storage.service.faults.active() == [])

    inserting.cancel()

    async def is_there() -> bool:
        return (await storage.rest.get("p", "r")).status == 200

    await until(is_there)
    assert inserting.cancelled()


async def test_of_two_faults_that_replace_the_answer_the_first_counts_and_a_delay_is_added(storage: Storage) -> None:
    for line in ("fail storage 500 count=1", "throttle storage count=1", "delay storage 50ms count=1"):
        storage.service.faults.add(line)
    started = time.perf_counter()

    assert (await storage.rest.get("p", "r")).status == 500

    assert time.perf_counter() - started >= 0.05
    assert storage.service.faults.active() == []


async def test_a_fault_of_one_table_leaves_the_others_alone(storage: Storage) -> None:
    storage.service.faults.add("fail storage 503 table=PEOPLE for=1m")
    people = RestClient(storage.rest.session, storage.service.endpoint, "people")

    assert (await storage.rest.insert("p", "r")).status == 204
    assert (await storage.rest.transaction([insert_operation("rooms", "p", "a")]))[0].status == 202
    assert (await people.insert("p", "r")).status == 503
    assert (await people.transaction([insert_operation("people", "p", "a")]))[0].status == 503
    assert (await people.call("DELETE", "Tables('People')")).status == 503
    assert (await people.call("POST", "Tables", {"TableName": "people"})).status == 503


async def test_a_fault_ends_when_it_is_removed(storage: Storage) -> None:
    added = storage.service.faults.add("fail storage 503 for=1m")
    assert (await storage.rest.get("p", "r")).status == 503

    assert storage.service.faults.remove(added.id)

    assert (await storage.rest.get("p", "r")).refusal == NOT_FOUND


async def test_a_call_without_authentication_triggers_no_fault(storage: Storage) -> None:
    added = storage.service.faults.add("fail storage 503 count=1")

    answer = await storage.rest.get("p", "r", headers={"Authorization": ""})

    assert answer.refusal == (403, "AuthenticationFailed")
    assert added.times_triggered == 0


@pytest.mark.parametrize("body", ["", "no batch", "POST http://x/other/rooms HTTP/1.1", "POST / HTTP/1.1"])
async def test_a_batch_whose_table_cannot_be_read_is_refused_as_ever(storage: Storage, body: str) -> None:
    storage.service.faults.add("fail storage 503 table=rooms count=1")

    answer = await storage.rest.call(
        "POST", "$batch", body, headers={"Content-Type": "multipart/mixed; boundary=batch_1"}
    )

    assert answer.status == 400


def xml(root: str) -> dict[str, object]:
    return {"body": f"<{root} />"}


CALLS: dict[str, tuple[str, str, dict[str, object]]] = {
    "list_tables": ("GET", "Tables", {}),
    "create_table": ("POST", "Tables", {"body": {"TableName": "more"}}),
    "get_table": ("GET", "Tables('rooms')", {}),
    "delete_table": ("DELETE", "Tables('rooms')", {}),
    "query": ("GET", "rooms()", {}),
    "insert": ("POST", "rooms", {"body": {"PartitionKey": "p", "RowKey": "r"}}),
    "get": ("GET", entity_path("rooms", "p", "r"), {}),
    "update": ("PUT", entity_path("rooms", "p", "r"), {"body": {}}),
    "merge": ("POST", entity_path("rooms", "p", "r"), {"body": {}, "headers": {"X-HTTP-Method": "MERGE"}}),
    "delete": ("DELETE", entity_path("rooms", "p", "r"), {"headers": {"If-Match": "*"}}),
    "transaction": ("POST", "$batch", {"body": "x", "headers": {"Content-Type": "multipart/mixed; boundary=b"}}),
    "get_policies": ("GET", "rooms", {"query": {"comp": "acl"}}),
    "set_policies": ("PUT", "rooms", {"query": {"comp": "acl"}, **xml("SignedIdentifiers")}),
    "get_properties": ("GET", "", {"query": {"restype": "service", "comp": "properties"}}),
    "set_properties": (
        "PUT",
        "",
        {"query": {"restype": "service", "comp": "properties"}, **xml("StorageServiceProperties")},
    ),
    "get_statistics": ("GET", "", {"query": {"restype": "service", "comp": "stats"}}),
}


@pytest.mark.parametrize("operation", OPERATION_NAMES)
async def test_every_operation_can_fail_alone(storage: Storage, operation: str) -> None:
    method, path, options = CALLS[operation]
    for other in OPERATION_NAMES:
        if other != operation:
            storage.service.faults.add(f"fail storage 500 operation={other} count=1")
    storage.service.faults.add(f"fail storage 507 code=OnlyThis operation={operation} count=1")

    answer: Answer = await storage.rest.call(method, path, **options)  # type: ignore[arg-type]

    assert answer.refusal == (507, "OnlyThis")


async def test_a_triggered_fault_is_in_the_log_without_keys_and_contents(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "local_azure")
    storage.service.faults.add("cut storage carried-out operation=insert count=1")

    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await storage.rest.insert("p", "r", text="between you and me")

    [line] = [record for record in caplog.records if record.getMessage() == "fault triggered"]
    assert (vars(line)["fault_id"], vars(line)["table"], vars(line)["target"]) == ("storage-fault-1", "rooms", "insert")
    assert "between you and me" not in caplog.text + str([vars(record) for record in caplog.records])
