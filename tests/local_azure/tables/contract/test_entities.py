"""Entities one by one: insert, get, update, merge, upsert and delete, with ETags."""

import asyncio
import re
from urllib.parse import quote

import pytest

from local_azure.tables.timestamps import parse_etag
from tests.local_azure.tables.contract.differences import differs_from_azurite
from tests.local_azure.tables.rest_client import RestClient, entity_path

OLD_ETAG = "W/\"datetime'2020-01-01T00%3A00%3A00Z'\""


async def test_t020_an_insert_answers_the_entity_and_its_etag(rest: RestClient) -> None:
    created = await rest.call("POST", rest.table, {"PartitionKey": "p", "RowKey": "r", "n": 1})

    assert created.status == 201
    assert created.json["n"] == 1
    assert created.json["odata.etag"] == created.etag
    assert created.json["odata.metadata"] == f"{rest.endpoint}/$metadata#{rest.table}/@Element"
    assert re.fullmatch(r"W/\"datetime'[0-9T.%AZ-]+'\"", created.etag)


async def test_t020_an_insert_without_content_answers_none(rest: RestClient) -> None:
    created = await rest.insert("p", "r")

    assert (created.status, created.text) == (204, "")
    assert created.headers["Preference-Applied"] == "return-no-content"
    assert parse_etag(created.etag)


@differs_from_azurite("the answer to an insert has no Location, and Preference-Applied also when nothing was preferred")
async def test_t020_an_insert_answers_where_the_entity_is(rest: RestClient) -> None:
    created = await rest.call("POST", rest.table, {"PartitionKey": "a'b", "RowKey": "é"})

    assert created.headers["Location"] == f"{rest.endpoint}/{rest.table}(PartitionKey='a%27%27b',RowKey='%C3%A9')"
    assert "Preference-Applied" not in created.headers


async def test_t021_an_existing_entity_is_not_inserted_again(rest: RestClient) -> None:
    await rest.insert("p", "r", n=1)

    assert (await rest.insert("p", "r", n=2)).refusal == (409, "EntityAlreadyExists")
    assert (await rest.get("p", "r")).json["n"] == 1


@pytest.mark.parametrize("keys", [{"PartitionKey": "p"}, {"RowKey": "r"}, {}])
async def test_t022_an_insert_needs_both_keys(rest: RestClient, keys: dict[str, str]) -> None:
    assert (await rest.call("POST", rest.table, keys)).refusal == (400, "PropertiesNeedValue")


async def test_t022_keys_may_be_empty(rest: RestClient) -> None:
    assert (await rest.insert("", "")).status == 204
    assert (await rest.get("", "")).json["RowKey"] == ""


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "MERGE", "DELETE"])
async def test_t023_an_operation_on_a_table_that_is_absent_is_refused(rest: RestClient, method: str) -> None:
    body: object = {} if method in ("PUT", "PATCH", "MERGE") else None

    answer = await rest.call(method, "absent(PartitionKey='p',RowKey='r')", body, headers={"If-Match": "*"})

    assert answer.refusal == (404, "TableNotFound")


async def test_t023_an_insert_and_a_query_on_an_absent_table_are_refused(rest: RestClient) -> None:
    insert = await rest.call("POST", "absent", {"PartitionKey": "p", "RowKey": "r"})

    assert insert.refusal == (404, "TableNotFound")
    assert (await rest.call("GET", "absent()")).refusal == (404, "TableNotFound")


async def test_t024_an_entity_is_read_with_its_etag(rest: RestClient) -> None:
    created = await rest.insert("p", "r", n=1)

    found = await rest.get("p", "r")

    assert (found.status, found.json["n"], found.etag) == (200, 1, created.etag)
    assert found.json["odata.etag"] == created.etag
    assert (await rest.get("p", "absent")).refusal == (404, "ResourceNotFound")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "MERGE"])
async def test_t025_without_a_condition_an_entity_is_made_or_overwritten(rest: RestClient, method: str) -> None:
    made = await rest.write(method, "p", "r", {"n": 1})
    written = await rest.write(method, "p", "r", {"n": 2})

    assert (made.status, written.status) == (204, 204)
    assert made.etag != written.etag
    assert (await rest.get("p", "r")).json["n"] == 2


