"""Protobuf clients on real sockets, among JSON and raw ones, and in front of an application."""

import asyncio
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from google.protobuf.any_pb2 import Any as AnyMessage

from local_azure.webpubsub import HubSettings, Service, Settings
from local_azure.webpubsub.protocols import webpubsub_pb2 as pb
from tests.local_azure.webpubsub.harness import FAST, HUB, WAIT_SECONDS, Application, Client, Harness, client_url, until

PROTOBUF = "protobuf.webpubsub.azure.v1"
RELIABLE = "protobuf.reliable.webpubsub.azure.v1"
ANY = AnyMessage(type_url="type.example/Point", value=b"\x08\x01")


async def send(client: Client, **message: Any) -> None:
    await client.ws.send_bytes(pb.UpstreamMessage(**message).SerializeToString())


async def receive(client: Client) -> pb.DownstreamMessage:
    frame = await client.frame()
    assert frame.type is aiohttp.WSMsgType.BINARY, frame
    return pb.DownstreamMessage.FromString(frame.data)


async def connect(harness: Harness, service: Service, user: str, subprotocol: str = PROTOBUF) -> Client:
    client = await harness.connect(service, user, subprotocol=subprotocol, groups=["room"])
    connected = (await receive(client)).system_message.connected_message
    client.connected = {
        "connectionId": connected.connection_id,
        "userId": connected.user_id,
        "reconnectionToken": connected.reconnection_token,
    }
    return client


async def test_w217_an_invocation_is_answered_in_protobuf(
    harness: Harness, service: Service, application: Application
) -> None:
    """The frames are those of the published schema: field 10 of a client, 11 to cancel, 5 of the service."""
    application.answer("sum", lambda request: web.json_response(sum(request.json())))
    application.answer("no", lambda _: web.Response(status=400))
    ana = await connect(harness, service, "ana", RELIABLE)

    await ana.ws.send_bytes(bytes.fromhex("52110A0373756D1201311A0722055B312C325D"))
    answered = (await ana.frame()).data
    await send(ana, invoke_event_message=pb.InvokeEventMessage(event="no", invocation_id="2"))
    refused = (await receive(ana)).invoke_response_message
    await send(ana, cancel_invocation_message=pb.CancelInvocationMessage(invocation_id="never"))
    await send(ana, ping_message=pb.PingMessage())

    assert answered == bytes.fromhex("2A0A0A013110011A03220133")
    assert (refused.invocation_id, refused.success, refused.error.name) == ("2", False, "BadRequest")
    (asked,) = application.of("no")
    assert (asked.headers["Content-Type"], asked.body) == ("text/plain; charset=utf-8", b"")
    assert (await receive(ana)).WhichOneof("message") == "pong_message"


async def test_w211_w217_a_protobuf_client_cancels_its_invocation(harness: Harness) -> None:
    service = await harness.service(Settings(times=replace(FAST, handler_timeout_seconds=10 * WAIT_SECONDS)))
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler()])
    application.answer("slow", lambda _: asyncio.sleep(10 * WAIT_SECONDS, web.Response()))
    failures: list[object] = []
    service.observations.subscribe(lambda record: failures.append(getattr(record, "failure", None)))
    ana = await connect(harness, service, "ana")
    await send(ana, invoke_event_message=pb.InvokeEventMessage(event="slow", invocation_id="1"))
    await application.wait_for("slow")

    await ana.ws.send_bytes(bytes.fromhex("5A030A0131"))
    await until(lambda: any(str(failure).startswith("cancelled") for failure in failures))
    await send(ana, ping_message=pb.PingMessage())

    assert (await receive(ana)).WhichOneof("message") == "pong_message"


async def test_w220_a_hub_without_invocations_closes_a_protobuf_client_with_1007(harness: Harness) -> None:
    service = await harness.service(Settings(times=FAST, hubs={HUB: HubSettings(invocations=False)}))
    ana = await connect(harness, service, "ana")

    await send(ana, invoke_event_message=pb.InvokeEventMessage(event="sum", invocation_id="1"))

    assert await ana.closed() == (
        1007,
        "The client message is not a valid protobuf.webpubsub.azure.v1 protocol message.",
    )


async def test_w115_the_first_frame_names_the_connection_and_the_user(harness: Harness, service: Service) -> None:
    plain = await connect(harness, service, "ana")
    reliable = await connect(harness, service, "bo", RELIABLE)

    assert (plain.connected["userId"], plain.connected["reconnectionToken"]) == ("ana", "")
    assert reliable.connected["reconnectionToken"]
    assert reliable.ws.protocol == RELIABLE


