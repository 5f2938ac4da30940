"""What an event handler's HTTP response means for the client."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from local_azure.json_depth import check_depth
from local_azure.webpubsub.events import HandlerResponse
from local_azure.webpubsub.json_text import is_json
from local_azure.webpubsub.messages import DataType, Payload
from local_azure.webpubsub.metadata import InvalidMetadata, metadata_of_answer
from local_azure.webpubsub.names import is_group_name, is_unicode
from local_azure.webpubsub.protocols.codec import is_protobuf_any

log = logging.getLogger(__name__)

REJECTED = "The connect event handler rejected the connection."
CONNECT_FAILED = "The connect event handler failed."
STATE_HEADER = "ce-connectionState"

_DATA_TYPES: Mapping[str, DataType] = {
    "text/plain": DataType.TEXT,
    "application/json": DataType.JSON,
    "application/octet-stream": DataType.BINARY,
    "application/x-protobuf": DataType.PROTOBUF,
}


@dataclass(frozen=True, slots=True)
class ConnectResponse:
    """What a connect handler changes; None keeps the value of the client's token."""

    user_id: str | None = None
    groups: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    subprotocol: str | None = None


UNCHANGED = ConnectResponse()


class ConnectRefused(Exception):
    """The client's handshake is answered with this status and text instead of 101."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class EventFailed(Exception):
    """A user event's handler did not succeed; the text says why, `status` is its answer's if it is not 2xx."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class NoHandler(EventFailed):
    """No event handler of the hub is configured for a user event."""

    def __init__(self) -> None:
        super().__init__("no event handler matches")


def parse_connect_response(response: HandlerResponse) -> ConnectResponse:
    """Return what the response to `connect` changes; raises `ConnectRefused`."""
    if response.status >= 400:
        raise ConnectRefused(response.status, REJECTED)
    if not response.is_success:
        raise ConnectRefused(500, CONNECT_FAILED)
    if response.status == 204 or not response.body.strip():
        return UNCHANGED
    try:
        document = json.loads(check_depth(response.body.decode("utf-8-sig")))
    except ValueError:
        raise ConnectRefused(500, CONNECT_FAILED) from None
    return UNCHANGED if document is None else _connect_response(document)


def parse_event_response(response: HandlerResponse) -> Payload | None:
    """Return the payload to send to the sender of a user event, None for nothing; raises `EventFailed`."""
    if not response.is_success:
        raise EventFailed(f"the handler answered {response.status}", response.status)
    try:
        metadata = metadata_of_answer(response.headers.items())
    except InvalidMetadata as error:
        raise EventFailed(f"the handler's answer has unusable metadata: {error}") from None
    if response.status == 204 or not response.body:
        return Payload(DataType.TEXT, b"", metadata) if metadata else None
    media_type, _, parameters = (response.headers.get("Content-Type") or "application/octet-stream").partition(";")
    data_type = _DATA_TYPES.get(media_type.strip().lower())
    if data_type is None:
        raise EventFailed(f"the handler answered with the content type {media_type.strip()[:64]!r}")
    return Payload(data_type, _checked_data(data_type, parameters, response.body), metadata)


def connection_state(response: HandlerResponse) -> str | None:
    """Return the connection state that a successful response sets; None leaves it unchanged."""
    states = response.headers.getall(STATE_HEADER, [])
    if len(states) > 1:
        log.warning("several connection states in one answer, the last one counts", extra={"count": len(states)})
    return states[-1] if states else None


def _connect_response(document: object) -> ConnectResponse:
    if not isinstance(document, dict):
        _refuse("it is not an object")
    user_id = document.get("userId")
    subprotocol = document.get("subprotocol")
    if not _is_text_or_null(user_id) or not _is_text_or_null(subprotocol):
        _refuse("userId or subprotocol is not a string")
    groups, roles = _texts(document, "groups"), _texts(document, "roles")
    if not all(map(is_group_name, groups or ())):
        _refuse("groups has an invalid name")
    return ConnectResponse(user_id, groups or None, roles, subprotocol)


def _texts(document: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    values = document.get(name)
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        _refuse(f"{name} is not a list of strings")
    return tuple(values)


def _is_text_or_null(value: object) -> bool:
    return value is None or (isinstance(value, str) and is_unicode(value))


def _refuse(why: str) -> NoReturn:
    log.warning("connect handler's answer cannot be used", extra={"reason": why})
    raise ConnectRefused(500, CONNECT_FAILED)


def _checked_data(data_type: DataType, parameters: str, body: bytes) -> bytes:
    try:
        if data_type is DataType.TEXT:
            return body.decode(_charset(parameters)).encode()
        valid = data_type is not DataType.JSON or is_json(body.decode())
    except (LookupError, ValueError):  # no such charset, or not in it
        raise EventFailed(f"the handler's answer is not {data_type} in its charset") from None
    if not valid or (data_type is DataType.PROTOBUF and not is_protobuf_any(body)):
        raise EventFailed(f"the handler's answer is not valid {data_type}")
    return body


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"') or "utf-8"
    return "utf-8"
