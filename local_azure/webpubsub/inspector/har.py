"""Entries as an HTTP Archive (HAR 1.2), and back.

Source of the fields: the HAR 1.2 specification (https://w3c.github.io/web-performance/specs/HAR/Overview.html). The
frames of a connection are in `_webSocketMessages`, as browsers write them; `_localAzure` holds what HAR has no field
for.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local_azure.webpubsub.inspector.documents import Document, InvalidDocument, read_list, read_number, read_text
from local_azure.webpubsub.inspector.entries import Entry, EntryKind
from local_azure.webpubsub.inspector.exchanges import Exchange, reason_of
from local_azure.webpubsub.inspector.redaction import RedactedPayload, Redactor

VERSION = "1.2"
EXTENSION = "_localAzure"
FRAMES = "_webSocketMessages"
UNKNOWN_SIZE = -1
_TEXT_OPCODE, _BINARY_OPCODE = 1, 2


def har_document(entries: Iterable[Entry], redactor: Redactor, creator: str, limit: int) -> dict[str, object]:
    """Return the archive of the entries that are HTTP calls, and of the connections that the others are frames of.

    Of each body at most `limit` bytes are in it; nothing secret is.
    """
    calls: list[dict[str, object]] = []
    frames: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.exchange is not None:
            calls.append(_call(entry, entry.exchange, redactor, limit))
        elif entry.kind in (EntryKind.FRAME_IN, EntryKind.FRAME_OUT) and entry.connection_id:
            frames.setdefault(entry.connection_id, []).append(entry)
    calls += [_connection(connection, sent, limit) for connection, sent in frames.items()]
    calls.sort(key=lambda call: str(call["startedDateTime"]))
    return {"log": {"version": VERSION, "creator": {"name": "local_azure", "version": creator}, "entries": calls}}


def read_har(document: Mapping[str, Any]) -> Iterator[Document]:
    """Yield what an archive holds, as documents of entries; raises `InvalidDocument`."""
    log = document.get("log")
    if not isinstance(log, dict):
        raise InvalidDocument("the archive has no log")
    for number, call in enumerate(read_list(log, "entries")):
        try:
            yield from _read_call(call)
        except InvalidDocument as error:
            raise InvalidDocument(f"entry {number} of the archive: {error}") from None


# --- to an archive ------------------------------------------------------------------


def _call(entry: Entry, exchange: Exchange, redactor: Redactor, limit: int) -> dict[str, object]:
    url = redactor.redact_url(exchange.url)
    sent = redactor.redact_headers(exchange.request_pairs())
    received = redactor.redact_headers(exchange.response_pairs())
    milliseconds = entry.milliseconds or 0
    request_body = None if exchange.request_body is None else redactor.redact(exchange.request_body, limit)
    response_body = None if exchange.response_body is None else redactor.redact(exchange.response_body, limit)
    request: dict[str, object] = {
        "method": exchange.method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": _cookies(sent, "cookie"),
        "headers": _named(sent),
        "queryString": _named(_query(url)),
        "headersSize": UNKNOWN_SIZE,
        "bodySize": request_body.size if request_body else 0,
    }
    if request_body is not None and request_body.size:
        request["postData"] = {"mimeType": _content_type(sent), "params": [], **_text(request_body, "_encoding")}
    content: dict[str, object] = {
        "size": response_body.size if response_body else 0,
        "mimeType": _content_type(received),
    }
    if response_body is not None and response_body.size:
        content |= _text(response_body, "encoding")
    response: dict[str, object] = {
        "status": exchange.status or 0,
        "statusText": (reason_of(exchange.status) if exchange.reason is None else exchange.reason),
        "httpVersion": "HTTP/1.1",
        "cookies": _cookies(received, "set-cookie"),
        "headers": _named(received),
        "content": content,
        "redirectURL": next((value for name, value in received if name.lower() == "location"), ""),
        "headersSize": UNKNOWN_SIZE,
        "bodySize": response_body.size if response_body else 0,
    }
    return {
        "startedDateTime": _time(entry.began),
        "time": milliseconds,
        "request": request,
        "response": response,
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        EXTENSION: _extension(entry) | {"signature": exchange.check_signature(exchange.request_pairs())},
    }


def _connection(connection_id: str, frames: Sequence[Entry], limit: int) -> dict[str, object]:
    first, last = frames[0], frames[-1]
    milliseconds = max(0.0, (last.began - first.began) * 1000)
    messages = []
    for frame in frames:
        payload = frame.redactor.redact(frame.payload or b"", limit)
        is_text = payload.form != "hex"
        messages.append(
            {
                # As seen from the client.
                "type": "send" if frame.kind is EntryKind.FRAME_IN else "receive",
                "time": frame.began,
                "opcode": _TEXT_OPCODE if is_text else _BINARY_OPCODE,
                "data": payload.text if is_text else _base64(payload),
                EXTENSION: _extension(frame),
            }
        )
    return {
        "startedDateTime": _time(first.began),
        "time": milliseconds,
        "_resourceType": "websocket",
        "request": {
            "method": "GET",
            "url": f"ws://localhost/client/hubs/{first.hub}",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [],
            "queryString": [],
            "headersSize": UNKNOWN_SIZE,
            "bodySize": 0,
        },
        "response": {
            "status": 101,
            "statusText": "Switching Protocols",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [],
            "content": {"size": 0, "mimeType": ""},
            "redirectURL": "",
            "headersSize": UNKNOWN_SIZE,
            "bodySize": 0,
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        FRAMES: messages,
        EXTENSION: {"connection": connection_id, "hub": first.hub, "user": first.user_id},
    }


def _extension(entry: Entry) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "title": entry.redactor.redact_text(entry.title),
        "hub": entry.hub,
        "connection": entry.connection_id,
        "user": entry.user_id,
        "status": entry.status,
        "ok": entry.is_ok,
        "correlation": entry.correlation_id,
    }


def _text(payload: RedactedPayload, encoding_field: str) -> dict[str, object]:
    return {"text": _base64(payload), encoding_field: "base64"} if payload.form == "hex" else {"text": payload.text}


def _base64(payload: RedactedPayload) -> str:
    return base64.b64encode(bytes.fromhex(payload.text)).decode()


def _named(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _query(url: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError:  # not a URL, or more parameters than the library reads
        return []


def _cookies(headers: Iterable[tuple[str, str]], name: str) -> list[dict[str, str]]:
    """Return the cookies of headers that are masked already."""
    cookies: list[dict[str, str]] = []
    for header_name, value in headers:
        if header_name.lower() == name:
            try:
                cookies += [{"name": key, "value": morsel.value} for key, morsel in SimpleCookie(value).items()]
            except CookieError:
                continue
    return cookies


def _content_type(headers: Iterable[tuple[str, str]]) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- from an archive ----------------------------------------------------------------


def _read_call(call: Any) -> Iterator[Document]:
    if not isinstance(call, dict):
        raise InvalidDocument("it is no object")
    extension = _read_extension(call)
    began = _read_time(read_text(call, "startedDateTime"))
    if isinstance(call.get(FRAMES), list):
        for frame in call[FRAMES]:
            yield _read_frame(frame, extension, began)
        return
    request, response = call.get("request"), call.get("response")
    if not isinstance(request, dict) or not isinstance(response, dict):
        raise InvalidDocument("it has no request and response")
    status = int(read_number(response, "status", 0)) or None
    method, url = read_text(request, "method"), read_text(request, "url")
    milliseconds = max(0.0, read_number(call, "time", 0))
    headers = _read_named(request, "headers")
    yield Document(
        kind=_read_kind(extension, EntryKind.WEBHOOK if _is_event(headers) else EntryKind.REST),
        title=read_text(extension, "title", "") or f"{method} {urlsplit(url).path}",
        hub=read_text(extension, "hub", ""),
        began=began,
        ended=began + milliseconds / 1000,
        connection_id=read_text(extension, "connection", "") or None,
        user_id=read_text(extension, "user", "") or None,
        status=read_text(extension, "status", "") or str(status or "no answer"),
        is_ok=extension["ok"] if isinstance(extension.get("ok"), bool) else (status is not None and status < 400),
        correlation_id=read_text(extension, "correlation", ""),
        exchange=Exchange(
            method,
            url,
            headers,
            _read_body(request.get("postData"), "_encoding"),
            status,
            _read_named(response, "headers"),
            _read_body(response.get("content"), "encoding"),
            reason=read_text(response, "statusText", ""),
        ),
        signature=read_text(extension, "signature", "") or None,
    )


def _read_frame(frame: Any, extension: Mapping[str, Any], began: float) -> Document:
    if not isinstance(frame, dict):
        raise InvalidDocument("a frame is no object")
    own = _read_extension(frame)
    data = read_text(frame, "data", "")
    at = read_number(frame, "time", began)
    is_sent = read_text(frame, "type", "send") == "send"
    return Document(
        kind=_read_kind(own, EntryKind.FRAME_IN if is_sent else EntryKind.FRAME_OUT),
        title=read_text(own, "title", "") or "frame",
        hub=read_text(own, "hub", "") or read_text(extension, "hub", ""),
        began=at,
        ended=at,
        connection_id=read_text(own, "connection", "") or read_text(extension, "connection", "") or None,
        user_id=read_text(own, "user", "") or read_text(extension, "user", "") or None,
        status=read_text(own, "status", ""),
        is_ok=own["ok"] if isinstance(own.get("ok"), bool) else None,
        correlation_id=read_text(own, "correlation", ""),
        payload=_from_base64(data) if frame.get("opcode") == _BINARY_OPCODE else data.encode(errors="replace"),
    )


def _read_extension(document: Mapping[str, Any]) -> Mapping[str, Any]:
    extension = document.get(EXTENSION)
    return extension if isinstance(extension, dict) else {}


def _read_kind(extension: Mapping[str, Any], default: EntryKind) -> EntryKind:
    try:
        return EntryKind(read_text(extension, "kind", default))
    except ValueError:
        return default


def _is_event(headers: Iterable[tuple[str, str]]) -> bool:
    return any(name.lower() == "ce-type" for name, _ in headers)


def _read_named(message: Mapping[str, Any], field: str) -> list[tuple[str, str]]:
    pairs = message.get(field)
    if not isinstance(pairs, list):
        return []
    return [
        (pair["name"], pair["value"])
        for pair in pairs
        if isinstance(pair, dict) and isinstance(pair.get("name"), str) and isinstance(pair.get("value"), str)
    ]


def _read_body(content: Any, encoding_field: str) -> bytes | None:
    if not isinstance(content, dict) or not isinstance(content.get("text"), str):
        return None
    text: str = content["text"]
    return _from_base64(text) if content.get(encoding_field) == "base64" else text.encode(errors="replace")


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidDocument("a body is not valid Base64") from None


def _read_time(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise InvalidDocument(f"startedDateTime is {text[:64]!r}, which is no time of ISO 8601") from None
