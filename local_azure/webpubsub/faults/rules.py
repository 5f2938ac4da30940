"""The kinds of faults of Web PubSub."""

from dataclasses import dataclass

from local_azure.faults import Fault, FaultTarget, InjectionPoint, InvalidFault, forms_of
from local_azure.faults.arguments import CARRIED_OUT, Named, Positional
from local_azure.faults.values import NUMBER, TIME, check_number, check_seconds, check_status
from local_azure.webpubsub.rest.routing import OPERATIONS

MAX_COPIES = 100
ABNORMAL_CLOSURE = 1006

_COMMON_SCOPES = frozenset(("hub", "user", "connection"))
_DELAY = Positional("seconds", TIME, "the delay", "a time, e.g. 200ms", "TIME")
_STATUS = Positional("status", NUMBER, "the status", "a status, e.g. 503", "STATUS")
_CLOSE_CODE = Positional("code", NUMBER, "the close code", "a close code, e.g. 1011", "CODE")


@dataclass(frozen=True, slots=True)
class _WebhookFault(Fault):
    injection_point = InjectionPoint.WEBHOOK
    scopes = _COMMON_SCOPES | {"event"}


@dataclass(frozen=True, slots=True)
class Delay(_WebhookFault):
    """An event is sent to its handler this many seconds late; the handler's timeout runs meanwhile."""

    name = "delay webhook"
    arguments = (_DELAY,)
    seconds: float

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_seconds("the delay", self.seconds)


@dataclass(frozen=True, slots=True)
class Drop(_WebhookFault):
    """An event is not sent to its handler. The client that waits for the answer gets an error at once."""

    name = "drop webhook"


@dataclass(frozen=True, slots=True)
class LoseDisconnected(Fault):
    """The `disconnected` event of a connection is not sent to the handler."""

    injection_point = InjectionPoint.WEBHOOK
    name = "lose disconnected"
    scopes = _COMMON_SCOPES

    def applies(self, target: FaultTarget) -> bool:
        """Return whether the target is a `disconnected` event in the scope."""
        return target.is_system and target.event == "disconnected" and Fault.applies(self, target)


@dataclass(frozen=True, slots=True)
class Duplicate(_WebhookFault):
    """An event is sent to its handler again, `copies` times, after it was answered; the first answer counts."""

    name = "duplicate webhook"
    arguments = (Named("copies", NUMBER, "copies"),)
    copies: int = 1

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_number("copies", self.copies, 1, MAX_COPIES)


@dataclass(frozen=True, slots=True)
class Reorder(_WebhookFault):
    """An event waits until the next one in the scope was answered, but at most `within_seconds`.

    A client's events are sent strictly one after the other, so the event that overtakes belongs to another connection,
    or it is an invocation or a notification such as `connected`, for which the client's events do not wait.
    """

    name = "reorder webhook"
    arguments = (Named("within_seconds", TIME, "within"),)
    within_seconds: float = 1.0

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_seconds("within", self.within_seconds)


@dataclass(frozen=True, slots=True)
class _RestFault(Fault):
    injection_point = InjectionPoint.REST
    scopes = _COMMON_SCOPES | {"operation", "group"}
    operations = tuple(operation.name for operation in OPERATIONS)


@dataclass(frozen=True, slots=True)
class FailRest(_RestFault):
    """A REST call is answered with this status and does nothing; with `carried_out` it is carried out nevertheless."""

    name = "fail rest"
    arguments = (_STATUS, CARRIED_OUT)
    status: int
    carried_out: bool = False

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_status(self.name, self.status)


@dataclass(frozen=True, slots=True)
class SlowRest(_RestFault):
    """A REST call is carried out this many seconds late."""

    name = "slow rest"
    arguments = (_DELAY,)
    seconds: float

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_seconds("the delay", self.seconds)


@dataclass(frozen=True, slots=True)
class Cut(Fault):
    """A client's socket is closed with this code; with 1006 it is dropped without a close frame.

    Open sockets are closed at once, up to the count; later ones at their next frame, which is lost. With an `event` in
    the scope, only the frame that sends this event closes the socket.
    """

    injection_point = InjectionPoint.CLIENT
    name = "cut client"
    arguments = (_CLOSE_CODE,)
    scopes = _COMMON_SCOPES | {"event"}
    code: int = ABNORMAL_CLOSURE

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_number("the close code", self.code, 1000, 4999)
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
    scopes = _COMMON_SCOPES


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

FORMS = forms_of(KINDS)
"""How each kind of fault is written."""
