"""The permissions of a client: to join and leave groups, and to publish to them.

Roles come with the client's token or the connect handler's response; REST grants and revokes single groups later.
A pattern is matched in a time that is linear in the length of the group's name, because a token may hold any pattern.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from local_azure.webpubsub.names import is_group_name

log = logging.getLogger(__name__)

MAX_PATTERN_CHARACTERS = 1024
MAX_WILDCARDS = 5
MAX_PATTERNS = 9
MAX_LITERALS = 1000

_STAR = "*"
_STARS = "**"
_ONE = "?"


class Permission(StrEnum):
    """What can be allowed for a group; the values are the names that REST and roles use."""

    SEND_TO_GROUP = "sendToGroup"
    JOIN_LEAVE_GROUP = "joinLeaveGroup"

    @classmethod
    def named(cls, name: str) -> "Permission | None":
        """Return the permission of that name in any letter case (or of its number, 1 and 2), else None."""
        return _BY_NAME.get(name.lower())


_BY_NAME = {permission.lower(): permission for permission in Permission} | {
    "1": Permission.SEND_TO_GROUP,
    "2": Permission.JOIN_LEAVE_GROUP,
}


class InvalidPattern(ValueError):
    """A role pattern that is malformed or has too many wildcards."""


class TooManyPermissions(Exception):
    """A connection already holds as many single-group permissions of a kind as it may."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(f"the connection already has {MAX_LITERALS} groups with their own {permission} rule")


class GroupPattern:
    """A pattern of group names: `?` and `*` stop at dots, `**` does not, a backslash makes them literal.

    Matching follows all alternatives at once, with one bit for each position in the pattern, so no combination of
    pattern and name is slow.
    """

    __slots__ = ("_accept", "_any_but_dot", "_consume", "_stars", "_wide_stars", "text", "tokens")

    def __init__(self, text: str) -> None:
        """Compile the pattern; raises `InvalidPattern`."""
        self.text = text
        self.tokens = _tokens(text)
        self._consume: dict[str, int] = {}
        self._any_but_dot = self._stars = self._wide_stars = 0
        for position, (kind, character) in enumerate(self.tokens):
            bit = 1 << position
            if kind == _ONE:
                self._any_but_dot |= bit
            elif kind == _STAR:
                self._stars |= bit
            elif kind == _STARS:
                self._wide_stars |= bit
            else:
                self._consume[character] = self._consume.get(character, 0) | bit
        self._accept = 1 << len(self.tokens)

    @property
    def literal(self) -> str | None:
        """The one name this pattern matches, when it has no wildcard."""
        if any(kind for kind, _ in self.tokens):
            return None
        return "".join(character for _, character in self.tokens)

    @property
    def matches_everything(self) -> bool:
        """Whether this is `**`."""
        return [kind for kind, _ in self.tokens] == [_STARS]

    def matches(self, group: str) -> bool:
        """Return whether the whole name matches."""
        any_star = self._stars | self._wide_stars
        states = 1
        states |= (states & any_star) << 1
        for character in group:
            consume = self._consume.get(character, 0)
            stay = self._wide_stars
            if character != ".":
                consume |= self._any_but_dot
                stay = any_star
            states = ((states & consume) << 1) | (states & stay)
            states |= (states & any_star) << 1
            if not states:
                return False
        return bool(states & self._accept)


def _tokens(text: str) -> list[tuple[str, str]]:
    """Return (wildcard, "") and ("", character) pairs."""
    if not 0 < len(text) <= MAX_PATTERN_CHARACTERS:
        raise InvalidPattern(f"pattern has {len(text)} characters, the limit is {MAX_PATTERN_CHARACTERS}")
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
            if position == len(text) or text[position] not in "\\*?":
                raise InvalidPattern("pattern has a backslash that escapes nothing")
            tokens.append(("", text[position]))
        elif character == "*":
            start = position
            while text[position + 1 : position + 2] == "*":
                position += 1
            tokens.append((_STAR if position == start else _STARS, ""))
        elif character == "?":
            tokens.append((_ONE, ""))
        else:
            tokens.append(("", character))
        position += 1
    wildcards = sum(1 for kind, _ in tokens if kind)
    if wildcards > MAX_WILDCARDS:
        raise InvalidPattern(f"pattern has {wildcards} wildcards, the limit is {MAX_WILDCARDS}")
    return tokens


