"""Connections that continue when their socket is lost (W-093 and following)."""

import time
from dataclasses import replace

import jwt
import pytest
from aiohttp import web

from local_azure.webpubsub import Limits, Service, Settings
from local_azure.webpubsub.messages import DataType, Payload, ServerMessage
from local_azure.webpubsub.observations import ConnectionDetached, ConnectionEnded, Observation
from local_azure.webpubsub.tokens import make_reconnection_token
from tests.local_azure.webpubsub.harness import (
    FAST,
    HUB,
    JSON,
    RELIABLE_JSON,
    Application,
    Client,
    Harness,
    client_url,
    lose_socket,
    token_for,
    until,
)
from tests.local_azure.webpubsub.rest.rest_client import RestClient

NOT_RECOVERED = (1008, "The connection could not be recovered.")


async def reliable(harness: Harness, service: Service, user: str = "ana", *groups: str) -> Client:
    return await harness.connect(service, user, subprotocol=RELIABLE_JSON, groups=groups)


def send_numbers(service: Service, client: Client, *numbers: int, ttl_seconds: int = 0) -> None:
    """Send numbers to a connection, as REST does."""
    hub = service.hubs.hub(HUB)
    connection = hub.connection(client.id)
    assert connection
    for number in numbers:
        payload = Payload(DataType.JSON, str(number).encode())
        hub.deliver([connection], ServerMessage(payload), ttl_seconds=ttl_seconds)


async def received(client: Client, count: int) -> list[tuple[int, int]]:
    """Return the sequence ids and numbers of the next messages."""
    messages = [await client.receive() for _ in range(count)]
    return [(message["sequenceId"], message["data"]) for message in messages]


async def test_w093_the_connected_frame_carries_a_reconnection_token(harness: Harness, service: Service) -> None:
    ana = await reliable(harness, service)

    claims = jwt.decode(ana.connected["reconnectionToken"], options={"verify_signature": False})
    assert claims["aud"] == ana.id
    assert claims["exp"] == pytest.approx(time.time() + 7 * 24 * 3600, abs=60)


async def test_w094_messages_are_numbered_and_nothing_else_is(harness: Harness, service: Service) -> None:
    ana = await reliable(harness, service, "ana", "room")
    for number in (1, 2):
        await ana.send("sendToGroup", group="room", data=number, ackId=number)
    await ana.send("ping")

    frames = [await ana.receive() for _ in range(5)]
    assert [(frame["type"], frame.get("sequenceId")) for frame in frames] == [
        ("message", 1),
        ("ack", None),
        ("message", 2),
        ("ack", None),
        ("pong", None),
    ]


async def test_w095_what_was_missed_comes_in_order_with_the_same_ids(harness: Harness, service: Service) -> None:
    ana = await reliable(harness, service)
    send_numbers(service, ana, 10, 20)
    assert await received(ana, 2) == [(1, 10), (2, 20)]
    await lose_socket(service, ana)
    send_numbers(service, ana, 30, 40)

    again = await harness.recover(service, ana)

    assert await received(again, 4) == [(1, 10), (2, 20), (3, 30), (4, 40)]
    send_numbers(service, ana, 50)
    assert await received(again, 1) == [(5, 50)]


async def test_w096_and_w097_acknowledged_messages_are_not_repeated(harness: Harness, service: Service) -> None:
    ana = await reliable(harness, service)
    send_numbers(service, ana, *range(1, 8))
    await received(ana, 7)
    for sequence_id in (5, 3, 0):
        await ana.send("sequenceAck", sequenceId=sequence_id)
    await ana.expect_no_message()
    await lose_socket(service, ana)

    again = await harness.recover(service, ana)
    assert await received(again, 2) == [(6, 6), (7, 7)]
    await again.send("sequenceAck", sequenceId=1000)
    send_numbers(service, ana, 8)
    assert await received(again, 1) == [(8, 8)]


async def test_w098_recovery_needs_no_access_token_and_ignores_an_expired_one(
    harness: Harness, service: Service
) -> None:
    ana = await reliable(harness, service)
    await lose_socket(service, ana)

    again = await harness.recover(service, ana)
    await again.expect_no_message()
    await lose_socket(service, again)
    await (await harness.recover(service, ana, access_token="expired")).expect_no_message()


