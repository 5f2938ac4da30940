"""What did the service tell us? CloudEvents 1.0 in binary mode: attributes in `ce-*` headers, data in the body.

The rules are those of "CloudEvents extension for Azure Web PubSub event handlers with HTTP protocol".
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chat.errors import BinaryRefused, BodyTooLarge, InvalidEvent, InvalidMessage, NotInRoom
from chat.json_text import parse_json
from chat.text_rules import decode_header
from chat.value_objects import value_object
from chat.webhook.connection_state import ConnectionState, decode_state

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


@value_object
class Origin:
    """Which connection an event is about; the same attributes come with every event.

    `time` is UTC; `event_id` is unique within the connection; `user_id` is None while no user is known.
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
        """Whether the client speaks a PubSub subprotocol, and so understands more than lines of text."""
        return (self.subprotocol or "").lower() in SUBPROTOCOLS


@value_object
class Connect:
    """A client wants to connect; the service waits for the answer. `roles` are those of its token."""

    origin: Origin
    query: Mapping[str, tuple[str, ...]]
    subprotocols: tuple[str, ...]
    roles: tuple[str, ...] = ()


@value_object
class Connected:
    """A client is connected; the answer is ignored."""

    origin: Origin


@value_object
class Disconnected:
    """A connection ended and cannot be recovered; the answer is ignored."""

    origin: Origin
    reason: str


@value_object
class UserEvent:
    """A client sent something; the service waits for the answer. `content_type` is without parameters."""

    origin: Origin
    name: str
    content_type: str
    body: bytes

    @property
    def sender(self) -> str:
        """The id of the connection's user: never a field of the payload."""
        return self.origin.user_id or ""

    @property
    def sender_name(self) -> str:
        """What the connection's user is called: only shown."""
        return self.origin.state.name or self.sender

    def joined_seq(self, room: str) -> int:
        """Return the number of the room's last entry when the connection joined it, 0 where that is unknown."""
        return self.origin.state.joined.get(room, 0)

    def joined_room(self, room: str | None) -> str:
        """Return the room that the event is about, the current one by default; raises NotInRoom."""
        state = self.origin.state
        chosen = room if room is not None else state.current_room
        if chosen is None or chosen not in state.rooms:
            raise NotInRoom(chosen)
        return chosen


Event = Connect | Connected | Disconnected | UserEvent


def parse_event(headers: Mapping[str, str], body: bytes) -> Event:
    """Return the event that a webhook request carries; header names are lower case.

    Raises InvalidEvent, which names the missing or wrong header. Call `chat.webhook.trust` first: nothing here proves
    that the request comes from the service.
    """
    if (version := require_header(headers, "ce-specversion")) != "1.0":
        raise InvalidEvent(f"ce-specversion is {version!r}, it must be '1.0'")
    kind, name = require_header(headers, "ce-type"), require_header(headers, "ce-eventname")
    origin = parse_origin(headers)
    if kind == f"{USER}{name}":
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        return UserEvent(origin, name, content_type, body)
    if kind == f"{SYSTEM}connect":
        return parse_connect(origin, parse_json_object(body))
    if kind == f"{SYSTEM}connected":
        return Connected(origin)
    if kind == f"{SYSTEM}disconnected":
        reason = parse_json_object(body).get("reason")
        return Disconnected(origin, reason[:REASON_LENGTH] if isinstance(reason, str) else "")
    raise InvalidEvent(f"ce-type is {kind!r} with ce-eventName {name!r}, which is no event of the service")


def claimed_connection(headers: Mapping[str, str], body: bytes) -> str:
    """Return the connection that a request names: the only part that is read before the sender is verified.

    Raises BodyTooLarge or InvalidEvent.
    """
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(len(body), MAX_BODY_BYTES)
    return require_header(headers, "ce-connectionid")


def parse_origin(headers: Mapping[str, str]) -> Origin:
    """Return the attributes that every event has."""
    state = decode_state(headers.get("ce-connectionstate"))
    return Origin(
        hub=require_header(headers, "ce-hub"),
        connection_id=require_header(headers, "ce-connectionid"),
        event_id=require_header(headers, "ce-id"),
        time=parse_time(require_header(headers, "ce-time")),
        # The state is ours and exact; the header is read only where no `connect` event came before.
        user_id=state.user or decode_header(headers.get("ce-userid", "")) or None,
        subprotocol=headers.get("ce-subprotocol") or None,
        state=state,
    )


def parse_connect(origin: Origin, content: Mapping[str, Any]) -> Connect:
    """Return the connect event; the user of its token is the `sub` claim, which the body has without loss."""
    claims = read_string_lists(content.get("claims"))
    subject = claims.get("sub", ())
    user = subject[0] if subject and subject[0] else origin.user_id
    offered = content.get("subprotocols")
    return Connect(
        origin=Origin(
            origin.hub, origin.connection_id, origin.event_id, origin.time, user, origin.subprotocol, origin.state
        ),
        query=read_string_lists(content.get("query")),
        subprotocols=tuple(map(str, offered)) if isinstance(offered, list) else (),
        roles=claims.get("role", ()),
    )


def require_header(headers: Mapping[str, str], name: str) -> str:
    """Return a header's value, which must not be blank."""
    try:
        if value := headers[name].strip():
            return value
    except KeyError:
        pass  # as if it was blank
    raise InvalidEvent(f"the {name} header is missing")


def parse_time(text: str) -> datetime:
    """Return `ce-time` in UTC."""
    time: datetime | None
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is not UTC:
            time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        time = None
    if time is None or not 1970 <= time.year < 9999:  # what milliseconds since 1970 can express
        raise InvalidEvent(f"ce-time is {text!r}, it must be a time such as 2026-01-31T12:00:00Z")
    return time


def read_payload(event: UserEvent) -> str | Mapping[str, Any]:
    """Return a user event's payload: text, or a JSON object (a JSON string is text).

    Raises BinaryRefused or InvalidMessage.
    """
    if event.content_type not in ("text/plain", "application/json"):
        raise BinaryRefused
    try:
        content = event.body.decode() if event.content_type == "text/plain" else parse_json(event.body)
    except ValueError:
        raise InvalidMessage(f"the payload is no valid {event.content_type}") from None
    if not isinstance(content, str | dict):
        raise InvalidMessage(f"the payload is a JSON {type(content).__name__}, it must be an object or a string")
    return content


def read_fields(event: UserEvent) -> Mapping[str, Any]:
    """Return the payload of an event that takes a JSON object only; raises BinaryRefused or InvalidMessage."""
    payload = read_payload(event)
    if isinstance(payload, str):
        raise InvalidMessage(f"the {event.name} event takes a JSON object")
    return payload


def parse_json_object(body: bytes) -> Mapping[str, Any]:
    """Return a system event's body."""
    try:
        content = parse_json(body or b"{}")
    except ValueError:
        raise InvalidEvent("the body is no JSON") from None
    if not isinstance(content, dict):
        raise InvalidEvent(f"the body is a JSON {type(content).__name__}, it must be an object")
    return content


def read_string_lists(value: object) -> dict[str, tuple[str, ...]]:
    """Return a map of string arrays as the connect event writes them."""
    if not isinstance(value, dict):
        return {}
    return {str(key): tuple(map(str, items)) for key, items in value.items() if isinstance(items, list)}
