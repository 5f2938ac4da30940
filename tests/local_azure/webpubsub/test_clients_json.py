"""What a client of `json.webpubsub.azure.v1` sends and receives (W-056 and following), over real sockets."""

from dataclasses import replace

import aiohttp
import pytest

from local_azure.webpubsub import Service, clients
from local_azure.webpubsub.roles import Permission
from local_azure.webpubsub.settings import Settings
from tests.local_azure.webpubsub.harness import FAST, HUB, JSON, Harness

NO_ROLES: tuple[str, ...] = ()


async def test_w056_the_first_frame_names_the_connection_and_the_user(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana")

    assert ana.connected == {"type": "system", "event": "connected", "userId": "ana", "connectionId": ana.id}


async def test_w057_the_chosen_subprotocol_is_echoed(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana")

    assert ana.ws.protocol == JSON


async def test_w058_a_ping_is_answered(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana")

    await ana.send("ping")

    assert await ana.receive() == {"type": "pong"}


async def test_w059_and_w060_members_receive_and_former_members_do_not(harness: Harness, service: Service) -> None:
    ana, bo = await harness.connect(service, "ana"), await harness.connect(service, "bo")
    await ana.join("room", 1)

    await bo.request("sendToGroup", 1, group="room", data="one")
    assert await ana.data() == "one"
    assert (await ana.request("leaveGroup", 2, group="room"))["success"]
    await bo.request("sendToGroup", 2, group="room", data="two")

    await ana.expect_no_message()


async def test_w061_joining_twice_is_joining_once(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana")
    await ana.join("room", 1)
    await ana.join("room", 2)

    await ana.send("sendToGroup", group="room", data=1)

    assert await ana.data() == 1
    await ana.expect_no_message()


async def test_w062_leaving_a_group_one_is_not_in_succeeds(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana")

    assert (await ana.request("leaveGroup", 1, group="room"))["success"]


@pytest.mark.parametrize(
    ("data_type", "data"),
    [("text", "hi"), ("json", {"a": [1, None]}), ("binary", "AAEC"), ("protobuf", "CgN4L3kSAgoA")],
)
async def test_w063_every_data_type_arrives_as_it_was_sent(
    harness: Harness, service: Service, data_type: str, data: object
) -> None:
    ana = await harness.connect(service, "ana", groups=["room"])

    await ana.send("sendToGroup", group="room", dataType=data_type, data=data)

    message = await ana.receive()
    assert (message["dataType"], message["data"]) == (data_type, data)


async def test_w071_and_w073_no_echo_skips_the_sender_alone(harness: Harness, service: Service) -> None:
    ana, bo = [await harness.connect(service, user, groups=["room"]) for user in ("ana", "bo")]

    await ana.request("sendToGroup", 1, group="room", data="hi", noEcho=True)

    message = await bo.receive()
    assert (message["from"], message["group"], message["fromUserId"]) == ("group", "room", "ana")


async def test_w042_and_w072_the_echo_comes_before_the_ack(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana", groups=["room"])
    outsider = await harness.connect(service, "outsider")

    await ana.send("sendToGroup", group="room", data="hi", ackId=7)

    assert (await ana.receive())["type"] == "message"
    assert await ana.receive() == {"type": "ack", "ackId": 7, "success": True}
    assert (await outsider.request("sendToGroup", 1, group="room", data="from outside"))["success"]
    assert await ana.data() == "from outside"


async def test_w074_and_w075_zero_is_an_ack_id_and_null_is_none(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana")

    assert (await ana.request("joinGroup", 0, group="room"))["success"]
    await ana.send("joinGroup", group="room", ackId=None)

    await ana.expect_no_message()


async def test_w076_and_w078_a_repeated_ack_id_is_a_duplicate_for_any_request(
    harness: Harness, service: Service
) -> None:
    ana = await harness.connect(service, "ana")
    await ana.join("room", 7)

    again = await ana.request("sendToGroup", 7, group="room", data="not sent")

    assert again["success"] is False
    assert again["error"] == {"name": "Duplicate", "message": "Message with ack-id: 7 has been processed"}
    await ana.expect_no_message()


async def test_w031_and_w032_and_w077_what_was_forbidden_may_be_tried_again(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana", roles=NO_ROLES)

    refused = await ana.request("joinGroup", 1, group="room")
    assert refused["error"] == {
        "name": "Forbidden",
        "message": "The client does not have permission to join group 'room'.",
    }
    refused = await ana.request("sendToGroup", 2, group="room", data="hi")
    assert refused["error"]["message"] == "The client does not have permission to send to group 'room'."
    assert not service.hubs.hub(HUB).group_members("room")

    connection = service.hubs.hub(HUB).connection(ana.id)
    assert connection
    connection.permissions.grant(Permission.JOIN_LEAVE_GROUP, "room")
    assert (await ana.request("joinGroup", 1, group="room"))["success"]


async def test_w043_membership_from_the_token_cannot_be_left_without_the_role(
    harness: Harness, service: Service
) -> None:
    ana = await harness.connect(service, "ana", roles=NO_ROLES, groups=["room"])

    refused = await ana.request("leaveGroup", 1, group="room")

    assert refused["error"]["message"] == "The client does not have permission to leave group 'room'."
    assert service.hubs.hub(HUB).group_members("room")


async def test_w079_the_oldest_of_1001_ack_ids_is_forgotten(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana")
    for ack_id in range(1001):
        await ana.send("joinGroup", group="room", ackId=ack_id)
    for _ in range(1001):
        assert (await ana.receive())["success"]

    assert not (await ana.request("joinGroup", 1, group="room"))["success"]
    assert (await ana.request("joinGroup", 0, group="room"))["success"]


async def test_w080_a_forbidden_request_without_ack_id_is_not_answered(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana", roles=NO_ROLES)

    await ana.send("joinGroup", group="room")
    await ana.send("sendToGroup", group="room", data=1)

    await ana.expect_no_message()


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "nonsense",
        '{"type":"unknown"}',
        '{"type":"event","event":"1x","data":1}',
        '{"type":"sendToGroup","group":"g","data":1,"ttlSeconds":301}',
    ],
)
async def test_w081_and_w082_an_invalid_message_closes_with_1007(harness: Harness, service: Service, text: str) -> None:
    ana = await harness.connect(service, "ana")

    await ana.ws.send_str(text)

    assert await ana.receive() == {
        "type": "system",
        "event": "disconnected",
        "message": "The client message is not a valid JSON protocol message.",
    }
    assert await ana.closed() == (1007, "The client message is not a valid JSON protocol message.")


async def test_what_follows_a_broken_message_is_not_carried_out(harness: Harness, service: Service) -> None:
    ana, bo = await harness.connect(service, "ana"), await harness.connect(service, "bo", groups=["room"])

    await ana.ws.send_str("{")
    await ana.send("sendToGroup", group="room", data="too late")

    assert (await ana.closed())[0] == 1007
    await bo.expect_no_message()


async def test_w083_a_binary_frame_closes_with_1003(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana")

    await ana.ws.send_bytes(b'{"type":"ping"}')

    assert await ana.closed() == (1003, "The JSON subprotocol requires text messages.")


@pytest.mark.parametrize("fragments", [1, 3])
async def test_w084_a_message_beyond_one_mebibyte_closes_with_1009(
    harness: Harness, service: Service, fragments: int
) -> None:
    ana = await harness.connect(service, "ana")

    await send_fragments(ana.ws, padded_ping(1024 * 1024 + 1), fragments)

    assert await ana.closed() == (1009, "The client message is too large.")
    await (await harness.connect(service, "bo")).expect_no_message()


@pytest.mark.parametrize("fragments", [1, 3])
async def test_w085_a_message_of_one_mebibyte_is_read_also_in_fragments(
    harness: Harness, service: Service, fragments: int
) -> None:
    ana = await harness.connect(service, "ana")

    await send_fragments(ana.ws, padded_ping(1024 * 1024), fragments)

    assert await ana.receive() == {"type": "pong"}


async def test_w092_messages_of_one_sender_arrive_in_order(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana")
    readers = [await harness.connect(service, groups=["room"]) for _ in range(3)]

    for number in range(300):
        await ana.send("sendToGroup", group="room", data=number)

    for reader in readers:
        assert [await reader.data() for _ in range(300)] == list(range(300))


def padded_ping(size: int) -> bytes:
    return b'{"type":"ping"}'.ljust(size)


async def send_fragments(ws: aiohttp.ClientWebSocketResponse, payload: bytes, count: int) -> None:
    """Send one text message in several frames, for which the client has no public method."""
    ws._writer.transport.write(masked_message(payload, count))


def masked_message(payload: bytes, count: int) -> bytes:
    """Return the frames of a text message as a client sends them; the mask is all zeros."""
    step = -(-len(payload) // count)
    parts = [payload[start : start + step] for start in range(0, len(payload), step)]
    frames = b""
    for index, part in enumerate(parts):
        first = (0x80 if index == len(parts) - 1 else 0) | (1 if index == 0 else 0)
        frames += bytes((first, 0xFF)) + len(part).to_bytes(8, "big") + bytes(4) + part
    return frames


PYTHON_CLIENT = "azsdk-python-webpubsub-client/1.1.0 Python/3.11.7 (Linux)"


@pytest.mark.parametrize(
    ("user_agent", "delay", "first"),
    [
        (PYTHON_CLIENT, None, "pong"),
        (f"my-app {PYTHON_CLIENT}", None, "pong"),
        ("another", None, "ack"),
        (PYTHON_CLIENT, 0.0, "ack"),
        ("another", 0.1, "pong"),
    ],
)
async def test_the_python_client_gets_its_acks_a_moment_later(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, user_agent: str, delay: float | None, first: str
) -> None:
    """Its synchronous form does not notice an ack that comes before it waits for it."""
    monkeypatch.setattr(clients, "PYTHON_CLIENT_ACK_SECONDS", 0.1)  # so that a busy machine shows the same
    service = await harness.service(Settings(times=replace(FAST, ack_delay_seconds=delay)))
    ana = await harness.connect(service, "ana", headers={"User-Agent": user_agent})

    await ana.send("joinGroup", group="room", ackId=1)
    await ana.send("ping")

    answers = [(await ana.receive())["type"] for _ in range(2)]
    assert (answers[0], sorted(answers)) == (first, ["ack", "pong"])
