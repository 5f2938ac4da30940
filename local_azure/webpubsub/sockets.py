"""One client's WebSocket: sending never waits, receiving returns one message at a time.

Outgoing frames are already encoded. They are queued and written to the transport once per iteration of the event loop,
so many frames cost one system call, and an idle connection has no task. When a client does not read, frames are queued
up to a limit in messages and bytes; one more and the socket is dropped. Other clients never wait for a slow one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from local_azure.webpubsub.mask_check import require_mask
from local_azure.webpubsub.websocket_frames import close_frame

log = logging.getLogger(__name__)

NORMAL_CLOSURE = 1000
ABNORMAL_CLOSURE = 1006

BATCH_FRAMES = 64
BATCH_BYTES = 64 * 1024
RETRY_SECONDS = 0.01
CLOSE_WAIT_SECONDS = 1.0
READ_AHEAD_FRAMES = 256
READ_AHEAD_BYTES = 1024 * 1024

_PROTOCOL_ERROR_TEXTS = {
    1002: "The client frame is invalid.",
    1007: "The client message is not valid UTF-8.",
    1009: "The client message is too large.",
}


@dataclass(frozen=True, slots=True)
class Closed:
    """The client has left: it closed with a code and a text, or its socket was lost (1006 and no text)."""

    code: int
    text: str | None


@dataclass(frozen=True, slots=True)
class ProtocolViolation:
    """The client violated the WebSocket protocol or a size limit; the socket has to be closed with this code."""

    code: int
    text: str


Received = str | bytes | Closed | ProtocolViolation


class WebSocket(web.WebSocketResponse):
    """aiohttp's WebSocket with two differences: clients must mask, and only `Socket` closes it.

    While `released` is false, aiohttp's own calls of `close` do nothing.
    """

    released = False

    def _post_start(self, request: web.BaseRequest, protocol: str | None, writer: Any) -> None:
        # Data that came with the handshake goes to aiohttp's parser at once, and may end in the middle of a frame.
        has_early_data = bool(request.protocol._message_tail)
        super()._post_start(request, protocol, writer)
        if not has_early_data:
            require_mask(request.protocol)

    async def close(self, *, code: int = NORMAL_CLOSURE, message: bytes = b"", drain: bool = True) -> bool:
        """Close the WebSocket if it is released; before that, do nothing."""
        return await super().close(code=code, message=message, drain=drain) if self.released else True


class Flusher:
    """Writes the queued frames of all sockets, once per iteration of the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready: list[Socket] = []
        self._retrying: list[Socket] = []

    def flush_soon(self, socket: "Socket") -> None:
        """Write the socket's frames when the current callbacks are done."""
        if not self._ready:
            self._loop.call_soon(self._flush)
        self._ready.append(socket)

    def retry_later(self, socket: "Socket") -> None:
        """Write again after a short time: the client reads slower than the service sends."""
        if not self._retrying:
            self._loop.call_later(RETRY_SECONDS, self._retry)
        self._retrying.append(socket)

    def _flush(self) -> None:
        sockets, self._ready = self._ready, []
        for socket in sockets:
            socket.flush()

    def _retry(self) -> None:
        sockets, self._retrying = self._retrying, []
        for socket in sockets:
            socket.flush()


