"""The labels of frames, messages, REST calls and storage calls in the flow."""

import json
from urllib.parse import unquote

from local_azure.json_depth import check_depth
from local_azure.observations import StorageCalled
from local_azure.webpubsub.messages import (
    CancelInvocation,
    ClientMessage,
    DataMessage,
    EndStream,
    GroupMessage,
    Invoke,
    JoinGroup,
    LeaveGroup,
    Ping,
    SendEvent,
    SendToGroup,
    SequenceAck,
    StartStream,
    StreamData,
    StreamPart,
)

STREAM_ID_CHARACTERS = 64

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
        case StartStream():
            return f"start stream {_short(message.stream_id)} to group {message.group}"
        case StreamData(number=None):
            return f"stream keep-alive {_short(message.stream_id)}"
        case StreamData():
            return f"stream part {message.number} {_short(message.stream_id)}"
        case EndStream():
            return f"end stream {_short(message.stream_id)}" + (" with an error" if message.error else "")
        case Ping():
            return "ping"
        case Invoke():
            return f"invoke {message.event}"
        case CancelInvocation():
            return f"cancel invocation {message.invocation_id}"


def delivery_label(message: DataMessage) -> str:
    """Return the label of a message that is delivered."""
    if isinstance(message, GroupMessage):
        return f"group {message.group}" + ("" if message.stream is None else _part_label(message.stream))
    return "server message"


def _part_label(part: StreamPart) -> str:
    if not part.is_last:
        return f", stream part {part.number} {_short(part.stream_id)}"
    return f", stream end {_short(part.stream_id)}" + (f": {part.error.name}" if part.error else "")


def _short(stream_id: str) -> str:
    return stream_id if len(stream_id) <= STREAM_ID_CHARACTERS else f"{stream_id[:STREAM_ID_CHARACTERS]}…"


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
        case {"type": "invokeResponse", "invocationId": str(invocation_id), "error": {"name": str(name)}}:
            return f"invoke error {name} {invocation_id}"
        case {"type": "invokeResponse", "invocationId": str(invocation_id)}:
            return f"invoke response {invocation_id}"
        case {"type": "system", "event": str(event)}:
            return event
        case {"type": "message"}:
            return "message, again"
        case {"type": "streamAck", "streamId": str(stream), "expectedSequenceId": int(number)}:
            return f"stream ack {number} {_short(stream)}"
        case {"type": "streamNack", "streamId": str(stream), "name": str(name)} | {
            "type": "streamClosed",
            "streamId": str(stream),
            "error": {"name": str(name)},
        }:
            return f"stream error {name} {_short(stream)}"
        case {"type": "streamClosed", "streamId": str(stream)}:
            return f"stream closed {_short(stream)}"
        case {"type": str(name)}:
            return name
    return "text frame"


def is_failure(service_frame_label: str) -> bool:
    """Return whether the label is that of an answer to a request that failed."""
    label = service_frame_label
    return label.startswith(("invoke error ", "stream error ")) or (label.startswith("ack ") and label.count(" ") > 1)


def is_routine(label: str) -> bool:
    """Return whether the label is that of a frame which comes again and again, and seldom is of interest."""
    return label in ("ping", "pong") or label.startswith(("sequence ack ", "stream ack ", "stream keep-alive "))


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