async def test_w099_a_wrong_token_or_hub_or_connection_is_closed_with_1008(harness: Harness, service: Service) -> None:
    ana, bo = await reliable(harness, service), await reliable(harness, service, "bo")
    plain = await harness.connect(service, "plain")
    for client in (ana, bo):
        await lose_socket(service, client)

    foreign = bo.connected["reconnectionToken"]
    access = token_for(service, "ana")
    own = make_reconnection_token(
        service.settings.access_key, plain.id, now=time.time(), lifetime_seconds=60, token_id="1"
    )
    for attempt in (
        await harness.recover(service, ana, awps_reconnection_token=foreign),
        await harness.recover(service, ana, awps_reconnection_token=access),
        await harness.recover(service, ana, awps_reconnection_token=""),
        await harness.recover(service, ana, awps_connection_id="unknown"),
        await harness.recover(service, ana, hub="other"),
        await harness.recover(service, plain, awps_reconnection_token=own),
    ):
        assert await attempt.closed() == NOT_RECOVERED
        assert attempt.ws.protocol == RELIABLE_JSON  # else a browser would not show the code

    await (await harness.recover(service, ana, hub="CHAT")).expect_no_message()


async def test_w100_the_original_subprotocol_is_used_whatever_is_offered(harness: Harness, service: Service) -> None:
    ana = await reliable(harness, service)
    await lose_socket(service, ana)
    url = client_url(service, awps_connection_id=ana.id, awps_reconnection_token=ana.connected["reconnectionToken"])

    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": JSON,
    }
    async with harness.http.get(url, headers=headers) as response:
        assert response.status == 101
        assert response.headers["Sec-WebSocket-Protocol"] == RELIABLE_JSON


async def test_w101_and_w102_a_recovered_connection_is_the_same_one(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("connect", lambda _: web.json_response({}, headers={"ce-connectionState": "state"}))
    ana = await reliable(harness, service)
    await ana.join("room", 1)
    await application.wait_for("connected")
    await lose_socket(service, ana)

    again = await harness.recover(service, ana)

    assert (await again.request("joinGroup", 1, group="room"))["error"]["name"] == "Duplicate"
    await again.send("sendToGroup", group="room", data="still here")
    assert await again.data() == "still here"
    assert (await again.request("event", 2, event="move", data=1))["success"]
    assert application.of("move")[0].headers["ce-connectionState"] == "state"
    assert len(application.of("connect")) == len(application.of("connected")) == 1
    assert not application.of("disconnected")


async def test_w103_a_client_that_closes_normally_cannot_recover(
    harness: Harness, service: Service, application: Application
) -> None:
    ana = await reliable(harness, service)

    await ana.ws.close(code=1000)

    await application.wait_for("disconnected")
    assert await (await harness.recover(service, ana)).closed() == NOT_RECOVERED


async def test_a_close_without_a_code_is_a_normal_one(
    harness: Harness, service: Service, application: Application
) -> None:
    """It is what `close()` without arguments sends in a browser."""
    ana = await reliable(harness, service)

    ana.ws._writer.transport.write(b"\x88\x80\0\0\0\0")

    assert await ana.closed() == (1000, "")
    (request,) = await application.wait_for("disconnected")
    assert request.json() == {"reason": ""}


async def test_a_client_that_closes_with_another_code_may_recover(harness: Harness, service: Service) -> None:
    ana = await reliable(harness, service)
    connection = service.hubs.hub(HUB).connection(ana.id)
    assert connection

    await ana.ws.close(code=3000)
    await until(lambda: connection.transport is None)

    await (await harness.recover(service, ana)).expect_no_message()


async def test_w104_and_w105_after_the_retention_time_the_connection_ends(harness: Harness) -> None:
    service = await harness.service(Settings(times=replace(FAST, retention_seconds=0.05)))
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler(("disconnected",), None)])
    ana = await reliable(harness, service)
    records: list[Observation] = []
    service.observations.subscribe(records.append)

    await lose_socket(service, ana)

    (request,) = await application.wait_for("disconnected")
    lost, over = [record for record in records if isinstance(record, ConnectionDetached | ConnectionEnded)]
    assert (type(lost), type(over)) == (ConnectionDetached, ConnectionEnded)
    assert over.at - lost.at > 0.04
    assert request.json() == {"reason": "The connection recovery timeout expired."}
    assert service.hubs.hub(HUB).connection(ana.id) is None
    assert await (await harness.recover(service, ana)).closed() == NOT_RECOVERED
    assert len(application.of("disconnected")) == 1


async def test_w104_a_recovered_connection_does_not_expire(harness: Harness) -> None:
    service = await harness.service(Settings(times=replace(FAST, retention_seconds=1.0)))
    ana = await reliable(harness, service)
    await lose_socket(service, ana)
    again = await harness.recover(service, ana)

    deadline = time.monotonic() + 1.05
    while time.monotonic() < deadline:
        await again.expect_no_message()

    assert service.hubs.hub(HUB).connection(ana.id)


