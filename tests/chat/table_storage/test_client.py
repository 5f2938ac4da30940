"""The client against the local table storage: every operation, every refusal."""

import asyncio
import base64
from collections import Counter

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from chat.errors import StorageUnavailable
from chat.settings import Settings
from chat.table_storage.addresses import key_range, quote_text
from chat.table_storage.client import TableClient, TableClients
from chat.table_storage.entities import ETAG
from chat.table_storage.errors import Conflict
from chat.table_storage.operations import Delete, Insert, Merge, Operation, Properties, Replace, Upsert
from local_azure import tables
from local_azure.pytest_plugin import TableStorage, running_table_storage

SECOND_KEY = base64.b64encode(b"another key of the same account").decode()
ODD_KEYS = ["it's", "''", "a b", "50%", "%27", "a+b", "(x)", "a,b;c=d&e", "é", "e\u0301", "😀", "$batch", ""]


def entity(row: str = "r", partition: str = "p", **properties: str | int) -> Properties:
    return {"PartitionKey": partition, "RowKey": row, **properties}


async def rows(client: TableClient, table: str = "Rooms") -> list[str]:
    return [found["RowKey"] for found in (await client.query_all(table, "", limit=5000)).entities]


async def test_an_entity_is_written_read_and_deleted(client: TableClient) -> None:
    etag = await client.insert("Rooms", entity(text="it's 😀", n=2**40))

    found = await client.get("Rooms", "p", "r")
    assert found is not None
    assert (found["text"], found["n"], found[ETAG]) == ("it's 😀", 2**40, etag)
    await client.delete("Rooms", "p", "r", etag)
    assert await client.get("Rooms", "p", "r") is None


async def test_what_is_absent_is_none_and_a_read_makes_no_table(client: TableClient) -> None:
    assert await client.get("Rooms", "p", "r") is None
    assert (await client.query("Rooms", key_range("p"))).entities == []
    assert await client.get("Rooms", "p", "r") is None


async def test_only_the_selected_properties_are_read(client: TableClient) -> None:
    etag = await client.insert("Rooms", entity(a=1, b=2))

    assert await client.get("Rooms", "p", "r", ["a"]) == {"a": 1, ETAG: etag}
    assert (await client.query("Rooms", key_range("p"), ["RowKey", "b"])).entities == [
        {"RowKey": "r", "b": 2, ETAG: etag}
    ]


async def test_a_merge_keeps_what_a_replacement_removes(client: TableClient) -> None:
    await client.upsert("Rooms", entity("merged", a=1))
    await client.upsert("Rooms", entity("replaced", a=1))

    await client.upsert("Rooms", entity("merged", b=2))
    await client.merge("Rooms", entity("merged", c=3))
    await client.upsert("Rooms", entity("replaced", b=2), replace=True)

    merged, replaced = await client.get("Rooms", "p", "merged"), await client.get("Rooms", "p", "replaced")
    assert merged is not None
    assert replaced is not None
    assert [merged.get(name) for name in "abc"] == [1, 2, 3]
    assert [replaced.get(name) for name in "abc"] == [None, 2, None]
    await client.replace("Rooms", entity("replaced", c=3))
    selected = await client.get("Rooms", "p", "replaced", ["b", "c"])
    assert selected is not None
    assert (selected.get("b"), selected["c"]) == (None, 3)


async def test_a_condition_holds_for_the_current_etag_only(client: TableClient) -> None:
    old = await client.insert("Rooms", entity(n=1))
    new = await client.merge("Rooms", entity(n=2), old)

    for write in (client.merge("Rooms", entity(n=3), old), client.replace("Rooms", entity(n=3), old)):
        with pytest.raises(Conflict) as conflict:
            await write
        assert (conflict.value.index, conflict.value.status) == (0, 412)
    with pytest.raises(Conflict, match="412"):
        await client.delete("Rooms", "p", "r", old)
    assert await client.get("Rooms", "p", "r", ["n"]) == {"n": 2, ETAG: new}
    assert await client.replace("Rooms", entity(n=4), new) != new


async def test_an_entity_that_exists_is_not_inserted_and_one_that_is_absent_not_changed(client: TableClient) -> None:
    await client.insert("Rooms", entity())

    with pytest.raises(Conflict) as duplicate:
        await client.insert("Rooms", entity())
    assert (duplicate.value.status, duplicate.value.code) == (409, "EntityAlreadyExists")
    absent = (
        client.merge("Rooms", entity("x")),
        client.replace("Rooms", entity("x")),
        client.delete("Rooms", "p", "x"),
    )
    for write in absent:
        with pytest.raises(Conflict) as conflict:
            await write
        assert (conflict.value.status, conflict.value.code) == (404, "ResourceNotFound")


