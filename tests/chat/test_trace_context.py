"""The header `traceparent`, by the rules of W3C Trace Context."""

import pytest

from chat.trace_context import TraceContext, new_trace, parse_traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (f"00-{TRACE}-{SPAN}-01", "01"),
        (f" 00-{TRACE}-{SPAN}-00\t", "00"),
        (f"00-{TRACE}-{SPAN}-ff", "ff"),
        (f"cc-{TRACE}-{SPAN}-01", "01"),
        (f"cc-{TRACE}-{SPAN}-01-what-a-later-version-adds", "01"),
    ],
)
def test_a_valid_header_is_read(text: str, flags: str) -> None:
    assert parse_traceparent(text) == TraceContext(TRACE, SPAN, flags)


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "-", "x" * 55),
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-more",
        f"cc-{TRACE}-{SPAN}-01more",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\nx",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-" + "x" * 512,
        f"0\uff10-{TRACE}-{SPAN}-01",
    ],
)
def test_a_malformed_header_counts_as_none(text: str | None) -> None:
    assert parse_traceparent(text) is None


@pytest.mark.parametrize("number", [0, 1, 1 << 64, (1 << 192) - 1, 0x1234 << 70])
def test_a_new_trace_is_valid_whatever_number_it_is_made_of(number: int) -> None:
    trace = new_trace(number)

    assert parse_traceparent(str(trace)) == trace
    assert str(trace).endswith("-00")  # nobody is known to record it


@pytest.mark.parametrize("number", [0, 1, (1 << 64) - 1])
def test_a_call_is_in_the_same_trace_with_a_span_of_its_own(number: int) -> None:
    called = parse_traceparent(TraceContext(TRACE, SPAN, "01").child(number))

    assert called is not None
    assert (called.trace_id, called.flags) == (TRACE, "01")
    assert int(called.span_id, 16) == max(number, 1)
