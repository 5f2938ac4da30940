"""The parts that several protobuf frames have: groups, payloads and metadata, from a client and to a client."""

from collections.abc import Iterable, Mapping

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from local_azure.webpubsub.json_text import is_json
from local_azure.webpubsub.messages import NO_METADATA, DataType, Payload
from local_azure.webpubsub.metadata import checked_metadata
from local_azure.webpubsub.names import is_group_name
from local_azure.webpubsub.protocols import webpubsub_pb2 as pb


class InvalidMessage(Exception):
    """The bytes are a protobuf message but violate a rule of the subprotocol."""


def group_name(name: str) -> str:
    """Return the name if a group may have it."""
    if not is_group_name(name):
        raise InvalidMessage
    return name


def payload_of(message: pb.SendToGroupMessage | pb.EventMessage | pb.InvokeEventMessage) -> Payload:
    """Return the payload with its metadata; metadata alone go with an empty text."""
    metadata = metadata_of(message.metadata)
    if message.metadata and not message.HasField("data"):
        return Payload(DataType.TEXT, b"", metadata)
    return data_of(message.data, metadata)


def data_of(data: pb.MessageData, metadata: Mapping[str, str] = NO_METADATA) -> Payload:
    """Return the payload; raises `InvalidMessage` when nothing is selected in it."""
    match data.WhichOneof("data"):
        case "text_data":
            return Payload(DataType.TEXT, data.text_data.encode(), metadata)
        case "binary_data":
            return Payload(DataType.BINARY, data.binary_data, metadata)
        case "protobuf_data":
            return Payload(DataType.PROTOBUF, data.protobuf_data.SerializeToString(), metadata)
        case "json_data":
            return Payload(DataType.JSON, _json(data.json_data), metadata)
        case _:
            raise InvalidMessage


def metadata_of(entries: Iterable[pb.MetadataEntry]) -> Mapping[str, str]:
    """Return the metadata, `NO_METADATA` where there are none; raises `InvalidMetadata`."""
    pairs = [(entry.key, entry.value) for entry in entries]
    return checked_metadata(pairs) if pairs else NO_METADATA


def _json(text: str) -> bytes:
    if not is_json(text) or text.strip() == "null":
        raise InvalidMessage
    return text.encode()


def message_data(payload: Payload) -> pb.MessageData:
    """Return the payload as a client gets it."""
    match payload.data_type:
        case DataType.TEXT:
            return pb.MessageData(text_data=payload.data.decode())
        case DataType.JSON:
            return pb.MessageData(json_data=payload.data.decode())
        case DataType.PROTOBUF:
            return _any_data(payload.data)
        case DataType.BINARY:
            return pb.MessageData(binary_data=payload.data)


def metadata_entries(metadata: Mapping[str, str]) -> list[pb.MetadataEntry]:
    """Return the metadata as a client gets them."""
    return [pb.MetadataEntry(key=key, value=value) for key, value in metadata.items()]


def _any_data(data: bytes) -> pb.MessageData:
    """Return the Any, or binary data if an event handler has answered with bytes that are not an Any."""
    try:
        return pb.MessageData(protobuf_data=AnyMessage.FromString(data))
    except DecodeError:
        return pb.MessageData(binary_data=data)
