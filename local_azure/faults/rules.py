"""A fault, its scope and its end; each service defines its own kinds of faults.

A fault is a value: it describes itself and does nothing. `active_faults` matches and counts, the injector of a service
carries out.
"""

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import ClassVar

from local_azure.faults.arguments import Argument
from local_azure.faults.values import InvalidFault, check_number, check_seconds

MAX_COUNT = 1_000_000


class InjectionPoint(StrEnum):
    """The part of a service that a fault disturbs."""

    WEBHOOK = "webhook"
    REST = "rest"
    CLIENT = "client"
    TOKEN = "token"  # noqa: S105  # a place, not a secret
    RECOVERY = "recovery"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTarget:
    """Something that is about to happen and that a fault can disturb; None for a property that it does not have."""

    injection_point: InjectionPoint
    hub: str | None = None
    user: str | None = None
    connection: str | None = None
    event: str | None = None
    is_system: bool = False
    operation: str | None = None
    group: str | None = None
    table: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """To what a fault is limited: every given property must be equal; nothing given means no limit.

    `event` is a user event (an invocation is one) or `connect`, `connected`, `disconnected`, `joined`, `left`;
    `operation` is the name of an operation of the service (`send_to_group`; `sendToGroup` and `send-to-group` are the
    same). Letter case matters for users, connections and groups only.
    """

    hub: str | None = None
    user: str | None = None
    connection: str | None = None
    event: str | None = None
    operation: str | None = None
    group: str | None = None
    table: str | None = None

    def given(self) -> dict[str, str]:
        """Return the properties that the scope limits, by name."""
        values = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: value for name, value in values if value is not None}

    def contains(self, target: FaultTarget) -> bool:
        """Return whether the target is within the scope."""
        return all(
            _comparable(name, value) == _comparable(name, getattr(target, name)) for name, value in self.given().items()
        )


UNLIMITED = Scope()


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. It ends when it was triggered `count` times or after `for_seconds`, whichever is first; one is needed.

    A kind of fault names itself (`name`), its arguments, the properties that may limit it (`scopes`) and the operations
    that exist (`operations`). Raises `InvalidFault` for a wrong value, for a scope that this kind of fault does not
    have, and for an operation that does not exist.
    """

    injection_point: ClassVar[InjectionPoint]
    name: ClassVar[str]
    arguments: ClassVar[tuple[Argument, ...]] = ()
    scopes: ClassVar[frozenset[str]] = frozenset()
    operations: ClassVar[tuple[str, ...]] = ()

    scope: Scope = field(default=UNLIMITED, kw_only=True)
    count: int | None = field(default=None, kw_only=True)
    for_seconds: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.count is None and self.for_seconds is None:
            raise InvalidFault(f"{self.name}: a fault must end: give count or for")
        check_number("count", self.count, 1, MAX_COUNT)
        check_seconds("for", self.for_seconds)
        for name, value in self.scope.given().items():
            if name not in self.scopes:
                known = ", ".join(sorted(self.scopes))
                raise InvalidFault(f"{self.name}: {name} cannot limit it; its scope may be {known}")
            if not value.strip():
                raise InvalidFault(f"{self.name}: {name} is blank")
        self._check_operation()

    def _check_operation(self) -> None:
        operation = self.scope.operation
        if operation is None or _operation_key(operation) in map(_operation_key, self.operations):
            return
        known = ", ".join(self.operations)
        raise InvalidFault(f"{self.name}: {operation[:64]!r} is not an operation; known are {known}")

    def applies(self, target: FaultTarget) -> bool:
        """Return whether this fault disturbs the target."""
        return target.injection_point is self.injection_point and self.scope.contains(target)


def _comparable(name: str, value: str | None) -> str | None:
    if value is None or name in ("user", "connection", "group"):
        return value
    return _operation_key(value) if name == "operation" else value.lower()


def _operation_key(name: str) -> str:
    """Return what identifies an operation, however its words are joined."""
    return name.lower().replace("_", "").replace("-", "")