@pytest.mark.parametrize("method", ["PUT", "PATCH", "MERGE", "DELETE"])
@pytest.mark.parametrize("if_match", ["*", OLD_ETAG])
async def test_t026_a_condition_on_an_absent_entity_is_not_met(rest: RestClient, method: str, if_match: str) -> None:
    body = None if method == "DELETE" else {"n": 1}

    assert (await rest.write(method, "p", "r", body, if_match=if_match)).refusal == (404, "ResourceNotFound")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "MERGE", "DELETE"])
async def test_t027_the_current_etag_is_accepted_and_an_old_one_refused(rest: RestClient, method: str) -> None:
    body = None if method == "DELETE" else {"n": 3}
    old = (await rest.insert("p", "r", n=1)).etag
    current = (await rest.write("PUT", "p", "r", {"n": 2}, if_match=old)).etag

    refused = await rest.write(method, "p", "r", body, if_match=old)

    assert refused.refusal == (412, "UpdateConditionNotSatisfied")
    assert (await rest.get("p", "r")).json["n"] == 2
    written = await rest.write(method, "p", "r", body, if_match=current)
    assert written.status == 204
    assert ("ETag" in written.headers) is (method != "DELETE")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_t028_a_malformed_etag_is_refused(rest: RestClient, method: str) -> None:
    await rest.insert("p", "r")

    answer = await rest.write(method, "p", "r", None if method == "DELETE" else {}, if_match="nonsense")

    assert answer.refusal == (400, "InvalidInput")


@differs_from_azurite("a merge with a malformed ETag has the code InvalidOperation")
async def test_t028_a_malformed_etag_of_a_merge_is_refused(rest: RestClient) -> None:
    await rest.insert("p", "r")

    assert (await rest.write("PATCH", "p", "r", {}, if_match="nonsense")).refusal == (400, "InvalidInput")


@differs_from_azurite("If-None-Match is ignored")
async def test_t028_if_none_match_is_refused(rest: RestClient) -> None:
    answer = await rest.write("PUT", "p", "r", {}, **{"If-None-Match": "*"})

    assert answer.refusal == (400, "InvalidInput")


async def test_t029_replace_drops_what_is_not_sent_and_merge_keeps_it(rest: RestClient) -> None:
    await rest.insert("p", "r", a=1, b=1)

    await rest.write("PATCH", "p", "r", {"b": 2, "a": None})
    merged = (await rest.get("p", "r")).json
    await rest.write("PUT", "p", "r", {"b": None, "c": 3})
    replaced = (await rest.get("p", "r")).json

    assert (merged["a"], merged["b"]) == (1, 2)
    assert {"a", "b", "c"} & set(replaced) == {"c"}


async def test_t030_merge_changes_the_type_of_a_property(rest: RestClient) -> None:
    await rest.insert("p", "r", a=1)

    await rest.write("MERGE", "p", "r", {"a": "text"})

    assert (await rest.get("p", "r")).json["a"] == "text"


async def test_t031_a_deletion_removes_the_entity(rest: RestClient) -> None:
    await rest.insert("p", "r")

    assert (await rest.write("DELETE", "p", "r", if_match="*")).status == 204
    assert (await rest.get("p", "r")).status == 404
    assert (await rest.write("DELETE", "p", "r", if_match="*")).refusal == (404, "ResourceNotFound")


async def test_t031_a_deletion_without_a_condition_is_refused(rest: RestClient) -> None:
    await rest.insert("p", "r")

    assert (await rest.write("DELETE", "p", "r")).status == 400
    assert (await rest.get("p", "r")).status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_t033_the_keys_of_the_url_count(rest: RestClient, method: str) -> None:
    await rest.write(method, "p", "r", {"n": 1})
    await rest.write(method, "p", "r", {"PartitionKey": "p", "RowKey": "r", "n": 2})

    assert (await rest.query()).rows == ["r"]


async def test_a_merge_may_come_as_a_post_that_names_its_method(rest: RestClient) -> None:
    """T-003: the Python SDK sends it so to the host `localhost`."""
    await rest.insert("p", "r", a=1)

    merged = await rest.write("POST", "p", "r", {"b": 2}, if_match="*", **{"X-HTTP-Method": "MERGE"})

    assert merged.status == 204
    assert (await rest.get("p", "r")).json["a"] == 1


