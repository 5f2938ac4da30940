"""Convert a request into the `func.HttpRequest` that a function gets.

First the host's rules apply (decoded path, merged query, lower-case and joined headers). The object is what the
library's own converter makes, so that `get_json`, `form` and the rest behave as they do in Azure.
"""

import asyncio
import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web
from azure.functions.http import HttpRequest

from local_azure.functions.http_server.urls import parse_query

# How often a connection is asked whether its client is still there.
CLIENT_CHECK_SECONDS = 0.25

log = logging.getLogger("local_azure.functions")


def path_and_query(request: web.BaseRequest) -> tuple[str, str]:
    """Return the request's path and query as received, still percent-encoded."""
    raw = request.raw_path
    if not raw.startswith("/"):
        # The absolute form, which clients send to proxies.
        parts = urlsplit(raw)
        return parts.path or "/", parts.query
    path, _, query = raw.partition("?")
    return path, query


def join_headers(request: web.BaseRequest) -> dict[str, str]:
    """Return the headers by lower-case name, repeated ones joined with a comma (H-035, H-036)."""
    received = request.headers
    headers = {name.lower(): value for name, value in received.items()}
    if len(headers) == len(received):
        return headers
    headers.clear()
    for name, value in received.items():
        key = name.lower()
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    return headers


async def wait_until_gone(request: web.BaseRequest) -> None:
    """Return when the client has closed the connection. aiohttp has no notice of that for a handler that runs on."""
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
        await asyncio.sleep(CLIENT_CHECK_SECONDS)


async def read_body(request: web.BaseRequest) -> bytes:
    """Return the whole body.

    The real host loses chunked bodies on their way to Python when it is reached directly, while Azure's front ends
    mostly give them a length. Here they arrive (H-041), with a warning in the log.

    Raises aiohttp.web.HTTPRequestEntityTooLarge when the body is larger than the server's `client_max_size`. Raises
    aiohttp.web.HTTPBadRequest when it ends too early, or its chunks are malformed.
    """
    content = request.content
    try:
        # Mostly the body has come together with the head.
        body = content.read_nowait() if content.is_eof() else await request.read()
    except (web.RequestPayloadError, ConnectionError):
        raise web.HTTPBadRequest from None
    if 0 < request.client_max_size < len(body):
        raise web.HTTPRequestEntityTooLarge(request.client_max_size, len(body))
    if body and request.content_length is None:
        log.warning(
            "A chunked request body of %d bytes was accepted. `func start` would hand the function an empty one: "
            "let clients send Content-Length.",
            len(body),
        )
    return body


def build_http_request(
    request: web.BaseRequest, headers: Mapping[str, str], route_params: Mapping[str, str], body: bytes, kind: str
) -> object:
    """Return the `func.HttpRequest` for a function.

    Raises TypeError when the function's parameter is annotated as text, which loads but cannot be converted, as in the
    worker.
    """
    if kind == "generic":
        raise TypeError("a request cannot be handed over as str: annotate the parameter as azure.functions.HttpRequest")
    path, query = path_and_query(request)
    url = f"{request.scheme}://{headers.get('host') or request.host}{path}{'?' if query else ''}{query}"
    return HttpRequest(
        method=request.method,
        url=url,
        headers=headers,
        params=parse_query(query),
        route_params=route_params,
        body_type="bytes",
        body=body,
    )
