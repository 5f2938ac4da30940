"""The subprotocols that clients use."""

from functools import cache

from local_azure.webpubsub.protocols.codec import Frame, InvalidFrame, Protocol
from local_azure.webpubsub.protocols.json_codec import JsonProtocol
from local_azure.webpubsub.protocols.raw import SEND_EVENT, InvalidRawMode, RawMode, RawProtocol, parse_raw_mode

__all__ = [
    "PREDEFINED_SUBPROTOCOLS",
    "Frame",
    "InvalidFrame",
    "InvalidRawMode",
    "Protocol",
    "RawMode",
    "is_predefined",
    "parse_raw_mode",
    "protocol_for",
]

JSON = "json.webpubsub.azure.v1"
RELIABLE_JSON = "json.reliable.webpubsub.azure.v1"
PROTOBUF = "protobuf.webpubsub.azure.v1"
RELIABLE_PROTOBUF = "protobuf.reliable.webpubsub.azure.v1"

PREDEFINED_SUBPROTOCOLS = (JSON, RELIABLE_JSON, PROTOBUF, RELIABLE_PROTOBUF)


def is_predefined(name: str | None) -> bool:
    """Return whether the service implements this subprotocol; names are compared without regard to letter case."""
    return name is not None and name.lower() in PREDEFINED_SUBPROTOCOLS


def protocol_for(name: str | None, raw_mode: RawMode = SEND_EVENT) -> Protocol:
    """Return the subprotocol of this name; for None and for custom names the raw one, in the given mode."""
    return _predefined(name.lower()) if name is not None and is_predefined(name) else RawProtocol(raw_mode)


@cache
def _predefined(name: str) -> Protocol:
    reliable = name in (RELIABLE_JSON, RELIABLE_PROTOBUF)
    if name in (JSON, RELIABLE_JSON):
        return JsonProtocol(name, reliable=reliable)
    # Imported on first use: most services have no protobuf client, and the library is slow to import.
    from local_azure.webpubsub.protocols.protobuf_codec import ProtobufProtocol

    return ProtobufProtocol(name, reliable=reliable)
