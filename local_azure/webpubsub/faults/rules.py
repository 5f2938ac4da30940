"""Each kind of fault, its scope and its end.

A fault is a value: it describes itself and does nothing. `active_faults` matches and counts, `injector` carries out.
"""

import math
from dataclasses import dataclass, field, fields
from enum import StrEnum
from http import HTTPStatus
from typing import ClassVar

MAX_COUNT = 1_000_000
MAX_SECONDS = 24 * 3600.0
MAX_COPIES = 100
ABNORMAL_CLOSURE = 1006


class InvalidFault(ValueError):
    """A fault that does not exist or has a wrong value; the text names what was seen and what is possible."""


class InjectionPoint(StrEnum):
    """The part of the service that a fault disturbs."""

    WEBHOOK = "webhook"
    REST = "rest"
    CLIENT = "client"
    TOKEN = "token"  # noqa: S105  # a place, not a secret
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTarget:
    """Something that is about to happen and that a fault can disturb; None for a property that it does not have."""

    injection_point: InjectionPoint
    hub: str
    user: str | None = None
    connection: str | None = None
    event: str | None = None
    is_system: bool = False
    operation: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """To what a fault is limited: every given property must be equal; nothing given means no limit.

    `event` is a user event or `connect`, `connected`, `disconnected`; `operation` is the name of a REST operation in
    `rest.routing.OPERATIONS` (`send_to_group`; `sendToGroup` is the same). Letter case matters for users, connections
    and groups only.
    """

    hub: str | None = None
    user: str | None = None
    connection: str | None = None
    event: str | None = None
    operation: str | None = None
    group: str | None = None

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
_COMMON_SCOPES = frozenset(("hub", "user", "connection"))


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. It ends when it was triggered `count` times or after `for_seconds`, whichever is first; one is needed.

    Raises `InvalidFault` for a wrong value, and for a scope that this kind of fault does not have.
    """

    injection_point: ClassVar[InjectionPoint]
    name: ClassVar[str]
    scopes: ClassVar[frozenset[str]] = _COMMON_SCOPES

    scope: Scope = field(default=UNLIMITED, kw_only=True)
    count: int | None = field(default=None, kw_only=True)
    for_seconds: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.count is None and self.for_seconds is None:
            raise InvalidFault(f"{self.name}: a fault must end: give count or for")
        _check_number("count", self.count, 1, MAX_COUNT)
        _check_seconds("for", self.for_seconds)
        for name, value in self.scope.given().items():
            if name not in self.scopes:
                known = ", ".join(sorted(self.scopes))
                raise InvalidFault(f"{self.name}: {name} cannot limit it; its scope may be {known}")
            if not value.strip():
                raise InvalidFault(f"{self.name}: {name} is blank")

    def applies(self, target: FaultTarget) -> bool:
        """Return whether this fault disturbs the target."""
        return target.injection_point is self.injection_point and self.scope.contains(target)


@dataclass(frozen=True, slots=True)
class _WebhookFault(Fault):
    injection_point = InjectionPoint.WEBHOOK
    scopes = _COMMON_SCOPES | {"event"}


@dataclass(frozen=True, slots=True)
class Delay(_WebhookFault):
    """An event is sent to its handler this many seconds late; the handler's timeout runs meanwhile."""

    name = "delay webhook"
    seconds: float

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        _check_seconds("the delay", self.seconds)


@dataclass(frozen=True, slots=True)
class Drop(_WebhookFault):
    """An event is not sent to its handler. The client that waits for the answer gets an error at once."""

    name = "drop webhook"


@dataclass(frozen=True, slots=True)
class LoseDisconnected(Fault):
    """The `disconnected` event of a connection is not sent to the handler."""

    injection_point = InjectionPoint.WEBHOOK
    name = "lose disconnected"

    def applies(self, target: FaultTarget) -> bool:
        """Return whether the target is a `disconnected` event in the scope."""
        return target.is_system and target.event == "disconnected" and Fault.applies(self, target)


