"""The kinds of faults of Table storage."""

from dataclasses import dataclass

from local_azure.faults import Fault, InjectionPoint, InvalidFault, forms_of
from local_azure.faults.arguments import CARRIED_OUT, Named, Positional
from local_azure.faults.values import NAME, NUMBER, TIME, check_seconds, check_status
from local_azure.tables.operations import OPERATION_NAMES

MAX_RETRY_AFTER_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class _StorageFault(Fault):
    injection_point = InjectionPoint.STORAGE
    scopes = frozenset(("operation", "table"))
    operations = OPERATION_NAMES


@dataclass(frozen=True, slots=True)
class Delay(_StorageFault):
    """A call is carried out this many seconds late, also when its caller no longer waits."""

    name = "delay storage"
    arguments = (Positional("seconds", TIME, "the delay", "a time, e.g. 200ms", "TIME"),)
    seconds: float

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_seconds("the delay", self.seconds)


@dataclass(frozen=True, slots=True)
class Fail(_StorageFault):
    """A call is answered with this status and does nothing; with `carried_out` it is carried out nevertheless.

    `code` is the error code in the body; the default depends on the status.
    """

    name = "fail storage"
    arguments = (
        Positional("status", NUMBER, "the status", "a status, e.g. 503", "STATUS"),
        Named("code", NAME, "code"),
        CARRIED_OUT,
    )
    status: int
    code: str | None = None
    carried_out: bool = False

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_status(self.name, self.status)


@dataclass(frozen=True, slots=True)
class Throttle(_StorageFault):
    """A call does nothing and is answered 503 `ServerBusy`, with a Retry-After header of whole seconds."""

    name = "throttle storage"
    arguments = (Named("retry_after_seconds", TIME, "retry-after"),)
    retry_after_seconds: float = 1.0

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        seconds = self.retry_after_seconds
        if not 0 <= seconds <= MAX_RETRY_AFTER_SECONDS or seconds != int(seconds):
            limit = f"{MAX_RETRY_AFTER_SECONDS:g} s"
            raise InvalidFault(f"retry-after is {seconds:g} s; it must be whole seconds from 0 to {limit}")


@dataclass(frozen=True, slots=True)
class Cut(_StorageFault):
    """The connection of a call is closed without an answer; with `carried_out` after the call was carried out."""

    name = "cut storage"
    arguments = (CARRIED_OUT,)
    carried_out: bool = False


KINDS: tuple[type[Fault], ...] = (Delay, Fail, Throttle, Cut)

FORMS = forms_of(KINDS)
"""How each kind of fault is written."""
