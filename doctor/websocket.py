"""A small WebSocket client for text messages, on a blocking socket: every call ends after a stated time.

It offers no extension and follows no redirect. TLS is verified as in `doctor.http`.
"""

import base64
import hashlib
import http.client
import io
import os
import socket
import ssl
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult

from doctor.http import USER_AGENT, Failure, NoAnswer, explain_failure, request_target, split_url
from doctor.websocket_frames import (
    MASK_BYTES,
    Message,
    MessageReader,
    Opcode,
    ProtocolError,
    encode_close,
    encode_frame,
)

ACCEPT_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
MAX_HEAD_BYTES = 64 << 10
CHUNK_BYTES = 64 << 10
NORMAL_CLOSURE = 1000
PORTS = {"ws": 80, "wss": 443}


class ConnectionRefused(Exception):
    """The server answered the handshake with something else than 101; `status` is what it answered."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the handshake was answered {status}")
        self.status = status


class ConnectionClosed(Exception):
    """The connection ended; `code` is 1006 where the server sent no close frame."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"the connection was closed with {code}" + (f" {reason!r}" if reason else ""))
        self.code = code


@dataclass(slots=True)
class WebSocket:
    """An open connection; close it after use. `subprotocol` is what the server chose, empty for none."""

    sock: socket.socket
    subprotocol: str = ""
    reader: MessageReader = field(default_factory=MessageReader)
    messages: list[Message] = field(default_factory=list)

    def send_text(self, text: str, timeout: float) -> None:
        """Send one message; `timeout` is in seconds. Raises NoAnswer or ConnectionClosed."""
        self._send(encode_frame(Opcode.TEXT, text.encode(), os.urandom(MASK_BYTES)), timeout)

    def receive_text(self, timeout: float) -> str:
        """Return the next text message, and answer pings meanwhile.

        `timeout` is in seconds. Raises NoAnswer when none came in time or the server broke the protocol, and
        ConnectionClosed.
        """
        deadline = time.monotonic() + timeout
        while True:
            while self.messages:
                message = self.messages.pop(0)
                match message.opcode:
                    case Opcode.TEXT:
                        return message.payload.decode(errors="replace")
                    case Opcode.PING:
                        pong = encode_frame(Opcode.PONG, message.payload, os.urandom(MASK_BYTES))
                        self._send(pong, remaining(deadline, timeout))
                    case Opcode.CLOSE:
                        self._answer_close(remaining(deadline, timeout))
                        raise ConnectionClosed(message.code, message.payload.decode(errors="replace"))
            try:
                self.messages += self.reader.feed(receive_bytes(self.sock, deadline, timeout))
            except ProtocolError as problem:
                raise NoAnswer(Failure.BROKEN, str(problem)) from problem

    def close(self, timeout: float = 1.0) -> None:
        """End the connection as a browser does: say so, wait for the server's answer, close the socket."""
        deadline = time.monotonic() + timeout
        try:
            self._send(encode_close(NORMAL_CLOSURE, os.urandom(MASK_BYTES)), timeout)
            while True:
                self.receive_text(remaining(deadline, timeout))
        except (NoAnswer, ConnectionClosed):
            self.sock.close()

    def _answer_close(self, timeout: float) -> None:
        """Answer the server's close frame and close the socket: the server waits for that."""
        try:
            self._send(encode_close(NORMAL_CLOSURE, os.urandom(MASK_BYTES)), timeout)
        except (NoAnswer, ConnectionClosed):
            return  # the server did not wait
        finally:
            self.sock.close()

    def _send(self, frame: bytes, timeout: float) -> None:
        try:
            self.sock.settimeout(timeout)
            self.sock.sendall(frame)
        except TimeoutError as problem:
            raise NoAnswer(Failure.TIMEOUT, f"{timeout:.3g} s") from problem
        except OSError as problem:
            raise ConnectionClosed(1006) from problem

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def connect(url: str, *, subprotocols: tuple[str, ...] = (), timeout: float) -> WebSocket:
    """Return an open connection to a ws:// or wss:// URL; `timeout` is in seconds, for the handshake as a whole.

    Raises ConnectionRefused when the server answers without opening one, NoAnswer, and ValueError for a wrong URL.
    """
    parts = split_url(url, tuple(PORTS))
    deadline = time.monotonic() + timeout
    with ExitStack() as failing:
        try:
            sock = open_socket(parts, deadline, timeout)
            failing.callback(sock.close)
            key = base64.b64encode(os.urandom(16)).decode()
            sock.sendall(handshake(parts, key, subprotocols))
            head, rest = read_head(sock, deadline, timeout)
            opened = WebSocket(sock, accept_handshake(head, key))
            opened.messages += opened.reader.feed(rest)
        except ConnectionClosed as problem:
            raise NoAnswer(Failure.BROKEN, "no answer to the handshake") from problem
        except (OSError, http.client.HTTPException, ProtocolError) as problem:
            raise NoAnswer(*explain_failure(problem, is_cut=False, timeout=timeout)) from problem
        failing.pop_all()
    return opened