@pytest.mark.parametrize("key", ODD_KEYS)
async def test_any_key_finds_its_entity_again(client: TableClient, key: str) -> None:
    etag = await client.upsert("Rooms", entity(key, key))
    await client.insert("Rooms", entity("another", "another"))

    assert await client.get("Rooms", key, key, ["RowKey"]) == {"RowKey": key, ETAG: etag}
    found = await client.query("Rooms", f"{key_range(key)} and RowKey eq {quote_text(key)}")
    assert [each["PartitionKey"] for each in found.entities] == [key]
    await client.transaction("Rooms", [Merge(entity(key, key, n=1), etag), Insert(entity(f"{key}2", key))])
    await client.delete("Rooms", key, key)
    assert set(await rows(client)) == {f"{key}2", "another"}


async def test_a_transaction_does_every_kind_of_write_in_order(client: TableClient) -> None:
    for row in ("deleted", "merged", "replaced"):
        await client.insert("Rooms", entity(row, n=1))
    operations: list[Operation] = [
        Insert(entity("new", text="--batch_chat--\r\n😀")),
        Delete("p", "deleted"),
        Merge(entity("merged", m=2)),
        Replace(entity("replaced", m=2)),
        Upsert(entity("up", m=2)),
    ]

    etags = await client.transaction("Rooms", operations)

    found = {each["RowKey"]: each for each in (await client.query("Rooms", key_range("p"))).entities}
    assert set(found) == {"new", "merged", "replaced", "up"}
    assert (found["merged"].get("n"), found["replaced"].get("n")) == (1, None)
    assert found["new"]["text"] == "--batch_chat--\r\n😀"
    assert etags == [found["new"][ETAG], "", *(found[row][ETAG] for row in ("merged", "replaced", "up"))]


@pytest.mark.parametrize("index", [0, 1, 2])
async def test_the_operation_that_is_refused_is_named_and_nothing_is_done(client: TableClient, index: int) -> None:
    await client.insert("Rooms", entity("1"))
    operations = [Insert(entity(str(n + 2))) for n in range(3)]
    operations[index] = Insert(entity("1"))

    with pytest.raises(Conflict) as conflict:
        await client.transaction("Rooms", operations)

    assert (conflict.value.index, conflict.value.status) == (index, 409)
    assert await rows(client) == ["1"]


async def test_a_lost_race_is_a_conflict_of_the_head(client: TableClient) -> None:
    old = await client.insert("Rooms", entity("head", n=0))
    await client.merge("Rooms", entity("head", n=1), old)

    with pytest.raises(Conflict) as conflict:
        await client.transaction("Rooms", [Merge(entity("head", n=1), old), Insert(entity("entry"))])

    assert (conflict.value.index, conflict.value.status) == (0, 412)
    with pytest.raises(Conflict, match="operation 0: 404"):
        await client.transaction("Rooms", [Merge(entity("none")), Insert(entity("entry"))])


async def test_what_storage_does_not_accept_has_certainly_not_happened(client: TableClient) -> None:
    await client.insert("Rooms", entity())

    for write in (
        client.insert("Rooms", entity("a/b")),
        client.insert("Rooms", {**entity("x"), "a-b": 1}),
        client.transaction("Rooms", [Insert(entity("2")), Insert(entity("2"))]),
        client.transaction("Rooms", [Insert(entity("2")), Insert(entity("2", "other"))]),
        client.transaction("Rooms", [Insert(entity(str(n), text="é" * 32_000)) for n in range(2, 80)]),
    ):
        with pytest.raises(StorageUnavailable, match="storage answered 4") as refusal:
            await write
        assert not refusal.value.may_have_happened
    assert await rows(client) == ["r"]
    with pytest.raises(StorageUnavailable, match="400 InvalidInput"):
        await client.query("Rooms", "what is this")


async def test_pages_are_continued_where_they_ended(client: TableClient) -> None:
    await client.transaction("Rooms", [Insert(entity(f"{n:02}")) for n in range(25)])

    first = await client.query("Rooms", key_range("p"), top=10)
    second = await client.query("Rooms", key_range("p"), top=10, continuation=first.continuation)
    last = await client.query("Rooms", key_range("p"), top=10, continuation=second.continuation)

    found = [each["RowKey"] for page in (first, second, last) for each in page.entities]
    assert found == [f"{n:02}" for n in range(25)]
    assert (len(first.entities), last.continuation) == (10, None)


async def test_a_range_of_rows_begins_with_the_first_and_ends_before_the_last(client: TableClient) -> None:
    await client.transaction("Rooms", [Insert(entity(row)) for row in ("a", "b'1", "b'2", "c")])

    found = await client.query("Rooms", key_range("p", "b'1", "c"))

    assert [each["RowKey"] for each in found.entities] == ["b'1", "b'2"]


@pytest.mark.parametrize(("limit", "expected"), [(3, 3), (1200, 1200), (5000, 1300)])
async def test_all_pages_are_read_up_to_the_limit(client: TableClient, limit: int, expected: int) -> None:
    for start in range(0, 1300, 100):
        await client.transaction("Rooms", [Insert(entity(f"{n:05}")) for n in range(start, start + 100)])

    page = await client.query_all("Rooms", key_range("p"), ["RowKey"], limit=limit)
    rest = (
        await client.query_all("Rooms", key_range("p"), ["RowKey"], limit=5000, continuation=page.continuation)
        if page.continuation
        else None
    )

    found = [each["RowKey"] for each in page.entities + (rest.entities if rest else [])]
    assert len(page.entities) == expected
    assert found == [f"{n:05}" for n in range(1300)]


