"""What did the service tell us? CloudEvents 1.0 in binary mode: attributes in `ce-*` headers, data in the body.

The rules are those of "CloudEvents extension for Azure Web PubSub event handlers with HTTP protocol".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chat.connection_state import ConnectionState, decode_state
from chat.errors import BodyTooLarge, InvalidEvent

# The service takes 1 MiB from a client, so nothing larger can come from it.
MAX_BODY_BYTES = 1024 * 1024
REASON_LENGTH = 200
SYSTEM = "azure.webpubsub.sys."
USER = "azure.webpubsub.user."
SUBPROTOCOLS = (
    "json.reliable.webpubsub.azure.v1",
    "json.webpubsub.azure.v1",
    "protobuf.reliable.webpubsub.azure.v1",
    "protobuf.webpubsub.azure.v1",
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom an event is about; the same attributes come with every event.

    `time` is UTC; `event_id` is unique within the connection; `user_id` is None until somebody said who this is.
    """

    hub: str
    connection_id: str
    event_id: str
    time: datetime
    user_id: str | None
    subprotocol: str | None
    state: ConnectionState

    @property
    def is_rich(self) -> bool:
        """Whether the client speaks a PubSub subprotocol, and so understands more than lines to print."""
        return (self.subprotocol or "").lower() in SUBPROTOCOLS


@dataclass(frozen=True, slots=True)
class Connect:
    """A client wants to connect; the service waits for the answer."""

    origin: Origin
    query: Mapping[str, tuple[str, ...]]
    subprotocols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Connected:
    """A client is connected; the answer is ignored."""

    origin: Origin


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A connection came to its real end; the answer is ignored."""

    origin: Origin
    reason: str


@dataclass(frozen=True, slots=True)
class UserEvent:
    """A client sent something; the service waits for the answer. `content_type` is without parameters."""

    origin: Origin
    name: str
    content_type: str
    body: bytes


Event = Connect | Connected | Disconnected | UserEvent


def parse_event(headers: Mapping[str, str], body: bytes) -> Event:
    """Return the event that a webhook request carries; header names are lower case.

    Raises InvalidEvent with the missing or wrong header. Nothing in it is believed before `chat.trust` was asked.
    """
    if (version := required(headers, "ce-specversion")) != "1.0":
        raise InvalidEvent(f"ce-specversion is {version!r}, it must be '1.0'")
    kind, name = required(headers, "ce-type"), required(headers, "ce-eventname")
    origin = parse_origin(headers)
    if kind == f"{USER}{name}":
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        return UserEvent(origin, name, content_type, body)
    if kind == f"{SYSTEM}connect":
        return parse_connect(origin, json_object(body))
    if kind == f"{SYSTEM}connected":
        return Connected(origin)
    if kind == f"{SYSTEM}disconnected":
        return Disconnected(origin, str(json_object(body).get("reason") or "")[:REASON_LENGTH])
    raise InvalidEvent(f"ce-type is {kind!r} with ce-eventName {name!r}, which is no event of the service")


def event_connection(headers: Mapping[str, str], body: bytes) -> str:
    """Return the connection that a request claims to be about: all that is read of it before it is believed.

    Raises BodyTooLarge or InvalidEvent.
    """
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(len(body), MAX_BODY_BYTES)
    return required(headers, "ce-connectionid")


def parse_origin(headers: Mapping[str, str]) -> Origin:
    """Return the attributes that every event has."""
    state = decode_state(headers.get("ce-connectionstate"))
    return Origin(
        hub=required(headers, "ce-hub"),
        connection_id=required(headers, "ce-connectionid"),
        event_id=required(headers, "ce-id"),
        time=parse_time(required(headers, "ce-time")),
        # The state is ours and exact; the header is only read where no `connect` event preceded.
        user_id=state.user or utf8_header(headers.get("ce-userid", "")) or None,
        subprotocol=headers.get("ce-subprotocol") or None,
        state=state,
    )


def parse_connect(origin: Origin, content: Mapping[str, Any]) -> Connect:
    """Return the connect event; the user of its token is the `sub` claim, which the body spells exactly."""
    subject = string_lists(content.get("claims")).get("sub", ())
    user = subject[0] if subject and subject[0] else origin.user_id
    offered = content.get("subprotocols")
    return Connect(
        origin=Origin(
            origin.hub, origin.connection_id, origin.event_id, origin.time, user, origin.subprotocol, origin.state
        ),
        query=string_lists(content.get("query")),
        subprotocols=tuple(map(str, offered)) if isinstance(offered, list) else (),
    )


def required(headers: Mapping[str, str], name: str) -> str:
    """Return a header's value, which must not be blank."""
    if not (value := headers.get(name, "").strip()):
        raise InvalidEvent(f"the {name} header is missing")
    return value


def parse_time(text: str) -> datetime:
    """Return `ce-time` in UTC."""
    time: datetime | None
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        time = None
    if time is None or not 1970 <= time.year < 9999:  # what milliseconds since 1970 can say
        raise InvalidEvent(f"ce-time is {text!r}, it must be a time such as 2026-01-31T12:00:00Z")
    return time


def utf8_header(value: str) -> str:
    """Return a header's text: the service sends raw UTF-8, which some servers decode as Latin-1.

    Bytes that are no UTF-8, which Python's servers hand over as halves of surrogate pairs, are taken for Latin-1.
    """
    try:
        raw = value.encode("latin-1")
    except UnicodeEncodeError:
        raw = value.encode(errors="surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def json_object(body: bytes) -> Mapping[str, Any]:
    """Return a system event's body."""
    try:
        content = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise InvalidEvent("the body is no JSON") from None
    if not isinstance(content, dict):
        raise InvalidEvent(f"the body is a JSON {type(content).__name__}, it must be an object")
    return content


def string_lists(value: object) -> dict[str, tuple[str, ...]]:
    """Return a map of string arrays as the connect event writes them."""
    if not isinstance(value, dict):
        return {}
    return {str(key): tuple(map(str, items)) for key, items in value.items() if isinstance(items, list)}
