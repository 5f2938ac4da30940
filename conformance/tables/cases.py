"""The cases for Table storage; the numbers are the T-numbers of the behaviours."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from conformance.expectations import expect, expect_true
from conformance.tables.account import TablesContext

Run = Callable[[TablesContext], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class TableCase:
    """One behaviour and the function that looks for it."""

    number: str
    title: str
    run: Run


def case(number: str, title: str) -> Callable[[Run], TableCase]:
    """Make a case of the function below."""
    return lambda run: TableCase(number, title, run)


def all_table_cases() -> list[TableCase]:
    """Return the cases in order."""
    return sorted((value for value in globals().values() if isinstance(value, TableCase)), key=lambda case: case.number)


@case("T-005", "A changed signature is 403 AuthenticationFailed.")
async def changed_signature(case: TablesContext) -> None:
    answer = await case.call("GET", "Tables", authorization=f"SharedKeyLite {case.account.name}:AAAA")
    expect("status", answer.status, 403)
    expect_true("AuthenticationFailed", b"AuthenticationFailed" in answer.body, answer.body.decode())


@case("T-015", "The name of a table that exists is 409 TableAlreadyExists, in any letter case.")
async def table_exists(case: TablesContext) -> None:
    await case.fail(409, "TableAlreadyExists", "POST", "Tables", {"TableName": case.table})
    await case.fail(409, "TableAlreadyExists", "POST", "Tables", {"TableName": case.table.upper()})


@case("T-017", "A short name is OutOfRangeInput, one with other characters InvalidResourceName.")
async def table_names(case: TablesContext) -> None:
    await case.fail(400, "OutOfRangeInput", "POST", "Tables", {"TableName": "ab"})
    await case.fail(400, "InvalidResourceName", "POST", "Tables", {"TableName": "a-b-c"})


@case("T-020", "An insert is 201 with the entity and an ETag, or 204 when no content is preferred.")
async def insert(case: TablesContext) -> None:
    answer = await case.succeed(201, "POST", case.table, {"PartitionKey": "p", "RowKey": "1", "a": 1})
    expect("entity", answer.json()["a"], 1)
    expect_true("an ETag", answer.headers.get("ETag"), dict(answer.headers))
    entity = {"PartitionKey": "p", "RowKey": "2"}
    answer = await case.succeed(204, "POST", case.table, entity, headers={"Prefer": "return-no-content"})
    expect("Preference-Applied", answer.headers.get("Preference-Applied"), "return-no-content")


@case("T-021", "An insert of an entity that exists is 409 EntityAlreadyExists and changes nothing.")
async def insert_twice(case: TablesContext) -> None:
    await case.insert("p", "1", a=1)
    await case.fail(409, "EntityAlreadyExists", "POST", case.table, {"PartitionKey": "p", "RowKey": "1", "a": 2})
    expect("a", (await case.read("p", "1"))["a"], 1)


@case("T-022", "An insert without a key is 400 PropertiesNeedValue; a key may be empty.")
async def insert_without_key(case: TablesContext) -> None:
    await case.fail(400, "PropertiesNeedValue", "POST", case.table, {"PartitionKey": "p"})
    await case.insert("", "")


@case("T-023", "A table that does not exist is 404 TableNotFound.")
async def no_table(case: TablesContext) -> None:
    await case.fail(404, "TableNotFound", "POST", f"{case.table}x", {"PartitionKey": "p", "RowKey": "1"})


@case("T-024", "An entity that does not exist is 404 ResourceNotFound.")
async def no_entity(case: TablesContext) -> None:
    await case.fail(404, "ResourceNotFound", "GET", case.entities("p", "1"))


@case("T-025", "PUT and PATCH without If-Match create the entity.")
async def upsert(case: TablesContext) -> None:
    for method, row in (("PUT", "1"), ("PATCH", "2")):
        answer = await case.succeed(204, method, case.entities("p", row), {"a": 1})
        expect_true("an ETag", answer.headers.get("ETag"), dict(answer.headers))


@case("T-026", "PUT and PATCH with If-Match are 404 when the entity does not exist.")
async def update_of_nothing(case: TablesContext) -> None:
    for method in ("PUT", "PATCH"):
        await case.succeed(404, method, case.entities("p", "1"), {"a": 1}, headers={"If-Match": "*"})


@case("T-027", "A write on the current ETag succeeds and changes it; on an older one it is 412.")
async def conditions(case: TablesContext) -> None:
    etag = await case.insert("p", "1", a=1)
    path = case.entities("p", "1")
    answer = await case.succeed(204, "PUT", path, {"a": 2}, headers={"If-Match": etag})
    expect_true("another ETag", answer.headers["ETag"] != etag, etag)
    await case.fail(412, "UpdateConditionNotSatisfied", "PUT", path, {"a": 3}, headers={"If-Match": etag})
    expect("a", (await case.read("p", "1"))["a"], 2)


@case("T-029", "A replacement drops what is not sent, a merge keeps it.")
async def replace_and_merge(case: TablesContext) -> None:
    await case.insert("p", "1", a=1, b=1)
    path = case.entities("p", "1")
    await case.succeed(204, "PATCH", path, {"c": 1})
    expect("after a merge", {"a", "b", "c"} <= {*await case.read("p", "1")}, True)
    await case.succeed(204, "PUT", path, {"d": 1})
    expect("after a replacement", {"a", "b", "c", "d"} & {*await case.read("p", "1")}, {"d"})


@case("T-031", "A deletion is 204 with the current ETag or *, 412 with an older one, 404 without an entity.")
async def delete(case: TablesContext) -> None:
    etag = await case.insert("p", "1")
    path = case.entities("p", "1")
    await case.succeed(204, "PUT", path, {"a": 1})
    await case.succeed(412, "DELETE", path, headers={"If-Match": etag})
    await case.succeed(204, "DELETE", path, headers={"If-Match": "*"})
    await case.succeed(404, "DELETE", path, headers={"If-Match": "*"})


@case("T-038", "A transaction is 202 with one part for each operation.")
async def transaction(case: TablesContext) -> None:
    rows = [("POST", case.table, {"PartitionKey": "p", "RowKey": str(row)}) for row in range(3)]
    answer = await case.transaction(*rows)
    expect("status", answer.status, 202)
    expect("parts", len(re.findall(rb"HTTP/1.1 20[14]", answer.body)), 3)
    expect("entities", len(await case.query("PartitionKey eq 'p'")), 3)


@case("T-040", "A refused operation leaves nothing of its transaction, and is named by its index.")
async def refused_transaction(case: TablesContext) -> None:
    await case.insert("p", "1")
    rows = [("POST", case.table, {"PartitionKey": "p", "RowKey": row}) for row in ("0", "1")]
    answer = await case.transaction(*rows)
    expect_true("409 and 1:", b"HTTP/1.1 409" in answer.body and b'"1:' in answer.body, answer.body.decode()[:300])
    await case.fail(404, "ResourceNotFound", "GET", case.entities("p", "0"))


@case("T-044", "101 operations are refused, and nothing is done.")
async def large_transaction(case: TablesContext) -> None:
    rows = [("POST", case.table, {"PartitionKey": "p", "RowKey": str(row)}) for row in range(101)]
    answer = await case.transaction(*rows)
    expect_true("InvalidInput", b"InvalidInput" in answer.body, answer.body.decode()[:300])
    expect("entities", await case.query("PartitionKey eq 'p'"), [])


@case("T-050", "Values come back with their types.")
async def types(case: TablesContext) -> None:
    typed = {"l": ("Edm.Int64", "9007199254740993"), "b": ("Edm.Binary", "AP8=")}
    typed |= {"g": ("Edm.Guid", "0f0f0f0f-0000-4000-8000-000000000000")}
    plain = {"s": "é", "i": 1, "d": 1.5, "t": True}
    await case.insert(
        "p",
        "1",
        **plain,
        **{n: v for n, (_, v) in typed.items()},
        **{f"{n}@odata.type": t for n, (t, _) in typed.items()},
    )
    entity = await case.read("p", "1")
    expect("plain values", {name: entity[name] for name in plain}, plain)
    expect("typed values", {name: (entity[f"{name}@odata.type"], entity[name]) for name in typed}, typed)


@case("T-058", "252 properties are allowed, 253 are TooManyProperties.")
async def many_properties(case: TablesContext) -> None:
    await case.insert("p", "1", **{f"a{number}": number for number in range(252)})
    entity = {"PartitionKey": "p", "RowKey": "2"} | {f"a{number}": number for number in range(253)}
    await case.fail(400, "TooManyProperties", "POST", case.table, entity)


@case("T-066", "Entities come in the order of their keys, character by character.")
async def order(case: TablesContext) -> None:
    rows = ["0", "10", "9", "A", "Z", "_", "a", "a-b", "a1", "aa", "z", "~", "é"]
    for row in reversed(rows):
        await case.insert("p", row)
    expect("rows", [entity["RowKey"] for entity in await case.query("PartitionKey eq 'p'")], rows)


@case("T-068", "A filter has comparisons, and, or, not and brackets.")
async def filters(case: TablesContext) -> None:
    for number in range(4):
        await case.insert("p", str(number), n=number, s="it's")
    filters = {"n ge 1 and n lt 3": "12", "n eq 0 or n eq 3 and not (n ne 3)": "03", "s eq 'it''s' and n gt 2": "3"}
    for filter_, rows in filters.items():
        expect(filter_, "".join(entity["RowKey"] for entity in await case.query(filter_)), rows)


@case("T-073", "$select gives the properties that it names.")
async def select(case: TablesContext) -> None:
    await case.insert("p", "1", a=1, b=2)
    (entity,) = await case.query("PartitionKey eq 'p'", select="a")
    expect("properties", {name for name in entity if "odata" not in name}, {"a"})


@case("T-074", "$top is 1 to 1,000.")
async def top(case: TablesContext) -> None:
    await case.insert("p", "1")
    for value in ("-1", "1001"):
        await case.succeed(400, "GET", f"{case.table}()", query={"$top": value})


@case("T-076", "Pages of one entity walk through all.")
async def pages(case: TablesContext) -> None:
    for number in range(3):
        await case.insert("p", str(number))
    rows, query = [], {"$top": "1"}
    while True:
        answer = await case.succeed(200, "GET", f"{case.table}()", query=query)
        rows += [entity["RowKey"] for entity in answer.json()["value"]]
        if "x-ms-continuation-NextPartitionKey" not in answer.headers:
            break
        tokens = ("NextPartitionKey", "NextRowKey")
        query = {"$top": "1"} | {name: answer.headers[f"x-ms-continuation-{name}"] for name in tokens}
    expect("rows", rows, ["0", "1", "2"])
