"""Faults over HTTP on a storage that runs alone: who may ask, and what is answered."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from local_azure import tables
from tests.local_azure.tables.rest_client import RestClient

THROTTLE = {"fault": "throttle storage operation=insert count=2"}
JSON = {"Content-Type": "application/json"}


@dataclass
class Storage:
    service: tables.Service
    session: aiohttp.ClientSession
    origin: str

    @property
    def faults_url(self) -> str:
        return f"{self.origin}/inspector/faults"


@pytest.fixture
async def storage() -> AsyncIterator[Storage]:
    async with tables.serve() as service, aiohttp.ClientSession() as session:
        yield Storage(service, session, service.endpoint.rpartition("/")[0])


async def test_a_fault_is_added_listed_triggered_and_removed(storage: Storage) -> None:
    async with storage.session.post(storage.faults_url, json=THROTTLE) as answer:
        assert (answer.status, await answer.json()) == (201, {"id": "storage-fault-1"})
    rest = RestClient(storage.session, storage.service.endpoint, "rooms")
    assert (await rest.insert("p", "r")).status == 503

    async with storage.session.get(storage.faults_url) as answer:
        listed = await answer.json()
    async with storage.session.delete(f"{storage.faults_url}/storage-fault-1") as first:
        assert first.status == 204
    async with storage.session.delete(f"{storage.faults_url}/storage-fault-1") as second:
        assert (second.status, (await second.json())["code"]) == (404, "not_active")

    assert listed == [
        {
            "id": "storage-fault-1",
            "text": THROTTLE["fault"],
            "timesTriggered": 1,
            "timesLeft": 1,
            "secondsLeft": None,
        }
    ]
    assert (await rest.insert("p", "r")).refusal == (404, "TableNotFound")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"fault": "drop webhook count=1"}', "invalid_fault"),
        (b'{"fault": "cut storage"}', "invalid_fault"),
        (b'{"fault": 1}', "invalid_body"),
        (b"{", "invalid_body"),
    ],
)
async def test_a_wrong_fault_is_refused_with_a_code(storage: Storage, body: bytes, code: str) -> None:
    async with storage.session.post(storage.faults_url, data=body, headers=JSON) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, code)
    assert storage.service.faults.active() == []


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Host": "attacker.example"}, 403, "wrong_host"),
        ({"Origin": "http://attacker.example"}, 403, "wrong_origin"),
        ({"Content-Type": "text/plain"}, 415, "wrong_content_type"),
    ],
)
async def test_pages_of_other_sites_may_change_nothing(
    storage: Storage, headers: dict[str, str], status: int, code: str
) -> None:
    body = b'{"fault": "cut storage for=1m"}'
    async with storage.session.post(storage.faults_url, data=body, headers=JSON | headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (status, code)
    assert storage.service.faults.active() == []


@pytest.mark.parametrize(("method", "path"), [("PUT", ""), ("POST", "/storage-fault-1"), ("DELETE", ""), ("GET", "/x")])
async def test_no_other_method_is_offered(storage: Storage, method: str, path: str) -> None:
    async with storage.session.request(method, storage.faults_url + path, json=THROTTLE) as answer:
        assert (answer.status, (await answer.json())["code"]) == (405, "wrong_method")


async def test_a_storage_that_others_can_reach_offers_no_faults_over_http() -> None:
    async with tables.serve(host="0.0.0.0") as service, aiohttp.ClientSession() as session:
        url = f"{service.endpoint.rpartition('/')[0]}/inspector/faults"
        async with session.post(url, json=THROTTLE) as answer:
            assert answer.status == 403

        assert service.faults.active() == []
