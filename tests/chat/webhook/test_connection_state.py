"""The connection's state, as every version of the app wrote it: a deployment moves nobody."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.rate_limits import Kind, Usage
from chat.webhook.connection_state import (
    LATEST,
    MAX_ENCODED,
    MAX_JOINED_ROOMS,
    ConnectionState,
    decode_state,
    encode_state,
    read_header,
    write_header,
)

USAGE = Usage({Kind.MESSAGE: 1_769_860_802_000}, 1_769_860_803_000, 2, 1_769_860_804_000)
STATE = ConnectionState("ana", ("lobby", "design"), 1_769_860_801_000)
# What each version of the app wrote for this state. A new version adds its own; none is ever removed.
WRITTEN: dict[str, dict[str, Any]] = {
    "0": {
        "user": "ana",
        "rooms": ["lobby", "design"],
        "arrived": True,
        "spoke": 1_769_860_800_000,
        "typed": 1_769_860_801_000,
    },
    "1, with the time of the last message": {
        "v": 1,
        "user": "ana",
        "rooms": ["lobby", "design"],
        "arrived": True,
        "spoke": 1_769_860_800_000,
        "typed": 1_769_860_801_000,
    },
    "1, with whether the user was new in the lobby": {
        "v": 1,
        "user": "ana",
        "rooms": ["lobby", "design"],
        "arrived": True,
        "typed": 1_769_860_801_000,
    },
    "1": {
        "v": 1,
        "user": "ana",
        "rooms": ["lobby", "design"],
        "typed": 1_769_860_801_000,
    },
}


NEWEST = list(WRITTEN.values())[-1]


def header(content: object) -> str:
    return base64.b64encode(json.dumps(content).encode()).decode()


@pytest.mark.parametrize("version", WRITTEN)
def test_a_state_of_every_version_is_read(version: str) -> None:
    assert decode_state(header(WRITTEN[version])) == STATE


def test_the_newest_version_is_written() -> None:
    assert json.loads(base64.b64decode(encode_state(STATE))) == NEWEST


def test_a_field_of_a_later_version_is_ignored() -> None:
    assert decode_state(header(NEWEST | {"v": 2, "muted": ["support"]})) == STATE


@pytest.mark.parametrize("missing", [name for name in NEWEST if name != "v"])
def test_a_missing_field_has_its_default_and_the_others_keep_their_values(missing: str) -> None:
    fields = {"user": "user", "rooms": "rooms", "typed": "typed_at"}
    content = {name: value for name, value in NEWEST.items() if name != missing}

    state = decode_state(header(content))

    for name, attribute in fields.items():
        expected = ConnectionState() if name == missing else STATE
        assert getattr(state, attribute) == getattr(expected, attribute)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user", 7), ("user", ""), ("user", "\ud800"), ("rooms", "lobby"), ("rooms", None),
        ("typed", -1), ("typed", LATEST), ("typed", "1"), ("typed", True), ("typed", 1.5), ("typed", None),
    ],
)  # fmt: skip
def test_an_unusable_field_has_its_default(field: str, value: object) -> None:
    without = {name: kept for name, kept in NEWEST.items() if name != field}

    assert decode_state(header(NEWEST | {field: value})) == decode_state(header(without))


def test_rooms_that_no_grammar_allows_are_left_out_and_the_newest_ones_are_kept() -> None:
    rooms = ["a b", 7, None, *(f"room-{number}" for number in range(MAX_JOINED_ROOMS + 1))]

    assert decode_state(header({"rooms": rooms})).rooms == tuple(rooms[-MAX_JOINED_ROOMS:])
    assert decode_state(header({"rooms": ["../design"]})).rooms == ("lobby",)
    assert decode_state(header({"rooms": []})).rooms == ()


names = st.text(min_size=1).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))


def test_what_was_used_of_the_limits_is_written_as_a_part_of_the_object_and_read() -> None:
    state = replace(STATE, usage=USAGE)

    written = json.loads(base64.b64decode(encode_state(state)))

    full = {"message": 1_769_860_802_000}
    assert written == NEWEST | {
        "usage": {"full": full, "refused": 1_769_860_803_000, "mutes": 2, "muted": 1_769_860_804_000}
    }
    assert decode_state(header(written)) == decode_state(encode_state(state)) == state


def test_usage_of_a_kind_that_is_not_known_and_what_is_no_usage_is_ignored() -> None:
    later = {"full": {"speech": 1, "message": "soon", "join": 7}, "mutes": -1, "other": 1}

    assert decode_state(header(NEWEST | {"usage": later})).usage == Usage({Kind.MESSAGE: 0, Kind.JOIN: 7})
    for wrong in (7, "x", {"full": 7}):
        assert decode_state(header(NEWEST | {"usage": wrong})) == STATE


def test_an_earlier_version_reads_the_rest_of_a_state_with_usage() -> None:
    written = json.loads(base64.b64decode(encode_state(replace(STATE, usage=USAGE)), validate=True))

    assert {name: written[name] for name in NEWEST} == NEWEST


times = st.integers(min_value=0, max_value=LATEST - 1)
rooms = st.lists(st.from_regex(r"[a-z0-9_][a-z0-9_-]{0,31}", fullmatch=True), unique=True, max_size=MAX_JOINED_ROOMS)


usages = st.builds(Usage, st.dictionaries(st.sampled_from(Kind), times), times, times, times)


@given(st.builds(ConnectionState, st.none() | names, rooms.map(tuple), times, usage=usages))
def test_what_is_written_is_read_by_the_process_that_wrote_it_and_by_any_other(state: ConnectionState) -> None:
    assert decode_state(encode_state(state)) == state
    assert read_header(write_header(state)) == state


def test_a_state_is_kept_for_the_next_event_of_its_connection_and_so_many_at_most() -> None:
    states = [replace(STATE, typed_at=number) for number in range(MAX_ENCODED + 1)]
    headers = [encode_state(state) for state in states]

    assert decode_state(headers[-1]) is states[-1]
    for header, state in ((headers[-1], states[-1]), (headers[0], states[0])):
        assert decode_state(header) is not state
        assert decode_state(header) == state


@given(
    st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_any_other_header_is_a_connection_in_the_lobby(content: bytes) -> None:
    assert decode_state(base64.b64encode(content).decode()) == ConnectionState()
