"""Entries as our own JSON document, and what an import reads of one: the whole of each entry, without secrets."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_azure.webpubsub.inspector.entries import Entry, EntryKind
from local_azure.webpubsub.inspector.exchanges import Exchange
from local_azure.webpubsub.inspector.redaction import Redactor

FORMAT = "local_azure.inspector"
VERSION = 1
MAX_NAME_CHARACTERS = 4096
MAX_SECONDS = 1e11
_MISSING = "\0"


class InvalidDocument(ValueError):
    """A document that is refused; the text names the field, and says what it must be."""


@dataclass(slots=True, kw_only=True)
class Document:
    """What is read of one entry; the fields are those of `Entry`, `signature` is that of the exchange."""

    kind: EntryKind
    title: str
    hub: str
    began: float
    ended: float | None
    connection_id: str | None = None
    user_id: str | None = None
    status: str = ""
    is_ok: bool | None = None
    is_routine: bool = False
    correlation_id: str = ""
    facts: dict[str, str | int] = field(default_factory=dict)
    payload: bytes | None = None
    reply: bytes | None = None
    exchange: Exchange | None = None
    signature: str | None = None
    receivers: tuple[tuple[str, str | None], ...] = ()
    receiver_count: int = 0
    groups: tuple[str, ...] = ()

    def make_entry(self, redactor: Redactor, run: str) -> Callable[[int], Entry]:
        """Return what makes the entry of a number; `run` keeps its traces apart from those of this service."""
        exchange, signature = self.exchange, self.signature
        if exchange is not None:
            exchange.check_signature = lambda _: signature
        return lambda entry_id: Entry(
            id=entry_id,
            change=0,
            kind=self.kind,
            hub=self.hub,
            began=self.began,
            ended=self.ended,
            title=self.title,
            redactor=redactor,
            correlation_id=f"{run} {self.correlation_id}" if self.correlation_id else "",
            connection_id=self.connection_id,
            user_id=self.user_id,
            status=self.status,
            is_ok=self.is_ok,
            is_routine=self.is_routine,
            is_imported=True,
            facts=self.facts,
            payload=self.payload or (exchange.request_body if exchange else None),
            reply=self.reply or (exchange.response_body if exchange else None),
            exchange=exchange,
            receivers=self.receivers,
            receiver_count=self.receiver_count,
            groups=self.groups,
        )

    def size(self) -> int:
        """Return about what the entry takes in memory, in bytes."""
        texts = [self.title, self.hub, self.status, *map(str, self.facts.values())]
        size = sum(map(len, texts)) + len(self.payload or b"") + len(self.reply or b"") + 200 * len(self.receivers)
        if self.exchange is not None:
            pairs = (*self.exchange.request_pairs(), *self.exchange.response_pairs())
            size += sum(120 + len(name) + len(value) for name, value in pairs) + len(self.exchange.url)
            size += len(self.exchange.request_body or b"") + len(self.exchange.response_body or b"")
        return size


def json_document(entries: Iterable[Entry], redactor: Redactor, limit: int) -> dict[str, object]:
    """Return the document of all entries; of each payload at most `limit` bytes are in it."""
    return {"format": FORMAT, "version": VERSION, "entries": [_document(entry, redactor, limit) for entry in entries]}


def read_json(document: Mapping[str, Any]) -> Iterator[Document]:
    """Yield the entries of a document of any version; raises `InvalidDocument`."""
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InvalidDocument(f"version is {str(version)[:64]!r}; it must be a whole number from 1")
    for number, entry in enumerate(read_list(document, "entries")):
        if not isinstance(entry, dict):
            raise InvalidDocument(f"entry {number} is no object")
        try:
            yield _read_entry(entry)
        except InvalidDocument as error:
            raise InvalidDocument(f"entry {number}: {error}") from None


def read_text(document: Mapping[str, Any], name: str, default: str = _MISSING) -> str:
    """Return a text, or the default where it is absent or null; raises `InvalidDocument`."""
    value = document.get(name)
    if value is None and default is not _MISSING:
        return default
    if not isinstance(value, str):
        raise InvalidDocument(f"{name} must be a text, not {type(value).__name__}")
    return value


def read_number(document: Mapping[str, Any], name: str, default: float) -> float:
    """Return a number, or the default where it is absent; raises `InvalidDocument`."""
    value = document.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_SECONDS * 1000:
        raise InvalidDocument(f"{name} is {str(value)[:64]!r}; it must be a number that is not too large")
    return float(value)


def read_list(document: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list; raises `InvalidDocument`."""
    value = document.get(name)
    if not isinstance(value, list):
        raise InvalidDocument(f"{name} must be a list")
    return value