@pytest.mark.parametrize("attached", [True, False])
async def test_w106_too_many_unacknowledged_messages_end_the_connection(
    harness: Harness, service: Service, application: Application, attached: bool
) -> None:
    ana = await reliable(harness, service)
    if not attached:
        await lose_socket(service, ana)

    send_numbers(service, ana, *range(1000))
    assert service.hubs.hub(HUB).connection(ana.id)
    send_numbers(service, ana, 1000)

    assert service.hubs.hub(HUB).connection(ana.id) is None
    await application.wait_for("disconnected")
    if attached:
        assert (await ana.closed())[0] == 1006
    assert await (await harness.recover(service, ana)).closed() == NOT_RECOVERED


async def test_w107_too_many_unacknowledged_bytes_end_the_connection(harness: Harness) -> None:
    service = await harness.service(Settings(limits=Limits(replay_bytes=1000), times=FAST))
    ana = await reliable(harness, service)

    send_numbers(service, ana, 10**899)
    assert service.hubs.hub(HUB).connection(ana.id)
    send_numbers(service, ana, 10**99)

    assert service.hubs.hub(HUB).connection(ana.id) is None


async def test_w108_a_newer_socket_replaces_the_older_one(harness: Harness, service: Service) -> None:
    ana = await reliable(harness, service)
    send_numbers(service, ana, 1)

    again = await harness.recover(service, ana)

    assert (await ana.closed())[0] == 1006
    assert await received(again, 1) == [(1, 1)]
    await again.expect_no_message()
    assert service.hubs.hub(HUB).connection(ana.id)


async def test_w109_a_close_by_the_application_ends_a_detached_connection(
    harness: Harness, service: Service, application: Application
) -> None:
    ana = await reliable(harness, service)
    await lose_socket(service, ana)
    hub = service.hubs.hub(HUB)
    connection = hub.connection(ana.id)
    assert connection

    hub.close(connection, "enough")

    (request,) = await application.wait_for("disconnected")
    assert request.json()["reason"] == "Application server closed the connection. Reason: enough"
    assert await (await harness.recover(service, ana)).closed() == NOT_RECOVERED


async def test_a_protocol_error_ends_the_connection_at_once(harness: Harness, service: Service) -> None:
    ana = await reliable(harness, service)

    await ana.ws.send_str("{")

    assert (await ana.closed())[0] == 1007
    assert await (await harness.recover(service, ana)).closed() == NOT_RECOVERED


async def test_messages_whose_time_to_live_has_passed_are_not_repeated(harness: Harness) -> None:
    service = await harness.service()
    ana = await reliable(harness, service)
    await lose_socket(service, ana)
    connection = service.hubs.hub(HUB).connection(ana.id)
    assert connection
    assert connection.replay is not None
    send_numbers(service, ana, 1)
    send_numbers(service, ana, 2, ttl_seconds=300)

    later = connection.replay.unacknowledged(time.monotonic() + 301)
    assert len(later) == 1
    assert await received(await harness.recover(service, ana), 2) == [(1, 1), (2, 2)]


@pytest.mark.parametrize("by", ["client", "rest"])
async def test_every_kind_of_sender_may_set_the_time_to_live(harness: Harness, service: Service, by: str) -> None:
    ana = await reliable(harness, service, "ana", "room")
    await lose_socket(service, ana)
    connection = service.hubs.hub(HUB).connection(ana.id)
    assert connection
    assert connection.replay is not None

    if by == "client":
        bo = await harness.connect(service, "bo")
        await bo.request("sendToGroup", 1, group="room", data=1, ttlSeconds=60)
    else:
        path = "/groups/room/:send"
        await RestClient(service, harness.http).text(path, "1", ("messageTtlSeconds", "60"))

    now = time.monotonic()
    assert [len(connection.replay.unacknowledged(now + seconds)) for seconds in (50, 61)] == [1, 0]


@pytest.mark.parametrize("cuts", [1, 5])
async def test_a_cut_in_the_middle_of_a_thousand_messages_loses_and_duplicates_none(
    harness: Harness, service: Service, cuts: int
) -> None:
    ana = await reliable(harness, service, "ana", "room")
    sender = await harness.connect(service, "sender")
    got: dict[int, int] = {}
    order: list[int] = []
    reader = ana

    for number in range(1000):
        await sender.send("sendToGroup", group="room", data=number)
        if number % (1000 // (cuts + 1)) == 100:
            reader.cut()
            reader = await harness.recover(service, ana)
    while len(got) < 1000:
        message = await reader.receive()
        if message["sequenceId"] not in got:  # a repeat of what was not acknowledged
            order.append(message["data"])
        assert got.setdefault(message["sequenceId"], message["data"]) == message["data"]

    assert order == list(range(1000))
    assert sorted(got) == list(range(1, 1001))
