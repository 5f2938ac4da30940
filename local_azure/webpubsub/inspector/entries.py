"""One line of the live flow: what happened, to whom, when, and what became of it."""

from dataclasses import dataclass, field
from enum import StrEnum

from local_azure.webpubsub.inspector.contents import Content, texts_of

MAX_NAMED_RECEIVERS = 30
EXCERPT_CHARACTERS = 160


class Kind(StrEnum):
    """What an entry is about."""

    CONNECTION = "connection"
    FRAME_IN = "frame-in"
    FRAME_OUT = "frame-out"
    WEBHOOK = "webhook"
    REST = "rest"
    DELIVERY = "delivery"
    FAULT = "fault"


@dataclass(slots=True, kw_only=True)
class Entry:
    """One happening. `began` and `ended` are seconds since the epoch; `ended` is None while it goes on.

    `change` is the journal's count of changes at the entry's last one. `is_ok` is None where nothing can fail.
    """

    id: int
    change: int
    kind: Kind
    hub: str
    began: float
    ended: float | None
    title: str
    correlation_id: str = ""
    connection_id: str | None = None
    user_id: str | None = None
    status: str = ""
    is_ok: bool | None = None
    is_routine: bool = False
    facts: dict[str, str | int] = field(default_factory=dict)
    content: Content | None = None
    answer: Content | None = None
    receivers: list[tuple[str, str | None]] = field(default_factory=list)
    receiver_count: int = 0
    _texts: frozenset[str] | None = field(default=None, repr=False)

    @property
    def milliseconds(self) -> float | None:
        """How long it took; None while it goes on."""
        return None if self.ended is None else (self.ended - self.began) * 1000

    def texts(self) -> frozenset[str]:
        """Return the texts in the payload and the user's id: what a later message may repeat."""
        if self._texts is None:
            said = texts_of(self.content) if self.content else frozenset()
            self._texts = said | {self.user_id} if self.user_id else said
        return self._texts

    def summary(self) -> dict[str, object]:
        """Return the entry as the list shows it: without its payload but for an excerpt."""
        return {
            "id": self.id,
            "kind": self.kind,
            "hub": self.hub,
            "began": self.began,
            "ms": self.milliseconds,
            "open": self.ended is None,
            "title": self.title,
            "connection": self.connection_id,
            "user": self.user_id,
            "status": self.status,
            "ok": self.is_ok,
            "routine": self.is_routine,
            "excerpt": self._excerpt(),
            "receivers": self.receiver_count,
            "to": self.receivers,
        }

    def _excerpt(self) -> str:
        if self.content is not None:
            return self.content.text[:EXCERPT_CHARACTERS]
        return str(self.facts.get("reason") or self.facts.get("struck") or "")[:EXCERPT_CHARACTERS]

    def details(self) -> dict[str, object]:
        """Return everything that is known of the entry."""
        return self.summary() | {
            "facts": self.facts,
            "content": _content(self.content),
            "answer": _content(self.answer),
        }


def _content(content: Content | None) -> dict[str, object] | None:
    if content is None:
        return None
    return {"text": content.text, "form": content.form, "size": content.size, "cut": content.is_cut}
