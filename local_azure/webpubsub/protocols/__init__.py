"""The subprotocols that clients use."""

from functools import cache

from local_azure.webpubsub.protocols.codec import Codec, Frame, InvalidFrame
from local_azure.webpubsub.protocols.json_codec import JsonCodec
from local_azure.webpubsub.protocols.raw_codec import SEND_EVENT, InvalidRawMode, RawCodec, RawMode, parse_raw_mode

__all__ = [
    "PREDEFINED_SUBPROTOCOLS",
    "Codec",
    "Frame",
    "InvalidFrame",
    "InvalidRawMode",
    "RawMode",
    "codec_for",
    "is_predefined",
    "parse_raw_mode",
]

JSON = "json.webpubsub.azure.v1"
RELIABLE_JSON = "json.reliable.webpubsub.azure.v1"
PROTOBUF = "protobuf.webpubsub.azure.v1"
RELIABLE_PROTOBUF = "protobuf.reliable.webpubsub.azure.v1"

PREDEFINED_SUBPROTOCOLS = (JSON, RELIABLE_JSON, PROTOBUF, RELIABLE_PROTOBUF)


def is_predefined(name: str | None) -> bool:
    """Return whether the service implements this subprotocol; names are compared without regard to letter case."""
    return name is not None and name.lower() in PREDEFINED_SUBPROTOCOLS


def codec_for(name: str | None, raw_mode: RawMode = SEND_EVENT, *, streams: bool = True) -> Codec:
    """Return the codec of this subprotocol; for None and for custom names the raw one, in the given mode.

    Without `streams`, clients that start a stream are answered as by a service that does not know any.
    """
    return _predefined(name.lower(), streams) if name is not None and is_predefined(name) else RawCodec(raw_mode)


@cache
def _predefined(name: str, streams: bool) -> Codec:
    reliable = name in (RELIABLE_JSON, RELIABLE_PROTOBUF)
    if name in (JSON, RELIABLE_JSON):
        return JsonCodec(name, reliable=reliable, streams=streams)
    # Imported on first use: most services have no protobuf client, and the library is slow to import.
    from local_azure.webpubsub.protocols.protobuf_codec import ProtobufCodec

    return ProtobufCodec(name, reliable=reliable, streams=streams)
