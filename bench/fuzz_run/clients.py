"""Connections of the fuzz run: frames are sent as they are, and each answer is waited for before the next input."""

import asyncio
import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import WSMsgType

from bench.fuzz_run.inputs import JSON, LAST_ID, LAST_ROOM, PROTOBUF, RELIABLE_JSON, RELIABLE_PROTOBUF, Frames
from local_azure.webpubsub.protocols import webpubsub_pb2 as pb

ANSWER_SECONDS = 20.0
FIRST_ACK_ID = 10_000_000
"""Higher than the ids that the inputs have."""
NO_ID = "k7oq2xg4hbzd-3m5n7p2q4r6s7t2u4v6w"
DOCUMENTED_CLOSURES = frozenset({1000, 1003, 1007, 1009, 1011})


@dataclass
class Seen:
    """What all connections were answered; `closed` counts by code, `refused` by the chat's codes.

    `tokens` are the secrets that they were given: those of URLs and of links.
    """

    closed: Counter[int] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    tokens: list[str] = field(default_factory=list)


class FuzzClient:
    """One user's connection with one subprotocol, which is opened again after the service closed it."""

    def __init__(
        self, http: aiohttp.ClientSession, app_url: str, user: str, subprotocol: str | None, seen: Seen
    ) -> None:
        self.user = user
        self.connection_id = ""
        self._http = http
        self._app_url = app_url
        self._subprotocol = subprotocol
        self._seen = seen
        self._numbers = itertools.count(FIRST_ACK_ID)
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reading: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self._answered: set[int] = set()
        self._last_id = NO_ID
        self._last_room = "~"
        self._sequence_id = 0

    async def open(self) -> None:
        """Connect, unless the connection is open."""
        if self._socket is not None and not self._socket.closed:
            return
        await self.close()
        async with self._http.get(f"{self._app_url}/negotiate", params={"id": self.user}) as response:
            url: str = (await response.json())["url"]
        self._seen.tokens.append(url.partition("access_token=")[2])
        offered = (self._subprotocol,) if self._subprotocol else ()
        self._socket = await self._http.ws_connect(url, protocols=offered, max_msg_size=0)
        self.connection_id = ""
        self._reading = asyncio.create_task(self._read(self._socket))
        if self._subprotocol:
            await self._wait(lambda: bool(self.connection_id))

    async def play(self, given: Frames) -> None:
        """Send the frames, and wait until the chat has answered what was sent after them, or the service closed.

        Raises TimeoutError when neither comes, AssertionError for a code that no document names.
        """
        await self.open()
        socket = self._socket
        assert socket is not None
        for frame in given.frames:
            await self._send(socket, frame)
        number = next(self._numbers)
        await self._send(socket, self._question(number))
        await self._wait(lambda: number in self._answered or socket.closed)
        if socket.closed:
            assert socket.close_code in DOCUMENTED_CLOSURES, f"closed with {socket.close_code}"
            self._seen.closed[socket.close_code] += 1

    async def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            await self._socket.close()
        if self._reading is not None:
            await self._reading

    async def _wait(self, condition: Any) -> None:
        async with asyncio.timeout(ANSWER_SECONDS), self._changed:
            await self._changed.wait_for(condition)

    async def _send(self, socket: aiohttp.ClientWebSocketResponse, frame: str | bytes) -> None:
        is_text = isinstance(frame, str)
        content = frame.encode(errors="surrogatepass") if isinstance(frame, str) else frame
        content = content.replace(LAST_ID.encode(), self._last_id.encode())
        content = content.replace(LAST_ROOM.encode(), self._last_room.encode())
        try:
            await socket.send_frame(content, WSMsgType.TEXT if is_text else WSMsgType.BINARY)
        except ConnectionError:  # the service closed because of an earlier frame
            return

    def _question(self, number: int) -> str | bytes:
        """Return a frame whose answer has the number, and whose event the chat takes after all before it."""
        if self._subprotocol in (JSON, RELIABLE_JSON):
            return f'{{"type":"event","event":"places","dataType":"json","data":{{}},"ackId":{number}}}'
        if self._subprotocol in (PROTOBUF, RELIABLE_PROTOBUF):
            event = pb.EventMessage(event="places", data=pb.MessageData(json_data="{}"), ack_id=number)
            return pb.UpstreamMessage(event_message=event).SerializeToString()
        return f"/question-{number}"

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for received in socket:
            if received.type is WSMsgType.TEXT:
                self._see_json(json.loads(received.data))
            elif received.type is WSMsgType.BINARY:
                self._see_protobuf(pb.DownstreamMessage.FromString(received.data))
            async with self._changed:
                self._changed.notify_all()
        async with self._changed:
            self._changed.notify_all()

    def _see_json(self, frame: dict[str, Any]) -> None:
        if self._subprotocol is None:
            self._see_chat(frame)
            if frame.get("code") == "unknown_command" and "/question-" in frame["message"]:
                self._answered.add(int(frame["message"].partition("/question-")[2].partition(";")[0]))
        elif frame["type"] == "ack":
            self._answered.add(frame["ackId"])
        elif frame["type"] == "system":
            self.connection_id = self.connection_id or frame.get("connectionId", "")
        elif frame["type"] == "message":
            self._sequence_id = frame.get("sequenceId", 0)
            self._see_chat(frame["data"])

    def _see_protobuf(self, frame: "pb.DownstreamMessage") -> None:
        if frame.HasField("ack_message"):
            self._answered.add(frame.ack_message.ack_id)
        elif frame.HasField("system_message"):
            self.connection_id = self.connection_id or frame.system_message.connected_message.connection_id
        elif frame.HasField("data_message"):
            self._sequence_id = frame.data_message.sequence_id
            self._see_chat(json.loads(frame.data_message.data.json_data or frame.data_message.data.text_data))

    def _see_chat(self, frame: dict[str, Any]) -> None:
        if frame.get("event") == "error":
            self._seen.refused[frame["code"]] += 1
        elif "type" not in frame and frame.get("from") == self.user:
            self._seen.lines += 1
            self._last_id = frame["id"]
        elif frame.get("type") == "link":
            self._seen.tokens.append(frame["secret"])
        elif frame.get("type") == "joined" and frame["room"].startswith("~"):
            self._last_room = frame["room"]
