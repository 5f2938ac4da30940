"""Who may read a room and change what is in it: each rule, its end, and the words of its refusal."""

from dataclasses import replace

import pytest

from chat.errors import ChatError
from chat.room_log.rules import (
    DEFAULT_RULES,
    FOREVER,
    Banned,
    Muted,
    Role,
    RoomKind,
    Rules,
    check_moderator,
    check_pace,
    check_reader,
    check_writer,
    is_in_force,
)

NOW = 1_000_000
PUBLIC = Rules(owner="ana", moderators=("mo",))
PRIVATE = Rules(kind=RoomKind.PRIVATE, owner="ana", moderators=("mo",), members=("ana", "mo", "bo"))
DIRECT = Rules(kind=RoomKind.DIRECT, members=("ana", "bo"))


def code_of(check: object, *arguments: object, **named: object) -> str | None:
    """Return the code with which a check refuses, None when it does not."""
    assert callable(check)
    try:
        check(*arguments, **named)
    except ChatError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("until", "expected"), [(None, False), (FOREVER, True), (NOW + 1, True), (NOW, False), (NOW - 1, False)]
)
def test_a_rule_holds_before_its_end_and_for_ever_where_it_has_none(until: int | None, expected: bool) -> None:
    assert is_in_force(until, NOW) is expected


def test_everybody_is_a_member_of_a_public_room_and_nobody_of_a_room_that_others_made() -> None:
    assert [PUBLIC.role(user) for user in ("ana", "mo", "bo")] == [Role.OWNER, Role.MODERATOR, Role.MEMBER]
    assert [PRIVATE.role(user) for user in ("ana", "mo", "bo", "cy")] == [
        Role.OWNER,
        Role.MODERATOR,
        Role.MEMBER,
        None,
    ]
    assert [DIRECT.role(user) for user in ("ana", "bo", "cy")] == [Role.MEMBER, Role.MEMBER, None]


@pytest.mark.parametrize(
    ("rules", "room", "user", "expected"),
    [
        (DEFAULT_RULES, "lobby", "bo", None),
        (PUBLIC, "design", "bo", None),
        (DEFAULT_RULES, "~abc", "bo", "unknown_room"),
        (PUBLIC, "~abc", "ana", "unknown_room"),
        (PRIVATE, "~abc", "cy", "unknown_room"),
        (PRIVATE, "~abc", "bo", None),
        (PRIVATE, "design", "bo", "unknown_room"),
        (DIRECT, "~abc", "bo", None),
        (Rules(banned={"bo": FOREVER}), "lobby", "bo", "banned"),
        (Rules(banned={"bo": NOW + 1}), "lobby", "bo", "banned"),
        (Rules(banned={"bo": NOW}), "lobby", "bo", None),
        (Rules(banned={"bo": FOREVER}), "lobby", "Bo", None),
        (Rules(kind=RoomKind.PRIVATE, banned={"bo": FOREVER}), "~abc", "bo", "unknown_room"),
    ],
)
def test_who_may_read_a_room(rules: Rules, room: str, user: str, expected: str | None) -> None:
    assert code_of(check_reader, rules, room, user, NOW) == expected


@pytest.mark.parametrize(("joined_seq", "expected"), [(6, "not_in_room"), (7, None), (8, None), (None, None)])
def test_what_a_connection_joined_before_its_user_was_removed_does_not_count(
    joined_seq: int | None, expected: str | None
) -> None:
    assert code_of(check_reader, Rules(removed={"bo": 7}), "lobby", "bo", NOW, joined_seq) == expected


def test_an_unknown_number_of_joining_is_before_every_removal() -> None:
    assert code_of(check_reader, Rules(removed={"bo": 1}), "lobby", "bo", NOW, 0) == "not_in_room"
    assert code_of(check_reader, Rules(removed={"bo": 1}), "lobby", "cy", NOW, 0) is None


@pytest.mark.parametrize(
    ("user", "admin", "closed", "muted"),
    [
        ("bo", False, "room_closed", "muted"),
        ("mo", False, None, "muted"),
        ("ana", False, None, "muted"),
        ("root", True, None, None),
    ],
)
def test_who_may_write_in_a_closed_room_and_while_muted(
    user: str,
    admin: bool,
    closed: str | None,
    muted: str | None,
) -> None:
    everybody = dict.fromkeys(("bo", "mo", "ana", "root"), FOREVER)

    assert code_of(check_writer, PUBLIC, user, NOW, admin=admin) is None
    assert code_of(check_writer, replace(PUBLIC, closed=True), user, NOW, admin=admin) == closed
    assert code_of(check_writer, replace(PUBLIC, muted=everybody), user, NOW, admin=admin) == muted


def test_an_admin_writes_like_a_member_where_only_members_are() -> None:
    rules = Rules(kind=RoomKind.PRIVATE, members=("root",), closed=True, slow=10)

    assert code_of(check_writer, rules, "root", NOW, admin=True) == "room_closed"
    assert code_of(check_pace, rules, "root", NOW, NOW, admin=True) == "slow_mode"
    assert code_of(check_moderator, rules, "root", admin=True) == "not_allowed"


@pytest.mark.parametrize(
    ("spoke_at", "expected"), [(None, None), (NOW, "slow_mode"), (NOW - 9_999, "slow_mode"), (NOW - 10_000, None)]
)
def test_slow_mode_ends_after_its_seconds(spoke_at: int | None, expected: str | None) -> None:
    assert code_of(check_pace, Rules(slow=10), "bo", spoke_at, NOW) == expected
    assert code_of(check_pace, Rules(), "bo", spoke_at, NOW) is None


@pytest.mark.parametrize(("user", "admin"), [("ana", False), ("mo", False), ("root", True)])
def test_slow_mode_is_not_for_moderators(user: str, admin: bool) -> None:
    rules = Rules(owner="ana", moderators=("mo",), slow=10)

    assert code_of(check_pace, rules, user, NOW, NOW, admin=admin) is None
    assert code_of(check_pace, rules, "bo", NOW, NOW) == "slow_mode"


@pytest.mark.parametrize(
    ("user", "admin", "expected"),
    [("ana", False, None), ("mo", False, None), ("bo", False, "not_allowed"), ("root", True, None)],
)
def test_who_may_read_what_is_for_moderators(user: str, admin: bool, expected: str | None) -> None:
    assert code_of(check_moderator, PUBLIC, user, admin=admin) == expected
    assert code_of(check_moderator, DIRECT, user, admin=admin) == "not_allowed"


def test_a_refusal_tells_when_it_ends() -> None:
    assert (str(Muted(NOW + 90_000, NOW)), Muted(NOW + 90_000, NOW).retry_after) == (
        "you are muted in this room for 2 more minutes",
        90.0,
    )
    assert str(Muted(NOW + 1, NOW)) == "you are muted in this room for one more minute"
    assert (str(Banned(FOREVER, NOW)), Banned(FOREVER, NOW).retry_after) == ("you are banned from this room", None)
