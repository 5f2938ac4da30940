"""Turns what a service publishes about itself into the steps of a recording."""

import time
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl, unquote

from local_azure.observations import StorageObservation
from local_azure.recording.file_format import JsonValue, Step, StepKind
from local_azure.recording.frames import body_to_json, bytes_to_json, frame_to_json, parse_container
from local_azure.recording.identifiers import Identifiers
from local_azure.recording.secret_filter import SecretFilter, hide_parameters
from local_azure.webpubsub.event_handlers.requests import CONTENT_TYPES
from local_azure.webpubsub.inspector.labels import split_frame
from local_azure.webpubsub.messages import DataType, Payload
from local_azure.webpubsub.metadata import metadata_from_headers
from local_azure.webpubsub.observations import (
    ClientLeft,
    ConnectionEnded,
    ConnectionOpened,
    FrameReceived,
    FrameSent,
    HandshakeReceived,
    HandshakeRefused,
    MessageDelivered,
    MessageFannedOut,
    MessagePublished,
    Observation,
    RestCalled,
    WebhookCalled,
    WebhookSent,
)

Write = Callable[[Step], None]

_EVENT_TYPES = "azure.webpubsub."
_API = "/api/hubs/"
_VALIDATION = "validate"
_CONNECT = ".sys.connect"
_NO_DATA = b"{}"
_DATA_TYPES = {content_type.partition(";")[0]: kind for kind, content_type in CONTENT_TYPES.items()}
# What the service's SDKs set in each token, and what the step says by other names.
_STANDARD_CLAIMS = frozenset(("aud", "exp", "iat", "iss", "jti", "nbf", "sub", "role", "webpubsub.group"))
MAX_HANDSHAKES = 10_000


