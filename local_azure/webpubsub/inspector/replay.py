"""Sends a recorded event once more, as it was or edited, to the handler that it was sent to."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

from multidict import CIMultiDict
from yarl import URL

from local_azure.webpubsub.event_handlers.requests import RepeatedEvent
from local_azure.webpubsub.event_handlers.webhook_client import WebhookFailed
from local_azure.webpubsub.events import HandlerResponse
from local_azure.webpubsub.inspector.entries import Entry, EntryKind
from local_azure.webpubsub.inspector.entry_maker import REQUEST_ID
from local_azure.webpubsub.inspector.event_buffer import EventBuffer
from local_azure.webpubsub.inspector.exchanges import Exchange, header
from local_azure.webpubsub.inspector.record_decoder import PayloadStart

SIGNATURE = "ce-signature"
CLIENT_REQUEST_ID = "x-ms-client-request-id"
MAX_BODY_BYTES = 1024 * 1024
_OF_THE_CONNECTION = frozenset(("host", "content-length", "transfer-encoding", "connection"))
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

SendAgain = Callable[[RepeatedEvent], Awaitable[HandlerResponse]]


class ReplayRefused(Exception):
    """The event is not sent; `status` and `code` are those of the answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def make_repeated_event(
    entry: Entry, body: str | None, changed_headers: Mapping[str, str | None], request_id: str
) -> RepeatedEvent:
    """Return the event of an entry with another body and other headers, where they are given.

    A header that is changed to None is left out; one that is as it is shown, masked, is as it was. Raises
    `ReplayRefused`.
    """
    exchange = _exchange_of_event(entry)
    content = _body(exchange, body)
    recorded = CIMultiDict(
        (name, value) for name, value in exchange.request_pairs() if name.lower() not in _OF_THE_CONNECTION
    )
    shown = {name.lower(): value for name, value in entry.redactor.redact_headers(exchange.request_pairs())}
    changes = {
        name: value for name, value in changed_headers.items() if value is None or shown.get(name.lower()) != value
    }
    headers = recorded.copy()
    headers[CLIENT_REQUEST_ID] = request_id
    for name, value in changes.items():
        _check_header(name, value)
        headers.popall(name, None)
        if value is not None:
            headers[name] = value
    changed = {name.lower() for name in changes}
    return RepeatedEvent(
        url=URL(exchange.url, encoded=True),
        headers=headers,
        body=content,
        hub=entry.hub,
        connection_id=headers.get("ce-connectionId", entry.connection_id or ""),
        user_id=entry.user_id,
        event=headers.get("ce-type", ""),
        event_id=_event_id(headers),
        request_id=headers.get(CLIENT_REQUEST_ID, request_id),
        handler=str(entry.facts.get("handler", "")),
        is_signed_again=SIGNATURE not in changed,
        has_own_authorization="authorization" in changed,
    )


async def send_repeated_event(send_again: SendAgain, event: RepeatedEvent) -> dict[str, object]:
    """Send an event; return the status of its answer (None without one, with the reason) and how long it took."""
    started = time.perf_counter()
    try:
        response = await send_again(event)
    except WebhookFailed as error:
        result: dict[str, object] = {"status": None, "failure": str(error)}
    except TimeoutError:
        result = {"status": None, "failure": "no answer in time"}
    else:
        result = {"status": response.status}
    return result | {"milliseconds": round((time.perf_counter() - started) * 1000, 1)}


def find_request(buffer: EventBuffer, request_id: str) -> Entry | None:
    """Return the newest event with this request id."""
    return next((entry for entry in reversed(buffer) if entry.facts.get(REQUEST_ID) == request_id), None)


def new_request_id() -> str:
    """Return a request id for an event that is sent again: its effects are a trace of their own."""
    return str(uuid4())


def _exchange_of_event(entry: Entry) -> Exchange:
    if entry.is_imported:
        raise ReplayRefused(409, "imported", "an entry that was imported is read-only: it has no keys and no handler")
    exchange = entry.exchange
    if entry.kind is not EntryKind.WEBHOOK or exchange is None:
        raise ReplayRefused(409, "not_an_event", f"only an event can be sent again, and this is {entry.kind}")
    if header(exchange.request_pairs(), "ce-type") is None:
        raise ReplayRefused(409, "not_an_event", "a validation request is no event")
    return exchange


def _body(exchange: Exchange, body: str | None) -> bytes:
    if body is None:
        if isinstance(exchange.request_body, PayloadStart):
            size = exchange.request_body.whole_size
            raise ReplayRefused(409, "body_not_kept", f"of this body's {size} bytes only the start is kept: give one")
        return exchange.request_body or b""
    try:
        content = body.encode()
    except UnicodeEncodeError:
        raise ReplayRefused(400, "invalid_body", "body is not valid Unicode") from None
    if len(content) > MAX_BODY_BYTES:
        raise ReplayRefused(413, "body_too_large", f"body is {len(content)} bytes, the limit is {MAX_BODY_BYTES}")
    return content


def _check_header(name: str, value: str | None) -> None:
    if not _TOKEN.fullmatch(name):
        raise ReplayRefused(400, "invalid_header", f"{name[:64]!r} is no name of a header")
    if name.lower() in _OF_THE_CONNECTION:
        raise ReplayRefused(400, "invalid_header", f"{name} follows from handler and body, it cannot be changed")
    if value is None:
        return
    if _CONTROL_CHARACTER.search(value):
        raise ReplayRefused(400, "invalid_header", f"{name} has a control character")
    if not value.isascii() and name.lower() != "ce-userid":
        raise ReplayRefused(400, "invalid_header", f"{name} has a character that is not ASCII")


def _event_id(headers: Mapping[str, str]) -> int | None:
    text = headers.get("ce-id", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None
