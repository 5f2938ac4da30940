"""A socket sends what its client can read, keeps the rest within bounds, and delays no other client."""

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from local_azure.webpubsub import HubSettings, Limits, Service, Settings
from local_azure.webpubsub.messages import DataType, Payload, ServerMessage
from local_azure.webpubsub.observations import FrameReceived
from local_azure.webpubsub.sockets import Socket
from local_azure.webpubsub.websocket_frames import close_frame, data_frame
from tests.local_azure.webpubsub.harness import (
    FAST,
    HUB,
    JSON,
    RELIABLE_JSON,
    WAIT_SECONDS,
    Harness,
    Received,
    token_for,
    until,
)

BIG = ServerMessage(Payload(DataType.TEXT, b"x" * 100_000))
PING = 9
SMALL = ServerMessage(Payload(DataType.TEXT, b"small"))


async def raw_client(
    harness: Harness, service: Service, subprotocol: str = "", limit: int = 65536, first: bytes = b""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return the two ends of a client's socket after its handshake, with which it sent the first bytes."""
    host, port = service.endpoint.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=limit)
    harness.stack.callback(writer.close)
    offered = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
    writer.write(
        f"GET /client/hubs/{HUB}?access_token={token_for(service, 'stuck')} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offered}\r\n".encode()
        + first
    )
    if limit > 2:
        await reader.readuntil(b"\r\n\r\n")
    await until(lambda: service.hubs.hub(HUB).user_connections("stuck"))
    return reader, writer


def client_frame(payload: bytes, opcode: int = 1) -> bytes:
    """Return a short frame as a client sends it; the mask is all zeros."""
    return bytes((0x80 | opcode, 0x80 | len(payload))) + bytes(4) + payload


async def never(_: Received) -> web.Response:
    await until(lambda: False)
    raise AssertionError


async def stuck_client(harness: Harness, service: Service, subprotocol: str = "") -> asyncio.StreamReader:
    """Return a client that has connected and reads nothing any more."""
    return (await raw_client(harness, service, subprotocol, limit=2))[0]


@pytest.mark.parametrize("bounds", [Limits(outbound_messages=50), Limits(outbound_bytes=1_000_000)])
async def test_a_client_that_does_not_read_is_dropped_and_the_others_get_everything(
    harness: Harness, bounds: Limits
) -> None:
    service = await harness.service(Settings(limits=bounds, times=FAST))
    hub = service.hubs.hub(HUB)
    await stuck_client(harness, service)
    ana = await harness.connect(service, "ana")
    sent = 0

    while hub.user_connections("stuck"):
        hub.deliver(hub.connections(), BIG)
        sent += 1
        assert sent < 1000
        await ana.data()

    assert sent > 5  # what the network takes, and what the bound allows
    await ana.expect_no_message()


async def test_a_client_that_reads_late_gets_everything_in_order(harness: Harness, service: Service) -> None:
    hub = service.hubs.hub(HUB)
    ana = await harness.connect(service, "ana")
    numbers = range(150)

    for number in numbers:
        payload = Payload(DataType.JSON, f'"{number:>100000}"'.encode())
        hub.deliver(hub.connections(), ServerMessage(payload))

    assert [int((await ana.data()).strip()) for _ in numbers] == list(numbers)


async def test_a_reliable_client_that_does_not_read_loses_its_socket_and_may_recover(harness: Harness) -> None:
    service = await harness.service(Settings(limits=Limits(outbound_messages=10), times=FAST))
    hub = service.hubs.hub(HUB)
    await stuck_client(harness, service, RELIABLE_JSON)
    (connection,) = hub.user_connections("stuck")

    while connection.transport is not None:
        hub.deliver([connection], BIG)
        await asyncio.sleep(0)

    assert hub.connection(connection.id) is connection


async def test_a_client_that_does_not_answer_a_close_is_dropped(harness: Harness) -> None:
    service = await harness.service(Settings(times=replace(FAST, close_drain_seconds=0.05)))
    reader = await stuck_client(harness, service)
    (connection,) = service.hubs.hub(HUB).user_connections("stuck")

    connection.hub.close(connection)

    async with asyncio.timeout(5):
        assert (await reader.read()).endswith(close_frame(1000))


async def test_a_client_that_answers_no_ping_is_dropped(harness: Harness) -> None:
    service = await harness.service(Settings(hubs={HUB: HubSettings(keep_alive_seconds=1.0)}, times=FAST))
    await stuck_client(harness, service)
    ana = await harness.connect(service, "ana")
    reading = asyncio.create_task(ana.frame())  # aiohttp's client answers pings while it reads

    await until(lambda: not service.hubs.hub(HUB).user_connections("stuck"))

    assert service.hubs.hub(HUB).user_connections("ana")
    reading.cancel()


