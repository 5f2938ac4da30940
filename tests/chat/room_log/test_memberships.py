"""Who becomes a member of a room, who stops being one, and what a refusal may read."""

from dataclasses import replace

import pytest

from chat.errors import ChatError, UnknownRoom
from chat.room_log.append_plan import Moderated, is_admitted
from chat.room_log.model import EditMessage, Head, NewMessage
from chat.room_log.moderation_acts import Act, InvalidInvitation, change_rules, may_enter
from chat.room_log.rows import encode_moderation, erase_from_row
from chat.room_log.rules import NotAllowed, Role, RoomKind, Rules, check_reader
from tests.chat.room_log.requests import MemoryLog, act, create

ROOM = "~abc"
PRIVATE = Rules(
    kind=RoomKind.PRIVATE,
    title="Plans",
    owner="ana",
    moderators=("mo",),
    members=("ana", "mo", "bo"),
    invited={"ivy": "mo"},
    links={"good": 1000, "old": 10},
    banned={"ben": 0},
    removed={"rae": 7},
)


@pytest.mark.parametrize(
    ("user", "digest", "expected"),
    [
        ("bo", "", True),
        ("ivy", "", True),
        ("cy", "", False),
        ("cy", "good", True),
        ("cy", "old", False),
        ("cy", "wrong", False),
        ("rae", "good", False),
        ("ben", "good", False),
    ],
)
def test_who_may_enter_a_private_room(user: str, digest: str, *, expected: bool) -> None:
    assert may_enter(PRIVATE, user, digest, 500) is expected


def test_nobody_enters_a_public_room_or_one_that_never_was_by_an_invitation() -> None:
    assert not may_enter(Rules(), "ana", "", 0)
    assert not may_enter(Rules(owner="ana"), "ana", "", 0)


def test_who_was_removed_and_is_invited_again_may_enter() -> None:
    again = change_rules(PRIVATE, act("i", Act.INVITE, "rae", user="ana"), ROOM, 9, 500)

    assert may_enter(again, "rae", "", 500)


def test_a_link_is_good_for_many_and_an_invitation_for_one() -> None:
    rules = PRIVATE
    for user in ("cy", "dee"):
        rules = change_rules(rules, replace(act(user, Act.ACCEPT, user=user), digest="good"), ROOM, 9, 500)

    assert {"cy", "dee"} <= set(rules.members)
    with pytest.raises(InvalidInvitation):
        change_rules(rules, act("x", Act.ACCEPT, user="eve"), ROOM, 9, 500)


@pytest.mark.parametrize(
    ("user", "whom", "expected"),
    [
        ("ana", "bo", True),
        ("ana", "mo", True),
        ("mo", "bo", True),
        ("mo", "ana", False),
        ("bo", "mo", False),
        ("bo", "bo", True),
        ("mo", "mo", True),
        ("ana", "ana", False),
    ],
)
def test_who_ends_whose_membership(user: str, whom: str, *, expected: bool) -> None:
    request = act("r", Act.REMOVE, whom, user=user)

    if not expected:
        with pytest.raises(NotAllowed):
            change_rules(PRIVATE, request, ROOM, 9, 500)
        return
    rules = change_rules(PRIVATE, request, ROOM, 9, 500)
    assert rules.role(whom) is None
    assert rules.removed[whom] == 9
    with pytest.raises(UnknownRoom):
        check_reader(rules, ROOM, whom, 500)


def test_an_owner_who_is_alone_may_go_and_the_room_is_nobodys() -> None:
    alone = replace(PRIVATE, moderators=(), members=("ana",))

    rules = change_rules(alone, act("r", Act.REMOVE, "ana", user="ana"), ROOM, 9, 500)

    assert (rules.owner, rules.members) == ("", ())


def test_a_public_room_has_no_members_to_remove() -> None:
    with pytest.raises(NotAllowed):
        change_rules(Rules(owner="ana"), act("r", Act.REMOVE, "bo", user="ana"), "design", 9, 500)


@pytest.mark.parametrize("kind", [each for each in Act if each not in (Act.CREATE, Act.ACCEPT, Act.ERASE, Act.UNKNOWN)])
def test_to_who_is_no_member_every_act_is_one_in_a_room_that_never_was(kind: Act) -> None:
    errors = []
    for rules in (PRIVATE, Rules()):
        log = MemoryLog(ROOM, Head(seq=5, etag="x", rules=rules))
        [outcome] = log.append([act("a", kind, "bo", user="eve", role=Role.MEMBER)])
        errors.append((type(outcome), str(outcome)))

    assert errors[0] == errors[1] == (UnknownRoom, f"there is no room {ROOM!r}")


def test_nothing_is_read_for_a_request_that_the_rules_refuse() -> None:
    head = Head(seq=5, etag="x", rules=PRIVATE)
    for user, expected in (("bo", True), ("eve", False)):
        requests = (
            NewMessage("n", user, "text", answers="m"),
            EditMessage(id="e", user=user, target="m", text="text"),
            act("p", Act.PIN, user=user, message="m"),
        )
        assert [is_admitted(head, ROOM, request, 500) for request in requests] == [expected] * 3


def test_an_erased_owner_is_followed_by_a_moderator_and_leaves_no_name() -> None:
    log = MemoryLog(ROOM, Head(seq=5, etag="x", rules=replace(PRIVATE, invited={"ivy": "ana", "jo": "mo"})))

    [outcome] = log.append([act("e", Act.ERASE, "ana", user="root", admin=True)])

    assert isinstance(outcome, Moderated)
    rules = log.head.rules
    assert (rules.owner, rules.moderators, rules.members) == ("mo", (), ("mo", "bo"))
    assert rules.invited == {"ivy": "erased", "jo": "mo"}
    assert not rules.names_user("ana")
    assert outcome.entry
    assert outcome.entry.moderation
    assert outcome.entry.moderation.whom == "erased"


def test_the_row_of_an_act_loses_the_erased_user() -> None:
    log = MemoryLog(ROOM, Head(seq=5, etag="x", rules=PRIVATE))
    log.append([act("k", Act.KICK, "bo", user="mo", reason="rude"), act("i", Act.INVITE, "bo2", user="ana")])
    rows = [
        encode_moderation(ROOM, entry, entry.moderation)
        for entry in log.entries.values()
        if entry.moderation is not None
    ]

    kicked = rows[0] | erase_from_row(rows[0], "bo")
    assert (kicked["user"], "bo" in kicked["act"].split('"'), "rude" in kicked["act"]) == ("mo", False, False)
    by_erased = rows[0] | erase_from_row(rows[0], "mo")
    assert (by_erased["user"], "rude" in by_erased["act"]) == ("erased", False)
    assert erase_from_row(rows[1], "bo") == {}


def test_a_direct_room_is_shown_as_the_other_user_and_has_no_acts() -> None:
    log = MemoryLog(ROOM)
    log.append([create("ana", RoomKind.DIRECT, "bo")])
    rules = log.head.rules

    assert (rules.shown_title("ana"), rules.shown_title("bo"), rules.shown_title("cy")) == ("bo", "ana", "ana")
    for kind in (Act.INVITE, Act.LINK, Act.REMOVE, Act.RENAME, Act.KICK, Act.CLOSE, Act.ROLE):
        [outcome] = log.append([act(kind, kind, "bo", user="ana", role=Role.OWNER)])
        assert isinstance(outcome, ChatError), kind
    assert log.head.rules == rules
