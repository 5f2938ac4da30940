"""One WebSocket each: frames out without waiting, frames in one at a time.

Outgoing frames are already in wire form. They are gathered and written to the transport once per turn of the event
loop, so a burst costs one system call and an idle connection no task. When a client does not read, frames wait here up
to a bound in messages and bytes; one more and the socket is dropped, and nobody else has waited.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from local_azure.webpubsub.frames import close_frame
from local_azure.webpubsub.masking import FirstFrame

log = logging.getLogger(__name__)

NORMAL_CLOSURE = 1000
ABNORMAL_CLOSURE = 1006

BATCH_FRAMES = 64
BATCH_BYTES = 64 * 1024
RETRY_SECONDS = 0.01
LINGER_SECONDS = 1.0
READ_AHEAD_FRAMES = 256
READ_AHEAD_BYTES = 1024 * 1024

_PROTOCOL_ERROR_TEXTS = {
    1002: "The client frame is invalid.",
    1007: "The client message is not valid UTF-8.",
    1009: "The client message is too large.",
}


@dataclass(frozen=True, slots=True)
class Closed:
    """The client is gone: it closed with a code and a text, or its socket was lost (1006 and no text)."""

    code: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Broken:
    """The client broke the rules of WebSocket or a size limit; the socket has to be closed with this code."""

    code: int
    text: str


Received = str | bytes | Closed | Broken


class WebSocket(web.WebSocketResponse):
    """aiohttp's WebSocket, except that clients must mask, and that only `Socket` decides when and how it is closed."""

    released = False

    def _post_start(self, request: web.BaseRequest, protocol: str | None, writer: Any) -> None:
        sent_early = bool(request.protocol._message_tail)  # it may end in the middle of a frame
        super()._post_start(request, protocol, writer)
        if not sent_early:
            request.protocol._payload_parser = FirstFrame(request.protocol, request.protocol._payload_parser)

    async def close(self, *, code: int = NORMAL_CLOSURE, message: bytes = b"", drain: bool = True) -> bool:
        """Close for good once the socket is released; before that, leave it open."""
        return await super().close(code=code, message=message, drain=drain) if self.released else True


class Flusher:
    """Writes what sockets have gathered, once per turn of the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready: list[Socket] = []
        self._slow: list[Socket] = []

    def flush_soon(self, socket: "Socket") -> None:
        """Write the socket's frames when the current callbacks are done."""
        if not self._ready:
            self._loop.call_soon(self._flush)
        self._ready.append(socket)

    def retry_later(self, socket: "Socket") -> None:
        """Try again shortly: the client does not read as fast as it is sent to."""
        if not self._slow:
            self._loop.call_later(RETRY_SECONDS, self._retry)
        self._slow.append(socket)

    def _flush(self) -> None:
        sockets, self._ready = self._ready, []
        for socket in sockets:
            socket.flush()

    def _retry(self) -> None:
        sockets, self._slow = self._slow, []
        for socket in sockets:
            socket.flush()


