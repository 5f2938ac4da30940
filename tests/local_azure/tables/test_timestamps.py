"""Times as text and as ETags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.tables.timestamps import (
    InvalidTime,
    TimeOutOfRange,
    format_datetime,
    format_etag,
    parse_datetime,
    parse_etag,
)

TICKS = st.integers(parse_datetime("1601-01-01T00:00:00Z"), parse_datetime("9999-12-31T23:59:59.9999999Z"))


@given(TICKS)
def test_a_time_survives_its_text_and_its_etag(ticks: int) -> None:
    assert parse_datetime(format_datetime(ticks)) == ticks
    assert parse_etag(format_etag(ticks)) == ticks


@given(TICKS, TICKS)
def test_an_etag_belongs_to_one_time(one: int, other: int) -> None:
    assert (format_etag(one) == format_etag(other)) is (one == other)


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.0000001Z", 1),
        ("1970-01-01T00:00:01", 10_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59.9999999Z", -1),
    ],
)
def test_a_text_is_read(text: str, ticks: int) -> None:
    assert parse_datetime(text) == ticks


def test_the_etag_is_written_as_the_service_writes_it() -> None:
    etags = [format_etag(parse_datetime(f"2026-11-26T02:24:{seconds}Z")) for seconds in ("21.5002305", "48.4767000")]

    assert etags == [f"W/\"datetime'2026-11-26T02%3A24%3A{seconds}Z'\"" for seconds in ("21.5002305", "48.4767")]


@pytest.mark.parametrize("text", ["", "now", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00.12345678Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidTime):
        parse_datetime(text)
    with pytest.raises(InvalidTime):
        parse_etag(f"W/\"datetime'{text}'\"")


def test_a_year_before_1601_is_out_of_range() -> None:
    with pytest.raises(TimeOutOfRange, match="1600"):
        parse_datetime("1600-01-01T00:00:00Z")
