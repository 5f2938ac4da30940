"""Convert what a function returned into a response.

The library's own converter encodes an `HttpResponse`. A plain `str` is read as JSON, as the host does (H-052): an
object with a `body` property describes a whole response.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from http.cookies import Morsel
from typing import Any, NamedTuple
from urllib.parse import quote

from azure.functions import HttpResponse

from local_azure.functions.worker.signatures import converter

PLAIN_TEXT = "text/plain; charset=utf-8"
COOKIE_TIME = "%a, %d %b %Y %H:%M:%S GMT"
# Headers of the connection; a function cannot set them.
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"})
# The server itself says the length.
NOT_SENT = HOP_BY_HOP | {"content-length"}
STATUSES_WITHOUT_BODY = frozenset({204, 205, 304})


class UnsupportedReturnError(TypeError):
    """A function returned what its binding cannot send; the client sees 500 with an empty body."""


class Response(NamedTuple):
    """A response before it is sent: header names may repeat, for cookies."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def build_response(result: object, binding_type: str) -> Response:
    """Return the response for a function's return value.

    Raises UnsupportedReturnError when the value is neither an `HttpResponse` nor a `str`. Raises ValueError when a
    cookie or the status cannot be used.
    """
    if isinstance(result, HttpResponse) and (response := _without_cookies(result)):
        return response
    found = converter(binding_type)
    try:
        datum = found.encode(result, expected_type=None)
    except (NotImplementedError, AttributeError):
        raise UnsupportedReturnError(
            f"an HTTP function must return azure.functions.HttpResponse, not {type(result).__name__}"
        ) from None
    if datum.type == "string":
        return _from_text(datum.value)
    http = datum.value
    headers = {name: value.value for name, value in http["headers"].items()}
    cookies = [_set_cookie(morsel) for cookie in http["cookies"] or () for morsel in cookie.values()]
    return _response(int(http["status_code"].value), headers, cookies, http["body"].value)


def _without_cookies(response: HttpResponse) -> Response | None:
    """Return what the library's converter makes of a response, in a quarter of its time; None for one with cookies."""
    headers: dict[str, str] = {}
    has_type = False
    for name, value in response.headers.items():
        lower = name.lower()
        if lower == "set-cookie":
            return None
        has_type = has_type or lower == "content-type"
        headers[name] = value
    if not has_type:
        kind = response.mimetype
        headers["content-type"] = f"{kind}; charset={response.charset}" if kind.startswith("text/") else kind
    return _response(int(str(response.status_code)), headers, (), response.get_body() or b"")


def _response(status: int, headers: Mapping[str, object], cookies: Iterable[str], body: bytes) -> Response:
    if not 100 <= status <= 999:
        raise ValueError(f"the status code must be between 100 and 999, not {status}")
    pairs = [(name, str(value)) for name, value in headers.items() if name.lower() not in NOT_SENT]
    pairs += [("Set-Cookie", cookie) for cookie in cookies]
    return Response(status, tuple(pairs), b"" if status in STATUSES_WITHOUT_BODY else body)


def _from_text(text: str) -> Response:
    try:
        content = json.loads(text)
    except ValueError:
        content = text
    if not isinstance(content, dict):
        return _response(200, {"Content-Type": PLAIN_TEXT}, (), _to_text(content).encode())
    properties = {name.lower(): value for name, value in content.items()}
    if "body" not in properties:
        return _response(200, {"Content-Type": PLAIN_TEXT}, (), _to_text(content).encode())
    described = properties.get("headers")
    headers: dict[str, object] = described if isinstance(described, dict) else {}
    if not any(name.lower() == "content-type" for name in headers):
        headers = {**headers, "Content-Type": PLAIN_TEXT}
    status = int(properties.get("statuscode", properties.get("status", 200)))
    return _response(status, headers, (), _to_text(properties["body"]).encode())


def _to_text(content: Any) -> str:
    """Return a JSON value as the host writes it: indented objects and arrays, .NET's spelling of booleans."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, bool):
        return str(content)
    return json.dumps(content, indent=2, ensure_ascii=False)


def _set_cookie(morsel: "Morsel[str]") -> str:
    """Return a cookie in ASP.NET Core's format: an escaped value, lower-case attributes, the root path by default."""
    parts = [f"{morsel.key}={quote(morsel.value, safe='')}"]
    if morsel["expires"]:
        # The worker parses the time too, so another format is an error there as well.
        moment = datetime.strptime(morsel["expires"], COOKIE_TIME).replace(tzinfo=UTC)
        parts.append(f"expires={format_datetime(moment, usegmt=True)}")
    if morsel["max-age"]:
        parts.append(f"max-age={int(float(morsel['max-age']))}")
    if morsel["domain"]:
        parts.append(f"domain={morsel['domain']}")
    parts.append(f"path={morsel['path'] or '/'}")
    if morsel["secure"]:
        parts.append("secure")
    if morsel["samesite"]:
        parts.append(f"samesite={morsel['samesite'].lower()}")
    if morsel["httponly"]:
        parts.append("httponly")
    return "; ".join(parts)
