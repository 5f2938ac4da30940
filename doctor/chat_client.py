"""A client of the chat: it negotiates and connects as the page does, and says what it waits for.

It speaks `json.webpubsub.azure.v1`: a connection of it ends when it is closed, where one of the reliable protocol would
be kept for a while.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from doctor.answers import Answer, judge_answer
from doctor.http import send_request
from doctor.websocket import WebSocket, connect, remaining

SUBPROTOCOL = "json.webpubsub.azure.v1"
Frame = Mapping[str, Any]


class Refused(Exception):
    """The app answered an event with an error; `code` is its stable code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class NotHandled(Exception):
    """The service reports that an event was not handled: it has no handler for it, or the webhook failed."""


@dataclass(slots=True)
class ChatClient:
    """The chat at `base_url` as one user; all of its calls together end at `deadline` (monotonic seconds)."""

    base_url: str
    user: str
    deadline: float
    timeout: float

    def read_session(self) -> Answer:
        """Return the answer to what the page asks first; raises NoAnswer."""
        return self._ask("GET", "session")

    def negotiate(self) -> Answer:
        """Return the answer to where the user may connect; raises NoAnswer. Its body has a token: never show it."""
        return self._ask("POST", "negotiate", json.dumps({"id": self.user}).encode())

    def connect(self, url: str) -> "ChatConnection":
        """Return an open connection; raises ConnectionRefused, NoAnswer, ConnectionClosed, or ValueError."""
        socket = connect(url, subprotocols=(SUBPROTOCOL,), timeout=remaining(self.deadline, self.timeout))
        connection = ChatConnection(socket, self.deadline, self.timeout)
        connection.wait_for(lambda frame: frame.get("type") == "system" and frame.get("event") == "connected")
        return connection

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        url, headers = f"{self.base_url}/{path}", {"Content-Type": "application/json"} if body else {}
        left = remaining(self.deadline, self.timeout)
        return judge_answer(send_request(method, url, headers=headers, body=body, timeout=left), url)


@dataclass(slots=True)
class ChatConnection:
    """A connection on which events are sent; what nobody waited for is dropped unread.

    `arrived_at` is when the frame came that was waited for last (monotonic seconds); it may have come before the wait.
    """

    socket: WebSocket
    deadline: float
    timeout: float
    acks: int = 0
    kept: list[tuple[float, Frame]] = field(default_factory=list)
    arrived_at: float = 0.0

    def ask(self, event: str, data: Mapping[str, Any], answer: str) -> Frame:
        """Send an event and return the frame of the type `answer` that answers it.

        Raises Refused, NotHandled, NoAnswer or ConnectionClosed.
        """
        client_id = self.send(event, data)
        return self.wait_for(lambda frame: frame.get("type") == answer and frame.get("clientId") == client_id)

    def tell(self, event: str, data: Mapping[str, Any]) -> None:
        """Send an event and return when the app has handled it; raises as `ask`."""
        self.send(event, data)
        self.wait_for_ack()

    def send(self, event: str, data: Mapping[str, Any]) -> str:
        """Send an event and return its client id; raises NoAnswer or ConnectionClosed."""
        self.acks += 1
        client_id = f"doctor-{self.acks}"
        frame = {
            "type": "event",
            "event": event,
            "ackId": self.acks,
            "dataType": "json",
            "data": {"clientId": client_id} | dict(data),
        }
        self.socket.send_text(json.dumps(frame), remaining(self.deadline, self.timeout))
        return client_id

    def wait_for_ack(self) -> None:
        """Return when the service says that the last event was handled; raises as `ask`."""
        self.wait_for(lambda frame: frame.get("type") == "ack" and frame.get("ackId") == self.acks)

    def wait_for(self, matches: Callable[[Frame], bool]) -> Frame:
        """Return the first frame that matches, and keep those before it for a later wait; raises as `ask`."""
        for position, (arrived_at, frame) in enumerate(self.kept):
            if matches(frame):
                del self.kept[position]
                self.arrived_at = arrived_at
                return frame
        while True:
            frame = read_frame(self.socket.receive_text(remaining(self.deadline, self.timeout)))
            raise_failure(frame, self.acks)
            if matches(frame):
                self.arrived_at = time.monotonic()
                return frame
            self.kept.append((time.monotonic(), frame))

    def extend(self, seconds: float) -> None:
        """Give the connection more time, so that it can be tidied up after the deadline."""
        self.deadline = max(self.deadline, time.monotonic() + seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.socket.close()


def read_frame(text: str) -> Frame:
    """Return a frame of the chat, or of the service; an empty one for what is neither."""
    try:
        frame = json.loads(text)
    except ValueError:
        return {}
    if isinstance(frame, dict) and frame.get("type") == "message":
        frame = frame.get("data")
    return frame if isinstance(frame, dict) else {}


def raise_failure(frame: Frame, last_ack: int) -> None:
    """Raise NotHandled or Refused for a frame that says that the last event failed."""
    if frame.get("type") == "ack" and frame.get("ackId") == last_ack and frame.get("success") is False:
        error = frame.get("error")
        raise NotHandled(str(error.get("name", "")) if isinstance(error, dict) else "")
    if (
        frame.get("type") == "system"
        and frame.get("event") == "error"
        and frame.get("clientId") == f"doctor-{last_ack}"
    ):
        raise Refused(str(frame.get("code", "")), str(frame.get("message", "")))


def host_and_hub(url: str) -> tuple[str, str]:
    """Return the host of a client's URL and the hub that its path names; never its query, which has a token."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.path.rstrip("/").rpartition("/")[2]
