"""Ids of instances and entities: their format, and what the extension accepts."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_INSTANCE_ID_LENGTH = 100
_FORBIDDEN = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")


class EntityId(NamedTuple):
    """An entity: its name in lower case, and its key, in which case matters."""

    name: str
    key: str


class InvalidIdentifier(ValueError):
    """An id or key that the extension does not accept."""


def entity_scheduler_id(entity: EntityId) -> str:
    """Return the id under which orchestrations send to the entity: `@name@key`."""
    return f"@{entity.name}@{entity.key}"


def parse_entity_id(scheduler_id: str) -> EntityId:
    """Return the entity with the scheduler id `@name@key`. Raises InvalidIdentifier."""
    mark, _, rest = scheduler_id.partition("@")
    name, separator, key = rest.partition("@")
    if mark or not name or not separator:
        raise InvalidIdentifier(f"'{scheduler_id}' is not an entity's id; the form is '@name@key'")
    return validate_entity_id(name, key)


def validate_entity_id(name: str, key: str) -> EntityId:
    """Return the entity's id, its name in lower case. Raises InvalidIdentifier for a key the extension refuses."""
    if found := _FORBIDDEN.search(key):
        raise InvalidIdentifier(
            f"the entity key '{key}' contains {found[0]!r}; '/', '\\', '#', '?' and control characters are not allowed"
        )
    return EntityId(name.lower(), key)


def validate_instance_id(instance_id: str) -> str:
    """Return the id unchanged. Raises InvalidIdentifier for an id the extension refuses."""
    if instance_id.startswith("@"):
        raise InvalidIdentifier(f"the instance id '{instance_id}' starts with '@', which is reserved for entities")
    if len(instance_id) > MAX_INSTANCE_ID_LENGTH:
        raise InvalidIdentifier(
            f"the instance id has {len(instance_id)} characters, the limit is {MAX_INSTANCE_ID_LENGTH}"
        )
    if found := _FORBIDDEN.search(instance_id):
        raise InvalidIdentifier(
            f"the instance id '{instance_id}' contains {found[0]!r};"
            " '/', '\\', '#', '?' and control characters are not allowed"
        )
    return instance_id
