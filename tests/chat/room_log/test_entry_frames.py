"""How clients are told entries: with all that can change, bounded, and readable by the tutorial's pages."""

from dataclasses import replace
from typing import Any

import pytest

from chat.room_log.entry_frames import LISTED_USERS, chat_line, entry_frame
from chat.room_log.model import Entry, Kind, Message, Quote
from chat.room_log.moderation_acts import Act, Moderation
from chat.room_log.rules import Role, RoomKind

NOON_MS = 1_769_860_800_000
PLAIN = Message(id="m1", seq=4, version=4, sender="ana", text="hi", sent_at=NOON_MS, count=1)
CHANGED = replace(
    PLAIN,
    version=9,
    client_id="c-1",
    reply_to=Quote("m0", "bo", "tea?"),
    edited_at=NOON_MS + 5,
    reactions={"👍": ("bo", "cy")},
)
STATE = {
    "editedAt": "2026-01-31T12:00:00.005Z",
    "reactions": {"👍": ["bo", "cy"]},
    "replyTo": {"id": "m0", "from": "bo", "user": "bo", "message": "tea?"},
}


def change(kind: Kind, *, on: bool = True) -> Entry:
    emoji = "👍" if kind is Kind.REACT else ""
    return Entry(7, kind, "x1", "bo", NOON_MS + 7, 3, "m1", 4, "c-7", emoji, on)


def test_a_chat_line_has_no_type_and_only_what_applies() -> None:
    assert chat_line("lobby", PLAIN) == {
        "id": "m1",
        "room": "lobby",
        "from": "ana",
        "user": "ana",
        "message": "hi",
        "sentAt": "2026-01-31T12:00:00.000Z",
        "seq": 4,
        "version": 4,
    }


def test_a_chat_line_has_everything_that_changed() -> None:
    assert chat_line("lobby", CHANGED) == chat_line("lobby", PLAIN) | {"version": 9, "clientId": "c-1"} | STATE


def test_a_change_has_its_own_number_and_client_id_and_all_that_its_message_has_now() -> None:
    assert entry_frame("lobby", change(Kind.EDIT), CHANGED) == STATE | {
        "type": "edited",
        "room": "lobby",
        "id": "m1",
        "seq": 7,
        "version": 9,
        "messageSeq": 4,
        "message": "hi",
        "by": "bo",
        "at": "2026-01-31T12:00:00.007Z",
        "clientId": "c-7",
    }


@pytest.mark.parametrize("on", [True, False])
def test_a_reaction_has_also_who_reacted_with_what(on: bool) -> None:
    frame = entry_frame("lobby", change(Kind.REACT, on=on), CHANGED)

    expected = entry_frame("lobby", change(Kind.EDIT), CHANGED)
    assert frame == expected | {"type": "reaction", "emoji": "👍", "user": "bo", "on": on}


def test_a_deleted_message_shows_when_it_was_deleted_and_not_that_it_was_edited() -> None:
    deleted = replace(CHANGED, text="", reply_to=None, reactions={}, deleted_at=NOON_MS + 9)

    line, frame = chat_line("lobby", deleted), entry_frame("lobby", change(Kind.DELETE), deleted)

    for each in (line, frame):
        assert (each["message"], each["deletedAt"]) == ("", "2026-01-31T12:00:00.009Z")
        assert {"editedAt", "reactions", "replyTo"} & set(each) == set()


def test_the_first_20_users_of_a_reaction_are_listed_and_all_are_counted() -> None:
    users = tuple(f"user {number}" for number in range(LISTED_USERS + 1))
    assert LISTED_USERS == 20

    full = chat_line("lobby", replace(PLAIN, reactions={"👍": users[:20], "🎉": ("bo",)}))
    cut = chat_line("lobby", replace(PLAIN, reactions={"👍": users, "🎉": ("bo",)}))

    assert full["reactions"] == cut["reactions"] == {"👍": list(users[:20]), "🎉": ["bo"]}
    assert "reactionCounts" not in full
    assert cut["reactionCounts"] == {"👍": 21, "🎉": 1}


def test_a_change_of_a_message_that_was_removed_is_told_as_its_deletion() -> None:
    assert entry_frame("lobby", change(Kind.REACT), None) == {
        "type": "deleted",
        "room": "lobby",
        "id": "m1",
        "seq": 7,
        "version": 7,
        "messageSeq": 4,
        "message": "",
        "by": "bo",
        "at": "2026-01-31T12:00:00.007Z",
    }


def act_entry(act: Act, **details: Any) -> Entry:
    moderation = replace(Moderation(act=act), **details)
    return Entry(7, Kind.MODERATE, "x1", "ana", NOON_MS, 3, "x1", 7, "c-7", moderation=moderation)


@pytest.mark.parametrize(
    ("entry", "more"),
    [
        (
            act_entry(Act.MUTE, whom="bo", until=NOON_MS + 5),
            {"user": "bo", "until": "2026-01-31T12:00:00.005Z"},
        ),
        (act_entry(Act.BAN, whom="bo"), {"user": "bo", "until": None}),
        (act_entry(Act.KICK, whom="bo"), {"user": "bo"}),
        (act_entry(Act.SLOW, seconds=0), {"seconds": 0}),
        (act_entry(Act.CLOSE), {}),
        (act_entry(Act.PIN, message="m1"), {"messageId": "m1"}),
        (act_entry(Act.ROLE, whom="bo", role=Role.MODERATOR), {"user": "bo", "role": "moderator"}),
        (act_entry(Act.RENAME, text=""), {"title": ""}),
        (act_entry(Act.CREATE, text="Tea", kind=RoomKind.PRIVATE), {"title": "Tea", "kind": "private"}),
        (act_entry(Act.UNKNOWN), {}),
    ],
)
def test_an_act_is_told_with_what_applies_to_it(entry: Entry, more: dict[str, object]) -> None:
    assert entry.moderation is not None
    frame = {"type": "moderation", "room": "lobby", "id": "x1", "seq": 7, "act": entry.moderation.act.value}
    frame |= {"by": "ana", "at": "2026-01-31T12:00:00.000Z", "clientId": "c-7"}

    assert entry_frame("lobby", entry, None) == frame | more


@pytest.mark.parametrize("act", [act for act in Act if act is not Act.CREATE])
def test_the_reason_of_an_act_is_told_to_nobody_but_moderators(act: Act) -> None:
    entry = act_entry(act, whom="bo", reason="a reason that only moderators read")

    assert "reason" not in str(entry_frame("lobby", entry, None))