@pytest.mark.parametrize("subprotocol", [JSON, RELIABLE_JSON])
async def test_a_client_that_disappears_while_events_wait_is_lost_like_any_other(
    harness: Harness, caplog: pytest.LogCaptureFixture, subprotocol: str
) -> None:
    service = await harness.service(Settings(hubs={HUB: HubSettings(keep_alive_seconds=0.1)}, times=FAST))
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler(("disconnected",))])
    application.answer("slow", never)
    _, writer = await raw_client(harness, service, subprotocol)
    (connection,) = service.hubs.hub(HUB).connections()

    writer.write(client_frame(b'{"type":"event","event":"slow","data":1}') * 20)  # and no pong, ever

    await until(lambda: connection.transport is None)
    assert connection.ended is (subprotocol == JSON)  # a reliable client may recover
    assert len(application.of("slow")) == 1
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_client_that_disappears_while_its_pings_are_answered_is_lost_like_any_other(
    harness: Harness, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await raw_client(harness, service, RELIABLE_JSON, limit=2)
    (connection,) = service.hubs.hub(HUB).connections()
    assert isinstance(connection.transport, Socket)
    protocol = connection.transport._protocol

    while not protocol.writing_paused:  # nobody reads the pongs
        writer.write(client_frame(b"x" * 125, PING) * 1000)
        await asyncio.sleep(0)
    reader._transport.abort()  # type: ignore[attr-defined]

    await until(lambda: connection.transport is None)
    assert not connection.ended
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("parts", [1, 2])
async def test_a_client_that_does_not_mask_is_closed_with_1002(harness: Harness, service: Service, parts: int) -> None:
    """RFC 6455, section 5.1."""
    reader, writer = await raw_client(harness, service, JSON)
    frame = b'\x81\x0f{"type":"ping"}'

    for part in (frame[:1], frame[1:]) if parts == 2 else (frame,):
        writer.write(part)
        await asyncio.sleep(0.01)

    await asyncio.wait_for(reader.readuntil(close_frame(1002, "The client frame is invalid.")), WAIT_SECONDS)


@pytest.mark.parametrize("early", [0, 1, 8, 200])
async def test_frames_that_come_before_the_handshake_is_answered_are_received(
    harness: Harness, service: Service, early: int
) -> None:
    frames = client_frame(b'{"type":"ping"}') * 3

    reader, writer = await raw_client(harness, service, JSON, first=frames[:early])
    writer.write(frames[early:])

    assert (await reader.readuntil(b'{"type":"pong"}' * 1)).endswith(b'{"type":"pong"}')
    assert await reader.readexactly(2 * 17) == data_frame('{"type":"pong"}') * 2


async def test_a_busy_client_does_not_delay_the_others(harness: Harness, service: Service) -> None:
    busy, quick = await harness.connect(service, "busy"), await harness.connect(service, "quick")
    users: list[str | None] = []
    service.observations.subscribe(
        lambda record: users.append(record.user_id) if isinstance(record, FrameReceived) else None
    )

    # All of these arrive in the same turn of the event loop.
    ping = b'\x81\x8f\0\0\0\0{"type":"ping"}'
    busy.ws._writer.transport.write(ping * 500)
    quick.ws._writer.transport.write(ping)
    for _ in range(500):
        assert (await busy.receive())["type"] == "pong"

    assert users.count("busy") == 500
    assert users.index("quick") < 100


async def test_a_client_that_breaks_the_rules_can_read_the_reason_before_its_socket_ends(
    harness: Harness, service: Service
) -> None:
    """A reset would make some systems throw away the close frame that came before it."""
    reader, writer = await raw_client(harness, service)
    writer.write(b"\x83\x80\0\0\0\0" + bytes(200_000))  # no such opcode

    assert b"\x88" in await reader.readexactly(1)
    writer.write(bytes(200_000))
    await writer.drain()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(), 0.05)


INVALID_FRAME = "The client frame is invalid."
NO_UTF_8 = "The client message is not valid UTF-8."


