"""azure-data-tables, synchronous and asynchronous, unchanged on the embedded table storage."""

import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.data.tables import (
    AccountSasPermissions,
    EdmType,
    EntityProperty,
    RequestTooLargeError,
    ResourceTypes,
    TableAccessPolicy,
    TableAnalyticsLogging,
    TableCorsRule,
    TableRetentionPolicy,
    TableSasPermissions,
    TableTransactionError,
    UpdateMode,
    generate_account_sas,
    generate_table_sas,
)

from local_azure import tables
from local_azure.pytest_plugin import TableStorage, running_table_storage
from tests.interop.table_clients import TableClients, collect, wait

ACCOUNT = AzureNamedKeyCredential(tables.DEVELOPMENT_ACCOUNT, tables.DEVELOPMENT_KEY)
ENTITY = {"PartitionKey": "p", "RowKey": "r", "n": 1}


def as_given(connection_string: str) -> str:
    return connection_string


def with_slash(connection_string: str) -> str:
    return connection_string.removesuffix(";") + "/;"


def on_localhost(connection_string: str) -> str:
    """The SDK takes this host for another service, and sends every merge as a POST."""
    return connection_string.replace("127.0.0.1", "localhost")


@pytest.fixture(params=["sync", "aio"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "aio")


@pytest.fixture
async def clients(table_storage: TableStorage, is_async: bool) -> AsyncIterator[TableClients]:
    made = TableClients(table_storage.connection_string, is_async=is_async)
    yield made
    await made.close()


async def test_t016_tables_are_created_listed_and_deleted(clients: TableClients) -> None:
    service = clients.service()
    for name in ("Rooms", "messages", "archive"):
        await wait(service.create_table(name))

    await wait(service.create_table_if_not_exists("rooms"))
    with pytest.raises(ResourceExistsError):
        await wait(service.create_table("ROOMS"))
    listed = await collect(service.list_tables(results_per_page=1))
    assert [table.name for table in listed] == ["archive", "messages", "Rooms"]
    assert [table.name for table in await collect(service.query_tables("TableName eq 'messages'"))] == ["messages"]
    await wait(service.delete_table("Rooms"))
    await wait(service.delete_table("Rooms"))
    await wait(service.get_table_client("archive").delete_table())
    assert [table.name for table in await collect(service.list_tables())] == ["messages"]


@pytest.mark.parametrize("name", ["ab", "a" * 64, "1abc", "a-b"])
async def test_t017_a_wrong_table_name_is_a_value_error(clients: TableClients, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        await wait(clients.table(name).create_table())


@pytest.mark.parametrize("change", [as_given, with_slash, on_localhost])
async def test_t002_every_form_of_the_address_works(table_storage: TableStorage, is_async: bool, change: Any) -> None:
    """T-002, T-003."""
    clients = TableClients(change(table_storage.connection_string), is_async=is_async)
    table = await clients.created()
    await wait(table.create_entity(ENTITY))

    await wait(table.upsert_entity({"PartitionKey": "p", "RowKey": "r", "m": 2}))
    merge = ("update", {"PartitionKey": "p", "RowKey": "r", "k": 3}, {"mode": UpdateMode.MERGE})
    await wait(table.submit_transaction([merge, ("create", {"PartitionKey": "p", "RowKey": "s"})]))

    found = await wait(table.get_entity("p", "r"))
    assert (found["n"], found["m"], found["k"]) == (1, 2, 3)
    assert len(await collect(table.list_entities())) == 2
    await clients.close()


async def test_t050_every_type_survives(clients: TableClients) -> None:
    """T-050..T-053."""
    table = await clients.created()
    sent = {
        "PartitionKey": "p'q",
        "RowKey": "é 😀 %+",
        "text": "it's",
        "small": -5,
        "big": EntityProperty(2**53 + 1, EdmType.INT64),
        "even": 3.0,
        "yes": True,
        "at": datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
        "id": uuid.uuid4(),
        "data": b"\x00\xff",
        "infinite": float("-inf"),
    }

    await wait(table.create_entity(sent))

    found = await wait(table.get_entity("p'q", "é 😀 %+"))
    assert {name: found[name] for name in sent} == sent
    assert isinstance(found["even"], float)
    assert found.metadata["etag"].startswith("W/")
    await wait(table.create_entity({"PartitionKey": "p", "RowKey": "nan", "n": float("nan")}))
    assert str((await wait(table.get_entity("p", "nan")))["n"]) == "nan"


async def test_t021_entities_are_inserted_updated_and_deleted(clients: TableClients) -> None:
    """T-021..T-032."""
    table = await clients.created()
    await wait(table.create_entity(ENTITY))

    with pytest.raises(ResourceExistsError):
        await wait(table.create_entity(ENTITY))
    await wait(table.update_entity({**ENTITY, "m": 1}, mode=UpdateMode.REPLACE))
    await wait(table.update_entity({"PartitionKey": "p", "RowKey": "r", "k": 1}))
    found = await wait(table.get_entity("p", "r"))
    assert {"n", "m", "k"} <= set(found)
    await wait(table.upsert_entity({"PartitionKey": "p", "RowKey": "r", "only": 1}, mode=UpdateMode.REPLACE))
    assert set(await wait(table.get_entity("p", "r"))) == {"PartitionKey", "RowKey", "only"}
    await wait(table.delete_entity("p", "r"))
    await wait(table.delete_entity("p", "r"))
    with pytest.raises(ResourceNotFoundError) as absent:
        await wait(table.get_entity("p", "r"))
    assert absent.value.error_code == "ResourceNotFound"  # type: ignore[attr-defined]
    with pytest.raises(ResourceNotFoundError):
        await wait(table.update_entity(ENTITY))


async def test_t022_an_entity_needs_its_keys(clients: TableClients) -> None:
    table = await clients.created()

    with pytest.raises((ValueError, KeyError)):
        await wait(table.create_entity({"PartitionKey": "p"}))


async def test_t027_an_old_etag_is_refused(clients: TableClients) -> None:
    table = await clients.created()
    old = (await wait(table.create_entity(ENTITY)))["etag"]
    current = (await wait(table.update_entity({**ENTITY, "n": 2})))["etag"]
    condition = {"match_condition": MatchConditions.IfNotModified}

    refusals: list[Callable[[], object]] = [
        lambda: table.update_entity({**ENTITY, "n": 3}, etag=old, **condition),
        lambda: table.update_entity({**ENTITY, "n": 3}, mode=UpdateMode.REPLACE, etag=old, **condition),
        lambda: table.delete_entity("p", "r", etag=old, **condition),
    ]
    for refused in refusals:
        with pytest.raises(ResourceModifiedError):
            await wait(refused())

    await wait(table.update_entity({**ENTITY, "n": 3}, etag=current, **condition))
    assert (await wait(table.get_entity("p", "r")))["n"] == 3


async def test_t068_queries_select_and_project(clients: TableClients) -> None:
    table = await clients.created()
    guid = uuid.uuid4()
    for n in range(5):
        await wait(table.create_entity({"PartitionKey": "p", "RowKey": str(n), "n": n, "id": guid, "name": "it's"}))

    parameters = {"low": 1, "high": 3, "id": guid, "name": "it's"}
    text = "PartitionKey eq 'p' and n gt @low and n le @high and id eq @id and name eq @name"
    found = await collect(table.query_entities(text, parameters=parameters, select=["RowKey", "n", "absent"]))

    assert [(entity["RowKey"], entity["n"]) for entity in found] == [("2", 2), ("3", 3)]
    assert {name for entity in found for name in entity} <= {"RowKey", "n", "absent"}
    assert await collect(table.query_entities("n eq 99")) == []
    with pytest.raises(HttpResponseError) as refused:
        await collect(table.query_entities("n eq"))
    assert refused.value.status_code == 400


async def test_t076_pages_walk_everything_and_can_be_resumed(clients: TableClients) -> None:
    """T-075, T-076: the token survives as text."""
    table = await clients.created()
    for start in range(0, 1300, 100):
        rows = range(start, start + 100)
        await wait(table.submit_transaction([("create", {"PartitionKey": "p", "RowKey": f"{n:05}"}) for n in rows]))

    everything = [entity["RowKey"] for entity in await collect(table.list_entities())]
    pages = table.list_entities(results_per_page=700).by_page()
    first = await collect(await anext(pages) if clients.is_async else next(pages))
    rest = table.list_entities(results_per_page=700).by_page(continuation_token=pages.continuation_token)
    second = await collect(await anext(rest) if clients.is_async else next(rest))

    assert everything == [f"{n:05}" for n in range(1300)]
    assert [entity["RowKey"] for entity in (*first, *second)] == everything
    assert len(first) == 700


async def test_t077_empty_and_short_pages_are_walked_through(is_async: bool) -> None:
    with running_table_storage(tables.Settings(pages_end_at_partitions=True)) as storage:
        clients = TableClients(storage.connection_string, is_async=is_async)
        table = await clients.created()
        for partition in "abcdef":
            await wait(table.create_entity({"PartitionKey": partition, "RowKey": "r", "n": int(partition in "cf")}))

        everything = await collect(table.list_entities())
        found = await collect(table.query_entities("n eq 1"))
        await clients.close()

    assert [entity["PartitionKey"] for entity in everything] == list("abcdef")
    assert [entity["PartitionKey"] for entity in found] == ["c", "f"]


async def test_t038_a_transaction_does_everything(clients: TableClients) -> None:
    """T-037..T-039."""
    table = await clients.created()
    for row in "abc":
        await wait(table.create_entity({"PartitionKey": "p", "RowKey": row, "n": 1}))
    etag = (await wait(table.get_entity("p", "b"))).metadata["etag"]
    condition = {"etag": etag, "match_condition": MatchConditions.IfNotModified}

    results = await wait(
        table.submit_transaction(
            [
                ("create", {"PartitionKey": "p", "RowKey": "new", "é": "😀"}),
                ("upsert", {"PartitionKey": "p", "RowKey": "up"}, {"mode": UpdateMode.REPLACE}),
                ("update", {"PartitionKey": "p", "RowKey": "a", "m": 1}),
                ("update", {"PartitionKey": "p", "RowKey": "b", "m": 1}, {"mode": UpdateMode.REPLACE, **condition}),
                ("delete", {"PartitionKey": "p", "RowKey": "c"}),
            ]
        )
    )

    assert ["etag" in result for result in results] == [True, True, True, True, False]
    rows = {entity["RowKey"]: entity for entity in await collect(table.list_entities())}
    assert set(rows) == {"a", "b", "new", "up"}
    assert (rows["a"].get("n"), rows["b"].get("n"), rows["new"]["é"]) == (1, None, "😀")
    assert results[0]["etag"] == rows["new"].metadata["etag"]


def create(row: str, partition: str = "p", **own: Any) -> tuple[str, dict[str, Any]]:
    return "create", {"PartitionKey": partition, "RowKey": row, **own}


@pytest.mark.parametrize(
    ("operations", "index", "status", "code"),
    [
        ([create("a"), create("there"), create("b")], 1, 409, "EntityAlreadyExists"),
        ([create("there"), create("b")], 0, 409, "EntityAlreadyExists"),
        ([create("there")], 0, 409, "EntityAlreadyExists"),
        ([create("a"), ("update", {"PartitionKey": "p", "RowKey": "no"})], 1, 404, "ResourceNotFound"),
        ([create("a"), create("b"), create("c", v="x" * 32_769)], 2, 400, "PropertyValueTooLarge"),
        ([create("a"), create("b/c")], 1, 400, "OutOfRangeInput"),
    ],
)
async def test_t040_a_refused_transaction_says_which_operation(
    clients: TableClients, operations: list[Any], index: int, status: int, code: str
) -> None:
    """T-040, T-041, T-047."""
    table = await clients.created()
    await wait(table.create_entity({"PartitionKey": "p", "RowKey": "there"}))

    with pytest.raises(TableTransactionError) as refused:
        await wait(table.submit_transaction(operations))

    error: Any = refused.value
    assert (error.index, error.status_code, error.error_code) == (index, status, code)
    assert [entity["RowKey"] for entity in await collect(table.list_entities())] == ["there"]


async def test_t045_a_transaction_that_is_too_large_is_told_so(clients: TableClients) -> None:
    table = await clients.created()
    own = {f"a{n}": "x" * 32_000 for n in range(15)}

    with pytest.raises(RequestTooLargeError):
        await wait(table.submit_transaction([create(str(n), **own) for n in range(10)]))


async def test_t049_properties_and_statistics_of_the_service(clients: TableClients) -> None:
    service = clients.service()
    rule = TableCorsRule(["http://chat.example"], ["GET"], allowed_headers=["x"], max_age_in_seconds=9)
    logging = TableAnalyticsLogging(read=True, retention_policy=TableRetentionPolicy(enabled=True, days=5))

    await wait(service.set_service_properties(analytics_logging=logging, cors=[rule]))

    found = await wait(service.get_service_properties())
    assert (found["analytics_logging"].read, found["analytics_logging"].retention_policy.days) == (True, 5)
    assert found["cors"][0].allowed_origins == ["http://chat.example"]
    assert found["hour_metrics"].enabled is False
    assert (await wait(service.get_service_stats()))["geo_replication"]["status"] == "unavailable"


async def test_access_policies_are_kept(clients: TableClients) -> None:
    table = await clients.created()
    policy = TableAccessPolicy(permission="r", expiry=datetime(2099, 1, 1, tzinfo=UTC))

    assert await wait(table.get_table_access_policy()) == {}
    await wait(table.set_table_access_policy({"readers": policy, "none": None}))

    found = await wait(table.get_table_access_policy())
    assert set(found) == {"readers", "none"}
    assert found["readers"].permission == "r"


async def test_t012_a_signature_for_a_table_is_checked(table_storage: TableStorage, clients: TableClients) -> None:
    await clients.created()
    until = datetime.now(UTC) + timedelta(hours=1)
    signature = generate_table_sas(ACCOUNT, "rooms", permission=TableSasPermissions(read=True, add=True), expiry=until)
    table = clients.at(table_storage.endpoint, "rooms", AzureSasCredential(signature))

    await wait(table.create_entity(ENTITY))

    assert (await wait(table.get_entity("p", "r")))["n"] == 1
    with pytest.raises(HttpResponseError) as refused:
        await wait(table.update_entity({**ENTITY, "n": 2}))
    assert refused.value.status_code == 403


async def test_t013_a_signature_for_the_account_is_checked(table_storage: TableStorage, clients: TableClients) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    signature = generate_account_sas(
        ACCOUNT, ResourceTypes(object=True, container=True), AccountSasPermissions(create=True, add=True), until
    )
    table = clients.at(table_storage.endpoint, "rooms", AzureSasCredential(signature))

    await wait(table.create_table())
    await wait(table.create_entity(ENTITY))

    with pytest.raises(HttpResponseError) as refused:
        await wait(table.get_entity("p", "r"))
    assert refused.value.status_code == 403


async def test_t005_a_wrong_key_is_an_authentication_error(table_storage: TableStorage, clients: TableClients) -> None:
    wrong = AzureNamedKeyCredential(tables.DEVELOPMENT_ACCOUNT, "d3Jvbmc=")

    with pytest.raises(ClientAuthenticationError) as refused:
        await wait(clients.at(table_storage.endpoint, "rooms", wrong).create_table())

    assert refused.value.error_code == "AuthenticationFailed"  # type: ignore[attr-defined]


ODD = ["blank s", "%41", "+", "'", "''", "(a)", "é", "e\u0301", "😀", "a,b=c", ";:@&$!*~", '"', "中文", "[]{}^|`<>"]


@pytest.mark.parametrize("key", ODD)
async def test_t007_odd_keys_are_signed_and_found(clients: TableClients, key: str) -> None:
    table = await clients.created()

    await wait(table.upsert_entity({"PartitionKey": key, "RowKey": key, "n": 1}))

    assert (await wait(table.get_entity(key, key)))["RowKey"] == key
    [found] = await collect(table.query_entities("PartitionKey eq @key", parameters={"key": key}))
    assert found["PartitionKey"] == key
    await wait(table.submit_transaction([("delete", found)]))
    assert await collect(table.list_entities()) == []


@pytest.mark.parametrize("key", ["a/b", "a\\b", "a#b", "a?b", "a\tb", "a\x7fb"])
async def test_t062_a_forbidden_character_is_refused(clients: TableClients, key: str) -> None:
    table = await clients.created()

    refusals: list[Callable[[], object]] = [
        lambda: table.create_entity({"PartitionKey": "p", "RowKey": key}),
        lambda: table.upsert_entity({"PartitionKey": key, "RowKey": "r"}),
        lambda: table.submit_transaction([create(key)]),
    ]
    for refused in refusals:
        with pytest.raises(HttpResponseError) as error:
            await wait(refused())
        assert error.value.status_code == 400
