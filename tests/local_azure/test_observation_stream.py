"""What a storage observes, over HTTP: complete from the answer's headers on, and only while somebody reads."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure import tables
from local_azure.observation_stream import PATH, StreamedObservations, decode_record, encode_record
from local_azure.observations import StorageCalled, StorageFaultTriggered, StorageObservation
from tests.local_azure.tables.rest_client import RestClient
from tests.local_azure.webpubsub.small_app import until


@dataclass
class Storage:
    service: tables.Service
    session: aiohttp.ClientSession
    rest: RestClient

    @property
    def origin(self) -> str:
        return self.service.endpoint.rpartition("/")[0]


@pytest.fixture
async def storage() -> AsyncIterator[Storage]:
    async with tables.serve() as service, aiohttp.ClientSession() as session:
        yield Storage(service, session, RestClient(session, service.endpoint, "rooms"))


@given(
    st.one_of(
        st.builds(StorageCalled, at=st.floats(0, 1e10), milliseconds=st.floats(0, 1e6)),
        st.builds(StorageFaultTriggered, at=st.floats(0, 1e10)),
    )
)
def test_a_record_is_the_same_after_its_way(record: StorageObservation) -> None:
    assert decode_record(encode_record(record)) == record


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"{}", b'{"kind": "Other"}', b'{"kind": "StorageCalled"}'])
def test_a_line_that_is_no_record_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"no record|Expecting"):
        decode_record(line)


async def test_each_record_comes_until_the_subscription_ends(storage: Storage) -> None:
    records: list[StorageObservation] = []
    streamed = StreamedObservations(storage.origin)
    assert not storage.service.observations.active
    unsubscribe = streamed.subscribe(records.append)
    await streamed.wait_until_observing()
    await storage.rest.call("POST", "Tables", {"TableName": "rooms"})
    storage.service.faults.add("throttle storage operation=insert count=1")
    await storage.rest.insert("p", "r")
    await until(lambda: len(records) == 3)
    unsubscribe()
    await until(lambda: not storage.service.observations.active)

    assert [(type(record).__name__, record.operation, record.table) for record in records] == [
        ("StorageCalled", "create_table", "rooms"),
        ("StorageFaultTriggered", "insert", "rooms"),
        ("StorageCalled", "insert", "rooms"),
    ]


async def test_a_storage_that_starts_again_is_observed_again() -> None:
    records: list[StorageObservation] = []
    async with tables.serve() as first, aiohttp.ClientSession() as session:
        streamed = StreamedObservations(first.endpoint.rpartition("/")[0])
        unsubscribe = streamed.subscribe(records.append)
        await streamed.wait_until_observing()
    async with tables.serve(port=first.port) as second, aiohttp.ClientSession() as session:
        await until(lambda: second.observations.active)
        await RestClient(session, second.endpoint, "rooms").call("POST", "Tables", {"TableName": "rooms"})
        await until(lambda: len(records) == 1)
        unsubscribe()


async def test_a_storage_that_does_not_answer_is_waited_for_a_second_at_most(unused_tcp_port: int) -> None:
    streamed = StreamedObservations(f"http://127.0.0.1:{unused_tcp_port}")
    unsubscribe = streamed.subscribe(lambda _: None)
    async with asyncio.timeout(5):
        await streamed.wait_until_observing()
    unsubscribe()


async def test_the_stream_is_for_this_machine_only(storage: Storage) -> None:
    async with storage.session.get(storage.origin + PATH, headers={"Host": "attacker.example"}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "wrong_host")


async def test_a_storage_that_others_can_reach_has_no_stream() -> None:
    async with tables.serve(host="0.0.0.0") as service, aiohttp.ClientSession() as session:
        async with session.get(service.endpoint.rpartition("/")[0] + PATH) as answer:
            assert answer.status == 403
        assert not service.observations.active


async def test_an_open_stream_does_not_delay_the_end_of_the_storage() -> None:
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as session:
        async with tables.serve() as service:
            response = await session.get(service.endpoint.rpartition("/")[0] + PATH)
            began = loop.time()
        assert loop.time() - began < 0.9
        assert await response.read() == b""
