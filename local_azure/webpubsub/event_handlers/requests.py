"""The HTTP request for an event: a CloudEvent in binary mode, attributes in `ce-*` headers and data in the body."""

import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from multidict import CIMultiDict
from yarl import URL

from local_azure.random_uuid import random_uuid
from local_azure.webpubsub.events import Event, EventFamily, EventSource, event_type
from local_azure.webpubsub.messages import DataType, Payload
from local_azure.webpubsub.metadata import metadata_headers

JSON_CONTENT_TYPE = "application/json"
PRESENCE_CONTENT_TYPE = "application/json; charset=utf-8"
CONTENT_TYPES = {
    DataType.TEXT: "text/plain; charset=utf-8",
    DataType.JSON: JSON_CONTENT_TYPE,
    DataType.BINARY: "application/octet-stream",
    DataType.PROTOBUF: "application/x-protobuf",
}
MAX_REMEMBERED_HEADERS = 500
_NOT_FORWARDED = ("authorization",)
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0a-\x1f]")
_INTERNAL_PREFIX = "x-asrs-internal-"


class UnsendableHeader(ValueError):
    """A value that an HTTP header cannot hold; the text names the header and not the value."""


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """The data of the `connect` event; every value is a list of texts."""

    claims: Mapping[str, Sequence[str]]
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, Sequence[str]]
    subprotocols: Sequence[str]

    def body(self) -> bytes:
        """Return the JSON text of the event."""
        return json.dumps(
            {
                "claims": self.claims,
                "query": self.query,
                "headers": self.headers,
                "subprotocols": self.subprotocols,
                "clientCertificates": [],
            },
            separators=(",", ":"),
        ).encode()


@dataclass(frozen=True, slots=True)
class RepeatedEvent:
    """An event that is sent once more, to this URL; `handler` is the label of its handler.

    It is signed anew with `is_signed_again`, and gets a new token of the service's identity, where its handler asks for
    one, without `has_own_authorization`.
    """

    url: URL
    headers: CIMultiDict[str]
    body: bytes
    hub: str
    connection_id: str
    user_id: str | None
    event: str
    event_id: int | None
    request_id: str
    handler: str
    is_signed_again: bool = True
    has_own_authorization: bool = False


def system_event(
    source: EventSource, name: str, event_id: int, body: bytes, *, keys: Iterable[str], now: datetime
) -> Event:
    """Return a `connect`, `connected` or `disconnected` event; raises `UnsendableHeader`."""
    return _event(source, name, event_id, Payload(DataType.JSON, body), "sys", keys=keys, now=now)


def user_event(
    source: EventSource, name: str, event_id: int, payload: Payload, *, keys: Iterable[str], now: datetime
) -> Event:
    """Return the event that a client sent; raises `UnsendableHeader`."""
    return _event(source, name, event_id, payload, "user", keys=keys, now=now)


def presence_event(
    source: EventSource, name: str, event_id: int, group: str, *, keys: Iterable[str], now: datetime
) -> Event:
    """Return the `joined` or `left` event of a connection in a group; raises `UnsendableHeader`."""
    body = json.dumps({"group": group}, separators=(",", ":"), ensure_ascii=False).encode()
    event = _event(source, name, event_id, Payload(DataType.JSON, body), "gp", keys=keys, now=now)
    event.headers["Content-Type"] = PRESENCE_CONTENT_TYPE
    return event


@lru_cache(maxsize=10_000)
def signature(connection_id: str, keys: tuple[str, ...]) -> str:
    """Return the `ce-signature` value: one `sha256=<hex>` for each access key, over the connection id alone."""
    digests = (hmac.new(key.encode(), connection_id.encode(), sha256).hexdigest() for key in keys)
    return ",".join(f"sha256={digest}" for digest in digests)


def validation_headers(origin: str) -> CIMultiDict[str]:
    """Return the headers of the request that asks a handler whether it accepts events of our origin."""
    return CIMultiDict({"WebHook-Request-Origin": origin, "ce-awpsversion": "1.0"})


def forwarded_headers(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return a client's handshake headers as the `connect` event shows them: without its credentials."""
    forwarded: dict[str, list[str]] = {}
    for name, value in headers:
        if name.lower() not in _NOT_FORWARDED and not name.lower().startswith(_INTERNAL_PREFIX):
            forwarded.setdefault(name, []).append(replace_lone_surrogates(value))
    return forwarded


def forwarded_query(query: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the client URL's query as the `connect` event shows it: without the token."""
    forwarded: dict[str, list[str]] = {}
    for name, value in query:
        if name.lower() != "access_token":
            forwarded.setdefault(replace_lone_surrogates(name), []).append(replace_lone_surrogates(value))
    return forwarded


def replace_lone_surrogates(text: str) -> str:
    """Return the text with bytes that were not UTF-8 decoded as Latin-1, so that it can be encoded again."""
    return text.translate(_LATIN_1)


_LATIN_1 = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}


def _event(
    source: EventSource,
    name: str,
    event_id: int,
    payload: Payload,
    family: EventFamily,
    *,
    keys: Iterable[str],
    now: datetime,
) -> Event:
    request_id = random_uuid()
    headers = _repeated_headers(
        source.origin,
        source.hub,
        source.connection_id,
        source.user_id,
        source.subprotocol,
        name,
        family,
        CONTENT_TYPES[payload.data_type],
        tuple(keys),
    ).copy()
    headers["ce-id"] = str(event_id)
    headers["ce-time"] = f"{now.isoformat(timespec='seconds')[:19]}Z"
    headers["x-ms-client-request-id"] = request_id
    if source.state is not None or payload.metadata:
        more = metadata_headers(payload.metadata)
        if source.state is not None:
            more = {"ce-connectionState": source.state, **more}
        _check_headers(more)
        headers.update(more)
    return Event(source, name, family, event_id, request_id, headers, payload.data)


@lru_cache(MAX_REMEMBERED_HEADERS)
def _repeated_headers(
    origin: str,
    hub: str,
    connection_id: str,
    user_id: str | None,
    subprotocol: str | None,
    name: str,
    family: EventFamily,
    content_type: str,
    keys: tuple[str, ...],
) -> CIMultiDict[str]:
    """Return the headers that all events of this name from this connection have; raises `UnsendableHeader`.

    The values of one event alone are still empty.
    """
    headers = CIMultiDict(
        {
            "WebHook-Request-Origin": origin,
            "Content-Type": content_type,
            "ce-specversion": "1.0",
            "ce-awpsversion": "1.0",
            "ce-type": event_type(name, family),
            "ce-source": f"/hubs/{hub}/client/{connection_id}",
            "ce-id": "",
            "ce-time": "",
            "ce-signature": signature(connection_id, keys),
            "ce-connectionId": connection_id,
            "ce-hub": hub,
            "ce-eventName": name,
            "x-ms-client-request-id": "",
        }
    )
    if user_id:
        headers["ce-userId"] = user_id
    if subprotocol:  # nothing has been chosen yet on `connect`
        headers["ce-subprotocol"] = subprotocol
    _check_headers(headers)
    return headers


def _check_headers(headers: Mapping[str, str]) -> None:
    """Raise `UnsendableHeader` for a line break, and for what is not ASCII except in the user id, which is UTF-8."""
    together = "".join(headers.values())
    if together.isascii() and together.isprintable():
        return  # one look at all of them costs less than one at each
    for name, value in headers.items():
        if (not value.isascii() and name != "ce-userId") or _CONTROL_CHARACTER.search(value):
            raise UnsendableHeader(f"{name} has a character that cannot be sent in a header")
