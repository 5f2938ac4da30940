"""Questions about a room by somebody who is no member: all events, commands and protocols, generated.

Each is asked twice: about a private room, and about a room that never was. What comes back, and what the app asked of
storage and of the service meanwhile, must be the same.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import aiohttp
from google.protobuf.json_format import MessageToDict

from chat.correlation import REQUEST_ID
from chat.handlers import COMMANDS, HANDLERS
from chat.webhook.connection_state import ConnectionState, encode_state
from local_azure.observations import StorageCalled
from local_azure.webpubsub import DEFAULT_ACCESS_KEY
from local_azure.webpubsub.observations import RestCalled, WebhookCalled
from local_azure.webpubsub.protocols import webpubsub_pb2 as pb
from tests.chat.conftest import event_headers
from tests.chat.local_chat import WAIT_SECONDS, LocalChat, Tab

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# What names no room (`direct`), and so asks nothing about one.
WITHOUT_ROOM = {"direct"}
# Its answer is the same for everybody, and read once in five seconds.
SHARED = {"rooms"}


@dataclass(frozen=True)
class Target:
    """A room to ask about, and what somebody who was in it may know: a link's secret, a message, the joined number."""

    room: str
    secret: str
    message: str
    joined: int = 3


@dataclass(frozen=True)
class Probe:
    """One question: the frame of the service's protocol, or an event with its data."""

    title: str
    event: str = ""
    data: Any = None
    frame: Mapping[str, Any] | None = None


@dataclass
class Outcome:
    """What came back, without what differs between any two answers; `events` are the request ids of its events."""

    answers: list[str]
    events: list[str]


def event_probes(target: Target, member: str) -> Iterator[Probe]:
    """Yield questions by every event, with all fields that any event takes, and with as few as possible."""
    few = {"room": target.room}
    for event in sorted(HANDLERS.keys() - {"message"} - WITHOUT_ROOM):
        everything = few | {
            "id": target.message,
            "message": "x",
            "emoji": "👍",
            "on": True,
            "seq": 2,
            "limit": 10,
            "user": member,
            "title": "T",
            "kind": "public",
            "role": "moderator",
            "secret": target.secret,
            "for": 60,
            "reason": "because",
            "text": "x",
            "seconds": 30,
        }
        yield Probe(f"{event} with all fields", event, everything)
        yield Probe(f"{event} with the room", event, few)
        yield Probe(f"{event} with the room in capital letters", event, {"room": f" {target.room.upper()} "})
    yield Probe("accept a link", "accept", few | {"secret": target.secret})
    yield Probe("a page of history", "history", few | {"before": 3, "limit": 2})
    yield Probe("a run of entries", "since", few | {"seq": 0, "until": 3})


def message_probes(target: Target, member: str) -> Iterator[Probe]:
    """Yield messages and commands to the room, and answers to a message of it from elsewhere."""
    few = {"room": target.room}
    yield Probe("a message", "message", few | {"message": "x"})
    yield Probe("an answer in the room", "message", few | {"message": "x", "replyTo": target.message})
    yield Probe("an answer from no room", "message", {"message": "x", "replyTo": {"id": target.message}})
    for name in sorted(COMMANDS.keys() - WITHOUT_ROOM - SHARED):
        link = f"{target.room}.{target.secret}"
        for argument in ("", f" {link}", f" {member} moderator"):
            yield Probe(f"/{name}{argument} in the room", "message", few | {"message": f"/{name}{argument}"})
        yield Probe(f"/{name} from no room", "message", {"message": f"/{name} #{target.room}"})


def group_probes(target: Target) -> Iterator[Probe]:
    """Yield requests of the service's own protocol about the groups of the room."""
    for group in (f"room.{target.room}", f"rich.{target.room}"):
        for kind in ("joinGroup", "leaveGroup"):
            yield Probe(f"{kind} {group}", frame={"type": kind, "group": group})
        yield Probe(
            f"sendToGroup {group}",
            frame={"type": "sendToGroup", "group": group, "dataType": "text", "data": "x", "noEcho": False},
        )


class Requests:
    """The requests that the app makes, by the event that causes each."""

    def __init__(self, chat: LocalChat) -> None:
        """Begin to look."""
        self._by_cause: dict[str, list[str]] = {}
        self._events: dict[str, list[str]] = {}
        self._connected: set[str] = set()
        chat.service.observations.subscribe(self._see)
        chat.storage.observations.subscribe(self._see)

    def _see(self, seen: object) -> None:
        if isinstance(seen, StorageCalled):
            request = f"{seen.method} {seen.operation} {seen.table}"
            self._by_cause.setdefault(seen.client_request_id or "", []).append(request)
        elif isinstance(seen, RestCalled):
            self._by_cause.setdefault(seen.request_id or "", []).append(f"{seen.method} {seen.path}")
        elif isinstance(seen, WebhookCalled):
            if seen.event.endswith("sys.connected"):
                self._connected.add(seen.connection_id)
            else:
                self._events.setdefault(seen.connection_id, []).append(seen.request_id or "")

    def is_connected(self, connection: str) -> bool:
        """Return whether the app has handled the beginning of a connection."""
        return connection in self._connected

    def events_of(self, connection: str) -> list[str]:
        """Return the request ids of the connection's events, in order."""
        return self._events.get(connection, [])

    def caused_by(self, outcome: Outcome, target: Target) -> Counter[str]:
        """Return the requests that a question caused, each with how many there were."""
        made = [request for event in outcome.events for request in self._by_cause.get(event, [])]
        return Counter(without_names(request, target) for request in made)


