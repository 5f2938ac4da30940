"""WebSocket clients of the cases: a JSON or raw one, and a protobuf one. Every wait is bounded."""

import json
import socket
from collections import deque
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMessage, WSMsgType

from conformance.expectations import Differs, expect, expect_true, shown
from conformance.protobuf import Fields, Message, encode

JSON = "json.webpubsub.azure.v1"
RELIABLE_JSON = "json.reliable.webpubsub.azure.v1"
PROTOBUF = "protobuf.webpubsub.azure.v1"
RELIABLE_PROTOBUF = "protobuf.reliable.webpubsub.azure.v1"
PING_ANSWER = {"type": "pong"}
ABNORMAL_CLOSURE = 1006


class Client:
    """A client with a socket. `connected` is the first frame of a JSON client, `{}` of any other.

    It answers the pings of the service only while it waits for a frame: a case that waits for long raises
    `wait_seconds`, and does not sleep.
    """

    def __init__(self, socket: ClientWebSocketResponse, wait_seconds: float, *, recovers: bool = False) -> None:
        self.socket = socket
        self.connected: dict[str, Any] = {}
        self.wait_seconds = wait_seconds
        self._recovers = recovers
        self._kept: deque[Any] = deque()

    @property
    def id(self) -> str:
        """The connection id."""
        return str(self.connected["connectionId"])

    async def send(self, type_: str, /, **properties: Any) -> None:
        """Send a JSON frame."""
        await self.socket.send_json({"type": type_, **properties})

    async def send_text(self, text: str) -> None:
        """Send a text frame as it is."""
        await self.socket.send_str(text)

    async def frame(self) -> WSMessage:
        """Return the next frame of any kind; raises `Differs` when none comes in time."""
        try:
            return await self.socket.receive(timeout=self.wait_seconds)
        except TimeoutError:
            raise Differs("a frame", f"nothing within {self.wait_seconds:g} seconds") from None

    async def receive(self) -> Any:
        """Return the next JSON frame. A `connected` frame after a recovery is stored and skipped."""
        if self._kept:
            return self._kept.popleft()
        while True:
            message = await self.frame()
            if message.type is not WSMsgType.TEXT:
                raise Differs("a text frame", _described(message))
            parsed = json.loads(message.data)
            if not (self._recovers and parsed.get("event") == "connected"):
                return parsed
            self.connected = parsed

    async def message(self) -> dict[str, Any]:
        """Return the next frame, which must be a group or server message."""
        frame: dict[str, Any] = await self.receive()
        expect_true("a message", frame.get("type") == "message", frame)
        return frame

    async def data(self) -> Any:
        """Return the payload of the next message."""
        return (await self.message()).get("data")

    async def of_type(self, type_: str) -> dict[str, Any]:
        """Return the next frame, which must have this type."""
        frame: dict[str, Any] = await self.receive()
        expect_true(f"a frame of type {type_}", frame.get("type") == type_, frame)
        return frame

    async def ack(self, ack_id: int) -> dict[str, Any]:
        """Return the ack with this id; frames before it are kept for `receive`."""
        before: list[dict[str, Any]] = []
        while True:
            frame: dict[str, Any] = await self.receive()
            if frame.get("type") == "ack" and frame.get("ackId") == ack_id:
                self._kept.extendleft(reversed(before))
                return frame
            before.append(frame)

    async def request(self, type_: str, ack_id: int, /, **properties: Any) -> dict[str, Any]:
        """Send a frame with an ack id and return the ack."""
        await self.send(type_, ackId=ack_id, **properties)
        return await self.ack(ack_id)

    async def succeed(self, type_: str, ack_id: int, /, **properties: Any) -> None:
        """Send a frame that must be acknowledged with success."""
        ack = await self.request(type_, ack_id, **properties)
        expect_true(f"success of {type_}", ack.get("success") is True, ack)

    async def fail(self, error: str, type_: str, ack_id: int, /, **properties: Any) -> None:
        """Send a frame that must be acknowledged with this error."""
        ack = await self.request(type_, ack_id, **properties)
        expect(f"the error of {type_}", (ack.get("success"), (ack.get("error") or {}).get("name")), (False, error))

    async def expect_nothing(self) -> None:
        """Check that no frame has come: the next one is the answer to a ping."""
        await self.send("ping")
        expect("the next frame", await self.receive(), PING_ANSWER)

    async def end(self) -> tuple[int, str]:
        """Read to the end of the socket and return the close code and text; 1006 without a close frame."""
        while True:
            message = await self.frame()
            if message.type is WSMsgType.CLOSE:
                return message.data, message.extra or ""
            if message.type in (WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR):
                return ABNORMAL_CLOSURE, ""

    async def expect_close(self, code: int) -> None:
        """Check that the service closes the socket with this code."""
        expect("close code", (await self.end())[0], code)

    async def close(self, code: int = 1000) -> None:
        """Close the socket."""
        await self.socket.close(code=code)

    def cut(self) -> None:
        """Drop the socket without a close frame."""
        transport: socket.socket = self.socket.get_extra_info("socket")
        transport.shutdown(socket.SHUT_RDWR)


class ProtobufClient(Client):
    """A client of a protobuf subprotocol; messages are given and returned by the numbers of their fields."""

    async def send_message(self, message: Message) -> None:
        """Send an upstream message."""
        await self.socket.send_bytes(encode(message))

    async def send_hex(self, text: str) -> None:
        """Send bytes that are given in hexadecimal digits."""
        await self.socket.send_bytes(bytes.fromhex(text))

    async def fields(self) -> Fields:
        """Return the next downstream message."""
        frame = await self.frame()
        if frame.type is not WSMsgType.BINARY:
            raise Differs("a binary frame", _described(frame))
        return Fields(frame.data)

    async def read_connected(self) -> Fields:
        """Return the `connected_message`, which must come next, and remember the connection id."""
        connected = (await self.fields()).message(3).message(1)
        self.connected = {"connectionId": connected.text(1)}
        return connected


def _described(message: WSMessage) -> str:
    if message.type is WSMsgType.CLOSE:
        return f"close {message.data} {message.extra or ''}".rstrip()
    return f"{message.type.name} {shown(message.data)}"