@differs_from_azurite("an entity is not found when RowKey comes first in its address")
async def test_the_keys_of_an_address_may_come_in_either_order(rest: RestClient) -> None:
    await rest.insert("p", "r")

    answer = await rest.call("GET", f"{rest.table}(RowKey='r',PartitionKey='p')")

    assert answer.status == 200


ODD_KEYS = [
    " ",
    "%",
    "+",
    "'",
    "''",
    "(",
    ")",
    ",",
    "=",
    "&",
    "%41",
    "a b",
    '"',
    "é",
    "e\u0301",
    "😀",
    "\u4e2d",
    ";:@!$*",
]


@pytest.mark.parametrize("key", ODD_KEYS)
async def test_t007_keys_may_hold_any_character_that_is_allowed(rest: RestClient, key: str) -> None:
    assert (await rest.insert(key, key, n=1)).status == 204

    found = await rest.get(key, key)

    assert (found.json["PartitionKey"], found.json["RowKey"]) == (key, key)
    as_they_are = quote(key.replace("'", "''"), safe="'!$*:@;,=&+")
    path = f"{rest.table}(PartitionKey='{as_they_are}',RowKey='{as_they_are}')"
    assert (await rest.call("GET", path)).status == 200


async def test_t064_keys_are_compared_as_they_are(rest: RestClient) -> None:
    for row in ("a", "A", "\u00e9", "e\u0301"):
        assert (await rest.insert("p", row)).status == 204

    assert len((await rest.query()).rows) == 4


FORBIDDEN = ["/", "\\", "#", "?", "\t", "\n", "\x00", "\x7f", "\x85"]


@pytest.mark.parametrize("character", FORBIDDEN)
@differs_from_azurite("a forbidden character in a key has the code InvalidInput, in an address also status 500")
async def test_t062_a_forbidden_character_in_a_key_is_refused(rest: RestClient, character: str) -> None:
    key = f"a{character}b"

    insert = await rest.insert("p", key)

    assert insert.refusal == (400, "OutOfRangeInput")
    assert insert.message.startswith("The 'RowKey' parameter of value 'a")
    assert (await rest.get("p", key)).refusal == (400, "OutOfRangeInput")
    assert (await rest.write("PATCH", key, "r", {})).refusal == (400, "OutOfRangeInput")


async def test_t063_a_key_may_have_512_characters(rest: RestClient) -> None:
    assert (await rest.insert("p" * 512, "r" * 512)).status == 204
    assert (await rest.get("p" * 512, "r" * 512)).status == 200
    assert (await rest.insert("p", "r" * 1025)).status == 400


async def test_t061_the_timestamp_is_the_servers(rest: RestClient) -> None:
    await rest.insert("p", "r", Timestamp="2001-01-01T00:00:00Z")
    first = (await rest.get("p", "r")).json["Timestamp"]

    await rest.write("PATCH", "p", "r", {"Timestamp": "2001-01-01T00:00:00Z"})
    second = (await rest.get("p", "r")).json["Timestamp"]

    assert "2001" < first < second


async def test_t080_every_write_changes_the_etag(rest: RestClient) -> None:
    etags = [(await rest.insert("p", "r", n=1)).etag]
    for _ in range(10):
        etags.append((await rest.write("PATCH", "p", "r", {})).etag)

    assert len(set(etags)) == len(etags)
    assert (await rest.get("p", "r")).etag == etags[-1]


async def test_t082_of_simultaneous_inserts_exactly_one_succeeds(rest: RestClient) -> None:
    answers = await asyncio.gather(*(rest.insert("p", "r", n=n) for n in range(8)))

    assert sorted(answer.status for answer in answers) == [204] + [409] * 7


async def test_t034_an_answer_has_the_headers_of_the_service(rest: RestClient) -> None:
    await rest.insert("p", "r")

    answer = await rest.get("p", "r", headers={"x-ms-client-request-id": "request-1"})

    assert answer.headers["x-ms-client-request-id"] == "request-1"
    assert {"x-ms-version", "x-ms-request-id", "Date"} <= set(answer.headers)


async def test_t035_a_projection_is_read(rest: RestClient) -> None:
    await rest.insert("p", "r", a=1, b=2)

    found = await rest.call("GET", entity_path(rest.table, "p", "r"), query={"$select": "a"})

    assert found.json["a"] == 1
    assert "b" not in found.json
