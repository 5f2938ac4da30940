"""What each act does to a room's rules: who may do it to whom, its opposite, and its limits."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.errors import ChatError
from chat.room_log import moderation_acts
from chat.room_log.moderation_acts import Act, Moderate, TooManyRules, change_rules, may_act
from chat.room_log.rules import FOREVER, Role, RoomKind, Rules
from chat.room_log.rules_rows import decode_rules, encode_rules
from tests.chat.room_log.requests import USERS, act, acts, create

PUBLIC = Rules(owner="ana", moderators=("mo", "max"))
PRIVATE = Rules(
    kind=RoomKind.PRIVATE, owner="ana", moderators=("mo", "max"), members=("ana", "mo", "max", "bo", "cy", "root")
)
DIRECT = Rules(kind=RoomKind.DIRECT, members=("ana", "bo"))
ON_USERS = (Act.MUTE, Act.KICK, Act.BAN)
ON_ROOMS = (Act.CLOSE, Act.OPEN, Act.SLOW, Act.PIN, Act.UNPIN, Act.RENAME, Act.UNBAN)
PEOPLE = ("ana", "mo", "max", "bo", "cy", "root")


def changed(rules: Rules, request: Moderate, seq: int = 10, at: int = 1000) -> Rules:
    return change_rules(rules, request, "lobby", seq, at)


def code_of(rules: Rules, request: Moderate, seq: int = 10, at: int = 1000) -> str | None:
    try:
        changed(rules, request, seq, at)
    except ChatError as error:
        return error.code
    return None


RANK = {"ana": 3, "mo": 2, "max": 2, "bo": 1, "cy": 1}


@pytest.mark.parametrize("kind", ON_USERS)
@pytest.mark.parametrize("rules", [PUBLIC, PRIVATE])
@pytest.mark.parametrize("whom", ["ana", "mo", "max", "bo", "cy"])
@pytest.mark.parametrize("user", ["ana", "mo", "max", "bo", "cy"])
def test_a_user_is_muted_kicked_and_banned_by_whom_stands_higher_only(
    user: str, whom: str, rules: Rules, kind: Act
) -> None:
    is_allowed = RANK[user] > max(1, RANK[whom])

    assert may_act(rules, act("a1", kind, whom, user=user)) is is_allowed
    assert code_of(rules, act("a1", kind, whom, user=user)) == (None if is_allowed else "not_allowed")


@pytest.mark.parametrize("kind", ON_ROOMS)
@pytest.mark.parametrize("user", PEOPLE)
def test_the_room_is_changed_by_its_moderators_only(user: str, kind: Act) -> None:
    assert may_act(PUBLIC, act("a1", kind, user=user)) is (user in ("ana", "mo", "max"))
    assert may_act(PRIVATE, act("a1", kind, user=user)) is (user in ("ana", "mo", "max"))
    assert not may_act(DIRECT, act("a1", kind, user=user))
    assert not may_act(Rules(), act("a1", kind, user=user))


@pytest.mark.parametrize("kind", [*ON_USERS, *ON_ROOMS, Act.UNMUTE, Act.ROLE])
def test_an_admin_may_what_an_owner_may_but_not_where_only_members_are(kind: Act) -> None:
    for rules in (PUBLIC, Rules()):
        assert may_act(rules, act("a1", kind, "mo", user="root", admin=True))
    for rules in (PRIVATE, DIRECT):
        assert not may_act(rules, act("a1", kind, "mo", user="root", admin=True))


@pytest.mark.parametrize("kind", ON_USERS)
def test_nobody_acts_on_the_owner_or_on_an_admin_of_the_app(kind: Act) -> None:
    assert not may_act(PUBLIC, act("a1", kind, "ana", user="root", admin=True))
    assert not may_act(PUBLIC, replace(act("a1", kind, "root", user="ana"), is_whom_admin=True))
    assert may_act(PRIVATE, replace(act("a1", kind, "root", user="ana"), is_whom_admin=True))


def test_a_moderator_whom_the_owner_muted_cannot_unmute_itself() -> None:
    assert code_of(PUBLIC, act("a1", Act.UNMUTE, "mo", user="mo")) == "not_allowed"
    assert code_of(PUBLIC, act("a1", Act.UNMUTE, "mo", user="max")) is None


@given(st.lists(acts, max_size=20), acts)
def test_no_act_by_a_user_without_a_role_changes_the_rules(before: list[Moderate], request: Moderate) -> None:
    rules = changed(Rules(), create("ana"), seq=1)
    for seq, earlier in enumerate(before, 2):
        rules = attempted(rules, earlier, seq)
    stranger = replace(request, user="stranger", admin=False)

    after = attempted(rules, stranger, 100)

    assert after == rules


@given(st.lists(acts, max_size=30), st.sampled_from(RoomKind))
def test_after_any_acts_the_rules_are_consistent_and_can_be_stored(grouped: list[Moderate], kind: RoomKind) -> None:
    rules = changed(Rules(), create("ana", kind, "bo"), seq=1)
    for seq, request in enumerate(grouped, 2):
        rules = attempted(rules, request, seq)

    assert decode_rules(encode_rules(rules)) == rules
    assert rules.kind is kind
    assert rules.owner not in rules.moderators
    assert rules.owner == "" or rules.owner not in rules.banned
    assert set(rules.mute_acts) <= set(rules.muted)
    if rules.is_members_only:
        assert set(rules.moderators) <= set(rules.members)
        assert not set(rules.members) & set(rules.invited)
    if kind is RoomKind.DIRECT:
        assert rules == changed(Rules(), create("ana", kind, "bo"), seq=1) or any(
            request.moderation.act is Act.ERASE for request in grouped
        )


def attempted(rules: Rules, request: Moderate, seq: int) -> Rules:
    """Return the rules after an act, as they were when it is refused."""
    try:
        return changed(rules, request, seq, at=seq)
    except ChatError:
        return rules


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (act("a1", Act.CLOSE), act("a2", Act.OPEN)),
        (act("a1", Act.SLOW, seconds=30), act("a2", Act.SLOW, seconds=0)),
        (act("a1", Act.PIN, message="m1"), act("a2", Act.UNPIN, message="m1")),
        (act("a1", Act.MUTE, "bo"), act("a2", Act.UNMUTE, "bo")),
        (act("a1", Act.MUTE, "bo", until=5000), act("a2", Act.UNMUTE, "bo")),
        (act("a1", Act.ROLE, "bo", role=Role.MODERATOR), act("a2", Act.ROLE, "bo", role=Role.MEMBER)),
        (act("a1", Act.RENAME, text="Tea"), act("a2", Act.RENAME)),
    ],
)
def test_an_act_and_its_opposite_leave_the_rules_as_they_were(there: Moderate, back: Moderate) -> None:
    between = changed(PUBLIC, there)

    assert between != PUBLIC
    assert changed(between, back, seq=11) == PUBLIC


def test_an_unban_lets_in_again_and_keeps_what_was_joined_before_the_ban_from_counting() -> None:
    banned = changed(PUBLIC, act("a1", Act.BAN, "bo"), seq=10)

    after = changed(banned, act("a2", Act.UNBAN, "bo"), seq=11)

    assert (banned.banned, banned.removed) == ({"bo": FOREVER}, {"bo": 10})
    assert after == replace(PUBLIC, removed={"bo": 10})


def test_a_ban_ends_a_membership_an_invitation_and_a_role() -> None:
    rules = replace(PRIVATE, invited={"dee": "ana"})

    for whom in ("mo", "bo", "dee"):
        rules = changed(rules, act("a1", Act.BAN, whom))

    assert (rules.members, rules.moderators, rules.invited) == (("ana", "max", "cy", "root"), ("max",), {})
    assert code_of(rules, act("a2", Act.INVITE, "bo")) == "not_allowed"


def test_a_kick_is_kept_with_its_number_and_does_not_hide_the_number_of_a_ban() -> None:
    kicked = changed(PUBLIC, act("a1", Act.KICK, "bo"), seq=10)
    banned = changed(kicked, act("a2", Act.BAN, "bo"), seq=11)

    assert kicked.removed == {"bo": 10}
    assert banned.removed == {"bo": 11}
    assert changed(banned, act("a3", Act.KICK, "bo"), seq=12) == banned


def test_a_second_mute_replaces_the_first_and_what_has_ended_is_dropped() -> None:
    rules = replace(PUBLIC, muted={"bo": 500, "cy": 5000, "dee": FOREVER}, mute_acts={"bo": 1, "cy": 2, "dee": 3})

    after = changed(rules, act("a1", Act.MUTE, "cy", until=9000), seq=10, at=1000)

    assert (after.muted, after.mute_acts) == ({"cy": 9000, "dee": FOREVER}, {"cy": 10, "dee": 3})


@pytest.mark.parametrize(
    ("rules", "request_", "limit"),
    [
        (replace(PUBLIC, muted={f"u{n}": 0 for n in range(200)}), act("a1", Act.MUTE, "bo"), "MAX_MUTED"),
        (replace(PUBLIC, banned={f"u{n}": 0 for n in range(200)}), act("a1", Act.BAN, "bo"), "MAX_BANNED"),
        (replace(PUBLIC, pinned=tuple(f"m{n}" for n in range(20))), act("a1", Act.PIN, message="m"), "MAX_PINNED"),
        (
            replace(PUBLIC, moderators=tuple(f"u{n}" for n in range(50))),
            act("a1", Act.ROLE, "bo", role=Role.MODERATOR),
            "MAX_MODERATORS",
        ),
        (
            replace(PUBLIC, moderators=tuple(f"u{n}" for n in range(50))),
            act("a1", Act.ROLE, "bo", role=Role.OWNER),
            "MAX_MODERATORS",
        ),
        (replace(PRIVATE, invited={f"u{n}": "ana" for n in range(100)}), act("a1", Act.INVITE, "dee"), "MAX_INVITED"),
        (
            replace(PRIVATE, invited={"dee": "ana"}, members=tuple(f"u{n}" for n in range(200))),
            act("a1", Act.ACCEPT, user="dee"),
            "MAX_MEMBERS",
        ),
    ],
)
def test_a_list_that_is_full_takes_no_more_and_says_its_limit(rules: Rules, request_: Moderate, limit: str) -> None:
    with pytest.raises(TooManyRules, match=str(getattr(moderation_acts, limit))):
        changed(rules, request_)


def test_a_full_list_still_takes_a_change_of_what_is_in_it_and_the_place_of_what_has_ended() -> None:
    full = replace(PUBLIC, muted={f"u{n}": 5000 for n in range(200)})

    assert changed(full, act("a1", Act.MUTE, "u7", until=FOREVER)).muted["u7"] == FOREVER
    assert changed(full, act("a1", Act.MUTE, "bo"), at=6000).muted == {"bo": FOREVER}


def test_of_too_many_removals_the_oldest_are_forgotten_but_no_ban() -> None:
    rules = changed(PUBLIC, act("a0", Act.BAN, "banned"), seq=2)
    for number in range(moderation_acts.MAX_REMOVED + 5):
        rules = changed(rules, act(f"a{number}", Act.KICK, f"u{number}"), seq=number + 3)

    assert len(rules.removed) == moderation_acts.MAX_REMOVED
    assert rules.removed["banned"] == 2
    assert "u5" not in rules.removed
    assert f"u{moderation_acts.MAX_REMOVED + 4}" in rules.removed


@pytest.mark.parametrize("kind", RoomKind)
def test_a_room_is_created_once_and_belongs_to_whom_created_it(kind: RoomKind) -> None:
    rules = changed(Rules(), create("ana", kind, "bo"), seq=1)

    assert rules.owner == ("" if kind is RoomKind.DIRECT else "ana")
    assert code_of(Rules(), create("ana", kind, "bo"), seq=2) == "room_exists"


def test_an_erasure_takes_a_user_out_of_every_list() -> None:
    everywhere = Rules(
        kind=RoomKind.PRIVATE,
        owner="bo",
        moderators=("bo",),
        members=("ana", "bo"),
        invited={"bo": "ana", "cy": "bo"},
        banned={"bo": 0},
        muted={"bo": 0},
        mute_acts={"bo": 1},
        removed={"bo": 1},
    )

    after = changed(everywhere, act("a1", Act.ERASE, "bo", user="root", admin=True))

    assert "bo" not in encode_rules(after)
    assert code_of(everywhere, act("a1", Act.ERASE, "bo", user="ana")) == "not_allowed"


def test_every_list_of_the_rules_is_bounded() -> None:
    """A new list needs a limit: the rules are one property of a row."""
    lists = {each.name for each in fields(Rules) if each.name not in ("kind", "title", "owner", "closed", "slow")}

    assert lists == {
        *("moderators", "members", "invited", "links", "banned", "muted", "mute_acts", "removed", "pinned"),
    }
    assert set(USERS) < {*PEOPLE}
