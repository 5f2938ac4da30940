"""Answer a request through the web extension of a streaming app, piece by piece in both directions.

The real host sends such a request on to a server that the extension runs in the worker. Here the extension's ASGI
application is called directly, on the app's event loop; each piece of a body crosses from one loop to the other, and
the next is asked for when it was taken.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import unquote

from aiohttp import web
from multidict import CIMultiDict

from local_azure.functions.http_server.requests import path_and_query, wait_until_gone
from local_azure.functions.http_server.responses import HOP_BY_HOP
from local_azure.functions.invocation_log import format_app_traceback
from local_azure.functions.worker.streaming import CALL, ROUTE_PARAMETERS, AsgiApp, Call
from local_azure.functions.worker.worker import Worker

INVOCATION_HEADER = "x-ms-invocation-id"

log = logging.getLogger("local_azure.functions")
T = TypeVar("T")
Message = dict[str, Any]


class FunctionFailed(Exception):
    """The function raised; the log has its error already."""


class StreamedCall:
    """One request and its answer; all methods but `answer` are called on the host's loop by the app's."""

    def __init__(
        self, request: web.Request, invocation_id: str, added_headers: Iterable[tuple[str, str]], body_limit: int
    ) -> None:
        self._request = request
        self._invocation_id = invocation_id
        self._added_headers = added_headers
        self._body_limit = body_limit
        self._read_bytes = 0
        self._has_body_ended = False
        self._response: web.StreamResponse | None = None
        self._is_complete = False
        self._loop = asyncio.get_running_loop()

    async def answer(
        self, app: AsgiApp, worker: Worker, parameters: Mapping[str, str], call: Call
    ) -> web.StreamResponse:
        """Let the app answer, and return its answer, which has been sent already.

        `call` runs the function on the host's loop; the rest happens on the app's. A body above the limit is 413.
        """
        if (self._request.content_length or 0) > self._body_limit:
            return web.Response(status=413)
        scope = self._scope() | {ROUTE_PARAMETERS: parameters, CALL: lambda request: self._on_host(call(request))}
        error = await worker.run_coroutine(_run(app, scope, self._receive_from_app, self._send_from_app))
        if error is not None and not isinstance(error, FunctionFailed):
            log.error("The answer of a function failed\n%s", format_app_traceback(error))
        if self._response is None:
            return web.Response(status=413 if self._is_too_large else 500)
        if not self._is_complete and self._request.transport is not None:
            # Without the end of its body the client knows that the answer is not whole.
            self._request.transport.close()
        return self._response

    def _scope(self) -> Message:
        request = self._request
        path, query = path_and_query(request)
        headers = [
            (name.lower().encode("latin-1"), value.encode("utf-8", "surrogateescape"))
            for name, value in request.headers.items()
        ]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": f"{request.version.major}.{request.version.minor}",
            "method": request.method,
            "scheme": request.scheme,
            "path": unquote(path),
            "raw_path": path.encode("ascii", "replace"),
            "query_string": query.encode("ascii", "replace"),
            "root_path": "",
            "headers": [*headers, (INVOCATION_HEADER.encode(), self._invocation_id.encode())],
            "client": (request.remote, 0) if request.remote else None,
            "server": None,
        }

    async def _receive_from_app(self) -> Message:
        return await self._on_host(self._receive())

    async def _send_from_app(self, message: Message) -> None:
        await self._on_host(self._send(message))

    async def _on_host(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the host's loop and wait for it on the app's."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _receive(self) -> Message:
        if self._has_body_ended:
            await wait_until_gone(self._request)
            return {"type": "http.disconnect"}
        try:
            piece = await self._request.content.readany()
        except (web.RequestPayloadError, ConnectionError):
            return {"type": "http.disconnect"}
        self._read_bytes += len(piece)
        if self._is_too_large:
            return {"type": "http.disconnect"}
        self._has_body_ended = self._request.content.at_eof()
        return {"type": "http.request", "body": piece, "more_body": not self._has_body_ended}

    @property
    def _is_too_large(self) -> bool:
        return self._read_bytes > self._body_limit

    async def _send(self, message: Message) -> None:
        if self._is_too_large and self._response is None:
            return  # the answer is 413, whatever the app makes of the end of the body
        if message["type"] == "http.response.start":
            self._response = await self._start(message["status"], message["headers"])
            return
        assert self._response is not None, "a body came before the start of the answer"
        body = message.get("body", b"")
        # A client that is gone is told by `_receive`.
        with contextlib.suppress(ConnectionError):
            if body and self._request.method != "HEAD":
                await self._response.write(body)
            if not message.get("more_body", False):
                await self._response.write_eof()
        self._is_complete = not message.get("more_body", False)

    async def _start(self, status: int, raw_headers: Iterable[tuple[bytes, bytes]]) -> web.StreamResponse:
        headers: CIMultiDict[str] = CIMultiDict()
        for name, value in raw_headers:
            if (text := name.decode("latin-1")).lower() not in HOP_BY_HOP:
                headers.add(text, value.decode("latin-1"))
        headers.update(self._added_headers)
        response = _Response(status=status, headers=headers)
        with contextlib.suppress(ConnectionError):
            await response.prepare(self._request)
        return response


class _Response(web.StreamResponse):
    """Has no `Content-Type` unless it was given one; aiohttp adds one otherwise."""

    async def _prepare_headers(self) -> None:
        has_type = "Content-Type" in self.headers
        await super()._prepare_headers()
        if not has_type:
            self.headers.popall("Content-Type", None)


async def _run(
    app: AsgiApp,
    scope: Message,
    receive: Callable[[], Coroutine[Any, Any, Message]],
    send: Callable[[Message], Coroutine[Any, Any, None]],
) -> BaseException | None:
    """Call the ASGI application on the app's loop; return what it raised, which may not end that loop."""
    try:
        await app(scope, receive, send)
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        return error
    return None
