"""What a write makes of an entity, or why it is refused: the rules of insert, update, merge, delete and If-Match."""

from enum import Enum, auto
from types import MappingProxyType
from typing import NamedTuple

from local_azure.tables.entities import (
    EntityKey,
    PropertyTexts,
    StoredEntity,
    check_entity_size,
    join_properties,
    split_properties,
)
from local_azure.tables.errors import ErrorCode, TableError, invalid_input
from local_azure.tables.timestamps import InvalidTime, parse_etag


class Action(Enum):
    """What is to be done with an entity."""

    INSERT = auto()
    REPLACE = auto()
    MERGE = auto()
    DELETE = auto()


class Match(Enum):
    """A condition that needs no ETag."""

    NONE = auto()
    """No condition: the entity may be absent."""
    ANY = auto()
    """The entity must exist."""


class Write(NamedTuple):
    """One write; `condition` is a `Match`, or the ticks of the ETag that the entity must have."""

    action: Action
    key: EntityKey
    properties: PropertyTexts = MappingProxyType({})
    condition: Match | int = Match.NONE


def parse_condition(if_match: str | None) -> Match | int:
    """Return the condition that an If-Match header states; raises `TableError` for a malformed ETag."""
    if if_match is None:
        return Match.NONE
    if if_match == "*":
        return Match.ANY
    try:
        return parse_etag(if_match)
    except InvalidTime:
        raise invalid_input("The etag value specified in one of the request headers is not valid.") from None


def apply_write(write: Write, current: StoredEntity | None, now: int) -> StoredEntity | None:
    """Return the entity after the write, None after a deletion; `now` is in ticks.

    The new Timestamp is later than the current one, also when the clock is not. Raises `TableError`; then nothing
    has changed.
    """
    _check_condition(write, current)
    if write.action is Action.DELETE:
        return None
    properties = write.properties
    if current is not None and write.action is Action.MERGE:
        properties = {**split_properties(current.body), **properties}
    body = join_properties(properties)
    check_entity_size(write.key, properties, body)
    ticks = now if current is None else max(now, current.ticks + 1)
    return StoredEntity(write.key, ticks, body)


def _check_condition(write: Write, current: StoredEntity | None) -> None:
    if write.action is Action.INSERT:
        if current is not None:
            raise TableError(ErrorCode.ENTITY_ALREADY_EXISTS)
        return
    if write.condition is Match.NONE and write.action is not Action.DELETE:
        return
    if current is None:
        raise TableError(ErrorCode.RESOURCE_NOT_FOUND)
    if write.condition is not Match.NONE and write.condition is not Match.ANY and write.condition != current.ticks:
        raise TableError(ErrorCode.UPDATE_CONDITION_NOT_SATISFIED)
