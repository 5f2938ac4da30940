"""Entity group transactions: all or nothing, and which operation was refused."""

import asyncio
from collections.abc import Callable

import pytest

from tests.local_azure.tables.contract.differences import differs_from_azurite
from tests.local_azure.tables.rest_client import (
    Answer,
    Operation,
    RestClient,
    batch_body,
    entity_path,
    insert_operation,
    parse_parts,
    write_operation,
)

OLD_ETAG = "W/\"datetime'2020-01-01T00%3A00%3A00Z'\""


async def count(rest: RestClient) -> int:
    return len((await rest.query()).rows)


def index_of(part: Answer) -> str:
    """Return what stands before the first colon of an error's message."""
    return part.message.partition(":")[0]


async def test_t038_each_operation_has_its_part_in_order(rest: RestClient) -> None:
    """T-014, T-038: no operation has an Authorization of its own."""
    await rest.insert("p", "old")
    operations = [
        insert_operation(rest.table, "p", "new"),
        write_operation("DELETE", rest.table, "p", "old", if_match="*"),
        write_operation("PUT", rest.table, "p", "put", {"n": 1}),
    ]

    answer, parts = await rest.transaction(operations)

    assert answer.status == 202
    assert answer.headers["Content-Type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert [part.status for part in parts] == [204, 204, 204]
    assert ["ETag" in part.headers for part in parts] == [True, False, True]
    assert (await rest.query()).rows == ["new", "put"]


async def test_t039_every_kind_of_write_may_be_in_one_transaction(rest: RestClient) -> None:
    """T-003: a merge may also come as a POST that names its method."""
    etags = {row: (await rest.insert("p", row, a=1)).etag for row in "abcdef"}
    table = rest.table
    operations = [
        insert_operation(table, "p", "new"),
        write_operation("PUT", table, "p", "a", {"b": 1}),
        write_operation("PATCH", table, "p", "b", {"b": 1}),
        write_operation("PUT", table, "p", "c", {"b": 1}, if_match=etags["c"]),
        write_operation("MERGE", table, "p", "d", {"b": 1}, if_match=etags["d"]),
        write_operation("DELETE", table, "p", "e", if_match=etags["e"]),
        write_operation("PATCH", table, "p", "f", {"b": 1}, if_match="*"),
    ]

    _, parts = await rest.transaction(operations)

    assert [part.status for part in parts] == [204] * 7
    found = {entity["RowKey"]: "a" in entity for entity in (await rest.query()).json["value"]}
    assert found == {"a": False, "b": True, "c": False, "d": True, "f": True, "new": False}


@differs_from_azurite("a merge that comes as a POST within a transaction is an insert")
async def test_t003_a_merge_within_a_transaction_may_be_a_post(rest: RestClient) -> None:
    await rest.insert("p", "r", a=1)
    operation = write_operation("PATCH", rest.table, "p", "r", {"b": 2}, if_match="*")
    body = batch_body(rest.endpoint, [operation]).replace("PATCH ", "POST ")
    body = body.replace("HTTP/1.1\r\n", "HTTP/1.1\r\nX-HTTP-Method: MERGE\r\n")

    answer = await rest.call("POST", "$batch", body, headers={"Content-Type": "multipart/mixed; boundary=batch_1"})

    assert [part.status for part in parse_parts(answer)] == [204]
    assert (await rest.get("p", "r")).json["a"] == 1


@differs_from_azurite("an insert within a transaction is answered without Preference-Applied")
async def test_t038_an_insert_is_answered_with_its_address(rest: RestClient) -> None:
    _, [part] = await rest.transaction([insert_operation(rest.table, "p", "r")])

    assert part.headers["Preference-Applied"] == "return-no-content"
    assert part.headers["Location"] == f"{rest.endpoint}/{entity_path(rest.table, 'p', 'r')}"


@differs_from_azurite("an insert that wants content has no body within a transaction")
async def test_an_insert_that_wants_content_is_answered_with_the_entity(rest: RestClient) -> None:
    _, [part] = await rest.transaction(
        [Operation("POST", rest.table, {"PartitionKey": "p", "RowKey": "r", "n": 1}, prefer="")]
    )

    assert (part.status, part.json["n"]) == (201, 1)


Refused = Callable[[str, str], Operation]
REFUSALS: dict[str, tuple[Refused, tuple[int, str]]] = {
    "exists": (lambda table, row: insert_operation(table, "p", "there"), (409, "EntityAlreadyExists")),
    "changed": (
        lambda table, row: write_operation("PATCH", table, "p", "there", {"n": 2}, if_match=OLD_ETAG),
        (412, "UpdateConditionNotSatisfied"),
    ),
    "absent": (
        lambda table, row: write_operation("PUT", table, "p", "absent", {"n": 2}, if_match="*"),
        (404, "ResourceNotFound"),
    ),
    "wrong": (lambda table, row: insert_operation(table, "p", row, a=[1]), (400, "InvalidInput")),
}


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("index", [0, 2, 4])
async def test_t040_nothing_is_done_when_one_operation_is_refused(rest: RestClient, name: str, index: int) -> None:
    """T-040, T-041: the answer has one part, with the index of the operation that was refused."""
    make, refusal = REFUSALS[name]
    await rest.insert("p", "there", n=1)
    operations = [insert_operation(rest.table, "p", f"r{n}") for n in range(5)]
    operations[index] = make(rest.table, f"r{index}")

    answer, parts = await rest.transaction(operations)

    assert (answer.status, [part.refusal for part in parts]) == (202, [refusal])
    assert index_of(parts[0]) == str(index)
    assert (await rest.query()).rows == ["there"]


@differs_from_azurite("the text for an entity that comes twice in a transaction is another")
async def test_t042_an_entity_may_come_only_once(rest: RestClient) -> None:
    row = [insert_operation(rest.table, "p", "r"), insert_operation(rest.table, "p", "s")]

    _, [part] = await rest.transaction([*row, write_operation("PUT", rest.table, "p", "r", {})])

    assert part.refusal == (400, "InvalidDuplicateRow")
    assert part.message.startswith("2:The batch request contains multiple changes with same row key.")
    assert await count(rest) == 0


@differs_from_azurite("a transaction may write to two partitions")
async def test_t043_a_transaction_writes_to_one_partition(rest: RestClient) -> None:
    operations = [insert_operation(rest.table, "p", "r"), insert_operation(rest.table, "q", "r")]

    _, [part] = await rest.transaction(operations)

    assert part.refusal == (400, "CommandsInBatchActOnDifferentPartitions")
    assert part.message.startswith("1:All commands in a batch must operate on same entity group.")
    assert await count(rest) == 0


@differs_from_azurite("a transaction may write to two tables")
async def test_t043_a_transaction_writes_to_one_table(rest: RestClient) -> None:
    other = rest.table + "x"
    await rest.call("POST", "Tables", {"TableName": other})

    operations = [insert_operation(rest.table, "p", "r"), insert_operation(other, "p", "s")]

    _, [part] = await rest.transaction(operations)

    assert part.refusal == (400, "CommandsInBatchActOnDifferentPartitions")
    assert index_of(part) == "1"
    assert await count(rest) == 0


async def test_t044_a_transaction_may_have_100_operations(rest: RestClient) -> None:
    _, parts = await rest.transaction([insert_operation(rest.table, "p", f"{n:03}") for n in range(100)])

    assert [part.status for part in parts] == [204] * 100
    assert await count(rest) == 100


@differs_from_azurite("the error of a transaction of 101 operations has index 0")
async def test_t044_a_transaction_of_101_operations_is_refused(rest: RestClient) -> None:
    _, [part] = await rest.transaction([insert_operation(rest.table, "p", f"{n:03}") for n in range(101)])

    assert part.refusal == (400, "InvalidInput")
    assert part.message.startswith("99:The batch request operation exceeds the maximum 100 changes per change set.")
    assert await count(rest) == 0


async def test_t045_a_transaction_over_4_mib_is_refused(rest: RestClient) -> None:
    text = "x" * 32_000
    own = {f"a{n}": text for n in range(15)}

    answer, _ = await rest.transaction([insert_operation(rest.table, "p", str(n), **own) for n in range(10)])

    assert answer.refusal == (413, "RequestBodyTooLarge")
    assert await count(rest) == 0


def with_second_change_set(body: str) -> str:
    return body.replace("--batch_1--", "\r\n".join(body.split("\r\n")[:-3]) + "\r\n--changeset_1--\r\n--batch_1--")


@pytest.mark.parametrize(
    "change",
    [
        with_second_change_set,
        lambda body: body.replace("POST ", "GET "),
        lambda body: "--batch_1--\r\n",
        lambda body: body.partition("--changeset_1\r\n")[0] + "--changeset_1--\r\n--batch_1--\r\n",
        lambda body: body.replace("--batch_1--", ""),
        lambda body: body.replace("HTTP/1.1", ""),
        lambda body: body.replace("application/http", "text/plain"),
        lambda body: "",
        lambda body: "nonsense",
    ],
)
@differs_from_azurite("a malformed batch is an error of the server, or carried out")
async def test_t046_a_malformed_batch_is_refused(rest: RestClient, change: Callable[[str], str]) -> None:
    body = change(batch_body(rest.endpoint, [insert_operation(rest.table, "p", "r")]))

    answer = await rest.call("POST", "$batch", body, headers={"Content-Type": "multipart/mixed; boundary=batch_1"})

    assert answer.refusal == (400, "InvalidInput")
    assert await count(rest) == 0


@differs_from_azurite("a query alone in a batch is answered without the blank line before its body")
async def test_a_query_alone_in_a_batch_is_answered(rest: RestClient) -> None:
    await rest.insert("p", "r", n=1)
    path = entity_path(rest.table, "p", "r")
    head = "--batch_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    body = f"{head}GET {rest.endpoint}/{path} HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n--batch_1--\r\n"

    answer = await rest.call("POST", "$batch", body, headers={"Content-Type": "multipart/mixed; boundary=batch_1"})

    message = answer.text.partition("HTTP/1.1 ")[2]
    assert message.startswith("200 OK\r\n")
    assert '"n":1}' in message.partition("\r\n\r\n")[2]


@pytest.mark.parametrize("name", ["exists", "changed"])
@differs_from_azurite("the error of a transaction of one operation always has the index 0")
async def test_t047_the_error_of_one_operation_alone_has_no_index(rest: RestClient, name: str) -> None:
    await rest.insert("p", "there")
    make, refusal = REFUSALS[name]

    _, [part] = await rest.transaction([make(rest.table, "r")])

    assert part.refusal == refusal
    assert part.message.startswith("The ")


async def test_t047_an_error_that_is_found_before_storing_has_its_index(rest: RestClient) -> None:
    _, [part] = await rest.transaction([insert_operation("absent", "p", "r")])

    assert part.refusal == (404, "TableNotFound")
    assert part.message.startswith("0:")


async def test_t048_readers_never_see_half_a_transaction(rest: RestClient) -> None:
    rows = [f"r{n}" for n in range(5)]
    done = asyncio.Event()

    async def write() -> None:
        for n in range(30):
            await rest.transaction([write_operation("PUT", rest.table, "p", row, {"n": n}) for row in rows])
        done.set()

    async def read() -> None:
        while not done.is_set():
            numbers = [entity["n"] for entity in (await rest.query("PartitionKey eq 'p'")).json["value"]]
            assert len(numbers) in (0, 5)
            assert len(set(numbers)) <= 1

    await asyncio.gather(write(), read(), read())


async def test_t081_writers_that_append_on_a_condition_all_succeed_without_a_gap(rest: RestClient) -> None:
    await rest.insert("p", "head", n=0)
    lost: list[tuple[int, str, str]] = []

    async def append_once(writer: int) -> bool:
        head = await rest.get("p", "head")
        number = head.json["n"] + 1
        _, parts = await rest.transaction(
            [
                write_operation("PATCH", rest.table, "p", "head", {"n": number}, if_match=head.etag),
                insert_operation(rest.table, "p", f"m-{number:04}", writer=writer),
            ]
        )
        if parts[0].status >= 400:
            lost.append((*parts[0].refusal, index_of(parts[0])))
        return parts[0].status == 204

    async def append(writer: int) -> None:
        for _ in range(5):
            while not await append_once(writer):
                pass

    await asyncio.gather(*(append(writer) for writer in range(8)))

    rows = (await rest.query("RowKey ge 'm-' and RowKey lt 'm.'")).rows
    assert rows == [f"m-{n:04}" for n in range(1, 41)]
    assert set(lost) <= {(412, "UpdateConditionNotSatisfied", "0")}


@pytest.mark.parametrize(("row", "index"), [("m-1", 1), ("i-1", 2)])
async def test_t083_an_append_onto_an_existing_row_leaves_the_head(rest: RestClient, row: str, index: int) -> None:
    etag = (await rest.insert("p", "head", n=0)).etag
    await rest.insert("p", row)

    _, [part] = await rest.transaction(
        [
            write_operation("PATCH", rest.table, "p", "head", {"n": 1}, if_match=etag),
            insert_operation(rest.table, "p", "m-1"),
            insert_operation(rest.table, "p", "i-1"),
        ]
    )

    assert (part.refusal, index_of(part)) == ((409, "EntityAlreadyExists"), str(index))
    assert (await rest.get("p", "head")).etag == etag
