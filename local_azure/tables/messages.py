"""A request and its answer without a socket: what operations take and give, alone and within a transaction."""

import codecs
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from local_azure.json_depth import check_depth
from local_azure.tables.errors import ErrorCode, TableError, error_json, error_message, error_xml, invalid_input
from local_azure.tables.json_format import Addresses, MetadataLevel, requested_level
from local_azure.tables.resource_path import Resource
from local_azure.tables.timestamps import TICKS_PER_SECOND, format_datetime

CLIENT_REQUEST_ID = "x-ms-client-request-id"


# A frozen one takes three times as long to make, and there is one for each operation of a transaction.
@dataclass(slots=True)
class Request:
    """One call. The names of `headers` are matched without regard to letter case; `query` is decoded.

    `now` is when it came, in seconds since 1970; `request_id` is what the answer calls it.
    """

    method: str
    resource: Resource
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    addresses: Addresses
    request_id: str
    now: float

    @property
    def accept(self) -> str:
        """The Accept header, empty when there is none."""
        return self.headers.get("Accept", "")

    @property
    def client_request_id(self) -> str | None:
        """The id that the caller gave the call, None when it gave none."""
        return self.headers.get(CLIENT_REQUEST_ID)

    @property
    def prefer(self) -> str | None:
        """The Prefer header in lower case, None when there is none."""
        return find_preference(self.headers)

    def json(self) -> object:
        """Return the value that the body holds as JSON; raises `TableError`."""
        return parse_json(self.body)

    def text(self) -> str:
        """Return the body as text; raises `TableError` when it is no UTF-8."""
        return _decode_text(self.body)


def find_preference(headers: Mapping[str, str]) -> str | None:
    """Return the Prefer header in lower case, None when there is none."""
    prefer = headers.get("Prefer")
    return None if prefer is None else prefer.strip().lower()


def parse_json(body: bytes) -> object:
    """Return the value that a body holds as JSON; raises `TableError`."""
    text = _decode_text(body)
    try:
        return _decode_json(check_depth(text))
    except ValueError:
        raise invalid_input("The body is not valid JSON.") from None


def _decode_text(body: bytes) -> str:
    try:
        return body.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError:
        raise invalid_input("The body is not valid UTF-8.") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


# Made once: `json.loads` makes a decoder for each call that has options.
_decode_json = json.JSONDecoder(parse_constant=_refuse_constant).decode


@dataclass(slots=True)
class Response:
    """An answer; `headers` are those of the operation, the server adds what every answer has.

    `error_code` is the code of the refusal in the body, for observers; None when nothing was refused.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error_code: str | None = None


def json_response(status: int, text: str, content_type: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer with a JSON body."""
    return Response(status, {**(headers or {}), "Content-Type": content_type}, text.encode())


def xml_response(status: int, text: str) -> Response:
    """Return an answer with an XML body."""
    return Response(status, {"Content-Type": "application/xml"}, text.encode())


_ALWAYS_XML = (ErrorCode.AUTHENTICATION_FAILED, ErrorCode.INVALID_AUTHENTICATION_INFO)


def error_response(error: TableError, accept: str, request_id: str, now: float, *, prefix: str = "") -> Response:
    """Return the answer to a refused request; `prefix` is the index of a transaction's operation.

    It is JSON for a caller that accepts JSON. Failed authentication is always XML.
    """
    code, status = error.code.code, error.code.status
    accept = "" if error.code in _ALWAYS_XML else accept
    return failure_response(status, code, prefix + error.message, accept, request_id, now)


def failure_response(status: int, code: str, message: str, accept: str, request_id: str, now: float) -> Response:
    """Return an error with any status and code: JSON for a caller that accepts it, else XML."""
    text = error_message(message, request_id, format_datetime(int(now * TICKS_PER_SECOND)))
    level = requested_level(accept)
    if level is None:
        headers = {"Content-Type": "application/xml", "x-ms-error-code": code}
        return Response(status, headers, error_xml(code, text).encode(), code)
    return Response(status, {"Content-Type": level.content_type}, error_json(code, text).encode(), code)


def require_level(accept: str) -> MetadataLevel:
    """Return the level of metadata that the answer must have; raises `TableError` for a caller that wants no JSON."""
    level = requested_level(accept)
    if level is None:
        raise TableError(ErrorCode.ATOM_FORMAT_NOT_SUPPORTED)
    return level
