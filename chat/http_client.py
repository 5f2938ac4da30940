"""HTTP calls to one Azure service with little CPU time.

A call goes over connections of our own (`http_connections.py`); where the environment names a proxy for the service,
over a session of aiohttp, which is imported only then. It is sent once, unless it is made through `call_with_retries`.
"""

import asyncio
import math
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from chat.http_connections import (
    CONNECT_SECONDS,
    KEEP_ALIVE_SECONDS,
    MAX_CONNECTIONS,
    CallFailed,
    Connections,
    close_with_loop,
)
from chat.http_messages import HttpAnswer, encode_request

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession, ClientTimeout


class HttpClient:
    """Calls the service at one endpoint; it belongs to one event loop, and its connections are closed with that."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        url = urlsplit(endpoint)
        self._origin = f"{url.scheme}://{url.netloc}"
        self._host = url.netloc.rpartition("@")[2]
        self._client: Connections | ProxiedSession | None = None
        self._closer: AsyncGenerator[None, None] | None = None

    async def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, seconds: float
    ) -> HttpAnswer:
        """Return the answer to one request, which is sent once; the URL is sent as it is. Raises CallFailed.

        Raises ValueError for a URL of another service, and for what cannot be sent.
        """
        if seconds <= 0:
            raise CallFailed("no time is left", was_sent=False)
        origin, target = url[: len(self._origin)], url[len(self._origin) :] or "/"
        if origin != self._origin or not target.startswith("/"):
            raise ValueError(f"the URL is not below {self._origin}")
        client = self._client or await self._open()
        if isinstance(client, Connections):
            return await client.call(encode_request(method, target, self._host, headers, body), seconds)
        return await client.call(method, url, headers, body, seconds)

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        client, self._client = self._client, None
        if client:
            await client.close()

    async def _open(self) -> "Connections | ProxiedSession":
        proxy = _proxy_for(self._endpoint)
        client = self._client = ProxiedSession(proxy) if proxy else Connections(urlsplit(self._endpoint))
        self._closer = await close_with_loop(client.close)
        return client


class ProxiedSession:
    """A session of aiohttp, which knows how to go through a proxy; it is imported and opened at the first call."""

    def __init__(self, proxy: str) -> None:
        self._proxy = proxy
        self._session: ClientSession | None = None

    async def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, seconds: float
    ) -> HttpAnswer:
        """Return the answer to one request, which is sent once. Raises CallFailed."""
        import aiohttp
        from yarl import URL

        session = self._session = self._session or _new_session(self._proxy)
        try:
            async with session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=body,
                allow_redirects=False,
                # aiohttp never sends a POST again.
                middlewares=() if method == "POST" else (_send_once,),
                timeout=_timeout(math.ceil(seconds * 1000)),
            ) as response:
                content = await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, aiohttp.ConnectionTimeoutError) as problem:
            raise CallFailed("the service cannot be reached", was_sent=False) from problem
        except TimeoutError as problem:
            raise CallFailed("no answer in time", was_sent=True) from problem
        except aiohttp.ClientError as problem:
            raise CallFailed("the connection was lost", was_sent=True) from problem
        return HttpAnswer(response.status, response.headers, content)

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session:
            await session.close()


Pauses = Sequence[tuple[float, float]]
"""The limits of the random pause before each further try, in seconds."""


async def call_with_retries(
    send: Callable[[float], Awaitable[HttpAnswer]], pauses: Pauses, seconds: float, try_seconds: float = math.inf
) -> HttpAnswer:
    """Return the first answer that another try would not change, or the last one, whatever its status is.

    `send` is given the seconds it may take, at most `try_seconds`. A busy service's `Retry-After` makes a pause longer;
    without time for the pause there is no further try. Raises CallFailed when no answer came to the last try.
    """
    clock = asyncio.get_running_loop().time
    deadline, left = clock() + seconds, seconds
    for shortest, longest in pauses:
        pause = random.uniform(shortest, longest)  # noqa: S311 (no secret)
        try:
            answer = await send(min(left, try_seconds))
        except CallFailed:
            if clock() + pause >= deadline:
                raise
        else:
            pause = max(pause, _retry_after(answer))
            if not is_temporary(answer.status) or clock() + pause >= deadline:
                return answer
        await asyncio.sleep(pause)
        left = deadline - clock()
    return await send(min(left, try_seconds))


def is_temporary(status: int) -> bool:
    """Return whether the same call may succeed a moment later."""
    return status in (408, 429) or (status >= 500 and status != 501)


def _retry_after(answer: HttpAnswer) -> float:
    """Return how many seconds a busy service wants to be left alone; 0 when it does not say so in seconds."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0


def _new_session(proxy: str) -> "ClientSession":
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        # Stated, because aiohttp copies all headers of a call to leave out its own.
        headers={"Accept-Encoding": "identity", "User-Agent": "chat"},
        proxy=proxy,
    )


def _proxy_for(endpoint: str) -> str | None:
    """Return the environment's proxy for an endpoint; read once, because that costs a quarter of a call."""
    url = urlsplit(endpoint)
    proxies = getproxies()
    if url.scheme not in proxies or proxy_bypass(url.netloc):
        return None
    return proxies[url.scheme]


async def _send_once(request: "ClientRequest", handler: "ClientHandlerType") -> "ClientResponse":
    """Hide a lost connection from aiohttp, which would send a PUT or DELETE again although it may have been done."""
    import aiohttp

    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as problem:
        raise aiohttp.ClientError("the connection was lost") from problem


@lru_cache(maxsize=64)
def _timeout(milliseconds: int) -> "ClientTimeout":
    """Return the limits of a call. The time to connect is a part of the whole: so it is known what was not sent."""
    import aiohttp

    seconds = milliseconds / 1000
    return aiohttp.ClientTimeout(total=seconds, connect=min(CONNECT_SECONDS, seconds / 2))
