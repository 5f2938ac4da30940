"""The messages that were published through the service, as a test reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local_azure.testing.contents import Content, shorten
from local_azure.webpubsub.messages import NO_METADATA, DataType, GroupMessage, StreamPart
from local_azure.webpubsub.observations import Audience, MessageFannedOut


@dataclass(frozen=True, slots=True, repr=False)
class PublishedMessage(Content):
    """One message, whether or not anybody received it.

    `audience` says whom it was for. `data_type` is text, json, binary or protobuf; `data` are the bytes. `from_user` is
    the user id of the client that published it; None for the application, and for a client without a user id. `at` is
    in UTC. A part of a stream has its place there, `stream`; the message that ends one has an empty text.
    """

    hub: str
    audience: Audience
    data_type: DataType
    data: bytes
    from_user: str | None
    at: datetime
    metadata: Mapping[str, str] = field(default_factory=lambda: NO_METADATA)
    stream: StreamPart | None = None

    @property
    def content(self) -> Any:
        """What was published: a str for text, the value of JSON, else the bytes."""
        match self.data_type:
            case DataType.TEXT:
                return self.text
            case DataType.JSON:
                return self.json
            case _:
                return self.data

    def __repr__(self) -> str:
        sender = "" if self.from_user is None else f", from {self.from_user!r}"
        return f"<{self.data_type.value} {self._shown_data()} to {self.audience}, hub {self.hub!r}{sender}>"

    def _shown_data(self) -> str:
        match self.data_type:
            case DataType.TEXT:
                return shorten(repr(self.data.decode(errors="replace")))
            case DataType.JSON:
                return shorten(self.data.decode(errors="replace"))
            case _:
                return shorten(repr(self.data))


def read_message(record: MessageFannedOut) -> PublishedMessage:
    """Return the message of a record of the service."""
    message = record.message
    return PublishedMessage(
        hub=record.hub,
        audience=record.audience,
        data_type=message.payload.data_type,
        data=message.payload.data,
        from_user=message.from_user_id if isinstance(message, GroupMessage) else None,
        at=datetime.fromtimestamp(record.at, UTC),
        metadata=message.payload.metadata,
        stream=message.stream if isinstance(message, GroupMessage) else None,
    )