async def test_w112_requests_are_acknowledged(harness: Harness, service: Service) -> None:
    ana = await connect(harness, service, "ana")

    await ana.ws.send_bytes(bytes.fromhex("32080A04726F6F6D1000"))
    joined = await receive(ana)
    await ana.ws.send_bytes(bytes.fromhex("4A00"))

    assert joined.ack_message == pb.AckMessage(ack_id=0, success=True)
    assert (await receive(ana)).WhichOneof("message") == "pong_message"


@pytest.mark.parametrize(
    ("data", "json_shows", "raw_shows"),
    [
        (pb.MessageData(text_data="hé"), ("text", "hé"), "hé"),
        (pb.MessageData(json_data='{"n": 1.0}'), ("json", {"n": 1.0}), '{"n": 1.0}'),
        (pb.MessageData(binary_data=b"\0\xff"), ("binary", "AP8="), b"\0\xff"),
        (pb.MessageData(protobuf_data=ANY), ("protobuf", None), ANY.SerializeToString()),
    ],
    ids=["text", "json", "binary", "protobuf"],
)
async def test_w114_one_message_reaches_every_kind_of_client(
    harness: Harness, service: Service, data: pb.MessageData, json_shows: tuple[str, object], raw_shows: str | bytes
) -> None:
    ana, bo = await connect(harness, service, "ana"), await connect(harness, service, "bo", RELIABLE)
    cy = await harness.connect(service, "cy", groups=["room"])
    raw = await harness.connect(service, "di", subprotocol=None, groups=["room"])

    await send(ana, send_to_group_message=pb.SendToGroupMessage(group="room", data=data))

    own, others = (await receive(ana)).data_message, (await receive(bo)).data_message
    assert own.data == others.data == data
    assert (own.HasField("sequence_id"), others.sequence_id) == (False, 1)
    shown = await cy.receive()
    assert shown["dataType"] == json_shows[0]
    assert json_shows[1] is None or shown["data"] == json_shows[1]
    assert shown["fromUserId"] == "ana"
    assert (await raw.frame()).data == raw_shows


async def test_w118_an_any_reaches_the_application_as_protobuf(
    harness: Harness, service: Service, application: Application
) -> None:
    ana = await connect(harness, service, "ana")

    await send(ana, event_message=pb.EventMessage(event="move", data=pb.MessageData(protobuf_data=ANY), ack_id=1))

    assert (await receive(ana)).ack_message.success
    [event] = application.of("move")
    assert event.headers["Content-Type"] == "application/x-protobuf"
    assert event.body == ANY.SerializeToString()


@pytest.mark.parametrize(("frame", "code"), [("{}", 1003), (b"\xff\xff", 1007), (b"", 1007)])
async def test_w113_an_invalid_frame_is_answered_with_a_disconnected_message_and_a_close_code(
    harness: Harness, service: Service, frame: str | bytes, code: int
) -> None:
    ana = await connect(harness, service, "ana")

    await (ana.ws.send_str(frame) if isinstance(frame, str) else ana.ws.send_bytes(frame))

    assert (await receive(ana)).system_message.WhichOneof("message") == "disconnected_message"
    assert (await ana.closed())[0] == code


async def test_w095_a_reliable_client_recovers_what_it_did_not_acknowledge(harness: Harness, service: Service) -> None:
    ana, bo = await connect(harness, service, "ana", RELIABLE), await connect(harness, service, "bo")
    texts = [pb.MessageData(text_data=str(number)) for number in range(1, 4)]

    await send(bo, send_to_group_message=pb.SendToGroupMessage(group="room", data=texts[0]))
    assert (await receive(ana)).data_message.sequence_id == 1
    await send(
        ana,
        sequence_ack_message=pb.SequenceAckMessage(sequence_id=1),
    )
    await send(ana, ping_message=pb.PingMessage())
    assert (await receive(ana)).WhichOneof("message") == "pong_message"
    ana.cut()
    connection = service.hubs.hub("chat").connection(ana.id)
    await until(lambda: connection is not None and connection.transport is None)
    for text in texts[1:]:
        await send(bo, send_to_group_message=pb.SendToGroupMessage(group="room", data=text))
    query = {"awps_connection_id": ana.id, "awps_reconnection_token": ana.connected["reconnectionToken"]}
    again = await harness.open(client_url(service, **query), RELIABLE)

    async with asyncio.timeout(5):
        assert (await receive(again)).system_message.HasField("connected_message")
        replayed = [(await receive(again)).data_message for _ in range(2)]
    assert [(message.sequence_id, message.data.text_data) for message in replayed] == [(2, "2"), (3, "3")]
