"""Whatever clients and applications send, the service ends it as documented, logs no traceback, and keeps running."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote, urlsplit

import pytest
import websocket
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from local_azure.pytest_plugin import WebPubSub, running
from local_azure.webpubsub import HubSettings, Settings
from local_azure.webpubsub.event_handlers.responses import (
    ConnectRefused,
    EventFailed,
    parse_connect_response,
    parse_event_response,
)
from local_azure.webpubsub.events import HandlerResponse
from local_azure.webpubsub.messages import ServerMessage
from local_azure.webpubsub.protocols import codec_for
from tests.local_azure.webpubsub.harness import FAST, JSON, RELIABLE_JSON

PROTOBUF = "protobuf.webpubsub.azure.v1"
RELIABLE_PROTOBUF = "protobuf.reliable.webpubsub.azure.v1"
EXAMPLES = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
message_types = ["joinGroup", "leaveGroup", "sendToGroup", "event", "ping", "sequenceAck", "invoke", "cancelInvocation"]
message_types += ["streamData", "streamEnd"]
stream_properties = {
    "streamId": st.sampled_from(["s1", ""]) | json_values,
    "idleTimeoutMs": st.sampled_from([1, 0, 2**64]) | json_values,
}
json_messages = st.fixed_dictionaries(
    {"type": st.sampled_from(message_types) | json_values},
    optional={
        "group": st.sampled_from(["g", " ", "g" * 1025]) | json_values,
        "event": st.sampled_from(["e", "1x"]) | json_values,
        "data": json_values,
        "dataType": st.sampled_from(["text", "json", "binary", "protobuf"]) | json_values,
        "ackId": st.integers() | json_values,
        "noEcho": json_values,
        "ttlSeconds": st.integers() | json_values,
        "metadata": json_values | st.dictionaries(st.text(), st.text()),
        "sequenceId": st.integers() | json_values,
        "invocationId": st.sampled_from(["1", ""]) | json_values,
        "target": st.sampled_from(["event", "group"]) | json_values,
        "streamSequenceId": st.integers() | json_values,
        "stream": st.fixed_dictionaries({}, optional=stream_properties) | json_values,
        "error": st.dictionaries(st.sampled_from(["message", "userErrorCode"]), json_values) | json_values,
        **stream_properties,
    },
).map(json.dumps)
texts = st.text(st.characters(exclude_categories=["Cs"]))
frames = json_messages | texts | st.binary()


class Tracebacks(logging.Handler):
    """Keeps the service's records that carry a traceback or an error: local Azure's, and all of the service's thread.

    Other threads of this process may belong to other tests, such as those of a client SDK that connects again.
    """

    def __init__(self, service_thread: int) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self._service_thread = service_thread

    def emit(self, record: logging.LogRecord) -> None:
        is_of_service = record.name.startswith("local_azure") or record.thread == self._service_thread
        if is_of_service and (record.exc_info or record.levelno >= logging.ERROR):
            self.records.append(record)


@pytest.fixture(scope="module")
def open_service() -> Iterator[WebPubSub]:
    """A service that accepts every client; at its end there must be no traceback in its log."""
    log = logging.getLogger()
    with running(Settings(hubs={"open": HubSettings(anonymous_connect_policy="allow")}, times=FAST)) as service:
        tracebacks = Tracebacks(service.call(threading.get_ident))
        log.addHandler(tracebacks)
        yield service
    log.removeHandler(tracebacks)
    assert [record.getMessage() for record in tracebacks.records] == []


def connected(service: WebPubSub, *subprotocols: str) -> websocket.WebSocket:
    url = service.endpoint.replace("http", "ws") + "/client/hubs/open"
    return websocket.create_connection(url, timeout=5, subprotocols=list(subprotocols) or None)


@pytest.mark.parametrize("subprotocol", [JSON, RELIABLE_JSON, PROTOBUF, RELIABLE_PROTOBUF, None])
@EXAMPLES
@given(frame=frames)
def test_any_frame_is_carried_out_or_closes_with_a_documented_code(
    open_service: WebPubSub, subprotocol: str | None, frame: str | bytes
) -> None:
    client = connected(open_service, *filter(None, [subprotocol]))
    client.send(frame, websocket.ABNF.OPCODE_TEXT if isinstance(frame, str) else websocket.ABNF.OPCODE_BINARY)
    client.ping("still there?")

    opcode = data = None
    while opcode not in (websocket.ABNF.OPCODE_CLOSE, websocket.ABNF.OPCODE_PONG):
        opcode, data = client.recv_data(control_frame=True)

    client.shutdown()  # type: ignore[no-untyped-call]
    if opcode == websocket.ABNF.OPCODE_CLOSE:
        assert isinstance(data, bytes)
        assert int.from_bytes(data[:2], "big") in (1003, 1007, 1011)


@EXAMPLES
@given(data=st.binary(min_size=1), masked=st.booleans())
def test_bytes_that_are_no_frames_end_the_connection_and_nothing_else(
    open_service: WebPubSub, data: bytes, masked: bool
) -> None:
    client = connected(open_service)

    sock = client.sock
    assert sock is not None
    sock.sendall(bytes((data[0], 0x84)) + b"\0\0\0\0" + data if masked else data)
    sock.shutdown(socket.SHUT_WR)

    while sock.recv(65536):
        pass
    client.shutdown()  # type: ignore[no-untyped-call]


header_values = st.binary().map(lambda value: value.translate(None, b"\r\n\0"))


@EXAMPLES
@given(
    hub=st.sampled_from(["open", "closed"]) | texts,
    query=st.dictionaries(
        st.sampled_from(
            [
                "access_token",
                "webpubsub_mode",
                "group",
                "noEcho",
                "awps_connection_id",
                "awps_reconnection_token",
                "hub",
            ]
        )
        | texts,
        texts | st.just("sendToGroup"),
        max_size=4,
    ),
    subprotocols=header_values | st.sampled_from([JSON.encode(), b"a, b,,", b'"x"']),
    authorization=header_values | header_values.map(lambda value: b"Bearer " + value),
    extra=header_values,
    key=header_values | st.just(b"dGhlIHNhbXBsZSBub25jZQ=="),
    host=st.none() | header_values,
)
def test_any_handshake_is_answered_with_a_documented_status(
    open_service: WebPubSub,
    hub: str,
    query: dict[str, str],
    subprotocols: bytes,
    authorization: bytes,
    extra: bytes,
    key: bytes,
    host: bytes | None,
) -> None:
    parameters = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query.items())
    address = urlsplit(open_service.endpoint)
    request = (
        f"GET /client/hubs/{quote(hub, safe='')}?{parameters} HTTP/1.1\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    ).encode()
    for name, value in (
        (b"Host", address.netloc.encode() if host is None else host),
        (b"Sec-WebSocket-Key", key),
        (b"Sec-WebSocket-Protocol", subprotocols),
        (b"Authorization", authorization),
        (b"X-Extra", extra),
    ):
        request += name + b": " + value + b"\r\n"

    with socket.create_connection((address.hostname, address.port), timeout=5) as client:
        client.sendall(request + b"\r\n")
        status_line = client.recv(65536).split(b"\r\n")[0].decode()

    assert int(status_line.split()[1]) in (101, 400, 401, 404), status_line


@EXAMPLES
@given(body=st.binary() | json_values.map(lambda value: json.dumps(value).encode()), status=st.integers(200, 599))
def test_any_answer_to_connect_is_understood_or_refuses(body: bytes, status: int) -> None:
    with suppress(ConnectRefused):
        parse_connect_response(response(status, body))


@EXAMPLES
@given(
    body=st.binary() | json_values.map(lambda value: json.dumps(value).encode()),
    status=st.integers(200, 599),
    content_type=st.sampled_from(
        ["text/plain", "text/plain; charset=utf-16", "text/plain; charset=idna", "application/json", "a/b", ""]
    )
    | texts.map(lambda charset: f"text/plain; charset={charset}"),
    metadata=st.dictionaries(texts, texts, max_size=2),
)
@example(b"x", 200, "text/plain; charset=\0", {})
def test_any_answer_to_an_event_is_a_payload_or_a_failure(
    body: bytes, status: int, content_type: str, metadata: dict[str, str]
) -> None:
    headers = {"Content-Type": content_type} | {f"X-WebPubSub-Metadata-{key}": metadata[key] for key in metadata}
    try:
        payload = parse_event_response(response(status, body, headers))
    except EventFailed:
        return
    if payload is not None:
        for subprotocol in (None, JSON, PROTOBUF):
            assert codec_for(subprotocol).encode(ServerMessage(payload)) is not None


def response(status: int, body: bytes, headers: dict[str, str] | None = None) -> HandlerResponse:
    multidict = CIMultiDictProxy(CIMultiDict(headers or {}))
    return HandlerResponse(URL("http://app/"), status, multidict, body)
