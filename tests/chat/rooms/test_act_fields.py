"""The fields of acts of moderation: what they mean, and each limit."""

from typing import Any

import pytest

from chat.errors import ChatError, InvalidMessage
from chat.message_ids import derived_id
from chat.messages.parse import parse_reason
from chat.room_log.moderation_acts import Act, Moderation
from chat.rooms.act_fields import parse_act

NOW = 1_769_860_800_000
MESSAGE = derived_id("ana", "a message")
YEAR = 366 * 86_400


@pytest.mark.parametrize(
    ("act", "fields", "expected"),
    [
        (Act.MUTE, {"user": "bo"}, Moderation(act=Act.MUTE, whom="bo")),
        (Act.MUTE, {"user": " bo ", "for": 1}, Moderation(act=Act.MUTE, whom="bo", until=NOW + 1000)),
        (Act.BAN, {"user": "bo", "for": YEAR}, Moderation(act=Act.BAN, whom="bo", until=NOW + YEAR * 1000)),
        (Act.KICK, {"user": "bo", "for": 5, "reason": " spam "}, Moderation(act=Act.KICK, whom="bo", reason="spam")),
        (Act.UNBAN, {"user": "Zoe\u0308"}, Moderation(act=Act.UNBAN, whom="Zo\xeb")),
        (Act.CLOSE, {"user": "bo", "later": 1}, Moderation(act=Act.CLOSE)),
        (Act.SLOW, {"seconds": 0}, Moderation(act=Act.SLOW)),
        (Act.SLOW, {"seconds": 6 * 3600}, Moderation(act=Act.SLOW, seconds=6 * 3600)),
        (Act.PIN, {"id": MESSAGE}, Moderation(act=Act.PIN, message=MESSAGE)),
    ],
)
def test_what_the_fields_of_an_act_mean(act: Act, fields: dict[str, Any], expected: Moderation) -> None:
    assert parse_act(act, fields, NOW) == expected


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        (Act.MUTE, {}),
        (Act.MUTE, {"user": 5}),
        (Act.MUTE, {"user": " "}),
        (Act.MUTE, {"user": "x" * 129}),
        (Act.MUTE, {"user": "a\nb"}),
        (Act.MUTE, {"user": "a\ud800"}),
        (Act.MUTE, {"user": "bo", "for": 0}),
        (Act.MUTE, {"user": "bo", "for": 1.5}),
        (Act.MUTE, {"user": "bo", "for": "10m"}),
        (Act.MUTE, {"user": "bo", "for": True}),
        (Act.BAN, {"user": "bo", "for": YEAR + 1}),
        (Act.KICK, {"user": "bo", "reason": "x" * 201}),
        (Act.KICK, {"user": "bo", "reason": "two\nlines"}),
        (Act.KICK, {"user": "bo", "reason": "\u202ebackwards"}),
        (Act.KICK, {"user": "bo", "reason": 7}),
        (Act.SLOW, {}),
        (Act.SLOW, {"seconds": -1}),
        (Act.SLOW, {"seconds": True}),
        (Act.SLOW, {"seconds": 6 * 3600 + 1}),
        (Act.PIN, {}),
        (Act.PIN, {"id": "m1"}),
    ],
)
def test_a_wrong_field_is_refused(act: Act, fields: dict[str, Any]) -> None:
    with pytest.raises(ChatError) as refused:
        parse_act(act, fields, NOW)
    assert refused.value.code in ("invalid_message", "invalid_name")


@pytest.mark.parametrize("value", [None, "", "  ", "\u200b"])
def test_a_report_needs_a_reason(value: object) -> None:
    with pytest.raises(InvalidMessage):
        parse_reason(value, is_required=True)
