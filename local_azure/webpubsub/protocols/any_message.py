"""Is this a serialized `google.protobuf.Any`? The one question that the JSON subprotocols have about protobuf."""


def is_any_message(data: bytes) -> bool:
    """Return whether the bytes are a `google.protobuf.Any` that a protobuf receiver could read."""
    # Imported on first use: only services whose clients exchange protobuf payloads pay for it.
    from google.protobuf.any_pb2 import Any
    from google.protobuf.message import DecodeError

    try:
        Any.FromString(data)
    except DecodeError:
        return False
    return True
