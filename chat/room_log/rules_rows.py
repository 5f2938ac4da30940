"""How the rules of a room and the acts that change them are stored: as JSON in one property of a row.

What is not set is left out, and a reader ignores what it does not know.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Any

from chat.room_log.moderation_acts import Act, Moderation, TooManyRules
from chat.room_log.rules import DEFAULT_RULES, Role, RoomKind, Rules

# A text property of Table storage has at most 64 KiB of UTF-16, in which some characters take four bytes.
MAX_CHARACTERS = 32_000
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_EMPTY_ACT = Moderation(act=Act.UNKNOWN)


def encode_rules(rules: Rules) -> str:
    """Return the rules as they are stored; raises TooManyRules when they do not fit into one property."""
    content = {
        each.name: getattr(rules, each.name)
        for each in fields(Rules)
        if getattr(rules, each.name) != getattr(DEFAULT_RULES, each.name)
    }
    text = _ENCODER.encode(content)
    if len(text.encode("utf-16-le", "surrogatepass")) > 2 * MAX_CHARACTERS:
        raise TooManyRules("characters in its rules", MAX_CHARACTERS)
    return text


# Every read of a head has the same text until an act changes the rules.
@lru_cache(maxsize=1024)
def decode_rules(text: str) -> Rules:
    """Return the rules that a stored text of any version describes."""
    content: Mapping[str, Any] = json.loads(text)
    return Rules(
        kind=RoomKind(content.get("kind", RoomKind.PUBLIC)),
        title=content.get("title", ""),
        owner=content.get("owner", ""),
        moderators=tuple(content.get("moderators", ())),
        members=tuple(content.get("members", ())),
        invited=content.get("invited", {}),
        links=content.get("links", {}),
        banned=content.get("banned", {}),
        muted=content.get("muted", {}),
        mute_acts=content.get("mute_acts", {}),
        removed=content.get("removed", {}),
        closed=content.get("closed", False),
        slow=content.get("slow", 0),
        pinned=tuple(content.get("pinned", ())),
    )


def encode_act(moderation: Moderation) -> str:
    """Return an act as it is stored."""
    content = {each.name: getattr(moderation, each.name) for each in fields(Moderation)}
    return _ENCODER.encode({key: value for key, value in content.items() if value != getattr(_EMPTY_ACT, key)})


def decode_act(text: str | None) -> Moderation:
    """Return the act that a stored text of any version describes."""
    content: Mapping[str, Any] = json.loads(text or "{}")
    return Moderation(
        act=Act(content.get("act", Act.UNKNOWN)),
        whom=content.get("whom", ""),
        until=content.get("until", 0),
        seconds=content.get("seconds", 0),
        role=Role(content["role"]) if content.get("role") in tuple(Role) else None,
        message=content.get("message", ""),
        text=content.get("text", ""),
        kind=RoomKind(content["kind"]) if content.get("kind") in tuple(RoomKind) else None,
        reason=content.get("reason", ""),
    )
