"""What makes the app ready, and what is told of it: rules without input and output."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chat.errors import NotConfigured
from chat.identity import principal
from chat.rate_limits import SETTING as RATE_LIMITS
from chat.rate_limits import parse_rate_limits
from chat.settings import Auth, Settings, Trust
from chat.table_storage.connection import read_storage_connection
from chat.webhook.bearer_tokens import read_expectation

# Without one of these nobody can chat. Reminders and jobs need Durable Functions, and messages do not.
NEEDED = frozenset(("settings", "service", "storage"))


class Status(StrEnum):
    """What a check found."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found: `detail` names settings and reasons, never a key; `ms` is how long it took."""

    name: str
    status: Status
    detail: str
    ms: float = 0.0

    def as_dict(self) -> dict[str, object]:
        """Return the check as it is answered."""
        return {"name": self.name, "status": self.status, "detail": self.detail, "ms": round(self.ms, 1)}


def is_ready(checks: Sequence[Check]) -> bool:
    """Return whether people can chat: everything that a message needs is as it should be."""
    return all(check.status is Status.OK for check in checks if check.name in NEEDED)


def check_settings(settings: Settings) -> Check:
    """Return whether every setting can be used; the detail names each one that cannot, and why."""
    problems: dict[str, None] = {}  # in their order, each once
    for read in _READS:
        try:
            read(settings)
        except NotConfigured as problem:
            problems[str(problem)] = None
    return Check("settings", Status.WRONG if problems else Status.OK, "; ".join(problems) or "every setting is usable")


def check_webhook(settings: Settings, seconds_ago: float | None) -> Check:
    """Return whether events arrive: `seconds_ago` is when this process got the last verified one, None for never."""
    try:
        trust = settings.trust
    except NotConfigured as problem:
        return Check("webhook", Status.WRONG, str(problem))
    if seconds_ago is None:
        return Check("webhook", Status.UNKNOWN, f"this process has had no event that is verified by {trust}")
    return Check("webhook", Status.OK, f"the last event that was verified by {trust} came {seconds_ago:.0f} s ago")


def _read_authentication(settings: Settings) -> None:
    """Raise NotConfigured where the platform says that the authentication is off that the chat relies on."""
    if settings.auth is Auth.EASYAUTH:
        principal({}, settings)


def _read_expectation(settings: Settings) -> None:
    """Raise NotConfigured where bearer tokens decide, and nothing says which ones."""
    if settings.trust is Trust.IDENTITY:
        read_expectation(settings)


_READS: tuple[Callable[[Settings], object], ...] = (
    lambda settings: settings.endpoint,
    lambda settings: settings.access_keys,
    lambda settings: settings.auth,
    _read_authentication,
    lambda settings: settings.trust,
    _read_expectation,
    lambda settings: settings.allowed_origins,
    read_storage_connection,
    lambda settings: settings.table_prefix,
    lambda settings: settings.token_minutes,
    lambda settings: settings.user_connections,
    lambda settings: settings.message_bytes,
    lambda settings: settings.event_max_age_seconds,
    lambda settings: parse_rate_limits(settings.text(RATE_LIMITS)),
    lambda settings: settings.review_seconds,
    lambda settings: settings.accepts_unreviewed,
    lambda settings: settings.room_idle_seconds,
    lambda settings: settings.retention_seconds,
    lambda settings: settings.embed_origins,
    lambda settings: settings.makes_spans,
)
