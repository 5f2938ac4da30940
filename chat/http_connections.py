"""The connections to one service: each carries one request at a time, and further ones after its answer.

They are made of asyncio's own transports, because aiohttp's client costs several times the CPU time of the exchange,
and every message makes two. A request is sent once: again only when the end of it certainly was not sent.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import lru_cache
from urllib.parse import SplitResult

from chat.http_messages import AnswerReader, HttpAnswer, InvalidAnswer

CONNECT_SECONDS = 2.0
# Shorter than services and the load balancers before them keep an idle connection.
KEEP_ALIVE_SECONDS = 50.0
MAX_CONNECTIONS = 128
# After this time a second address of a host is tried beside the first one (RFC 8305).
NEXT_ADDRESS_SECONDS = 0.25


class CallFailed(Exception):
    """No answer came; `was_sent` is False when the request certainly did not reach the service."""

    def __init__(self, problem: str, *, was_sent: bool) -> None:
        super().__init__(problem)
        self.was_sent = was_sent

    def __repr__(self) -> str:
        """Return the problem with its cause, for a log."""
        return f"{type(self).__name__}({str(self)!r}, was_sent={self.was_sent}, cause={self.__cause__!r})"


class Connections:
    """Sends requests to one service; it belongs to one event loop, and at its end `close` must be called."""

    def __init__(self, origin: SplitResult) -> None:
        """`origin` is the service's URL: its scheme (http or https), host and port count."""
        self._host, self._port = origin.hostname or "", origin.port or (443 if origin.scheme == "https" else 80)
        self._is_encrypted = origin.scheme == "https"
        self._idle: deque[_Connection] = deque()  # the one that was used last is at the end
        self._open: set[_Connection] = set()
        self._places = asyncio.Semaphore(MAX_CONNECTIONS)

    async def call(self, request: bytes, seconds: float) -> HttpAnswer:
        """Return the answer to one encoded request within so many seconds; raises CallFailed."""
        deadline = asyncio.get_running_loop().time() + seconds
        if self._places.locked():
            await self._wait_for_place(seconds)
        else:
            await self._places.acquire()
        try:
            while True:
                connection = self._take_idle() or await self._connect(deadline, seconds)
                if connection.send(request):
                    answer = await connection.receive(deadline)
                    if connection.may_reuse:
                        self._idle.append(connection)
                    else:
                        connection.abort()
                    return answer
        finally:
            self._places.release()

    async def close(self) -> None:
        """Close all connections; calls under way fail."""
        for connection in self._open:
            connection.abort()
        await asyncio.sleep(0)  # transports close their sockets in the next turn of the loop

    def _take_idle(self) -> "_Connection | None":
        """Return an open connection that was used a short time ago; the others are closed."""
        oldest = asyncio.get_running_loop().time() - KEEP_ALIVE_SECONDS
        while self._idle and self._idle[0].used_at < oldest:
            self._idle.popleft().abort()
        while self._idle:
            if not (connection := self._idle.pop()).is_closing:
                return connection
        return None

    async def _wait_for_place(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._places.acquire()
        except TimeoutError as problem:
            raise CallFailed(f"all {MAX_CONNECTIONS} connections are busy", was_sent=False) from problem

    async def _connect(self, deadline: float, seconds: float) -> "_Connection":
        loop = asyncio.get_running_loop()
        limit = min(CONNECT_SECONDS, seconds / 2, deadline - loop.time())
        try:
            async with asyncio.timeout(limit):
                _, connection = await loop.create_connection(
                    lambda: _Connection(self._open),
                    self._host,
                    self._port,
                    ssl=_encryption() if self._is_encrypted else None,
                    happy_eyeballs_delay=NEXT_ADDRESS_SECONDS,
                )
        except (OSError, UnicodeError) as problem:  # also TimeoutError, ssl.SSLError, and a name that is no host's
            raise CallFailed("the service cannot be reached", was_sent=False) from problem
        return connection


class _Connection(asyncio.Protocol):
    """One connection; `may_reuse` is set when the last answer was complete and more requests may follow."""

    def __init__(self, opened: "set[_Connection]") -> None:
        """While it is open, the connection is in the set."""
        self.may_reuse = False
        self.used_at = 0.0  # by the clock of the loop
        self._loop = asyncio.get_running_loop()
        self._opened = opened
        self._transport: asyncio.Transport
        self._reader: AnswerReader | None = None  # while an answer is awaited
        self._answer: asyncio.Future[HttpAnswer]

    @property
    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def send(self, request: bytes) -> bool:
        """Send a request; return False when its end certainly was not sent, so that it is not carried out."""
        self.may_reuse = False
        self._reader, self._answer = AnswerReader(), self._loop.create_future()
        self._transport.write(request)
        if not self._transport.is_closing():
            return True
        self._reader = None
        return False

    async def receive(self, deadline: float) -> HttpAnswer:
        """Return the answer to what was sent; without one, also when the caller is cancelled, the connection is closed.

        Raises CallFailed.
        """
        timer = self._loop.call_at(deadline, self._fail, "no answer in time")
        try:
            return await self._answer
        except BaseException:
            self._reader = None
            self._transport.abort()
            raise
        finally:
            timer.cancel()

    def abort(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._opened.add(self)

    def data_received(self, data: bytes) -> None:
        if self._reader is None:  # nothing was asked
            self._transport.abort()
            return
        try:
            answer = self._reader.feed(data)
        except InvalidAnswer as problem:
            self._fail("the answer is not valid", problem)
            return
        if answer is not None:
            self._finish(answer, may_reuse=self._reader.may_reuse)

    def eof_received(self) -> None:
        if self._reader is None:
            return
        try:
            answer = self._reader.finish()
        except InvalidAnswer as problem:
            self._fail("the connection was lost", problem)
            return
        self._finish(answer, may_reuse=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._opened.discard(self)
        if self._reader is not None:
            self._fail("the connection was lost", exc)

    def _finish(self, answer: HttpAnswer, *, may_reuse: bool) -> None:
        self._reader = None
        if not self._answer.done():
            # An answer before the end of the request: what is left of that would come before the next one.
            self.may_reuse = may_reuse and not self._transport.get_write_buffer_size()
            self.used_at = self._loop.time()
            self._answer.set_result(answer)

    def _fail(self, problem: str, cause: Exception | None = None) -> None:
        self._reader = None
        if not self._answer.done():
            failure = CallFailed(problem, was_sent=True)
            failure.__cause__ = cause
            self._answer.set_exception(failure)


@lru_cache(maxsize=1)
def _encryption() -> ssl.SSLContext:
    """Return the rules of TLS, made once: reading the certificates takes tens of milliseconds."""
    return ssl.create_default_context()


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
