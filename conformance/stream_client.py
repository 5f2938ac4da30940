"""A WebSocket client that writes its frames itself: for fragments, which the client library never sends."""

import asyncio
import base64
import os
import ssl
from urllib.parse import urlsplit

FINAL, TEXT, CONTINUATION, CLOSE = 0x80, 0x1, 0x0, 0x8


class StreamClient:
    """An upgraded connection. Frames are masked with a zero key, which the protocol allows."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait_seconds: float) -> None:
        self._reader = reader
        self._writer = writer
        self._wait_seconds = wait_seconds

    async def send(self, payload: bytes, first_byte: int) -> None:
        """Send one frame; `first_byte` has the FIN bit and the opcode."""
        size = len(payload)
        if size < 126:
            header = bytes((first_byte, 0x80 | size))
        elif size < 65536:
            header = bytes((first_byte, 0x80 | 126)) + size.to_bytes(2, "big")
        else:
            header = bytes((first_byte, 0x80 | 127)) + size.to_bytes(8, "big")
        self._writer.write(header + bytes(4) + payload)
        await self._writer.drain()

    async def receive(self) -> tuple[int, bytes]:
        """Return the opcode and the payload of the next frame, which is unfragmented in every answer of the cases."""
        async with asyncio.timeout(self._wait_seconds):
            first, size = await self._reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self._reader.readexactly(2), "big")
            elif size == 127:
                size = int.from_bytes(await self._reader.readexactly(8), "big")
            return first & 15, await self._reader.readexactly(size)

    async def close_code(self) -> int:
        """Read until the close frame and return its code."""
        while True:
            opcode, payload = await self.receive()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big")

    async def close(self) -> None:
        """Drop the connection."""
        self._writer.transport.abort()


async def open_stream_client(url: str, subprotocol: str, wait_seconds: float) -> StreamClient:
    """Return a client after its handshake; raises `ConnectionError` when the answer is not 101."""
    parts = urlsplit(url)
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    async with asyncio.timeout(wait_seconds):
        reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=tls)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            f"GET {parts.path}?{parts.query} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            f"Sec-WebSocket-Protocol: {subprotocol}",
        )
        writer.write("\r\n".join((*lines, "", "")).encode())
        head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101"):
        raise ConnectionError(f"the handshake was answered {head[:40]!r}")
    return StreamClient(reader, writer, wait_seconds)