def _document(entry: Entry, redactor: Redactor, limit: int) -> dict[str, object]:
    """Return the details of an entry with all that is kept of its payloads."""
    document = entry.details() | {"correlation": entry.correlation_id}
    if entry.payload:
        document["content"] = redactor.redact(entry.payload, limit).document()
    if entry.reply:
        document["answer"] = redactor.redact(entry.reply, limit).document()
    if entry.exchange is not None:
        document["http"] = entry.exchange.document(redactor, limit)
    return document


def _read_entry(document: Mapping[str, Any]) -> Document:
    began = read_number(document, "began", 0)
    if not 0 <= began <= MAX_SECONDS:
        raise InvalidDocument(f"began is {began!r}; it must be in seconds since 1970")
    milliseconds = document.get("ms")
    is_ok = document.get("ok")
    http = document.get("http")
    return Document(
        kind=_read_kind(document),
        title=read_text(document, "title")[:MAX_NAME_CHARACTERS],
        hub=read_text(document, "hub", ""),
        began=began,
        ended=None if milliseconds is None else began + read_number(document, "ms", 0) / 1000,
        connection_id=read_text(document, "connection", "") or None,
        user_id=read_text(document, "user", "") or None,
        status=read_text(document, "status", "")[:MAX_NAME_CHARACTERS],
        is_ok=is_ok if isinstance(is_ok, bool) else None,
        is_routine=document.get("routine") is True,
        correlation_id=read_text(document, "correlation", ""),
        facts=_read_facts(document.get("facts")),
        payload=_read_payload(document.get("content")),
        reply=_read_payload(document.get("answer")),
        exchange=_read_exchange(http) if isinstance(http, dict) else None,
        signature=(read_text(http, "signature", "") or None) if isinstance(http, dict) else None,
        receivers=_read_receivers(document.get("receivers")),
        receiver_count=int(read_number(document, "receiverCount", 0)),
        groups=tuple(group for group in document.get("groups") or () if isinstance(group, str)),
    )


def _read_kind(document: Mapping[str, Any]) -> EntryKind:
    kind = read_text(document, "kind")
    try:
        return EntryKind(kind)
    except ValueError:
        raise InvalidDocument(f"kind is {kind[:64]!r}; known are {', '.join(EntryKind)}") from None


def _read_facts(facts: Any) -> dict[str, str | int]:
    if not isinstance(facts, dict):
        return {}
    return {name: value for name, value in facts.items() if isinstance(value, str | int)}


def _read_receivers(receivers: Any) -> tuple[tuple[str, str | None], ...]:
    read: list[tuple[str, str | None]] = []
    for receiver in receivers if isinstance(receivers, list) else ():
        match receiver:
            case [str(connection), str() | None as user]:
                read.append((connection, user))
    return tuple(read)


def _read_exchange(http: Mapping[str, Any]) -> Exchange:
    status = http.get("status")
    return Exchange(
        read_text(http, "method"),
        read_text(http, "url"),
        _read_headers(http.get("requestHeaders")),
        _read_payload(http.get("requestBody")),
        None if status is None else int(read_number(http, "status", 0)),
        _read_headers(http.get("responseHeaders")),
        _read_payload(http.get("responseBody")),
        reason=read_text(http, "reason", ""),
    )


def _read_headers(headers: Any) -> list[tuple[str, str]]:
    read: list[tuple[str, str]] = []
    for header in headers if isinstance(headers, list) else ():
        match header:
            case [str(name), str(value)]:
                read.append((name, value))
    return read


def _read_payload(payload: Any) -> bytes | None:
    if not isinstance(payload, dict):
        return None
    text = read_text(payload, "text", "")
    if payload.get("form") != "hex":
        return text.encode(errors="replace")
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise InvalidDocument("a payload is not valid hexadecimal") from None
