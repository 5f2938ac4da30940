"""The entries of the flow: each is one thing that happened, with its time, its connection and its result."""

from dataclasses import dataclass, field
from enum import StrEnum

from local_azure.webpubsub.inspector.redaction import RedactedPayload, payload_texts

MAX_NAMED_RECEIVERS = 30
EXCERPT_CHARACTERS = 160


class EntryKind(StrEnum):
    """The kind of an entry; the page has a filter and a color for each."""

    CONNECTION = "connection"
    FRAME_IN = "frame-in"
    FRAME_OUT = "frame-out"
    WEBHOOK = "webhook"
    REST = "rest"
    STORAGE = "storage"
    DELIVERY = "delivery"
    FAULT = "fault"


@dataclass(slots=True, kw_only=True)
class Entry:
    """One entry. `began` and `ended` are seconds since the epoch; `ended` is None while it is in progress.

    `change` is the number of the buffer's change that last changed the entry. `is_ok` is None where nothing can fail.
    `request_id` is the storage's id of a storage call; a fault that disturbs the call has the same.
    `is_routine` marks pings, sequence acks and validations, which the page does not show by default.
    """

    id: int
    change: int
    kind: EntryKind
    hub: str
    began: float
    ended: float | None
    title: str
    correlation_id: str = ""
    request_id: str | None = None
    connection_id: str | None = None
    user_id: str | None = None
    status: str = ""
    is_ok: bool | None = None
    is_routine: bool = False
    facts: dict[str, str | int] = field(default_factory=dict)
    content: RedactedPayload | None = None
    answer: RedactedPayload | None = None
    receivers: list[tuple[str, str | None]] = field(default_factory=list)
    receiver_count: int = 0
    _texts: frozenset[str] | None = field(default=None, repr=False)

    @property
    def milliseconds(self) -> float | None:
        """How long it took; None while it is in progress."""
        return None if self.ended is None else (self.ended - self.began) * 1000

    def texts(self) -> frozenset[str]:
        """Return the texts of the payload, and the user id: what a message that this entry has caused may contain."""
        if self._texts is None:
            texts = payload_texts(self.content) if self.content else frozenset()
            self._texts = texts | {self.user_id} if self.user_id else texts
        return self._texts

    def summary(self) -> dict[str, object]:
        """Return the entry as the list shows it: with an excerpt of its payload only."""
        return {
            "id": self.id,
            "kind": self.kind,
            "hub": self.hub,
            "began": self.began,
            "ms": self.milliseconds,
            "inProgress": self.ended is None,
            "title": self.title,
            "connection": self.connection_id,
            "user": self.user_id,
            "status": self.status,
            "error": self.facts.get("error"),
            "ok": self.is_ok,
            "routine": self.is_routine,
            "excerpt": self._excerpt(),
            "receiverCount": self.receiver_count,
            "receivers": self.receivers,
        }

    def _excerpt(self) -> str:
        if self.content is not None:
            return self.content.text[:EXCERPT_CHARACTERS]
        given = (self.facts[name] for name in ("reason", "error", "target") if self.facts.get(name))
        return str(next(given, ""))[:EXCERPT_CHARACTERS]

    def details(self) -> dict[str, object]:
        """Return the entry with its payloads and facts."""
        return self.summary() | {
            "facts": self.facts,
            "content": _payload(self.content),
            "answer": _payload(self.answer),
        }


def _payload(payload: RedactedPayload | None) -> dict[str, object] | None:
    if payload is None:
        return None
    return {"text": payload.text, "form": payload.form, "size": payload.size, "truncated": payload.is_truncated}