@pytest.mark.parametrize(
    ("frames", "code", "text"),
    [
        pytest.param(client_frame(b"", 3), 1002, INVALID_FRAME, id="unknown opcode"),
        pytest.param(client_frame(b"{}", 0x40 | 1), 1002, INVALID_FRAME, id="compressed, which was never agreed on"),
        pytest.param(client_frame(b"{}", 0), 1002, INVALID_FRAME, id="a continuation of nothing"),
        pytest.param(
            b"\x01" + client_frame(b"{")[1:] + client_frame(b"}"), 1002, INVALID_FRAME, id="one inside another"
        ),
        pytest.param(b"\x09" + client_frame(b"x", PING)[1:], 1002, INVALID_FRAME, id="a ping in fragments"),
        pytest.param(b"\x89\xfe\x00\x7e" + bytes(4 + 126), 1002, INVALID_FRAME, id="a ping of 126 bytes"),
        pytest.param(client_frame(b"\x03", 8), 1002, INVALID_FRAME, id="half a close code"),
        pytest.param(client_frame(b"\x03\xed", 8), 1002, INVALID_FRAME, id="a close code that nobody may send"),
        pytest.param(client_frame(b"\xff"), 1007, NO_UTF_8, id="text that is no UTF-8"),
        pytest.param(client_frame(b"\x03\xe8\xff", 8), 1007, NO_UTF_8, id="a close text that is no UTF-8"),
        pytest.param(b"\x81\xff" + b"\x7f" + bytes(7), 1009, "The client message is too large.", id="exabytes"),
    ],
)
async def test_frames_against_the_rules_close_with_a_documented_code_for_good(
    harness: Harness, service: Service, caplog: pytest.LogCaptureFixture, frames: bytes, code: int, text: str
) -> None:
    reader, writer = await raw_client(harness, service, RELIABLE_JSON)

    writer.write(frames)

    said = await asyncio.wait_for(reader.readuntil(close_frame(code, text)), WAIT_SECONDS)
    assert f'"event":"disconnected","message":"{text}"'.encode() in said
    assert not service.hubs.hub(HUB).connections()  # also the reliable connection is over
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_ping_between_fragments_is_answered_at_once(harness: Harness, service: Service) -> None:
    reader, writer = await raw_client(harness, service, JSON)
    await reader.readuntil(b"}")
    whole = client_frame(b'{"type":"ping"}')

    writer.write(b"\x01\x85" + bytes(4) + whole[6:11] + client_frame(b"hi", PING))
    assert await reader.readexactly(4) == b"\x8a\x02hi"
    writer.write(b"\x80\x8a" + bytes(4) + whole[11:])

    assert await reader.readexactly(17) == data_frame('{"type":"pong"}')


async def test_a_close_frame_arrives_even_while_the_client_is_sending(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana")
    (connection,) = service.hubs.hub(HUB).connections()

    async def talk() -> None:
        while not ana.ws.closed:
            await ana.send("joinGroup", group="room")

    talking = asyncio.create_task(talk())
    await until(lambda: connection.groups)
    connection.hub.close(connection)

    assert await ana.closed() == (1000, "")
    talking.cancel()
    await asyncio.wait({talking})


@given(st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.binary()))
def test_a_frame_holds_its_payload(payload: str | bytes) -> None:
    frame = data_frame(payload)
    content = payload.encode() if isinstance(payload, str) else payload

    assert frame[0] == (0x81 if isinstance(payload, str) else 0x82)
    assert frame.endswith(content)
    assert len(frame) == len(content) + (2 if len(content) < 126 else 4)


@pytest.mark.parametrize(("size", "header"), [(125, 2), (126, 4), (65535, 4), (65536, 10)])
def test_the_three_lengths_of_a_frame(size: int, header: int) -> None:
    frame = data_frame(bytes(size))

    assert len(frame) == header + size
    assert int.from_bytes(frame[header - (0 if header == 2 else header - 2) : header] or frame[1:2], "big") == size


def test_a_close_reason_is_cut_at_a_whole_character() -> None:
    frame = close_frame(1000, "é" * 100)

    assert len(frame) <= 127
    assert frame[4:].decode() == "é" * 61


async def test_a_client_that_sends_on_after_it_was_closed_is_not_read_on(harness: Harness) -> None:
    service = await harness.service(Settings(times=replace(FAST, close_drain_seconds=2.0)))
    hub = service.hubs.hub(HUB)
    _, writer = await raw_client(harness, service)
    (connection,) = hub.user_connections("stuck")

    hub.close(connection)
    writer.write(client_frame(b"x" * 100) * 200_000)
    unsent = [200_000 * 106]

    def is_dropped() -> bool:
        if not writer.transport.is_closing():
            unsent.append(writer.transport.get_write_buffer_size())
        return writer.transport.is_closing()

    await until(is_dropped)
    # What the kernel holds on the way is some megabytes.
    assert unsent[-1] > 12_000_000