async def test_empty_and_short_pages_do_not_end_a_query() -> None:
    with running_table_storage(tables.Settings(pages_end_at_partitions=True)) as storage:
        client = await TableClients().get(Settings({"AzureWebJobsStorage": storage.connection_string}))
        for partition in "abcdef":
            await client.insert("Rooms", entity(partition=partition, n=int(partition in "cf")))

        found = await client.query_all("Rooms", "n eq 1", limit=10)

    assert [each["PartitionKey"] for each in found.entities] == ["c", "f"]
    assert found.continuation is None


async def test_writers_at_the_same_time_make_a_table_once(client: TableClient) -> None:
    await asyncio.gather(*(client.insert("Rooms", entity(str(n))) for n in range(8)))

    assert len(await rows(client)) == 8


async def test_two_processes_may_make_a_table_at_the_same_time(table_storage: TableStorage) -> None:
    settings = Settings({"AzureWebJobsStorage": table_storage.connection_string})
    clients = [await TableClients().get(settings) for _ in range(4)]

    for table in ("Rooms", "Users", "Reads"):
        await asyncio.gather(*(each.insert(table, entity(str(n))) for n, each in enumerate(clients)))
        assert len(await rows(clients[0], table)) == 4


async def test_of_simultaneous_appends_to_one_head_none_is_lost(client: TableClient) -> None:
    await client.insert("Rooms", entity("head", n=0))
    lost: Counter[tuple[int, int]] = Counter()

    async def append(writer: int) -> None:
        while True:
            head = await client.get("Rooms", "p", "head")
            assert head is not None
            number = head["n"] + 1
            entry = Insert(entity(f"m{number:03}", writer=writer))
            try:
                await client.transaction("Rooms", [Merge(entity("head", n=number), head[ETAG]), entry])
                return
            except Conflict as conflict:
                lost[conflict.index, conflict.status] += 1

    await asyncio.gather(*(append(writer) for writer in range(6)))

    entries = (await client.query("Rooms", key_range("p", "m", "n"))).entities
    assert [entry["RowKey"] for entry in entries] == [f"m{n:03}" for n in range(1, 7)]
    assert {entry["writer"] for entry in entries} == set(range(6))
    assert set(lost) == {(0, 412)}


@pytest.mark.parametrize("key", [tables.DEVELOPMENT_KEY, SECOND_KEY])
async def test_either_key_of_an_account_is_good(key: str) -> None:
    with running_table_storage(tables.Settings(keys=(tables.DEVELOPMENT_KEY, SECOND_KEY))) as storage:
        text = storage.connection_string.replace(tables.DEVELOPMENT_KEY, key)
        client = await TableClients().get(Settings({"AzureWebJobsStorage": text}))
        await client.insert("Rooms", entity("it's é"))
        assert await rows(client) == ["it's é"]


async def test_another_key_is_refused_and_nothing_of_it_is_told(table_storage: TableStorage) -> None:
    text = table_storage.connection_string.replace(tables.DEVELOPMENT_KEY, SECOND_KEY)
    client = await TableClients().get(Settings({"AzureWebJobsStorage": text}))

    with pytest.raises(StorageUnavailable, match="403 AuthenticationFailed") as refusal:
        await client.insert("Rooms", entity())
    assert not refusal.value.may_have_happened
    with pytest.raises(StorageUnavailable, match="403 AuthenticationFailed"):
        await client.transaction("Rooms", [Insert(entity())])
    with pytest.raises(StorageUnavailable, match="403 AuthenticationFailed"):
        await client.get("Rooms", "p", "r")


async def test_one_client_is_kept_for_each_connection_and_prefix(table_storage: TableStorage) -> None:
    clients, values = TableClients(), {"AzureWebJobsStorage": table_storage.connection_string}

    first, second = await clients.get(Settings(values)), await clients.get(Settings(values))
    other = await clients.get(Settings(values | {"ChatTablePrefix": "Other"}))
    await first.insert("Rooms", entity("1"))

    assert first is second
    assert other is not first
    assert await rows(other) == []


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@example_settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_any_text_is_read_as_it_was_written(table_storage: TableStorage, text: str) -> None:
    async def write_and_read() -> object:
        client = await TableClients().get(Settings({"AzureWebJobsStorage": table_storage.connection_string}))
        await client.transaction("Rooms", [Upsert(entity("1", text=text)), Upsert(entity("2", text=text))])
        await client.upsert("Rooms", entity("3", text=text))
        found = (await client.query("Rooms", f"text eq {quote_text(text)}")).entities
        return [each["text"] for each in found]

    assert asyncio.run(write_and_read()) == [text] * 3
