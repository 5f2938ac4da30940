"""Rows written here are read by the official SDK, and the reverse."""

from collections.abc import Iterator
from functools import partial

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import ResourceModifiedError
from azure.data.tables import EdmType, EntityProperty, TableTransactionError, UpdateMode
from azure.data.tables import TableClient as SdkClient

from chat.table_storage.addresses import key_range
from chat.table_storage.client import TableClient
from chat.table_storage.entities import ETAG, Value
from chat.table_storage.errors import Conflict
from chat.table_storage.operations import Insert, Merge
from local_azure.pytest_plugin import TableStorage

KEYS = {"PartitionKey": "it's 😀", "RowKey": "50% é+"}
VALUES: dict[str, Value] = {
    "text": "o'é😀\r\n",
    "small": 5,
    "negative": -(2**31),
    "flag": True,
    "ratio": 3.0,
    "tiny": 1e-300,
}
LARGE: dict[str, Value] = {"large": 2**53 + 1}


@pytest.fixture
def sdk(table_storage: TableStorage) -> Iterator[SdkClient]:
    with SdkClient.from_connection_string(table_storage.connection_string, "ChatRooms") as made:
        made.create_table()
        yield made


async def test_the_sdk_reads_what_the_client_wrote(client: TableClient, sdk: SdkClient) -> None:
    etag = await client.insert("Rooms", {**KEYS, **VALUES, **LARGE})

    found = sdk.get_entity(KEYS["PartitionKey"], KEYS["RowKey"])

    large = found.pop("large")
    assert dict(found) == KEYS | VALUES
    assert [type(found[name]) for name in VALUES] == [type(value) for value in VALUES.values()]
    assert large == EntityProperty(2**53 + 1, EdmType.INT64)
    assert found.metadata["etag"] == etag


async def test_the_client_reads_what_the_sdk_wrote(client: TableClient, sdk: SdkClient) -> None:
    written = sdk.create_entity(KEYS | VALUES | {"large": (2**53 + 1, EdmType.INT64)})

    found = await client.get("Rooms", KEYS["PartitionKey"], KEYS["RowKey"])
    (queried,) = (await client.query("Rooms", key_range(KEYS["PartitionKey"]))).entities

    assert found == queried
    assert found.pop("Timestamp")
    assert found == KEYS | VALUES | LARGE | {ETAG: written["etag"]}
    assert [type(found[name]) for name in VALUES] == [type(value) for value in VALUES.values()]


async def test_each_sees_the_others_etag_as_its_own(client: TableClient, sdk: SdkClient) -> None:
    etag = (await client.transaction("Rooms", [Insert(KEYS)]))[0]
    change = partial(sdk.update_entity, mode=UpdateMode.MERGE, etag=etag, match_condition=MatchConditions.IfNotModified)

    newer = change(KEYS | {"n": 1})["etag"]

    with pytest.raises(Conflict, match="412"):
        await client.merge("Rooms", KEYS, etag)
    with pytest.raises(ResourceModifiedError):
        change(KEYS)
    await client.transaction("Rooms", [Merge(KEYS | {"n": 2}, newer)])
    with pytest.raises(TableTransactionError):
        sdk.submit_transaction([("create", KEYS)])
