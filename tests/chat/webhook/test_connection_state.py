"""The connection's state, as every version of the app wrote it: a deployment moves nobody."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.webhook.connection_state import LATEST, MAX_JOINED_ROOMS, ConnectionState, decode_state, encode_state

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
times = st.integers(min_value=0, max_value=LATEST - 1)
rooms = st.lists(st.from_regex(r"[a-z0-9_][a-z0-9_-]{0,31}", fullmatch=True), unique=True, max_size=MAX_JOINED_ROOMS)


@given(st.builds(ConnectionState, st.none() | names, rooms.map(tuple), times))
def test_what_is_written_is_read(state: ConnectionState) -> None:
    assert decode_state(encode_state(state)) == state


@given(
    st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_any_other_header_is_a_connection_in_the_lobby(content: bytes) -> None:
    assert decode_state(base64.b64encode(content).decode()) == ConnectionState()
