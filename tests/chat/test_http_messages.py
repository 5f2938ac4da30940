"""HTTP/1.1 by hand: what is sent is one request, and the answer is the same however its bytes come."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.http_messages import (
    MAX_BODY_BYTES,
    MAX_CHUNK_LINE_BYTES,
    MAX_HEAD_BYTES,
    AnswerReader,
    HttpAnswer,
    InvalidAnswer,
    encode_request,
)

STATUSES = st.integers(200, 599).filter(lambda status: status not in (204, 304))
NAMES = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}", fullmatch=True).filter(
    lambda name: name.lower() not in ("content-length", "transfer-encoding", "connection")
)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40)
FIELDS = st.dictionaries(NAMES, VALUES.map(str.strip), max_size=6)


def read(received: bytes, cuts: list[int] = []) -> tuple[HttpAnswer | None, AnswerReader]:  # noqa: B006 (not changed)
    """Return what a reader makes of bytes that are cut into pieces at these places."""
    reader, answer = AnswerReader(), None
    places = sorted({cut % (len(received) + 1) for cut in cuts} | {0, len(received)})
    for start, end in pairwise(places):
        assert answer is None or start == len(received)
        answer = reader.feed(received[start:end])
    return answer, reader


def head(status: int, fields: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Reason\r\n{lines}\r\n".encode("latin-1")


@given(STATUSES, FIELDS, st.binary(max_size=200), st.lists(st.integers(0, 10_000), max_size=8))
def test_an_answer_with_a_length_is_the_same_in_whatever_pieces_it_comes(
    status: int, fields: dict[str, str], body: bytes, cuts: list[int]
) -> None:
    answer, reader = read(head(status, {**fields, "Content-Length": str(len(body))}) + body, cuts)

    assert answer is not None
    assert (answer.status, answer.body) == (status, body)
    assert reader.may_reuse
    for name in fields:
        together = [value for other, value in fields.items() if other.lower() == name.lower()]
        assert answer.headers[name.upper()] == ", ".join(together)


@given(STATUSES, st.lists(st.binary(min_size=1, max_size=50), max_size=6), st.lists(st.integers(0, 10_000), max_size=8))
def test_an_answer_in_chunks_is_the_same_in_whatever_pieces_it_comes(
    status: int, chunks: list[bytes], cuts: list[int]
) -> None:
    body = b"".join(b"%X;note=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nTrailer: t\r\n\r\n"
    answer, reader = read(head(status, {"Transfer-Encoding": "Chunked"}) + body, cuts)

    assert answer is not None
    assert answer.body == b"".join(chunks)
    assert reader.may_reuse


@given(st.binary(max_size=300), st.lists(st.integers(0, 10_000), max_size=4))
def test_whatever_comes_is_an_answer_or_invalid_or_incomplete(received: bytes, cuts: list[int]) -> None:
    for start in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        reader = AnswerReader()
        try:
            answer = reader.feed(start) or reader.feed(received) or reader.finish()
        except InvalidAnswer:
            continue
        assert 200 <= answer.status < 600


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_an_answer_without_a_length_ends_with_the_connection(version: str) -> None:
    reader = AnswerReader()
    assert reader.feed(f"{version} 200\r\n\r\nto the ".encode()) is None
    assert reader.feed(b"end") is None

    assert reader.finish().body == b"to the end"
    assert not reader.may_reuse


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_has_no_body_is_complete_with_its_headers(status: int) -> None:
    answer, reader = read(head(status, {"Content-Length": "12"}))

    assert answer is not None
    assert answer.body == b""
    assert reader.may_reuse


def test_interim_answers_are_dropped() -> None:
    answer, _ = read(head(100, {}) + head(103, {"Link": "</a>"}) + head(201, {"Content-Length": "1"}) + b"x", [5, 40])

    assert answer is not None
    assert (answer.status, answer.body) == (201, b"x")


@pytest.mark.parametrize(
    "received",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: Close, x\r\n\r\nx",
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nx",
    ],
)
def test_a_connection_carries_nothing_more_after_close_after_an_old_version_and_after_too_much(received: bytes) -> None:
    answer, reader = read(received)

    assert answer is not None
    assert not reader.may_reuse


@pytest.mark.parametrize(
    "received",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : blank\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\nB: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n",
    ],
)
def test_what_two_readers_could_understand_in_two_ways_is_refused(received: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        read(received)


@pytest.mark.parametrize(
    "received",
    [
        b"HTTP/1.1 200 OK\r\nA: " + b"a" * MAX_HEAD_BYTES,
        b"HTTP/1.1 200 OK\r\nA: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (MAX_BODY_BYTES + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"a" * MAX_CHUNK_LINE_BYTES,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"a" * MAX_CHUNK_LINE_BYTES + b"\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * (MAX_BODY_BYTES + 1),
    ],
    ids=["unending headers", "long headers", "length", "chunk", "unending line", "long line", "unending body"],
)
def test_nothing_of_an_answer_is_kept_without_a_limit(received: bytes) -> None:
    with pytest.raises(InvalidAnswer, match=r"bytes"):
        read(received, [20])


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    ],
)
def test_a_connection_that_ends_within_an_answer_gives_none(received: bytes) -> None:
    answer, reader = read(received)

    assert answer is None
    with pytest.raises(InvalidAnswer, match="ended before"):
        reader.finish()


def test_a_request_has_the_fields_that_it_was_given_and_its_length() -> None:
    assert (
        encode_request("POST", "/a?b=%20", "host:1", {"A": "é"}, b"body")
        == (
            "POST /a?b=%20 HTTP/1.1\r\nHost: host:1\r\nUser-Agent: chat\r\nAccept-Encoding: identity\r\n"
            "A: é\r\nContent-Length: 4\r\n\r\nbody"
        ).encode()
    )
    assert b"Content-Length: 0\r\n" in encode_request("DELETE", "/", "host", {}, None)
    assert b"Content-Length" not in encode_request("GET", "/", "host", {}, None)


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", "/a b", {}),
        ("GET", "/a\r\nB: c", {}),
        ("GET", "/é", {}),
        ("GET", "a", {}),
        ("GET /x", "/", {}),
        ("HEAD", "/", {}),
        ("GET", "/", {"A": "b\r\nC: d"}),
        ("GET", "/", {"A": "b\n"}),
        ("GET", "/", {"A\r": "b"}),
        ("GET", "/", {"A": "\0"}),
    ],
)
def test_what_would_not_be_one_request_is_refused(method: str, target: str, headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"cannot be sent|line break"):
        encode_request(method, target, "host", headers, b"")