class Recorder:
    """Writes a step for each record. Its names for clients and its placeholders are those of one run."""

    def __init__(
        self, endpoint: str, keys: Iterable[str], write: Write, *, clock: Callable[[], float] = time.time
    ) -> None:
        """`endpoint` and `keys` are the service's URL and access keys; `clock` returns seconds since the epoch."""
        self._secrets = SecretFilter(keys)
        self.identifiers = Identifiers(clock, endpoint)
        self._write = write
        self._clock = clock
        self._began: float | None = None
        self._names: set[str] = set()
        self._next_name: str | None = None
        self._handshakes: dict[str, str] = {}  # client by correlation id
        self._clients: dict[str, str] = {}  # by connection id
        self._protocols: dict[str, str | None] = {}  # by connection id
        self._left: set[str] = set()
        self._published: MessagePublished | None = None
        self._held: list[Step] | None = None

    def add(self, record: Observation | StorageObservation) -> None:
        """Write what the record says, if a recording has it."""
        match record:
            case MessageDelivered() | MessageFannedOut():
                return
            case FrameSent():
                self._add_sent(record)
                return
            case MessagePublished():
                self.flush()
                self._published, self._held = record, []
                return
            case RestCalled():
                self._add_rest_call(record)
                return
        self.flush()
        match record:
            case HandshakeReceived():
                self._add_handshake(record)
            case HandshakeRefused():
                client = self._handshakes.pop(record.correlation_id, None)
                if client is not None:  # else its token was refused, which nobody could repeat
                    self._add(StepKind.REFUSE, client, {"status": record.status})
            case ConnectionOpened():
                self._add_opened(record)
            case FrameReceived():
                self._add_received(record)
            case WebhookSent():
                self._add_event(record)
            case WebhookCalled():
                self._add_answer(record)
            case ClientLeft():
                self._left.add(record.connection_id)
                self._add(StepKind.LEAVE, self.client_of(record.connection_id), {"code": record.code})
            case ConnectionEnded():
                self._add_end(record)

    def flush(self) -> None:
        """Write the frames that were held until it was known whether a REST call has caused them."""
        held, self._held, self._published = self._held, None, None
        for step in held or ():
            self._write(step)

    def make_step(self, kind: StepKind, client: str, facts: dict[str, JsonValue]) -> Step:
        """Return a step of now, without secrets and with placeholders."""
        now = self._clock()
        if self._began is None:
            self._began = now
        clean = {name: self.identifiers.replace(self._secrets.remove(value)) for name, value in facts.items()}
        return Step(kind, client, clean, now - self._began)

    def name_next_client(self, client: str) -> None:
        """Let the client whose handshake comes next have this name."""
        self._next_name = client

    def name_connection(self, connection_id: str, client: str, protocol: str | None) -> None:
        """Let a client have this connection; do nothing for a connection that is known."""
        if connection_id in self._clients:
            return
        self._clients[connection_id] = client
        self._protocols[connection_id] = protocol
        self.identifiers.name_connection(connection_id, client)

    def client_of(self, connection_id: str) -> str:
        """Return the name of the client of a connection; one that is older than the recording is given one."""
        if connection_id not in self._clients:
            self.name_connection(connection_id, self._new_name("earlier"), None)
        return self._clients[connection_id]

    def _add(self, kind: StepKind, client: str, facts: dict[str, JsonValue]) -> None:
        self._write(self.make_step(kind, client, facts))

    def _new_name(self, user: str | None) -> str:
        """Return the user's name, `ana 2` for the user's second connection."""
        base = self.identifiers.replace_text(self._secrets.remove_from_text(user or "anonymous"))
        base = base.replace("⟨", "").replace("⟩", "")
        name, number = base, 1
        while name in self._names:
            number += 1
            name = f"{base} {number}"
        self._names.add(name)
        return name

    def _add_handshake(self, record: HandshakeReceived) -> None:
        client, self._next_name = self._next_name or self._new_name(record.user_id), None
        self._handshakes[record.correlation_id] = client
        if len(self._handshakes) > MAX_HANDSHAKES:
            del self._handshakes[next(iter(self._handshakes))]
        query = [(name, value) for name, values in record.query.items() for value in values]
        facts: dict[str, JsonValue] = {
            "hub": record.hub,
            "user": record.user_id,
            "protocols": list(record.subprotocols),
            "roles": list(record.claims.get("role", ())),
            "groups": list(record.claims.get("webpubsub.group", ())),
            "claims": {
                name: list(values) for name, values in record.claims.items() if name not in _STANDARD_CLAIMS and values
            },
            "query": [[name, value] for name, value in hide_parameters(query)],
        }
        self._add(StepKind.CONNECT, client, {name: value for name, value in facts.items() if value})

    def _add_opened(self, record: ConnectionOpened) -> None:
        if record.recovered:
            self._left.discard(record.connection_id)
            self._add(StepKind.RECOVER, self.client_of(record.connection_id), {})
            return
        client = self._handshakes.pop(record.correlation_id, None)
        if client is not None:
            self.name_connection(record.connection_id, client, record.protocol)
        self._protocols[record.connection_id] = record.protocol
        self._add(StepKind.OPEN, self.client_of(record.connection_id), {"protocol": record.protocol})

    def _add_received(self, record: FrameReceived) -> None:
        client = self.client_of(record.connection_id)
        frame = frame_to_json(self._protocols[record.connection_id], record.frame, is_from_client=True)
        self._add(StepKind.SEND, client, {"frame": frame})

    def _add_sent(self, record: FrameSent) -> None:
        client = self.client_of(record.connection_id)
        kind, payload = split_frame(record.frame)
        if kind not in ("text", "binary"):
            return
        frame = payload.decode(errors="replace") if kind == "text" else payload
        content = frame_to_json(self._protocols[record.connection_id], frame, is_from_client=False)
        step = self.make_step(StepKind.RECEIVE, client, {"frame": content})
        if self._held is None:
            self._write(step)
        else:
            self._held.append(step)

    def _add_event(self, record: WebhookSent) -> None:
        if record.event == _VALIDATION:
            return
        if record.correlation_id in self._handshakes:
            self.name_connection(record.connection_id, self._handshakes[record.correlation_id], None)
        facts: dict[str, JsonValue] = {"event": record.event.removeprefix(_EVENT_TYPES)}
        if ".user." in record.event:
            facts |= payload_to_json(_event_payload(record))
        elif record.body and not record.event.endswith(_CONNECT):  # the data of `connect` are the step before it
            facts |= {"data": body_to_json(record.body)} if record.body != _NO_DATA else {}
        if record.attempt > 1:
            facts["attempt"] = record.attempt
        self._add(StepKind.EVENT, self.client_of(record.connection_id), facts)

    def _add_answer(self, record: WebhookCalled) -> None:
        if record.event == _VALIDATION:
            return
        facts: dict[str, JsonValue] = {
            "event": record.event.removeprefix(_EVENT_TYPES),
            "status": record.status,
            "data": body_to_json(record.answer) if record.answer else None,
            "failure": record.failure,
        }
        facts = {name: value for name, value in facts.items() if value is not None}
        self._add(StepKind.ANSWER, self.client_of(record.connection_id), facts)

    def _add_rest_call(self, record: RestCalled) -> None:
        published = self._published
        facts: dict[str, JsonValue] = {"call": f"{record.method} {_operation(record.path)}", "status": record.status}
        parameters = [pair for pair in parse_qsl(record.query, keep_blank_values=True) if pair[0] != "api-version"]
        if parameters:
            facts["query"] = [[name, value] for name, value in sorted(hide_parameters(parameters))]
        if record.path.endswith(":send") and published and published.correlation_id == record.correlation_id:
            facts |= payload_to_json(published.message.payload)
        elif record.body:
            facts["data"] = body_to_json(record.body)
        if record.error_code is not None:
            facts["error"] = record.error_code
        held, self._held, self._published = self._held, None, None
        self._add(StepKind.REST, "", facts)
        for step in held or ():
            self._write(step)

    def _add_end(self, record: ConnectionEnded) -> None:
        if record.connection_id in self._left:
            self._left.discard(record.connection_id)
        else:
            self._add(StepKind.END, self.client_of(record.connection_id), {"reason": record.reason})


def payload_to_json(payload: Payload) -> dict[str, JsonValue]:
    """Return the facts of a payload: its data type, its data and its metadata."""
    facts: dict[str, JsonValue] = {"dataType": payload.data_type.value}
    match payload.data_type:
        case DataType.TEXT:
            facts["data"] = payload.data.decode(errors="replace")
        case DataType.JSON:
            text = payload.data.decode(errors="replace")
            parsed = parse_container(text)
            facts["data"] = text if parsed is None else parsed
        case _:
            facts["data"] = bytes_to_json(payload.data)
    if payload.metadata:
        facts["metadata"] = dict(payload.metadata)
    return facts


def _event_payload(record: WebhookSent) -> Payload:
    """Return the payload of a user event, as its request has it."""
    headers = record.headers or {}
    content_type = headers.get("Content-Type", "").partition(";")[0]
    metadata = metadata_from_headers(headers.items())
    return Payload(_DATA_TYPES.get(content_type, DataType.TEXT), record.body or b"", metadata)


def _operation(path: str) -> str:
    """Return the path of a REST call from its hub on, e.g. `chat/groups/lobby/:send`."""
    return unquote(path.removeprefix(_API))
