"""The entries of the flow: each is one thing that happened, with its time, its connection and its result.

An entry refers to what was recorded. Secrets are removed when it is shown, so an entry costs little until then.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from local_azure.webpubsub.inspector.exchanges import Exchange
from local_azure.webpubsub.inspector.redaction import RedactedPayload, Redactor, payload_texts

EXCERPT_CHARACTERS = 160
ENTRY_BYTES = 1000
"""What an entry costs beside its records, in bytes."""


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
    `is_routine` marks pings, acks of messages and streams, and validations, which the page does not show by default.
    `payload` and `reply` are as they were recorded, `exchange` is the HTTP call of a webhook, of REST and of storage.
    `groups` are those that the entry names. `size` is what the entry takes in memory, in bytes.
    """

    id: int
    change: int
    kind: EntryKind
    hub: str
    began: float
    ended: float | None
    title: str
    redactor: Redactor
    correlation_id: str = ""
    request_id: str | None = None
    connection_id: str | None = None
    user_id: str | None = None
    status: str = ""
    is_ok: bool | None = None
    is_routine: bool = False
    is_imported: bool = False
    facts: dict[str, str | int] = field(default_factory=dict)
    payload: str | bytes | None = None
    reply: bytes | None = None
    exchange: Exchange | None = None
    receivers: tuple[tuple[str, str | None], ...] = ()
    receiver_count: int = 0
    groups: tuple[str, ...] = ()
    size: int = 0

    @property
    def milliseconds(self) -> float | None:
        """How long it took; None while it is in progress."""
        return None if self.ended is None else (self.ended - self.began) * 1000

    @property
    def content(self) -> RedactedPayload | None:
        """The payload without secrets."""
        return self.redactor.redact(self.payload) if self.payload else None

    @property
    def answer(self) -> RedactedPayload | None:
        """The answer's payload without secrets."""
        return self.redactor.redact(self.reply) if self.reply else None

    def texts(self) -> frozenset[str]:
        """Return the texts of the payload, and the user id: what a message that this entry has caused may contain."""
        content = self.content
        texts = payload_texts(content) if content else frozenset()
        return texts | {self.user_id} if self.user_id else texts

    def summary(self) -> dict[str, object]:
        """Return the entry as the list shows it: with an excerpt of its payload only."""
        return {
            "id": self.id,
            "kind": self.kind,
            "hub": self.hub,
            "began": self.began,
            "ms": self.milliseconds,
            "inProgress": self.ended is None,
            "title": self.redactor.redact_text(self.title),
            "connection": self.connection_id,
            "user": self.user_id,
            "status": self.status,
            "error": self.facts.get("error"),
            "ok": self.is_ok,
            "routine": self.is_routine,
            "imported": self.is_imported,
            "excerpt": self._excerpt(),
            "receiverCount": self.receiver_count,
            "receivers": self.receivers,
            "groups": self.groups,
        }

    def _excerpt(self) -> str:
        if self.payload and "error" not in self.facts:
            return self.redactor.excerpt(self.payload, EXCERPT_CHARACTERS)
        given = (self.facts[name] for name in ("reason", "error", "target") if self.facts.get(name))
        return self.redactor.redact_text(str(next(given, ""))[:EXCERPT_CHARACTERS])

    def _shown(self, fact: str | int) -> str | int:
        return self.redactor.redact_text(fact) if isinstance(fact, str) else fact

    def details(self) -> dict[str, object]:
        """Return the entry with its payloads and facts, and its HTTP call."""
        content, answer = self.content, self.answer
        return self.summary() | {
            "facts": {name: self._shown(value) for name, value in self.facts.items()},
            "content": content.document() if content else None,
            "answer": answer.document() if answer else None,
            "http": self.exchange.document(self.redactor) if self.exchange else None,
        }
