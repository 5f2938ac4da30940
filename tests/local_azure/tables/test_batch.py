"""The multipart bodies of transactions, as the official SDKs write them, and as nobody should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.tables.batch import parse_batch
from local_azure.tables.errors import TableError

PYTHON = (
    b"--batch_B\r\nContent-Type: multipart/mixed; boundary=changeset_C\r\n\r\n"
    b"--changeset_C\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 0\r\n\r\n"
    b"PATCH http://127.0.0.1:10002/devstoreaccount1/room(PartitionKey='r',RowKey='head') HTTP/1.1\r\n"
    b"Content-Type: application/json\r\nContent-Length: 10\r\nIf-Match: W/\"datetime'x'\"\r\n"
    b"Accept: application/json\r\n"
    b'\r\n{"n": "a"}\r\n'
    b"--changeset_C\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 1\r\n\r\n"
    b"DELETE http://127.0.0.1:10002/devstoreaccount1/room(PartitionKey='r',RowKey='x') HTTP/1.1\r\n"
    b"If-Match: *\r\n\r\n\r\n"
    b"--changeset_C--\r\n\r\n--batch_B--\r\n"
)
JAVASCRIPT = (
    b"--batch_B\r\ncontent-type: multipart/mixed; boundary=changeset_C\r\n\r\n\r\n"
    b"--changeset_C\r\ncontent-type: application/http\r\ncontent-transfer-encoding: binary\r\n\r\n"
    b"POST http://127.0.0.1:10002/devstoreaccount1/room HTTP/1.1\r\n"
    b"accept: application/json\r\nprefer: return-no-content\r\ncontent-type: application/json\r\n\r\n\r\n"
    b'{"PartitionKey":"\xc3\xa9"}\r\n'
    b"--changeset_C--\r\n--batch_B--\r\n"
)
TYPE = "multipart/mixed; boundary=batch_B"


def test_t037_the_python_sdks_batch_is_read() -> None:
    patch, delete = parse_batch(TYPE, PYTHON).changes

    assert (patch.head.method, patch.body) == ("PATCH", b'{"n": "a"}')
    assert patch.head.url == "http://127.0.0.1:10002/devstoreaccount1/room(PartitionKey='r',RowKey='head')"
    assert patch.head.headers["if-match"] == "W/\"datetime'x'\""
    assert (delete.head.method, delete.body, delete.head.headers["If-Match"]) == ("DELETE", b"", "*")


def test_t037_the_javascript_sdks_batch_is_read() -> None:
    [insert] = parse_batch(TYPE, JAVASCRIPT).changes

    assert (insert.head.method, insert.body.decode()) == ("POST", '{"PartitionKey":"é"}')
    assert insert.head.headers["Prefer"] == "return-no-content"


def test_t037_a_boundary_may_be_quoted_and_stand_in_the_text() -> None:
    body = PYTHON.replace(b'"n": "a"', b'"n": "--changeset_C--batch_B"')

    patch, _ = parse_batch('multipart/mixed; charset=utf-8; boundary="batch_B"', body).changes

    assert patch.body == b'{"n": "--changeset_C--batch_B"}'


@given(st.integers(0, len(PYTHON) - 1), st.binary(max_size=3))
def test_t046_a_damaged_batch_is_read_or_refused(position: int, other: bytes) -> None:
    damaged = PYTHON[:position] + other + PYTHON[position + 1 :]
    try:
        is_usable = bool(parse_batch(TYPE, damaged).changes)
    except TableError as error:
        is_usable = error.code.status == 400
    assert is_usable


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/mixed", "multipart/mixed; boundary=other"])
def test_t046_a_batch_needs_its_boundary(content_type: str) -> None:
    with pytest.raises(TableError):
        parse_batch(content_type, PYTHON)