class Socket:
    """An open WebSocket; sending, closing and aborting never wait."""

    __slots__ = (
        "_ahead",
        "_close_code",
        "_closing",
        "_drain_seconds",
        "_end",
        "_flusher",
        "_max_bytes",
        "_max_messages",
        "_pending",
        "_protocol",
        "_reading",
        "_scheduled",
        "_size",
        "_transport",
        "_ws",
    )

    def __init__(
        self,
        ws: WebSocket,
        request: web.Request,
        flusher: Flusher,
        *,
        max_messages: int,
        max_bytes: int,
        drain_seconds: float,
    ) -> None:
        """`ws` has been prepared; `drain_seconds` is what a closing socket has to send what is queued."""
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client left during the handshake")
        self._ws = ws
        self._transport = transport
        self._protocol = request.protocol
        self._flusher = flusher
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._drain_seconds = drain_seconds
        self._pending: list[bytes] = []
        self._size = 0
        self._scheduled = False
        self._closing = False
        self._close_code = 0
        self._ahead: deque[Received] | None = None
        self._reading: asyncio.Task[Received] | None = None
        self._end: Closed | Broken | None = None

    # --- out ---------------------------------------------------------------------

    def send(self, frame: bytes) -> None:
        """Queue a frame; with too much waiting already, drop the socket instead."""
        if self._closing:
            return
        self._pending.append(frame)
        self._size += len(frame)
        if not self._scheduled:
            self._scheduled = True
            self._flusher.flush_soon(self)
        elif len(self._pending) >= BATCH_FRAMES or self._size >= BATCH_BYTES:
            self._write()
            if len(self._pending) > self._max_messages or self._size > self._max_bytes:
                log.warning(
                    "client is too slow and is cut off", extra={"messages": len(self._pending), "bytes": self._size}
                )
                self.abort()

    def close(self, code: int, reason: str = "") -> None:
        """Send what is queued and a close frame; a client that does not answer in time is dropped."""
        if self._closing:
            return
        self.send(close_frame(code, reason))
        self._close_code = code
        self._closing = True
        if not self._transport.is_closing():
            asyncio.get_running_loop().call_later(self._drain_seconds, self._transport.abort)

    def abort(self) -> None:
        """Drop the socket at once."""
        self._closing = True
        self._pending.clear()
        self._size = 0
        self._transport.abort()

    def flush(self) -> None:
        """Write what the client can take now; come back for the rest."""
        self._scheduled = False
        self._write()
        if self._pending:
            self._scheduled = True
            self._flusher.retry_later(self)

    def _write(self) -> None:
        if self._transport.is_closing():
            self._pending.clear()
            self._size = 0
        while self._pending and not self._protocol.writing_paused:
            batch = self._pending[:BATCH_FRAMES]
            del self._pending[:BATCH_FRAMES]
            data = batch[0] if len(batch) == 1 else b"".join(batch)
            self._size -= len(data)
            self._transport.write(data)

    # --- in ----------------------------------------------------------------------

    async def receive(self) -> Received:
        """Return the next message, or how the socket ended; nothing follows an end."""
        if self._ahead:
            return self._ahead.popleft()
        if self._reading is not None:
            reading, self._reading = self._reading, None
            return await reading
        return await self._read()

    async def while_open(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do the work while reading on; if the client leaves, cancel it and return False.

        What is read meanwhile waits for `receive`. With very much waiting, reading stops and the work goes on.
        """
        task = asyncio.create_task(work)
        try:
            while not task.done():
                reading = self._reading
                if reading is None and self._may_read_ahead():
                    reading = self._reading = asyncio.create_task(self._read())
                await asyncio.wait({task, reading} if reading else {task}, return_when=asyncio.FIRST_COMPLETED)
                if reading is not None and reading.done() and not self._keep_ahead(reading):
                    break
            if task.done():
                task.result()
                return True
            return False
        finally:
            await _cancelled(task)

    async def finish(self) -> None:
        """Let go of the socket after the last `receive`: close it if that has not happened yet."""
        self.close(NORMAL_CLOSURE)
        self._write()
        while self._pending and not self._transport.is_closing():  # noqa: ASYNC110 (a transport tells nobody when it has drained)
            await asyncio.sleep(RETRY_SECONDS)
        self._transport.close()
        if self._reading is not None:
            await _cancelled(self._reading)
        self._ws.released = True

    async def linger(self) -> None:
        """Wait a moment for the client to take its close frame; what it still sends is read and dropped.

        Closing with unread data would reset the connection, and the client might never see the code.
        """
        deadline = asyncio.get_running_loop().time() + LINGER_SECONDS
        while not self._transport.is_closing() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(RETRY_SECONDS)

    def _may_read_ahead(self) -> bool:
        if not self._ahead:
            return True
        waiting = sum(len(frame) for frame in self._ahead if isinstance(frame, str | bytes))
        return len(self._ahead) < READ_AHEAD_FRAMES and waiting < READ_AHEAD_BYTES

    def _keep_ahead(self, reading: asyncio.Task[Received]) -> bool:
        """Keep what was read for later; return whether the client is still there."""
        self._reading = None
        received = reading.result()
        if self._ahead is None:
            self._ahead = deque()
        self._ahead.append(received)
        return isinstance(received, str | bytes)

    async def _read(self) -> Received:
        """Return what comes next; the end is the same for everyone who asks again."""
        if self._end is not None:
            return self._end
        try:
            message = await self._ws.receive()
        except ConnectionError:  # the socket was lost while a ping was being answered
            self._end = Closed(ABNORMAL_CLOSURE, None)
            return self._end
        data: object = message.data
        if isinstance(data, str | bytes):
            return data
        self._end = self._how_it_ended(message)
        return self._end

    def _how_it_ended(self, message: aiohttp.WSMessage) -> Closed | Broken:
        data: object = message.data
        if message.type is aiohttp.WSMsgType.CLOSE:
            # Whoever closed first chose the code; a client's answer to ours may carry any. A close frame without a
            # code counts as a normal closure, as in .NET.
            return Closed(self._close_code or int(message.data or NORMAL_CLOSURE), str(message.extra or ""))
        if isinstance(data, aiohttp.WebSocketError):
            return Broken(data.code, _PROTOCOL_ERROR_TEXTS.get(data.code, ""))
        return Closed(ABNORMAL_CLOSURE, None)


async def _cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel the task, if it still runs, and wait until it has stopped."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
