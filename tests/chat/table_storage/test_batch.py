"""Transactions as multipart bodies: read by the local service's parser, and written by its writer."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.table_storage.batch import CONTENT_TYPE, UnreadableAnswer, decode_batch, encode_batch
from chat.table_storage.errors import Failure
from chat.table_storage.operations import Delete, Insert, Merge, Operation, Replace, Upsert
from local_azure.tables.batch import change_set_response, parse_batch
from local_azure.tables.messages import Response
from local_azure.tables.resource_path import parse_resource

ENDPOINT = "http://127.0.0.1:10002/devstoreaccount1"
KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\#?"), max_size=12)
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["\r\n--changeset_chat--\r\n", "--batch_chat", "'"]
)


def entity(row: str = "r", text: str = "x") -> dict[str, str]:
    return {"PartitionKey": "p", "RowKey": row, "text": text}


def answers(*statuses: int, boundary: str = "1") -> bytes:
    parts = [Response(status, {"ETag": f"e{index}"} if status == 204 else {}) for index, status in enumerate(statuses)]
    return change_set_response(parts, boundary).body


def failed(message: str, status: int = 409, code: str = "EntityAlreadyExists") -> bytes:
    error = {"odata.error": {"code": code, "message": {"lang": "en-US", "value": message}}}
    return change_set_response([Response(status, {}, json.dumps(error).encode())], "1").body


@pytest.mark.parametrize(
    ("operation", "method", "if_match"),
    [
        (Insert(entity()), "POST", None),
        (Merge(entity()), "PATCH", "*"),
        (Merge(entity(), "e"), "PATCH", "e"),
        (Replace(entity(), "e"), "PUT", "e"),
        (Upsert(entity()), "PATCH", None),
        (Upsert(entity(), replace=True), "PUT", None),
        (Delete("p", "r"), "DELETE", "*"),
    ],
)
def test_each_write_has_its_method_and_condition(operation: Operation, method: str, if_match: str | None) -> None:
    (change,) = parse_batch(CONTENT_TYPE, encode_batch(ENDPOINT, "Rooms", [operation])).changes

    assert (change.head.method, change.head.headers.get("If-Match")) == (method, if_match)
    assert json.loads(change.body or b"{}") == ({} if method == "DELETE" else entity())
    keys = "" if method == "POST" else "(PartitionKey='p',RowKey='r')"
    assert change.head.url == f"{ENDPOINT}/Rooms{keys}"


@given(st.lists(st.tuples(KEYS, TEXTS), min_size=1, max_size=5))
def test_no_key_and_no_text_breaks_the_body(rows: Sequence[tuple[str, str]]) -> None:
    operations = [Merge(entity(row, text)) for row, text in rows]

    changes = parse_batch(CONTENT_TYPE, encode_batch(ENDPOINT, "Rooms", operations)).changes

    assert [json.loads(change.body) for change in changes] == [entity(row, text) for row, text in rows]
    paths = [parse_resource(change.head.url.removeprefix(f"{ENDPOINT}/")) for change in changes]
    assert [path.key.row if path.key else None for path in paths] == [row for row, _ in rows]


@pytest.mark.parametrize("count", [0, 101])
def test_a_transaction_has_1_to_100_operations(count: int) -> None:
    with pytest.raises(ValueError, match=f"not {count}"):
        encode_batch(ENDPOINT, "Rooms", [Insert(entity(str(n))) for n in range(count)])


def test_the_etags_come_in_the_order_of_the_operations_and_a_deletion_has_none() -> None:
    body = change_set_response([Response(204, {"ETag": "a"}), Response(204), Response(201, {"ETAG": "c"})], "1").body

    assert decode_batch(body, 3) == ["a", "", "c"]


@pytest.mark.parametrize(
    ("message", "index"), [("2:The specified entity already exists.", 2), ("0:x", 0), ("12:x:3", 12), ("No index", 0)]
)
def test_the_operation_that_failed_is_known_by_its_index(message: str, index: int) -> None:
    assert decode_batch(failed(message), 3) == Failure(409, "EntityAlreadyExists", index)


def test_header_names_in_another_case_and_further_blank_lines_are_read() -> None:
    body = answers(204, 204).replace(b"ETag:", b"etag: ").replace(b"\r\n\r\nHTTP", b"\r\n\r\n\r\nHTTP")

    assert decode_batch(body, 2) == ["e0", "e1"]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", answers(204), answers(204, 204, 204), answers(204, 204).replace(b"HTTP/1.1 204", b"204 HTTP/1.1")],
)
def test_an_answer_that_is_not_as_documented_is_an_error(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        decode_batch(body, 2)
