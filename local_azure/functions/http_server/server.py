"""The HTTP server of the host: it finds the function for a request and sends its answer.

The order is that of the real host: CORS, built-in paths (`/admin`, `/runtime`), the functions' routes, the home page,
404.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address
from types import MappingProxyType

from aiohttp import web

from local_azure.functions.app import App
from local_azure.functions.configuration.host_json import HostConfig
from local_azure.functions.http_server.access_keys import AccessKeys
from local_azure.functions.http_server.cors import Cors
from local_azure.functions.http_server.requests import (
    build_http_request,
    join_headers,
    path_and_query,
    read_body,
)
from local_azure.functions.http_server.responses import Response, build_response
from local_azure.functions.http_server.streaming import FunctionFailed, StreamedCall
from local_azure.functions.http_server.urls import BadPath, decode_path, parse_query
from local_azure.functions.invocation_log import log_failure, log_start, log_success
from local_azure.functions.routing.routes import Route
from local_azure.functions.worker.invocation_context import Out, read_trace_context
from local_azure.functions.worker.loading import LoadedFunction
from local_azure.functions.worker.streaming import AsgiApp, build_asgi_app
from local_azure.functions.worker.worker import Worker, raised_by_function
from local_azure.random_uuid import random_uuid

HOME_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Functions host</title></head>
<body><h1>Your Functions app is up and running</h1><p>No function has the address /.</p></body></html>
"""
# The characters that the real host's server sends in a header; any other character makes the answer a 500 there too.
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
# A host name, an IPv4 address or an IPv6 address in brackets, and a port; the real host's server refuses anything else.
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+(?:%25[\w.~-]+)?\]|[\w!$%&'()*+,;=.~-]*)(?::[0-9]*)?", re.ASCII)
# How many paths are remembered with their routes.
REMEMBERED_PATHS = 256
# Answered to everybody: load balancers and monitors have no key.
PING_PATH = "/admin/host/ping"
# The request's headers as functions see them.
HEADERS = web.RequestKey("headers", Mapping[str, str])

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpServer:
    """The server of one app: checks, routes and runs requests, and counts those that are being answered."""

    def __init__(
        self,
        app: App,
        worker: Worker,
        config: HostConfig,
        *,
        cors: Cors,
        keys: AccessKeys | None,
        home_page: bool,
        body_limit: int,
        is_behind_balancer: bool = False,
    ) -> None:
        """`is_behind_balancer` says that every request comes from a load balancer, which names the caller."""
        self._app = app
        self._worker = worker
        self._config = config
        self._cors = cors
        self._keys = keys
        self._home_page = home_page
        self._body_limit = body_limit
        self._is_behind_balancer = is_behind_balancer
        # Kept, because the same few paths come again and again.
        self._find_route = lru_cache(maxsize=REMEMBERED_PATHS)(self._match_path)
        self._adds_headers = bool(cors.origins or config.custom_headers)
        self._asgi_app = build_asgi_app() if app.streams else None
        self._outstanding = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def application(self, extra_routes: Iterable[web.AbstractRouteDef]) -> web.Application:
        """Return the aiohttp application; `extra_routes` are the built-in ones (`/admin`, `/runtime`)."""
        application = web.Application(middlewares=[self._handle], client_max_size=self._body_limit)
        application.add_routes(extra_routes)
        application.router.add_route("*", "/{path:.*}", self._dispatch)
        return application

    def answer_directly(self, runner: web.AppRunner) -> None:
        """Let the functions' requests pass by the router and the middleware of aiohttp: call it after `setup`.

        Both cost as much CPU time as reading the request, and they would only find `_dispatch`.
        """
        server = runner.server
        assert server is not None
        answer = server.request_handler

        async def answer_request(request: web.BaseRequest) -> web.StreamResponse:
            assert isinstance(request, web.Request)
            if _may_be_built_in(request.raw_path) or "Expect" in request.headers:
                return await answer(request)
            return await self._handle(request, self._dispatch)

        server.request_handler = answer_request

    async def wait_until_idle(self, seconds: float) -> None:
        """Return when no function is answering a request, at the latest after this many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)

    @web.middleware
    async def _handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Do what every request needs: preflights, keys of built-in paths, HTTP errors, additional headers."""
        headers = request[HEADERS] = join_headers(request)
        if not _HOST.fullmatch(headers.get("host", "")):
            return web.Response(status=400)
        if self._cors.is_preflight(request.method, headers):
            return web.Response(status=204, headers=self._cors.preflight_headers(headers))
        response: web.StreamResponse
        if handler == self._dispatch or self._is_authorized(request, headers):
            try:
                response = await handler(request)
            except web.HTTPException as error:
                # For example 413 for a body above the limit; the real host sends no text with it.
                response = web.Response(status=error.status)
        else:
            response = web.Response(status=401)
        if self._adds_headers and not response.prepared:
            for name, value in self._added_headers(headers):
                response.headers[name] = value
        return response

    def _added_headers(self, headers: Mapping[str, str]) -> Iterable[tuple[str, str]]:
        """Return the headers that every answer has: those of CORS and of host.json."""
        return (*self._cors.response_headers(headers).items(), *self._config.custom_headers)

    def _is_authorized(self, request: web.Request, headers: Mapping[str, str]) -> bool:
        if self._keys is None:
            return True
        path = request.path.lower()
        is_admin = path.startswith("/admin/")
        # The app's own durable client has no key; it calls from this machine.
        if not is_admin and self._is_from_this_machine(request):
            return True
        if path == PING_PATH:
            return True
        return self._keys.allow("ADMIN" if is_admin else "SYSTEM", headers, parse_query(path_and_query(request)[1]))

    def _is_from_this_machine(self, request: web.Request) -> bool:
        caller = request.remote
        if self._is_behind_balancer:
            # The balancer adds the caller at the end; what is before it came with the request.
            caller = request.headers.getall("X-Forwarded-For", [""])[-1].rpartition(",")[2].strip()
        try:
            return ip_address(caller or "").is_loopback
        except ValueError:
            return False

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        raw_path, query = path_and_query(request)
        try:
            path, route, parameters = self._find_route(request.method, raw_path)
        except BadPath:
            return web.Response(status=400)
        if route is None:
            return self._no_route_response(path)
        headers = request[HEADERS]
        if self._keys is not None and not self._keys.allow(route.auth_level, headers, parse_query(query)):
            return web.Response(status=401)
        limit = self._config.max_outstanding_requests
        if 0 <= limit <= self._outstanding:
            return web.Response(status=429)
        self._outstanding += 1
        self._idle.clear()
        try:
            if self._asgi_app is not None:
                return await self._run_streamed(self._asgi_app, route, request, parameters)
            return await self._run(route, request, headers, parameters)
        finally:
            self._outstanding -= 1
            if not self._outstanding:
                self._idle.set()

    def _match_path(self, method: str, raw_path: str) -> tuple[str, Route | None, Mapping[str, str]]:
        """Return the decoded path, the route that it matches, and that one's parameters; raises BadPath."""
        path = decode_path(raw_path)
        found = None if _is_reserved(path) else self._app.routes.find(method, path)
        if found is None:
            return path, None, {}
        route, parameters = found
        return path, route, MappingProxyType(parameters)

    def _no_route_response(self, path: str) -> web.Response:
        if path != "/":
            return web.Response(status=404)
        if not self._home_page:
            return web.Response(status=204)
        return web.Response(text=HOME_PAGE, content_type="text/html")

    async def _run(
        self, route: Route, request: web.Request, headers: Mapping[str, str], parameters: Mapping[str, str]
    ) -> web.Response:
        body = await read_body(request)
        function, invocation_id = route.function, random_uuid()
        name, trigger_name = function.name, str(function.trigger["name"])
        started = log_start(name, invocation_id)
        try:
            kind = function.signature.inputs[trigger_name]
            trigger = build_http_request(request, headers, parameters, body, kind)
            outputs = {name: Out() for name in _http_outputs(function)}
            result = await self._worker.invoke(
                function,
                {trigger_name: trigger, **outputs},
                invocation_id=invocation_id,
                trace=read_trace_context(headers) if function.signature.requires_context else None,
            )
            response = _response(function, result, outputs.values())
            answer = _to_aiohttp_response(response)
        except BaseException as error:
            if not raised_by_function(error):
                raise
            # As in the real host: 500 with an empty body, and the traceback in the log.
            log_failure(name, invocation_id, started, error)
            return web.Response(status=500)
        log_success(name, invocation_id, started)
        return answer

    async def _run_streamed(
        self, asgi_app: AsgiApp, route: Route, request: web.Request, parameters: Mapping[str, str]
    ) -> web.StreamResponse:
        """Let the app's web extension answer; the function has ended when it returned, its answer may last longer."""
        function, invocation_id, headers = route.function, random_uuid(), request[HEADERS]
        trace = read_trace_context(headers) if function.signature.requires_context else None

        async def call(argument: object) -> object:
            started = log_start(function.name, invocation_id)
            arguments = {str(function.trigger["name"]): argument}
            try:
                result = await self._worker.invoke(function, arguments, invocation_id=invocation_id, trace=trace)
            except BaseException as error:
                if not raised_by_function(error):
                    raise
                log_failure(function.name, invocation_id, started, error)
                raise FunctionFailed from error
            log_success(function.name, invocation_id, started)
            return result

        streamed = StreamedCall(request, invocation_id, self._added_headers(headers), self._body_limit)
        return await streamed.answer(asgi_app, self._worker, parameters, call)


def _http_outputs(function: LoadedFunction) -> Iterable[str]:
    """Return the names of the output parameters through which the function may answer (`func.Out[HttpResponse]`)."""
    outputs = function.signature.outputs
    if not outputs:
        return ()
    return [name for name in outputs if any(b["name"] == name and b["type"] == "http" for b in function.bindings)]


def _response(function: LoadedFunction, result: object, outputs: Iterable[Out]) -> Response:
    """Return the answer: what an output parameter was set to, else what the function returned.

    A function without a `$return` binding that set nothing has answered 200 without a body, as in the real host.
    """
    given = [value for output in outputs if (value := output.get()) is not None]
    if given:
        return build_response(given[-1], "http")
    if result is None and function.signature.returns is None:
        return Response(200, (), b"")
    return build_response(result, function.signature.returns or "http")


def _may_be_built_in(target: str) -> bool:
    """Return whether a request may be for a built-in path (`/admin`, `/runtime`); those have no percent signs."""
    path = target.lower()
    return "/admin" in path or "/runtime" in path or "%" in path


def _is_reserved(path: str) -> bool:
    return path.lower().startswith(("/admin/", "/runtime/"))


def _to_aiohttp_response(response: Response) -> web.Response:
    for name, value in response.headers:
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"the header {name!r} has a character that a server may not send")
    return web.Response(status=response.status, headers=response.headers, body=response.body)
