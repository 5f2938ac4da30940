import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.webpubsub.metadata import (
    InvalidMetadata,
    checked_metadata,
    metadata_from_headers,
    metadata_headers,
)


@pytest.mark.parametrize(
    ("pairs", "problem"),
    [
        pytest.param([("a b", "x")], "HTTP token", id="key with space"),
        pytest.param([("", "x")], "0 characters", id="empty key"),
        pytest.param([("k" * 257, "x")], "257 characters", id="long key"),
        pytest.param([("k", "é")], "ASCII", id="non-ASCII value"),
        pytest.param([("k", "a\r\nX: y")], "ASCII", id="line break"),
        pytest.param([("k", 1)], "string", id="number"),
        pytest.param([("k", "x" * 1025)], "1025 bytes", id="long value"),
        pytest.param([(f"k{n}", "x" * 1022) for n in range(9)], "9216 bytes", id="total"),
        pytest.param([("k", "1"), ("k", "2")], "twice", id="duplicate"),
    ],
)
def test_w087_metadata_is_bounded_and_fits_into_headers(pairs: list[tuple[str, object]], problem: str) -> None:
    with pytest.raises(InvalidMetadata, match=problem):
        checked_metadata(pairs)


def test_the_limits_themselves_are_allowed() -> None:
    metadata = checked_metadata([(f"{n}" + "k" * 255, "x" * 768) for n in range(8)])

    assert sum(len(key) + len(value) for key, value in metadata.items()) == 8192


def test_keys_of_a_client_differ_by_letter_case() -> None:
    assert dict(checked_metadata([("Key", "1"), ("key", "2")])) == {"Key": "1", "key": "2"}


def test_w193_headers_become_lower_case_keys_and_the_last_part_counts() -> None:
    headers = [
        ("X-WebPubSub-Metadata-Trace", "1"),
        ("x-webpubsub-metadata-trace", "2, 3"),
        ("X-WEBPUBSUB-METADATA-b", " x "),
        ("Other", "y"),
    ]

    assert dict(metadata_from_headers(headers)) == {"trace": "3", "b": "x"}


def test_metadata_is_sent_to_a_webhook_and_back() -> None:
    metadata = checked_metadata([("trace", "1"), ("tenant", "a b")])

    assert metadata_from_headers(metadata_headers(metadata).items()) == metadata


@given(st.lists(st.tuples(st.text(), st.text() | st.none() | st.integers())))
def test_any_pairs_are_taken_or_refused(pairs: list[tuple[str, object]]) -> None:
    try:
        metadata = checked_metadata(pairs)
    except InvalidMetadata:
        return

    assert list(metadata.items()) == pairs
