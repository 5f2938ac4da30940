"""A stored log, and an operation on its way, can be read by every version of the app."""

import json
from typing import Any

import pytest

from chat.errors import InvalidMessage
from chat.lines import Line, Quote
from chat.room_log.codec import apply_operation, decode_log, encode_change, encode_line, encode_log
from chat.room_log.model import Deleted, Edited, Entry, Reacted, RoomLog

FIRST, SECOND = "k7oq2xg4hbzd-3m5n7p2q4r6s7t2u4v6w", "k7oq2xg4hbzd-2222222222222222222a"
LOG = RoomLog(
    entries={
        SECOND: Entry(
            id=SECOND,
            sender="ana",
            at=1700,
            text="yes",
            edited_at=1800,
            size=7,
            client_id="m-1",
            reply_to=Quote(FIRST, "bo", "shall we?"),
            reactions={("👍", "bo"): (1900, True), ("👍", "cy"): (1950, False)},
        ),
        FIRST: Entry(id=FIRST, sender="bo", at=1600, deleted_at=1650, size=12),
    },
    floor=(1500, FIRST),
    active_at=1950,
)
# What each version of the app stored for this log. A new version adds its own; none is ever removed.
STORED: dict[int, Any] = {
    0: {
        "floor": [1500, FIRST],
        "activeAt": 1950,
        "entries": [
            [SECOND, "ana", 1700, "yes", 1800, None, 7, "m-1", [FIRST, "bo", "shall we?"],
             {"👍": {"bo": [1900, 1], "cy": [1950, 0]}}],
            [FIRST, "bo", 1600, "", None, 1650, 12, None, None, {}],
        ],
    },
    1: {
        "v": 1,
        "floor": [1500, FIRST],
        "activeAt": 1950,
        "entries": [
            {"i": SECOND, "f": "ana", "a": 1700, "t": "yes", "e": 1800, "s": 7, "c": "m-1",
             "q": [FIRST, "bo", "shall we?"], "r": {"👍": {"bo": [1900, 1], "cy": [1950, 0]}}},
            {"i": FIRST, "f": "bo", "a": 1600, "d": 1650, "s": 12},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("version", STORED)
def test_a_log_of_every_stored_version_is_read(version: int) -> None:
    assert decode_log(STORED[version]) == LOG


def test_a_log_is_stored_in_the_newest_version() -> None:
    assert json.loads(json.dumps(encode_log(LOG))) == STORED[max(STORED)]


def test_unknown_fields_are_ignored_and_missing_ones_have_their_defaults() -> None:
    newer = {"v": 9, "topic": "tea", "entries": [{"i": FIRST, "f": "bo", "t": "hi", "pinned": True}]}

    assert decode_log(newer) == RoomLog({FIRST: Entry(FIRST, "bo", 0, "hi")})
    assert decode_log({"v": 1}) == decode_log({}) == decode_log(None) == RoomLog()


LINE = Line(SECOND, "lobby", "ana", "yes", 1700, "m-1", Quote(FIRST, "bo", "shall we?"))
OPERATIONS = [
    ("say", encode_line(LINE)),
    encode_change(Edited(SECOND, "ana", "no", 1800, True)),
    encode_change(Deleted(SECOND, "ana", 1900)),
    encode_change(Reacted(SECOND, "bo", "👍", 1950, on=True)),
]


def test_an_operation_of_a_newer_version_is_read() -> None:
    for name, content in OPERATIONS:
        newer = content | {"v": 9, "device": "phone"}
        assert apply_operation(RoomLog(), name, newer) == apply_operation(RoomLog(), name, content)


def test_an_operation_of_version_0_is_read() -> None:
    """It had no `v`, and the same fields."""
    for name, content in OPERATIONS:
        version_0 = {key: value for key, value in content.items() if key != "v"}
        assert apply_operation(RoomLog(), name, version_0) == apply_operation(RoomLog(), name, content)


def test_an_operation_without_its_optional_fields_has_their_defaults() -> None:
    said = apply_operation(RoomLog(), "say", {"id": SECOND, "from": "ana", "text": "yes", "at": 1700})
    assert [(entry.client_id, entry.reply_to) for entry in said.messages()] == [(None, None)]

    reacted = apply_operation(said, "react", {"id": SECOND, "user": "bo", "emoji": "👍", "at": 1800})
    assert reacted.messages()[0].shown_reactions == {"👍": ["bo"]}


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="melt"):
        apply_operation(RoomLog(), "melt", {})
