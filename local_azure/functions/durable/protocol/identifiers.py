"""Names and ids: what the extension accepts, and how entities are addressed."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_INSTANCE_ID_LENGTH = 100
_FORBIDDEN = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")


class EntityId(NamedTuple):
    """An entity: its name in lower case, and its key, in which case matters."""

    name: str
    key: str


class InvalidName(ValueError):
    """An id or key that the extension refuses."""


def entity_scheduler_id(entity: EntityId) -> str:
    """Return the id under which orchestrations send to the entity: `@name@key`."""
    return f"@{entity.name}@{entity.key}"


def entity_id(scheduler_id: str) -> EntityId:
    """Return the entity behind `@name@key`. Raises InvalidName."""
    mark, _, rest = scheduler_id.partition("@")
    name, separator, key = rest.partition("@")
    if mark or not name or not separator:
        raise InvalidName(f"'{scheduler_id}' is not an entity's id; the form is '@name@key'")
    return checked_entity_id(name, key)


def checked_entity_id(name: str, key: str) -> EntityId:
    """Return the entity's id, its name in lower case. Raises InvalidName for a key the extension refuses."""
    if found := _FORBIDDEN.search(key):
        raise InvalidName(
            f"the entity key '{key}' contains {found[0]!r}; '/', '\\', '#', '?' and control characters are not allowed"
        )
    return EntityId(name.lower(), key)


def checked_instance_id(instance_id: str) -> str:
    """Return the id unchanged. Raises InvalidName for an id the extension refuses."""
    if instance_id.startswith("@"):
        raise InvalidName(f"the instance id '{instance_id}' starts with '@', which is reserved for entities")
    if len(instance_id) > MAX_INSTANCE_ID_LENGTH:
        raise InvalidName(f"the instance id has {len(instance_id)} characters, the limit is {MAX_INSTANCE_ID_LENGTH}")
    if found := _FORBIDDEN.search(instance_id):
        raise InvalidName(
            f"the instance id '{instance_id}' contains {found[0]!r};"
            " '/', '\\', '#', '?' and control characters are not allowed"
        )
    return instance_id
