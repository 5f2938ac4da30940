import logging
import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.webpubsub.roles import GroupPattern, InvalidPattern, Permission, Permissions, TooManyPermissions

JOIN, SEND = Permission.JOIN_LEAVE_GROUP, Permission.SEND_TO_GROUP


def test_w031_w032_without_roles_nothing_is_allowed() -> None:
    permissions = Permissions()

    assert not permissions.allows(JOIN, "room")
    assert not permissions.allows(SEND, "room")


def test_w029_unknown_roles_are_ignored() -> None:
    roles = ["", "admin", "webpubsub", "webpubsub.", "webpubsub.fly", "webpubsub.sendToGroup.", "WebPubSub.sendToGroup"]

    assert not Permissions(roles).allows(SEND, "room")


def test_a_role_without_a_group_is_for_every_group_and_for_its_permission_only() -> None:
    permissions = Permissions(["webpubsub.sendToGroup"])

    assert permissions.allows(SEND, "any.group")
    assert not permissions.allows(JOIN, "any.group")


def test_w034_a_role_names_one_group_literally_dots_included() -> None:
    permissions = Permissions(["webpubsub.joinLeaveGroup.a.b"])

    assert [group for group in ("a.b", "a", "a.b.c", "aXb") if permissions.allows(JOIN, group)] == ["a.b"]


def test_w035_a_star_in_a_singular_role_is_a_star() -> None:
    permissions = Permissions(["webpubsub.sendToGroup.room*"])

    assert permissions.allows(SEND, "room*")
    assert not permissions.allows(SEND, "room1")


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        pytest.param("room.*", ["room.", "room.a"], ["room.a.b", "Room.a", "room"], id="W-036 W-040"),
        pytest.param("room.**", ["room.a", "room.a.b", "room."], ["roo.a"], id="W-037"),
        pytest.param("r?om", ["room", "rxom"], ["r.om", "rom", "rooom"], id="W-038"),
        pytest.param(r"a\*b", ["a*b"], ["axb", "ab"], id="W-039"),
        pytest.param(r"a\\*", ["a\\", "a\\x"], ["a", "ax"], id="escaped backslash"),
        pytest.param("**", ["x", "a.b.c"], [], id="everything"),
        pytest.param("*.*", ["a.b", "."], ["a", "a.b.c"], id="two stars"),
        pytest.param("***", ["a.b"], [], id="a run of stars is two"),
        pytest.param("room", ["room"], ["rooms"], id="no wildcard"),
    ],
)
def test_w036_to_w040_patterns_match_whole_names(pattern: str, matching: list[str], others: list[str]) -> None:
    permissions = Permissions([f"webpubsub.joinLeaveGroups.{pattern}"])

    assert [group for group in matching + others if permissions.allows(JOIN, group)] == matching
    assert not permissions.allows(SEND, matching[0])


@pytest.mark.parametrize("pattern", ["*a*b*c*d*e*", "??????", "a\\", "a\\b", "", "a" * 1025])
def test_w041_a_malformed_pattern_or_one_with_six_wildcards_is_skipped_with_a_log_line(
    pattern: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        permissions = Permissions([f"webpubsub.sendToGroups.{pattern}", "webpubsub.sendToGroup.kept"])

    assert permissions.allows(SEND, "kept")
    assert not permissions.allows(SEND, "abcdef")
    assert [record.message for record in caplog.records] == ["role skipped"]


def test_a_run_of_stars_counts_as_one_wildcard() -> None:
    assert GroupPattern("**a**b**c**d**").matches("1a2b.3c4d5")


def test_w185_grants_and_revocations_override_the_roles() -> None:
    permissions = Permissions(["webpubsub.sendToGroups.room.*"])

    permissions.revoke(SEND, "room.a")
    permissions.grant(SEND, "hall")

    assert not permissions.allows(SEND, "room.a")
    assert permissions.allows(SEND, "room.b")
    assert permissions.allows(SEND, "hall")


def test_an_override_that_equals_the_roles_does_not_count_toward_the_limit() -> None:
    permissions = Permissions(["webpubsub.sendToGroup"])

    for number in range(2000):
        permissions.grant(SEND, f"room{number}")
        permissions.revoke(SEND, f"room{number}")
        permissions.grant(SEND, f"room{number}")

    assert permissions.allows(SEND, "room1999")


def test_the_1001st_override_is_refused_and_changes_nothing() -> None:
    permissions = Permissions()
    for number in range(1000):
        permissions.grant(SEND, f"room{number}")

    with pytest.raises(TooManyPermissions, match="1000"):
        permissions.grant(SEND, "one.more")
    permissions.grant(JOIN, "one.more")

    assert not permissions.allows(SEND, "one.more")
    assert permissions.allows(SEND, "room999")


def test_the_tenth_pattern_is_skipped() -> None:
    permissions = Permissions(f"webpubsub.sendToGroups.{letter}*" for letter in "abcdefghij")

    assert permissions.allows(SEND, "i1")
    assert not permissions.allows(SEND, "j1")


def test_a_role_for_everything_takes_precedence() -> None:
    roles = ["webpubsub.sendToGroups.**", *(f"webpubsub.sendToGroups.{letter}*" for letter in "abcdefghij")]

    assert Permissions(roles).allows(SEND, "zebra")


def test_groups_that_a_pattern_of_the_roles_includes_do_not_count_toward_the_limit() -> None:
    groups = [f"webpubsub.sendToGroup.room{number}" for number in range(1000)]
    permissions = Permissions([*groups, "webpubsub.sendToGroups.room*"])

    permissions.grant(SEND, "hall")

    assert permissions.allows(SEND, "hall")
    assert permissions.allows(SEND, "room5")


@pytest.mark.parametrize(
    ("name", "permission"), [("SENDTOGROUP", SEND), ("joinleavegroup", JOIN), ("1", SEND), ("2", JOIN), ("3", None)]
)
def test_rest_names_a_permission_in_any_case_or_by_number(name: str, permission: Permission | None) -> None:
    assert Permission.named(name) is permission


def test_no_pattern_takes_long() -> None:
    """A backtracking matcher would need about 10**12 steps here; the timeout of the test run would end it."""
    assert not GroupPattern("**a**a**a**a**a").matches("a" * 1023 + "b")


def by_backtracking(pattern: str) -> re.Pattern[str]:
    """Return the pattern as a regular expression: slow on some, but known to be right."""
    parts = re.findall(r"\\.|\*+|.", pattern, re.DOTALL)
    return re.compile("".join(translated(part) for part in parts), re.DOTALL)


def translated(part: str) -> str:
    if part.startswith("*"):
        return ".*" if len(part) > 1 else "[^.]*"
    return "[^.]" if part == "?" else re.escape(part.removeprefix("\\") or "\\")


@given(st.text(alphabet="ab.*?", min_size=1, max_size=8), st.text(alphabet="ab.*", min_size=1, max_size=8))
def test_patterns_match_what_a_regular_expression_matches(pattern: str, group: str) -> None:
    try:
        compiled = GroupPattern(pattern)
    except InvalidPattern:
        return

    assert compiled.matches(group) is bool(by_backtracking(pattern).fullmatch(group))


@given(st.lists(st.text(alphabet=st.sampled_from("ab.*?\\") | st.characters())), st.text())
def test_roles_of_any_text_never_fail(suffixes: list[str], group: str) -> None:
    kinds = ("webpubsub.sendToGroups.", "webpubsub.joinLeaveGroup.", "")

    permissions = Permissions(kind + suffix for kind, suffix in product(kinds, suffixes))

    assert permissions.allows(SEND, group) in (True, False)