@dataclass(frozen=True, slots=True)
class Duplicate(_WebhookFault):
    """An event is sent to its handler again, `copies` times, after it was answered; the first answer counts."""

    name = "duplicate webhook"
    copies: int = 1

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        _check_number("copies", self.copies, 1, MAX_COPIES)


@dataclass(frozen=True, slots=True)
class Reorder(_WebhookFault):
    """An event waits until the next one in the scope was answered, but at most `within_seconds`.

    A client's events are sent strictly one after the other, so the event that overtakes belongs to another connection,
    or it is `connected` or `disconnected`, which no client waits for.
    """

    name = "reorder webhook"
    within_seconds: float = 1.0

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        _check_seconds("within", self.within_seconds)


@dataclass(frozen=True, slots=True)
class _RestFault(Fault):
    injection_point = InjectionPoint.REST
    scopes = _COMMON_SCOPES | {"operation", "group"}


@dataclass(frozen=True, slots=True)
class FailRest(_RestFault):
    """A REST call is answered with this status and does nothing; with `carried_out` it is carried out nevertheless."""

    name = "fail rest"
    status: int
    carried_out: bool = False

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        _check_number("the status", self.status, 400, 599)
        if self.status not in tuple(HTTPStatus):
            raise InvalidFault(f"{self.name}: {self.status} is not an HTTP status with a meaning")


@dataclass(frozen=True, slots=True)
class SlowRest(_RestFault):
    """A REST call is carried out this many seconds late."""

    name = "slow rest"
    seconds: float

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        _check_seconds("the delay", self.seconds)


@dataclass(frozen=True, slots=True)
class Cut(Fault):
    """A client's socket is closed with this code; with 1006 it is dropped without a close frame.

    Open sockets are closed at once, up to the count; later ones at their next frame, which is lost. With an `event` in
    the scope, only the frame that sends this event closes the socket.
    """

    injection_point = InjectionPoint.CLIENT
    name = "cut client"
    scopes = _COMMON_SCOPES | {"event"}
    code: int = ABNORMAL_CLOSURE

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        _check_number("the close code", self.code, 1000, 4999)
        if self.code in (1004, 1005) or 1015 <= self.code < 3000:
            raise InvalidFault(f"{self.name}: {self.code} cannot stand in a close frame (RFC 6455, section 7.4)")


@dataclass(frozen=True, slots=True)
class ExpireToken(Fault):
    """A client's token is refused as if it had expired: the handshake is answered with 401."""

    injection_point = InjectionPoint.TOKEN
    name = "expire token"
    scopes = frozenset(("hub", "user"))


@dataclass(frozen=True, slots=True)
class RefuseRecovery(Fault):
    """A client that lost its socket may not recover its reliable connection: it is closed with 1008."""

    injection_point = InjectionPoint.RECOVERY
    name = "refuse recovery"


KINDS: tuple[type[Fault], ...] = (
    Delay,
    Drop,
    Duplicate,
    Reorder,
    LoseDisconnected,
    FailRest,
    SlowRest,
    Cut,
    ExpireToken,
    RefuseRecovery,
)


def _comparable(name: str, value: str | None) -> str | None:
    if value is None or name in ("user", "connection", "group"):
        return value
    return value.lower().replace("_", "") if name == "operation" else value.lower()


def _check_number(what: str, value: int | None, minimum: int, maximum: int) -> None:
    if value is not None and not minimum <= value <= maximum:
        raise InvalidFault(f"{what} is {value}; it must be from {minimum} to {maximum}")


def _check_seconds(what: str, value: float | None) -> None:
    if value is not None and not (math.isfinite(value) and 0 < value <= MAX_SECONDS):
        raise InvalidFault(f"{what} is {value:g} s; it must be more than 0 and at most {MAX_SECONDS:g} s")
