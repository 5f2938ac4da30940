"""A request and its answer without a socket: what operations take and give, alone and within a transaction."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from local_azure.tables.errors import ErrorCode, TableError, error_json, error_message, error_xml, invalid_input
from local_azure.tables.json_format import Addresses, MetadataLevel, requested_level
from local_azure.tables.resource_path import Resource
from local_azure.tables.timestamps import TICKS_PER_SECOND, format_datetime


@dataclass(frozen=True, slots=True)
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
    def prefer(self) -> str | None:
        """The Prefer header in lower case, None when there is none."""
        prefer = self.headers.get("Prefer")
        return None if prefer is None else prefer.strip().lower()

    def json(self) -> object:
        """Return the value that the body holds as JSON; raises `TableError`."""
        try:
            return json.loads(self.text(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise invalid_input("The body is not valid JSON.") from None

    def text(self) -> str:
        """Return the body as text; raises `TableError` when it is no UTF-8."""
        try:
            return self.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise invalid_input("The body is not valid UTF-8.") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; `headers` are those of the operation, the server adds what every answer has."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def json_response(status: int, text: str, content_type: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer with a JSON body."""
    return Response(status, {**(headers or {}), "Content-Type": content_type}, text.encode())


def xml_response(status: int, text: str) -> Response:
    """Return an answer with an XML body."""
    return Response(status, {"Content-Type": "application/xml"}, text.encode())


def error_response(error: TableError, accept: str, request_id: str, now: float, *, prefix: str = "") -> Response:
    """Return the answer to a refused request; `prefix` is the index of a transaction's operation.

    It is JSON for a caller that accepts JSON. Failed authentication is always XML.
    """
    time = format_datetime(int(now * TICKS_PER_SECOND))
    message = error_message(prefix + error.message, request_id, time)
    level = requested_level(accept)
    code = error.code.code
    if level is None or error.code is ErrorCode.AUTHENTICATION_FAILED:
        headers = {"Content-Type": "application/xml", "x-ms-error-code": code}
        return Response(error.code.status, headers, error_xml(code, message).encode())
    return json_response(error.code.status, error_json(code, message), level.content_type)


def require_level(request: Request) -> MetadataLevel:
    """Return the level of metadata that the answer must have; raises `TableError` for a caller that wants no JSON."""
    level = requested_level(request.accept)
    if level is None:
        raise TableError(ErrorCode.ATOM_FORMAT_NOT_SUPPORTED)
    return level
