"""WebSocket messages as JSON values, so that a recording can be read: those of each subprotocol, and back.

A JSON frame is its object, a protobuf frame the object that protobuf's own JSON form has. The text of a client without
a subprotocol stays a text. What has no such form is `{"base64": …}`.
"""

import json
from base64 import b64decode, b64encode
from binascii import Error

from local_azure.json_depth import check_depth
from local_azure.recording.file_format import JsonValue

_BASE64 = "base64"


def is_json_protocol(protocol: str | None) -> bool:
    """Return whether the frames of a subprotocol are JSON."""
    return protocol is not None and protocol.lower() in ("json.webpubsub.azure.v1", "json.reliable.webpubsub.azure.v1")


def is_protobuf_protocol(protocol: str | None) -> bool:
    """Return whether the frames of a subprotocol are protobuf."""
    return protocol is not None and protocol.lower().startswith("protobuf.") and "webpubsub.azure" in protocol


def frame_to_json(protocol: str | None, frame: str | bytes, *, is_from_client: bool) -> JsonValue:
    """Return the message as a JSON value."""
    if isinstance(frame, bytes):
        parsed = _protobuf_to_json(frame, is_from_client) if is_protobuf_protocol(protocol) else None
        return bytes_to_json(frame) if parsed is None else parsed
    if is_json_protocol(protocol):
        parsed = parse_object(frame)
        return frame if parsed is None else parsed
    return frame


def frame_from_json(protocol: str | None, value: JsonValue) -> str | bytes:
    """Return the message of a client that the JSON value stands for; raises ValueError when it stands for none."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value.keys() == {_BASE64}:
        return json_to_bytes(value)
    if is_protobuf_protocol(protocol):
        return _protobuf_from_json(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def bytes_to_json(data: bytes) -> dict[str, JsonValue]:
    """Return bytes as a JSON value."""
    return {_BASE64: b64encode(data).decode()}


def json_to_bytes(value: JsonValue) -> bytes:
    """Return the bytes of such a JSON value; raises ValueError."""
    text = value.get(_BASE64) if isinstance(value, dict) else None
    try:
        return b64decode(str(text), validate=True)
    except Error as error:
        raise ValueError(f"{str(value)[:60]} is no base64: {error}") from None


def body_to_json(body: bytes) -> JsonValue:
    """Return a body whose type is not known: a JSON object or array, else a text, else bytes."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return bytes_to_json(body)
    parsed = parse_container(text)
    return text if parsed is None else parsed


def parse_object(text: str) -> dict[str, JsonValue] | None:
    """Return the JSON object of a text, or None."""
    parsed = parse_container(text)
    return parsed if isinstance(parsed, dict) else None


def parse_container(text: str) -> dict[str, JsonValue] | list[JsonValue] | None:
    """Return the JSON object or array of a text, or None."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        parsed = json.loads(check_depth(text))
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict | list) else None


def _protobuf_to_json(frame: bytes, is_from_client: bool) -> JsonValue:
    # Imported here, because the library is slow to import and few clients speak protobuf.
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError

    from local_azure.webpubsub.protocols import webpubsub_pb2 as pb

    kind = pb.UpstreamMessage if is_from_client else pb.DownstreamMessage
    try:
        message: dict[str, JsonValue] = MessageToDict(kind.FromString(frame), preserving_proto_field_name=True)
    except (DecodeError, TypeError, ValueError):  # an `Any` of a type that is not known here has no JSON form
        return None
    return message or None


def _protobuf_from_json(value: JsonValue) -> bytes:
    from google.protobuf.json_format import ParseDict, ParseError

    from local_azure.webpubsub.protocols import webpubsub_pb2 as pb

    if not isinstance(value, dict):
        raise ValueError(f"{str(value)[:60]} is no message of a client")
    try:
        return ParseDict(value, pb.UpstreamMessage()).SerializeToString()
    except ParseError as error:
        raise ValueError(f"{str(value)[:60]} is no message of a client: {error}") from None