def open_socket(parts: SplitResult, deadline: float, timeout: float) -> socket.socket:
    """Return a socket that is connected to the server of a URL, by TLS for wss; raises OSError or NoAnswer."""
    host = parts.hostname or ""
    sock = socket.create_connection((host, parts.port or PORTS[parts.scheme]), timeout=timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parts.scheme != "wss":
        return sock
    with closing(sock):  # TLS takes its connection over
        sock.settimeout(remaining(deadline, timeout))
        return ssl.create_default_context().wrap_socket(sock, server_hostname=host)


def handshake(parts: SplitResult, key: str, subprotocols: tuple[str, ...]) -> bytes:
    """Return the request that asks for a connection."""
    lines = [
        f"GET {request_target(parts)} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        f"User-Agent: {USER_AGENT}",
    ]
    if subprotocols:
        lines.append(f"Sec-WebSocket-Protocol: {', '.join(subprotocols)}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def read_head(sock: socket.socket, deadline: float, timeout: float) -> tuple[bytes, bytes]:
    """Return the head of the answer, and the bytes after it that have come already."""
    data = b""
    while b"\r\n\r\n" not in data:
        if len(data) > MAX_HEAD_BYTES:
            raise NoAnswer(Failure.BROKEN, f"a head of more than {MAX_HEAD_BYTES} bytes")
        data += receive_bytes(sock, deadline, timeout)
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def accept_handshake(head: bytes, key: str) -> str:
    """Return the subprotocol that the server chose; raises ConnectionRefused or NoAnswer."""
    status_line, _, lines = head.partition(b"\r\n")
    words = status_line.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise NoAnswer(Failure.BROKEN, "the answer is no HTTP")
    if (status := int(words[1])) != http.HTTPStatus.SWITCHING_PROTOCOLS:
        raise ConnectionRefused(status)
    headers = http.client.parse_headers(io.BytesIO(lines + b"\r\n\r\n"))
    expected = base64.b64encode(hashlib.sha1(key.encode() + ACCEPT_SUFFIX, usedforsecurity=False).digest()).decode()
    if headers.get("Sec-WebSocket-Accept", "").strip() != expected:
        raise NoAnswer(Failure.BROKEN, "the answer to the handshake is not about our key")
    return headers.get("Sec-WebSocket-Protocol", "").strip()


def receive_bytes(sock: socket.socket, deadline: float, timeout: float) -> bytes:
    """Return what came next, at least one byte; raises NoAnswer or ConnectionClosed."""
    try:
        sock.settimeout(remaining(deadline, timeout))
        data = sock.recv(CHUNK_BYTES)
    except TimeoutError as problem:
        raise NoAnswer(Failure.TIMEOUT, f"{timeout:.3g} s") from problem
    except OSError as problem:
        raise ConnectionClosed(1006) from problem
    if not data:
        raise ConnectionClosed(1006)
    return data


def remaining(deadline: float, timeout: float) -> float:
    """Return the seconds until a deadline (monotonic); raises NoAnswer when it has passed."""
    if (left := deadline - time.monotonic()) <= 0:
        raise NoAnswer(Failure.TIMEOUT, f"{timeout:.3g} s")
    return left
