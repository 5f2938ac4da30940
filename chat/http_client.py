"""HTTP calls to one Azure service with little CPU time: one aiohttp session, which is opened at the first call.

aiohttp is imported then too: an app that only serves its page does not load it. A call is sent once, unless it is made
through `call_with_retries`.
"""

import asyncio
import math
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession, ClientTimeout

CONNECT_SECONDS = 2.0
# Shorter than services and the load balancers before them keep an idle connection.
KEEP_ALIVE_SECONDS = 50.0
MAX_CONNECTIONS = 128


class CallFailed(Exception):
    """No answer came; `was_sent` is False when the request certainly did not reach the service."""

    def __init__(self, problem: str, *, was_sent: bool) -> None:
        super().__init__(problem)
        self.was_sent = was_sent

    def __repr__(self) -> str:
        """Return the problem with its cause, for a log."""
        return f"{type(self).__name__}({str(self)!r}, was_sent={self.was_sent}, cause={self.__cause__!r})"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete answer; the names of headers are matched in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Calls the service at one endpoint; it belongs to one event loop, and its connections are closed with that."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._session: ClientSession | None = None
        self._closer: AsyncGenerator[None, None] | None = None

    async def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, seconds: float
    ) -> HttpAnswer:
        """Return the answer to one request, which is sent once; the URL is sent as it is. Raises CallFailed."""
        if seconds <= 0:
            raise CallFailed("no time is left", was_sent=False)
        session = self._session or await self._open()
        import aiohttp
        from yarl import URL

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
        """Close the connections; a later call opens new ones."""
        session, self._session = self._session, None
        if session:
            await session.close()

    async def _open(self) -> "ClientSession":
        session = self._session = _new_session(self._endpoint)
        self._closer = await close_with_loop(session.close)
        return session


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


async def close_with_loop(close: Callable[[], Awaitable[None]]) -> AsyncGenerator[None, None]:
    """Let the event loop await `close` when it shuts down: it finalizes its asynchronous generators then.

    Keep what is returned for as long as there is something to close.
    """

    async def close_at_end() -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await close()

    closer = close_at_end()
    await anext(closer)
    return closer


def _new_session(endpoint: str) -> "ClientSession":
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        # Stated, because aiohttp copies all headers of a call to leave out its own.
        headers={"Accept-Encoding": "identity", "User-Agent": "chat"},
        proxy=_proxy_for(endpoint),
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
