"""What an event handler's answer means for the client."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import NoReturn

from multidict import CIMultiDictProxy
from yarl import URL

from local_azure.webpubsub.json_text import is_json
from local_azure.webpubsub.messages import DataType, Payload
from local_azure.webpubsub.metadata import InvalidMetadata, metadata_from_headers
from local_azure.webpubsub.names import is_group_name, is_unicode
from local_azure.webpubsub.protocols.any_message import is_any_message

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
class Answer:
    """An event handler's HTTP response, wholly read."""

    url: URL
    status: int
    headers: CIMultiDictProxy[str]
    cookies: SimpleCookie
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class ConnectAnswer:
    """What a connect handler changes; None keeps what the client's token says."""

    user_id: str | None = None
    groups: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    subprotocol: str | None = None


UNCHANGED = ConnectAnswer()


class ConnectRefused(Exception):
    """The client's handshake is answered with this status and text instead of 101."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class EventFailed(Exception):
    """A user event had no handler, or its handler did not succeed; the text says why."""


def connect_answer(answer: Answer) -> ConnectAnswer:
    """Return what the answer to `connect` changes; raises `ConnectRefused`."""
    if answer.status >= 400:
        raise ConnectRefused(answer.status, REJECTED)
    if not answer.is_success:
        raise ConnectRefused(500, CONNECT_FAILED)
    if answer.status == 204 or not answer.body.strip():
        return UNCHANGED
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise ConnectRefused(500, CONNECT_FAILED) from None
    return UNCHANGED if document is None else _connect_answer(document)


def event_answer(answer: Answer) -> Payload | None:
    """Return what the sender of a user event is sent, None for nothing; raises `EventFailed`."""
    if not answer.is_success:
        raise EventFailed(f"the handler answered {answer.status}")
    try:
        metadata = metadata_from_headers(answer.headers.items())
    except InvalidMetadata as error:
        raise EventFailed(f"the handler's answer has unusable metadata: {error}") from None
    if answer.status == 204 or not answer.body:
        return Payload(DataType.TEXT, b"", metadata) if metadata else None
    media_type, _, parameters = (answer.headers.get("Content-Type") or "application/octet-stream").partition(";")
    data_type = _DATA_TYPES.get(media_type.strip().lower())
    if data_type is None:
        raise EventFailed(f"the handler answered with the content type {media_type.strip()[:64]!r}")
    return Payload(data_type, _data(data_type, parameters, answer.body), metadata)


def new_state(answer: Answer) -> str | None:
    """Return the connection state that a successful answer sets; None leaves it as it is."""
    states = answer.headers.getall(STATE_HEADER, [])
    if len(states) > 1:
        log.warning("several connection states in one answer, the last one counts", extra={"count": len(states)})
    return states[-1] if states else None


def _connect_answer(document: object) -> ConnectAnswer:
    if not isinstance(document, dict):
        _unusable("it is no object")
    user_id = document.get("userId")
    subprotocol = document.get("subprotocol")
    if not _is_text_or_null(user_id) or not _is_text_or_null(subprotocol):
        _unusable("userId or subprotocol is no text")
    groups, roles = _texts(document, "groups"), _texts(document, "roles")
    if not all(map(is_group_name, groups or ())):
        _unusable("groups has an invalid name")
    return ConnectAnswer(user_id, groups or None, roles, subprotocol)


def _texts(document: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    values = document.get(name)
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        _unusable(f"{name} is no list of texts")
    return tuple(values)


def _is_text_or_null(value: object) -> bool:
    return value is None or (isinstance(value, str) and is_unicode(value))


def _unusable(why: str) -> NoReturn:
    log.warning("connect handler's answer cannot be used", extra={"reason": why})
    raise ConnectRefused(500, CONNECT_FAILED)


def _data(data_type: DataType, parameters: str, body: bytes) -> bytes:
    try:
        if data_type is DataType.TEXT:
            return body.decode(_charset(parameters)).encode()
        valid = data_type is not DataType.JSON or is_json(body.decode())
    except (LookupError, ValueError):  # no such charset, or not in it
        raise EventFailed(f"the handler's answer is no {data_type} in its charset") from None
    if not valid or (data_type is DataType.PROTOBUF and not is_any_message(body)):
        raise EventFailed(f"the handler's answer is no valid {data_type}")
    return body


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"') or "utf-8"
    return "utf-8"
