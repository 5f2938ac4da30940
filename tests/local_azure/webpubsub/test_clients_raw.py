"""Clients without a subprotocol (W-044 and following)."""

import aiohttp
import pytest
from aiohttp import web

from local_azure.webpubsub import Service
from local_azure.webpubsub.messages import DataType, Payload, ServerMessage
from tests.local_azure.webpubsub.harness import HUB, Answer, Application, Client, Harness

TEXT, BINARY = aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY


async def raw(harness: Harness, service: Service, user: str | None = None, **options: object) -> Client:
    return await harness.connect(service, user, subprotocol=None, **options)  # type: ignore[arg-type]


async def test_w044_and_w045_frames_are_message_events(
    harness: Harness, service: Service, application: Application
) -> None:
    client = await raw(harness, service)

    await client.ws.send_str("hi é")
    await client.ws.send_bytes(b"\x00\xff")

    text, binary = await application.wait_for("message", 2)
    assert text.headers["ce-type"] == "azure.webpubsub.user.message"
    assert (text.headers["Content-Type"], text.body) == ("text/plain; charset=utf-8", "hi é".encode())
    assert (binary.headers["Content-Type"], binary.body) == ("application/octet-stream", b"\x00\xff")


async def test_w046_frames_are_published_and_the_sender_is_not_a_member(harness: Harness, service: Service) -> None:
    member = await harness.connect(service, groups=["g"])
    sender = await raw(harness, service, "ana", webpubsub_mode="sendToGroup", group="g")

    await sender.ws.send_str("hi")
    await sender.ws.send_bytes(b"\x00")

    message = await member.receive()
    assert (message["dataType"], message["data"], message["fromUserId"]) == ("text", "hi", "ana")
    assert (await member.receive())["dataType"] == "binary"
    assert len(service.hubs.hub(HUB).group_members("g")) == 1


async def test_w047_without_the_permission_the_first_frame_closes_with_1008(harness: Harness, service: Service) -> None:
    sender = await raw(harness, service, roles=(), webpubsub_mode="sendToGroup", group="g")

    await sender.ws.send_str("hi")

    assert await sender.closed() == (1008, "The connection is not authorized for raw sendToGroup mode.")


@pytest.mark.parametrize("mode", [{}, {"noEcho": "false"}])
async def test_w048_a_member_receives_its_own_messages(
    harness: Harness, service: Service, mode: dict[str, str]
) -> None:
    client = await raw(harness, service, groups=["g"], webpubsub_mode="sendToGroup", group="g", **mode)

    await client.ws.send_str("hi")

    assert (await client.frame()).data == "hi"


async def test_w048_and_w051_a_member_with_no_echo_does_not(harness: Harness, service: Service) -> None:
    client = await raw(harness, service, groups=["g"], webpubsub_mode="SENDTOGROUP", group="g", noEcho="TRUE")
    other = await harness.connect(service, "other")

    await client.ws.send_str("hi")
    await other.request("sendToGroup", 1, group="g", data="from other", dataType="text")

    assert (await client.frame()).data == "from other"


@pytest.mark.parametrize(
    ("payload", "kind", "data"),
    [
        (Payload(DataType.TEXT, b"hi"), TEXT, "hi"),
        (Payload(DataType.JSON, b'{"a": 1.0}'), TEXT, '{"a": 1.0}'),
        (Payload(DataType.BINARY, b"\x00"), BINARY, b"\x00"),
        (Payload(DataType.PROTOBUF, b"\n\x01x"), BINARY, b"\n\x01x"),
    ],
)
async def test_w052_a_message_is_its_bare_payload(
    harness: Harness, service: Service, payload: Payload, kind: aiohttp.WSMsgType, data: str | bytes
) -> None:
    client = await raw(harness, service)
    hub = service.hubs.hub(HUB)

    hub.deliver(hub.connections(), ServerMessage(payload))

    frame = await client.frame()
    assert (frame.type, frame.data) == (kind, data)


async def test_w053_a_message_that_nobody_handles_closes_with_1011(harness: Harness, service: Service) -> None:
    client = await raw(harness, service)

    await client.ws.send_str("hi")

    assert await client.closed() == (1011, "Internal server error")


@pytest.mark.parametrize("status", [400, 500])
async def test_a_message_whose_handler_fails_closes_with_1011(
    harness: Harness, service: Service, application: Application, status: int
) -> None:
    application.answer("message", lambda _: web.Response(status=status))
    client = await raw(harness, service)

    await client.ws.send_str("hi")

    assert await client.closed() == (1011, "Internal server error")


@pytest.mark.parametrize(
    ("answer", "kind", "data"),
    [
        (lambda _: web.Response(text="yes"), TEXT, "yes"),
        (lambda _: web.Response(body=b"\x00", content_type="application/octet-stream"), BINARY, b"\x00"),
        (lambda _: web.Response(headers={"X-WebPubSub-Metadata-a": "b"}), TEXT, ""),
    ],
)
async def test_w054_an_answer_is_one_frame(
    harness: Harness,
    service: Service,
    application: Application,
    answer: Answer,
    kind: aiohttp.WSMsgType,
    data: str | bytes,
) -> None:
    application.answer("message", answer)
    client = await raw(harness, service)

    await client.ws.send_str("hi")

    frame = await client.frame()
    assert (frame.type, frame.data) == (kind, data)


async def test_w054_an_empty_answer_is_no_frame(harness: Harness, service: Service, application: Application) -> None:
    client = await raw(harness, service)

    await client.ws.send_str("quiet")
    application.answer("message", lambda request: web.Response(text="second" if request.body == b"2" else ""))
    await application.wait_for("message")
    await client.ws.send_str("2")

    assert (await client.frame()).data == "second"


async def test_w055_a_raw_client_sees_no_system_frames(harness: Harness, service: Service) -> None:
    client = await raw(harness, service)
    hub = service.hubs.hub(HUB)
    (connection,) = hub.connections()

    hub.close(connection, "enough")

    frame = await client.frame()
    assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, 1000)