class Channel(Protocol):
    """One way to ask."""

    connection: str

    async def ask(self, probe: Probe, target: Target) -> list[str]:
        """Return what came back, as text."""


@dataclass
class JsonChannel:
    """A client of a JSON subprotocol."""

    tab: Tab
    connection: str

    async def ask(self, probe: Probe, _: Target) -> list[str]:
        """Send the question, and read until it is acknowledged."""
        self.tab.acks += 1
        number, self.tab.frames = self.tab.acks, []
        if probe.frame is None:
            await self.tab.send(probe.event, probe.data, ackId=number)
        else:
            await self.tab.socket.send_json({**probe.frame, "ackId": number})
        ack = await self.tab.next(type="ack", ackId=number)
        frames = [frame for frame in self.tab.frames if frame.get("type") != "ack"]
        return [json.dumps(frame, sort_keys=True) for frame in [*frames, {**ack, "ackId": 0}]]


@dataclass
class ProtobufChannel:
    """A client of a protobuf subprotocol."""

    socket: aiohttp.ClientWebSocketResponse
    connection: str
    acks: int = 0

    async def ask(self, probe: Probe, _: Target) -> list[str]:
        """Send the question, and read until it is acknowledged."""
        self.acks += 1
        data = pb.MessageData(json_data=json.dumps(probe.data))
        message = pb.UpstreamMessage(event_message=pb.EventMessage(event=probe.event, data=data, ack_id=self.acks))
        if probe.frame is not None:
            group, kind = probe.frame["group"], probe.frame["type"]
            if kind == "joinGroup":
                message = pb.UpstreamMessage(join_group_message=pb.JoinGroupMessage(group=group, ack_id=self.acks))
            elif kind == "leaveGroup":
                message = pb.UpstreamMessage(leave_group_message=pb.LeaveGroupMessage(group=group, ack_id=self.acks))
            else:
                sent = pb.SendToGroupMessage(group=group, ack_id=self.acks, data=pb.MessageData(text_data="x"))
                message = pb.UpstreamMessage(send_to_group_message=sent)
        await self.socket.send_bytes(message.SerializeToString())
        answers: list[str] = []
        while True:
            received = pb.DownstreamMessage.FromString(await self.socket.receive_bytes(timeout=WAIT_SECONDS))
            if received.HasField("ack_message"):
                received.ack_message.ack_id = 0
            if received.HasField("data_message"):
                received.data_message.ClearField("sequence_id")
            answers.append(json.dumps(MessageToDict(received), sort_keys=True))
            if received.HasField("ack_message"):
                return answers


@dataclass
class PlainChannel:
    """A plain WebSocket client: it sends text only, and has no acknowledgements, so another command follows."""

    tab: Tab
    connection: str

    async def ask(self, probe: Probe, _: Target) -> list[str]:
        """Send the question, and read until a later one is answered; lines of the lobby are left out."""
        self.tab.frames = []
        await self.tab.socket.send_str(probe.data["message"])
        await self.tab.socket.send_str("/forget 999")
        await self.tab.next(message="you have no reminder 999")
        answers = [frame for frame in self.tab.frames if frame.get("event") not in ("joined", "left")]
        return [json.dumps(frame, sort_keys=True) for frame in answers]


@dataclass
class ReplayChannel:
    """Events of a connection whose state says that it has joined the room, as a removed member's does."""

    chat: LocalChat
    user: str
    connection: str
    requests: list[str] = field(default_factory=list)

    async def ask(self, probe: Probe, target: Target) -> list[str]:
        """Post the question as the service does."""
        state = ConnectionState(self.user, ("lobby", target.room), joined={target.room: target.joined})
        more = {"userId": self.user, "connectionState": encode_state(state), "id": str(len(self.requests) + 1000)}
        headers = event_headers("user", probe.event, key=DEFAULT_ACCESS_KEY, connection=self.connection, **more)
        headers |= {"ce-subprotocol": "json.webpubsub.azure.v1", "Content-Type": "application/json"}
        self.requests.append(str(uuid4()))
        headers[REQUEST_ID] = self.requests[-1]
        body = json.dumps(probe.data).encode()
        async with self.chat.http.post(f"{self.chat.url}/eventhandler", headers=headers, data=body) as response:
            return [str(response.status), await response.text()]


async def connect_protobuf(chat: LocalChat, user: str, subprotocol: str) -> ProtobufChannel:
    """Connect with a protobuf subprotocol."""
    url = (await chat.get(f"/negotiate?id={user}"))["url"]
    socket = await chat.http.ws_connect(url, protocols=(subprotocol,))
    connected = pb.DownstreamMessage.FromString(await socket.receive_bytes(timeout=WAIT_SECONDS))
    return ProtobufChannel(socket, connected.system_message.connected_message.connection_id)


def without_names(text: str, target: Target) -> str:
    """Return an answer without what differs between any two rooms: names, ids, secrets and times."""
    for name, value in (("ROOM", target.room), ("SECRET", target.secret), ("MESSAGE", target.message)):
        text = text.replace(value, name).replace(value.upper(), name)
    return TIME.sub("TIME", text)


async def ask_all(channel: Channel, probes: Iterable[Probe], target: Target, requests: Requests) -> list[Outcome]:
    """Ask everything about a room."""

    def events() -> list[str]:
        return channel.requests if isinstance(channel, ReplayChannel) else requests.events_of(channel.connection)

    outcomes = []
    for probe in probes:
        before = len(events())
        answers = await channel.ask(probe, target)
        outcomes.append(Outcome([without_names(answer, target) for answer in answers], events()[before:]))
    return outcomes
