"""The labels of frames, messages, REST calls and storage calls in the flow."""

import json
from urllib.parse import unquote

from local_azure.json_depth import check_depth
from local_azure.observations import StorageCalled
from local_azure.webpubsub.messages import (
    ClientMessage,
    DataMessage,
    GroupMessage,
    JoinGroup,
    LeaveGroup,
    Payload,
    Ping,
    SendEvent,
    SendToGroup,
    SequenceAck,
)

_OPCODES = {1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


def client_message_label(message: ClientMessage | None) -> str:
    """Return the label of a client's message; None is a frame that is invalid."""
    match message:
        case None:
            return "invalid frame"
        case JoinGroup():
            return f"join group {message.group}"
        case LeaveGroup():
            return f"leave group {message.group}"
        case SendToGroup():
            return f"send to group {message.group}"
        case SendEvent():
            return f"event {message.event}"
        case SequenceAck():
            return f"sequence ack {message.sequence_id}"
        case Ping():
            return "ping"


def payload_of(message: ClientMessage | None) -> Payload | None:
    """Return the payload of a client's message, if it has one."""
    return message.payload if isinstance(message, SendEvent | SendToGroup) else None


def delivery_label(message: DataMessage) -> str:
    """Return the label of a message that is delivered."""
    if isinstance(message, GroupMessage):
        return f"group {message.group}"
    return "server message"


def split_frame(frame: bytes) -> tuple[str, bytes]:
    """Return the kind (text, binary, close) and the payload of a WebSocket frame that a server sends."""
    size = frame[1] & 0x7F if len(frame) > 1 else 0
    start = {126: 4, 127: 10}.get(size, 2)
    return _OPCODES.get(frame[0] & 0x0F, "frame"), frame[start:]


def service_frame_label(kind: str, payload: bytes) -> str:
    """Return the label of a frame that is not a data message: an ack, a pong, a system message."""
    if kind == "close":
        return f"close {int.from_bytes(payload[:2])}" if len(payload) > 1 else "close"
    if kind != "text":
        return f"{kind} frame"
    try:
        frame = json.loads(check_depth(payload.decode()))
    except ValueError:
        return "text frame"
    match frame:
        case {"type": "ack", "ackId": int(ack_id), "error": {"name": str(name)}}:
            return f"ack {ack_id} {name}"
        case {"type": "ack", "ackId": int(ack_id)}:
            return f"ack {ack_id}"
        case {"type": "system", "event": str(event)}:
            return event
        case {"type": "message"}:
            return "message, again"
        case {"type": str(name)}:
            return name
    return "text frame"


def groups_of(message: ClientMessage | DataMessage | None) -> tuple[str, ...]:
    """Return the group that a message names, if it names one."""
    group = getattr(message, "group", None)
    return (group,) if isinstance(group, str) else ()


def groups_of_path(path: str) -> tuple[str, ...]:
    """Return the group in the path of a REST call, if there is one."""
    _, found, rest = path.partition("/groups/")
    name = rest.partition("/")[0]
    return (unquote(name),) if found and name else ()


def rest_call_label(method: str, path: str) -> tuple[str, str]:
    """Return the hub and the label of a REST call, e.g. `POST groups/lobby/:send`."""
    parts = path.split("/", 4)
    if parts[1:3] == ["api", "hubs"] and len(parts) > 3:
        return unquote(parts[3]).lower(), f"{method} {parts[4] if len(parts) > 4 else ''}".strip()
    return "", f"{method} {path}"


def storage_call_label(call: StorageCalled) -> str:
    """Return the label of a storage call, e.g. `insert messages`; that of a call without an operation is its method."""
    return f"{call.operation or call.method} {call.table}".strip()


def storage_call_status(call: StorageCalled) -> str:
    """Return the result of a storage call: its HTTP status, or `no answer` when its connection was cut."""
    return "no answer" if call.status is None else str(call.status)