class Socket:
    """An open WebSocket; sending, closing and aborting never wait."""

    __slots__ = (
        "_close_code",
        "_closing",
        "_drain_seconds",
        "_end",
        "_flusher",
        "_max_bytes",
        "_max_messages",
        "_pending",
        "_protocol",
        "_read_ahead",
        "_reading",
        "_scheduled",
        "_size",
        "_transport",
        "_work",
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
        """`ws` has been prepared; `drain_seconds` is the time that a closing socket has to send the queued frames."""
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
        self._read_ahead: deque[Received] | None = None
        self._reading: asyncio.Task[Received] | None = None
        self._work: asyncio.Task[None] | None = None
        self._end: Closed | ProtocolViolation | None = None

    # --- sending ---------------------------------------------------------------------

    def send(self, frame: bytes) -> None:
        """Queue a frame; drop the socket if the queue is over its limit."""
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
                    "client is too slow, its socket is dropped",
                    extra={"messages": len(self._pending), "bytes": self._size},
                )
                self.abort()

    def close(self, code: int, reason: str = "") -> None:
        """Send the queued frames and a close frame; drop a client that does not answer in time."""
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
        """Write what the transport accepts now, and the rest later."""
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

    # --- receiving ----------------------------------------------------------------------

    async def receive(self) -> Received:
        """Return the next message, or how the socket ended; no message follows an end."""
        received = await self._next()
        if self._work is None:
            return received
        if not self._work.done():
            received = await self._receive_after_work(self._work, received)
        work, self._work = self._work, None
        if not work.cancelled():
            work.result()
        return received

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run the work until it is done or the client has left; the next `receive` returns after its end."""
        self._work = asyncio.create_task(work)

    async def release(self) -> None:
        """Release the socket after the last `receive`: close it if it is not closed yet."""
        if self._work is not None:
            await _cancel_and_wait(self._work)
        self.close(NORMAL_CLOSURE)
        self._write()
        while self._pending and not self._transport.is_closing():  # noqa: ASYNC110 (a transport has no callback for an empty buffer)
            await asyncio.sleep(RETRY_SECONDS)
        self._transport.close()
        if self._reading is not None:
            await _cancel_and_wait(self._reading)
        self._ws.released = True

    async def wait_for_client_close(self) -> None:
        """Wait at most a second until the client has closed; what it still sends is read and ignored.

        Closing with unread data would reset the connection, and the client might not receive the close frame.
        """
        deadline = asyncio.get_running_loop().time() + CLOSE_WAIT_SECONDS
        while not self._transport.is_closing() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(RETRY_SECONDS)

    async def wait_until_dropped(self) -> None:
        """Wait, without reading, until a socket that is being closed is lost: when its time to answer is over."""
        while not self._transport.is_closing():  # noqa: ASYNC110 (a transport has no callback for its end)
            await asyncio.sleep(RETRY_SECONDS)

    async def _next(self) -> Received:
        """Return what was read ahead, else the next message or end."""
        if self._read_ahead:
            return self._read_ahead.popleft()
        if self._reading is not None:
            reading, self._reading = self._reading, None
            return await reading
        return await self._read()

    async def _receive_after_work(self, work: asyncio.Task[None], received: Received) -> Received:
        """Store what was received until the work is done, and what is read meanwhile; then return the oldest of it.

        If the client leaves, the work is cancelled. When too much is stored, reading stops and the work goes on.
        """
        if self._read_ahead is None:
            self._read_ahead = deque()
        self._read_ahead.appendleft(received)
        while not work.done():
            reading = self._reading
            if reading is None and self._may_read_ahead():
                reading = self._reading = asyncio.create_task(self._read())
            await asyncio.wait({work, reading} if reading else {work}, return_when=asyncio.FIRST_COMPLETED)
            if reading is not None and reading.done() and not self._store_read_ahead(reading):
                break
        await _cancel_and_wait(work)
        return self._read_ahead.popleft()

    def _may_read_ahead(self) -> bool:
        if not self._read_ahead:
            return True
        waiting = sum(len(frame) for frame in self._read_ahead if isinstance(frame, str | bytes))
        return len(self._read_ahead) < READ_AHEAD_FRAMES and waiting < READ_AHEAD_BYTES

    def _store_read_ahead(self, reading: asyncio.Task[Received]) -> bool:
        """Store what was read for `receive`; return whether the client is still connected."""
        self._reading = None
        received = reading.result()
        assert self._read_ahead is not None
        self._read_ahead.append(received)
        return isinstance(received, str | bytes)

    async def _read(self) -> Received:
        """Return the next message or end; after an end, return the same end again."""
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
        self._end = self._end_from(message)
        return self._end

    def _end_from(self, message: aiohttp.WSMessage) -> Closed | ProtocolViolation:
        data: object = message.data
        if message.type is aiohttp.WSMsgType.CLOSE:
            # The side that closed first chose the code; a client's answer to our close frame may carry any code. A
            # close frame without a code is a normal closure, as in .NET.
            return Closed(self._close_code or int(message.data or NORMAL_CLOSURE), str(message.extra or ""))
        if isinstance(data, aiohttp.WebSocketError):
            return ProtocolViolation(data.code, _PROTOCOL_ERROR_TEXTS.get(data.code, ""))
        return Closed(ABNORMAL_CLOSURE, None)


async def _cancel_and_wait(task: asyncio.Task[Any]) -> None:
    """Cancel the task, if it is still running, and wait until it has stopped."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
