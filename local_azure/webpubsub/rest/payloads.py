"""The message in a REST body: its kind follows from the Content-Type, its metadata from headers."""

import re
from email.message import Message
from functools import lru_cache

from aiohttp import hdrs

from local_azure.webpubsub.json_text import is_json
from local_azure.webpubsub.messages import DataType, Payload
from local_azure.webpubsub.metadata import InvalidMetadata, metadata_from_headers
from local_azure.webpubsub.rest.call import RestCall
from local_azure.webpubsub.rest.errors import bad_request, unsupported_media_type

_MEDIA_TYPE = re.compile(r"\s*([A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+)\s*(?:;.*)?", re.DOTALL)

_DATA_TYPES = {
    "text/plain": DataType.TEXT,
    "application/json": DataType.JSON,
    "application/octet-stream": DataType.BINARY,
}

# The encodings of .NET without a further package. Python has many more, and some of them are not text encodings.
_CHARSETS = frozenset(("utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "utf-16", "utf-16le", "utf-16be"))


async def read_payload(call: RestCall) -> Payload:
    """Return the message of a send operation; raises `RestError` with the documented status, 400 or 415."""
    data_type, charset = read_content_type(call.request.headers.get(hdrs.CONTENT_TYPE))
    try:
        metadata = metadata_from_headers(call.request.headers.items())
    except InvalidMetadata as error:
        raise bad_request(f"Invalid {error}.") from None
    body = await call.body()
    if data_type is DataType.TEXT:
        return Payload(data_type, _text(body, charset).encode(), metadata)
    if data_type is DataType.JSON:
        return Payload(data_type, _json(body, charset), metadata)
    return Payload(data_type, body, metadata)


@lru_cache(maxsize=100)
def read_content_type(header: str | None) -> tuple[DataType, str]:
    """Return the kind of a body and its charset; raises `RestError` with 415. Without a header it is binary."""
    if header is None:
        return DataType.BINARY, "utf-8"
    match = _MEDIA_TYPE.fullmatch(header)
    data_type = _DATA_TYPES.get(match[1].lower()) if match else None
    if data_type is None:
        raise unsupported_media_type(f"The content type must be one of {', '.join(_DATA_TYPES)}.")
    charset = _charset(header)
    if charset not in _CHARSETS and data_type is not DataType.BINARY:
        raise unsupported_media_type("The charset of the content type is not supported.")
    return data_type, charset


def _charset(header: str) -> str:
    message = Message()
    message["Content-Type"] = header.replace("\r", " ").replace("\n", " ")
    value = message.get_param("charset", "utf-8")
    # A charset in RFC 2231 form comes as a tuple; no client sends one.
    return value.strip().lower() if isinstance(value, str) else ""


def _text(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset)
    except UnicodeDecodeError:
        raise bad_request(f"The request body is not valid {charset}.") from None


def _json(body: bytes, charset: str) -> bytes:
    try:
        text = body.decode(charset)
    except UnicodeDecodeError:
        text = ""
    if not is_json(text):
        raise bad_request("The request body is not a valid JSON.")
    return text.encode()
