"""The REST data plane of the service, API version 2024-12-01, and the route of an aiohttp application for it."""

import time
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from http import HTTPStatus

from aiohttp import web

from local_azure.bearer_tokens import BearerTokens
from local_azure.webpubsub.hub import Hubs
from local_azure.webpubsub.rest.authorization import Authorization
from local_azure.webpubsub.rest.call import BODY_KEY, Query, RestCall, read_query
from local_azure.webpubsub.rest.errors import ERROR_CODE_HEADER, RestError, bad_request, error_response
from local_azure.webpubsub.rest.routing import Match, find_operations
from local_azure.webpubsub.settings import Settings

__all__ = ["API_VERSIONS", "BODY_KEY", "ERROR_CODE_HEADER", "DataPlane", "route"]

API_VERSIONS = ("2021-10-01", "2022-11-01", "2023-07-01", "2024-01-01", "2024-12-01")
"""The versions that a request may ask for; all behave like the newest."""

_VERSIONS_HEADER = {"api-supported-versions": ", ".join(API_VERSIONS)}


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def route(answer: Answer) -> web.RouteDef:
    """Return the route below `/api` for what answers its requests."""
    # Not `.*`: a decoded path may hold a line break.
    return web.route("*", r"/api/{path:[\s\S]*}", answer)


class DataPlane:
    """The operations below `/api`."""

    def __init__(
        self,
        hubs: Hubs,
        settings: Settings,
        *,
        tokens: BearerTokens | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`tokens` checks those of identities; `clock` returns seconds since the epoch, to check their lifetimes."""
        self._hubs = hubs
        self._settings = settings
        self._clock = clock
        self._authorization = Authorization(settings, tokens)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call; a `RestError` becomes an error body, any other exception is a bug of the service."""
        try:
            response = await self._answer(request)
        except RestError as error:
            response = error_response(error)
        response.headers.update(_VERSIONS_HEADER)
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        path = request.rel_url.raw_path.removesuffix("/")
        if path.lower() == "/api/health":
            _checked_query(request.rel_url.raw_query_string)
            return web.Response() if request.method == "HEAD" else _method_not_allowed(["HEAD"])
        if not self._authorization.allows(request, path, self._clock()):
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        match = find_operations(path)
        if match is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        if request.method not in match.operations:
            return _method_not_allowed(match.operations)
        return await match.operations[request.method].handle(self._call(request, match))

    def _call(self, request: web.Request, match: Match) -> RestCall:
        query = _checked_query(request.rel_url.raw_query_string)
        names = match.checked_names
        return RestCall(self._hubs.hub(names["hub"]), names, query, request, self._settings, self._clock())


@lru_cache(maxsize=1_000)
def _checked_query(raw_query: str) -> Query:
    """Return the query; raises `RestError` for an API version that is unknown or given twice.

    Without one the newest is used, as in the official emulator.
    """
    query = read_query(raw_query)
    versions = query.all("api-version")
    if len(versions) > 1 or any(version not in API_VERSIONS for version in versions):
        raise bad_request("The specified API version is not supported.", "api-version")
    return query


def _method_not_allowed(methods: Iterable[str]) -> web.Response:
    return web.Response(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(methods)})
