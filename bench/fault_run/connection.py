"""A client's connection with `json.reliable.webpubsub.azure.v1`: it recovers, or connects anew, until it is closed."""

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import Any

import aiohttp

SUBPROTOCOL = "json.reliable.webpubsub.azure.v1"
POLICY_VIOLATION = 1008
"""The close code of a refused recovery."""
ANSWER_SECONDS = 10.0
CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 8.0
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 0.6
MESSAGES_PER_ACK = 20
Frame = dict[str, Any]


class Answer(Enum):
    """How the service answered an event: it was handled, the handler failed, or there was no answer."""

    DONE = "done"
    FAILED = "failed"
    NONE = "none"


class Connection:
    """A connection of one user. `run` keeps it open; `on_frame` gets the chat's frames, each once and in order."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        app: str,
        user: str,
        on_frame: Callable[[Frame], None],
        on_new: Callable[[], None],
    ) -> None:
        self._http = http
        self._app = app
        self._user = user
        self._on_frame = on_frame
        self._on_new = on_new
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._url = ""
        self._id = self._token = ""
        self._last_sequence_id = 0
        self._last_ack_id = 0
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        self.live = asyncio.Event()
        self.opened = 0
        self.recovered = 0

    async def run(self) -> None:
        """Connect, and connect again, until this task is cancelled."""
        pause = SHORTEST_PAUSE_SECONDS
        while True:
            with suppress(aiohttp.ClientError, TimeoutError, OSError):
                await self._connect_and_read()
            if self.live.is_set():
                pause = SHORTEST_PAUSE_SECONDS
            self.lose()
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def send(self, event: str, data: Frame) -> Answer:
        """Send an event when the connection is open, and return how it was answered, at the latest after 10 seconds."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.live.wait()
                self._last_ack_id += 1
                ack_id = self._last_ack_id
                answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
                self._answers[ack_id] = answer
                await self._write({"type": "event", "event": event, "dataType": "json", "data": data, "ackId": ack_id})
                return await answer
        except TimeoutError:
            return Answer.NONE

    async def _connect_and_read(self) -> None:
        if not self._token:
            self._url = await self._negotiate()
        recovery = f"&awps_connection_id={self._id}&awps_reconnection_token={self._token}" if self._token else ""
        timeout = aiohttp.ClientWSTimeout(ws_close=1.0)
        try:
            dialling = self._http.ws_connect(self._url + recovery, protocols=[SUBPROTOCOL], timeout=timeout)
            self._socket = await asyncio.wait_for(dialling, CONNECT_SECONDS)
        except aiohttp.WSServerHandshakeError:
            self._token = ""  # the token has expired
            raise
        if self._token:
            # A recovered connection may not be told `connected`; the first answer shows that it works.
            await self._write({"type": "ping"})
        try:
            await self._read(self._socket)
        finally:
            await self._socket.close()

    async def _negotiate(self) -> str:
        timeout = aiohttp.ClientTimeout(CONNECT_SECONDS)
        async with self._http.get(f"{self._app}/negotiate", params={"id": self._user}, timeout=timeout) as response:
            response.raise_for_status()
            return str((await response.json())["url"])

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            try:
                message = await socket.receive(SILENCE_SECONDS)
            except TimeoutError:
                await self._probe(socket)
                continue
            if message.type is not aiohttp.WSMsgType.TEXT:
                if socket.close_code == POLICY_VIOLATION:
                    self._token = ""
                return
            await self._take(json.loads(message.data))

    async def _probe(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Ask for a sign of life; raises TimeoutError without one."""
        await socket.send_json({"type": "ping"})
        message = await socket.receive(SILENCE_SECONDS)
        if message.type is aiohttp.WSMsgType.TEXT:
            await self._take(json.loads(message.data))

    async def _take(self, envelope: Frame) -> None:
        if envelope.get("event") == "connected" and envelope["type"] == "system":
            self._token = envelope["reconnectionToken"]
            if envelope["connectionId"] != self._id:
                self._begin(envelope)
        if not self.live.is_set():
            self.recovered += 1
            self.live.set()
        if envelope["type"] == "ack":
            answer = self._answers.pop(envelope["ackId"], None)
            if answer and not answer.done():  # done: it was waited for too long
                answer.set_result(Answer.DONE if envelope["success"] else Answer.FAILED)
        elif envelope["type"] == "message":
            await self._take_message(envelope)

    def _begin(self, envelope: Frame) -> None:
        self._id = envelope["connectionId"]
        self._last_sequence_id = 0
        self.opened += 1
        self.live.set()
        self._on_new()

    async def _take_message(self, envelope: Frame) -> None:
        number = envelope["sequenceId"]
        if number <= self._last_sequence_id:
            return  # it is repeated after a recovery
        self._last_sequence_id = number
        if number % MESSAGES_PER_ACK == 0:
            await self._write({"type": "sequenceAck", "sequenceId": number})
        self._on_frame(envelope["data"])

    async def _write(self, frame: Frame) -> None:
        if self._socket is None or self._socket.closed:
            return  # whoever waits for an answer is told when the loss is noticed
        with suppress(ConnectionError, aiohttp.ClientError):
            await self._socket.send_json(frame)

    def lose(self) -> None:
        """Forget the socket; whoever waits for an answer gets none."""
        self.live.clear()
        self._socket = None
        waiting, self._answers = self._answers, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_result(Answer.NONE)
