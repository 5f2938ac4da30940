"""The client on Azurite, which is the storage under `func start`, where its npm package is installed."""

import uuid

import pytest

from chat.settings import Settings
from chat.table_storage.addresses import key_range
from chat.table_storage.client import TableClient, TableClients
from chat.table_storage.entities import ETAG, Value
from chat.table_storage.errors import Conflict
from chat.table_storage.operations import Delete, Insert, Merge, Operation, Replace, Upsert
from local_azure import tables
from tests.local_azure.tables.contract.conftest import azurite_endpoint

__all__ = ["azurite_endpoint"]

KEYS = {"PartitionKey": "it's 😀", "RowKey": "50% é+"}


@pytest.fixture
async def client(azurite_endpoint: str) -> TableClient:
    text = (
        f"AccountName={tables.DEVELOPMENT_ACCOUNT};AccountKey={tables.DEVELOPMENT_KEY};TableEndpoint={azurite_endpoint}"
    )
    prefix = f"T{uuid.uuid4().hex}"
    return await TableClients().get(Settings({"AzureWebJobsStorage": text, "ChatTablePrefix": prefix}))


async def test_an_entity_is_read_as_it_was_written(client: TableClient) -> None:
    values: dict[str, Value] = {"text": "o'é😀\r\n", "small": 5, "large": 2**53 + 1, "flag": True, "ratio": 3.0}
    etag = await client.upsert("Rooms", {**KEYS, **values})

    found = await client.get("Rooms", KEYS["PartitionKey"], KEYS["RowKey"])
    assert found is not None
    assert found.pop("Timestamp")
    assert found == KEYS | values | {ETAG: etag}
    assert type(found["ratio"]) is float
    await client.delete("Rooms", KEYS["PartitionKey"], KEYS["RowKey"], etag)
    assert await client.get("Rooms", KEYS["PartitionKey"], KEYS["RowKey"]) is None


async def test_a_transaction_does_every_kind_of_write_or_none(client: TableClient) -> None:
    def entity(row: str, **own: str | int) -> dict[str, str | int]:
        return {"PartitionKey": "it's 😀", "RowKey": row, **own}

    head = (await client.transaction("Rooms", [Insert(entity(row, n=1)) for row in ("a", "b", "c", "head")]))[3]
    operations: list[Operation] = [
        Merge(entity("head", n=2), head),
        Insert(entity("é", text="--batch_chat--\r\n😀")),
        Delete("it's 😀", "a"),
        Replace(entity("b", m=2)),
        Upsert(entity("new", m=2)),
    ]

    etags = await client.transaction("Rooms", operations)

    found = (await client.query_all("Rooms", key_range("it's 😀"), limit=10)).entities
    assert [each["RowKey"] for each in found] == ["b", "c", "head", "new", "é"]
    assert found[4]["text"] == "--batch_chat--\r\n😀"
    assert etags == [found[2][ETAG], found[4][ETAG], "", found[0][ETAG], found[3][ETAG]]
    with pytest.raises(Conflict) as lost:
        await client.transaction("Rooms", [Merge(entity("head"), head), Insert(entity("x"))])
    with pytest.raises(Conflict) as duplicate:
        await client.transaction("Rooms", [Merge(entity("head")), Insert(entity("x")), Insert(entity("é"))])
    assert (lost.value.index, lost.value.status) == (0, 412)
    assert (duplicate.value.index, duplicate.value.status) == (2, 409)
    assert await client.get("Rooms", "it's 😀", "x") is None


async def test_pages_are_continued(client: TableClient) -> None:
    await client.transaction("Rooms", [Insert({"PartitionKey": "p", "RowKey": f"{n:02}"}) for n in range(25)])

    first = await client.query("Rooms", key_range("p", "03"), ["RowKey"], top=10)
    rest = await client.query_all("Rooms", key_range("p", "03"), limit=100, continuation=first.continuation)

    found = [each["RowKey"] for each in (*first.entities, *rest.entities)]
    assert found == [f"{n:02}" for n in range(3, 25)]