@dataclass(slots=True)
class _Rules:
    """One permission: single groups first, then patterns from the newest to the oldest, then the default."""

    default: bool = False
    patterns: list[GroupPattern] = field(default_factory=list)
    literals: dict[str, bool] = field(default_factory=dict)

    def allows(self, group: str) -> bool:
        allowed = self.literals.get(group)
        return self._by_rule(group) if allowed is None else allowed

    def _by_rule(self, group: str) -> bool:
        return self.default or any(pattern.matches(group) for pattern in self.patterns)

    def allow_all(self) -> None:
        self.default = True
        self.patterns.clear()
        self.literals.clear()

    def add_pattern(self, pattern: GroupPattern) -> bool:
        if self.default or any(pattern.text == known.text for known in self.patterns):
            return True
        if len(self.patterns) >= MAX_PATTERNS:
            return False
        self.patterns.append(pattern)
        for group in [group for group in self.literals if pattern.matches(group)]:
            del self.literals[group]
        return True

    def set_literal(self, group: str, *, allowed: bool) -> bool:
        if self._by_rule(group) is allowed:
            self.literals.pop(group, None)
            return True
        if group not in self.literals and len(self.literals) >= MAX_LITERALS:
            return False
        self.literals[group] = allowed
        return True


class Permissions:
    """The permissions of one connection; they start from its roles and end with the connection."""

    __slots__ = ("_rules",)

    def __init__(self, roles: Iterable[str] = ()) -> None:
        """Apply the roles in sorted order; one that is malformed or over a limit is skipped and logged."""
        self._rules = {permission: _Rules() for permission in Permission}
        for role in sorted(set(roles)):
            self._apply(role)

    def allows(self, permission: Permission, group: str) -> bool:
        """Return whether the client has the permission for the group now."""
        return self._rules[permission].allows(group)

    def grant(self, permission: Permission, group: str) -> None:
        """Allow the permission for exactly this group; raises `TooManyPermissions`."""
        if not self._rules[permission].set_literal(group, allowed=True):
            raise TooManyPermissions(permission)

    def revoke(self, permission: Permission, group: str) -> None:
        """Deny the permission for exactly this group; membership stays. Raises `TooManyPermissions`."""
        if not self._rules[permission].set_literal(group, allowed=False):
            raise TooManyPermissions(permission)

    def _apply(self, role: str) -> None:
        service, _, rest = role.partition(".")
        name, dot, target = rest.partition(".")
        if service != "webpubsub":
            return
        for permission, rules in self._rules.items():
            if name == permission and not dot:
                rules.allow_all()
            elif name == permission:
                _apply_literal(rules, target)
            elif dot and name == f"{permission}s":
                _apply_pattern(rules, target)


def _apply_literal(rules: _Rules, group: str) -> None:
    if not is_group_name(group):
        log.warning("role skipped", extra={"reason": "it names no valid group"})
    elif not rules.set_literal(group, allowed=True):
        log.warning("role skipped", extra={"reason": f"more than {MAX_LITERALS} groups"})


def _apply_pattern(rules: _Rules, text: str) -> None:
    try:
        pattern = GroupPattern(text)
    except InvalidPattern as error:
        log.warning("role skipped", extra={"reason": str(error)})
        return
    if pattern.matches_everything:
        rules.allow_all()
    elif pattern.literal is not None:
        _apply_literal(rules, pattern.literal)
    elif not rules.add_pattern(pattern):
        log.warning("role skipped", extra={"reason": f"more than {MAX_PATTERNS} patterns"})
