"""The official Python client, sync and aio, unchanged on the embedded service: operations, recovery, rejoining."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from azure.messaging.webpubsubclient.models import (
    CallbackType,
    SendMessageError,
    WebPubSubDataType,
    WebPubSubProtocolType,
)
from azure.messaging.webpubsubservice import WebPubSubServiceClient

from local_azure.pytest_plugin import WebPubSub
from local_azure.webpubsub.clients import PYTHON_CLIENT_ACK_SECONDS
from tests.interop.link import Link
from tests.interop.listening import HUB, Listeners
from tests.interop.python_client import PythonClient
from tests.interop.waiting import eventually
from tests.interop.webhook import Webhook

ALL_ROLES = ["webpubsub.joinLeaveGroup", "webpubsub.sendToGroup"]
MESSAGES = 1000
NETWORK_SECONDS = 0.01

Open = Callable[..., Awaitable[PythonClient]]


def token_url(connection_string: str, user: str, roles: list[str]) -> str:
    """Return the URL that a negotiate function gives to a client."""
    with WebPubSubServiceClient.from_connection_string(connection_string, HUB) as sdk:
        return str(sdk.get_client_access_token(user_id=user, roles=roles)["url"])


@pytest.fixture
def service_sdk(web_pubsub: WebPubSub) -> WebPubSubServiceClient:
    return WebPubSubServiceClient.from_connection_string(web_pubsub.connection_string, HUB)


@pytest.fixture(params=["sync", "aio"])
async def open_client(request: pytest.FixtureRequest, web_pubsub: WebPubSub, link: Link) -> AsyncIterator[Open]:
    """Return a function that opens a client and waits for its `connected` callback."""
    opened = []
    # The sync client can miss an answer that arrives before it waits, which no real network does.
    link.delay_answers(NETWORK_SECONDS if request.param == "sync" else 0.0)

    async def open_client(
        user: str = "ana",
        *,
        roles: list[str] = ALL_ROLES,
        protocol: WebPubSubProtocolType = WebPubSubProtocolType.JSON_RELIABLE,
        through: Link | None = None,
        **options: Any,
    ) -> PythonClient:
        address = (link if request.param == "sync" else through or web_pubsub).connection_string
        url = lambda: token_url(address, user, roles)  # noqa: E731
        client = PythonClient(request.param, url, protocol_type=protocol, **options)
        await client.listen()
        await client("open")
        opened.append(client)
        await eventually(client.connection_ids)
        return client

    yield open_client
    for task in asyncio.all_tasks():
        if task.get_name() == "sequence_id_ack_periodically":
            task.cancel()  # else closing each aio client would wait for its next run
    await asyncio.gather(*[client("close") for client in opened])


PROTOCOLS = pytest.mark.parametrize("protocol", [WebPubSubProtocolType.JSON, WebPubSubProtocolType.JSON_RELIABLE])


@PROTOCOLS
async def test_members_of_a_group_receive_each_others_messages(
    open_client: Open, protocol: WebPubSubProtocolType
) -> None:
    ana, bo = await open_client("ana", protocol=protocol), await open_client("bo", protocol=protocol)

    await ana("join_group", "room")
    await bo("join_group", "room")
    await ana("send_to_group", "room", "text", WebPubSubDataType.TEXT)
    await eventually(lambda: len(bo.texts()) == 1)
    await ana("send_to_group", "room", {"n": 1}, WebPubSubDataType.JSON)
    await eventually(lambda: len(bo.texts()) == 2)
    await ana("send_to_group", "room", memoryview(b"\x00\xff"), WebPubSubDataType.BINARY)
    await eventually(lambda: len(bo.texts()) == 3 and len(ana.texts()) == 3)

    heard = bo.received[CallbackType.GROUP_MESSAGE]
    assert [(message.group, message.from_user_id) for message in heard] == [("room", "ana")] * 3
    assert bo.texts()[:2] == ["text", {"n": 1}]
    assert bytes(bo.texts()[2]) == b"\x00\xff"  # type: ignore[call-overload]


@PROTOCOLS
async def test_no_message_arrives_with_no_echo_or_after_leaving(
    open_client: Open, protocol: WebPubSubProtocolType
) -> None:
    ana, bo = await open_client("ana", protocol=protocol), await open_client("bo", protocol=protocol)
    await ana("join_group", "room")
    await bo("join_group", "room")

    await ana("send_to_group", "room", "for bo", WebPubSubDataType.TEXT, no_echo=True)
    await eventually(lambda: bo.texts() == ["for bo"])
    await bo("leave_group", "room")
    await ana("send_to_group", "room", "for ana", WebPubSubDataType.TEXT, ack=False)
    await eventually(lambda: ana.texts() == ["for ana"])

    await bo("join_group", "other")
    assert bo.texts() == ["for bo"]


@PROTOCOLS
async def test_an_event_reaches_the_handler_and_its_answer_comes_back(
    open_client: Open, protocol: WebPubSubProtocolType, webhook: Webhook
) -> None:
    webhook.answers["move"] = lambda event: web.json_response({"seen": json.loads(event.body)})
    ana = await open_client("ana", protocol=protocol)

    await ana("send_event", "move", {"to": "e4"}, WebPubSubDataType.JSON)
    await ana("send_event", "note", "text", WebPubSubDataType.TEXT)
    await ana("send_event", "bytes", memoryview(b"\x00\xff"), WebPubSubDataType.BINARY, ack=False)
    await eventually(lambda: "bytes" in webhook.names())

    sent = {event.name: event for event in webhook.events}
    assert (sent["note"].body, sent["bytes"].body) == (b"text", b"\x00\xff")
    assert sent["move"].headers["ce-userid"] == "ana"
    assert [answer.data for answer in ana.received[CallbackType.SERVER_MESSAGE]] == [{"seen": {"to": "e4"}}]


@PROTOCOLS
async def test_a_forbidden_request_is_an_error_with_its_name(
    open_client: Open, protocol: WebPubSubProtocolType
) -> None:
    """Joining and sending without a role raise `Forbidden` (W-031, W-032)."""
    ana = await open_client("ana", protocol=protocol, roles=[])

    with pytest.raises(SendMessageError) as join:
        await ana("join_group", "room")
    with pytest.raises(SendMessageError) as send:
        await ana("send_to_group", "room", "hi", WebPubSubDataType.TEXT)

    errors = [join.value.error_detail, send.value.error_detail]
    assert [error and error.name for error in errors] == ["Forbidden", "Forbidden"]


async def test_a_repeated_ack_id_counts_as_success_and_is_not_executed(open_client: Open) -> None:
    """W-076: the client reports `Duplicate` as a success."""
    ana = await open_client()
    await ana("join_group", "room", ack_id=100)

    await ana("send_to_group", "room", "once", WebPubSubDataType.TEXT, ack_id=101)
    await ana("send_to_group", "room", "twice", WebPubSubDataType.TEXT, ack_id=101)
    await ana("send_to_group", "room", "end", WebPubSubDataType.TEXT)
    await eventually(lambda: "end" in ana.texts())

    assert ana.texts() == ["once", "end"]


async def test_an_unsubscribed_listener_is_not_called_any_more(
    open_client: Open, service_sdk: WebPubSubServiceClient
) -> None:
    ana = await open_client()
    heard: list[Any] = []
    listener = ana.listener(heard.append)
    await ana("subscribe", CallbackType.SERVER_MESSAGE, listener)

    service_sdk.send_to_all("1", content_type="text/plain")
    await eventually(lambda: len(heard) == 1)
    await ana("unsubscribe", CallbackType.SERVER_MESSAGE, listener)
    service_sdk.send_to_all("2", content_type="text/plain")
    await eventually(lambda: len(ana.received[CallbackType.SERVER_MESSAGE]) == 2)

    assert [message.data for message in heard] == ["1"]


async def test_a_closed_client_is_gone_at_once_and_can_be_opened_again(
    open_client: Open, service_sdk: WebPubSubServiceClient
) -> None:
    """W-103: closing is a 1000, after which nothing is kept for recovery."""
    ana = await open_client()
    assert ana.sdk.is_connected()

    await ana("close")
    first = ana.connection_ids()[0]
    await eventually(lambda: not service_sdk.connection_exists(first))
    await ana("open")
    await eventually(lambda: len(ana.connection_ids()) == 2)

    assert service_sdk.connection_exists(ana.connection_ids()[1])
    assert ana.received[CallbackType.STOPPED]


# --- recovery --------------------------------------------------------------------


async def test_a_cut_in_the_middle_of_a_thousand_messages_loses_none_and_duplicates_none(
    open_client: Open, link: Link, service_sdk: WebPubSubServiceClient, listeners: Listeners
) -> None:
    """Each message arrives once and in order (W-094, W-095, W-096, W-101, W-110)."""
    ana = await open_client("ana", through=link)
    await ana("join_group", "room")
    sender = await listeners.open("bo", roles=ALL_ROLES)

    async def publish(numbers: range) -> None:
        for number in numbers:
            await sender.ask({"type": "sendToGroup", "group": "room", "data": number, "ackId": number})

    await publish(range(400))
    await eventually(lambda: len(ana.texts()) >= 300)
    link.discard_answers()
    await publish(range(400, 600))
    link.cut()
    await publish(range(600, MESSAGES))
    await eventually(lambda: len(ana.texts()) >= MESSAGES)

    assert ana.texts() == list(range(MESSAGES))
    assert link.connection_count == 2
    assert len(ana.connection_ids()) == 1
    assert ana.received[CallbackType.DISCONNECTED] == []
    assert service_sdk.group_exists("room")


async def test_a_recovered_connection_is_the_same_one_to_the_backend(
    open_client: Open, link: Link, webhook: Webhook
) -> None:
    """W-102, W-110: no second connect or connected, and no disconnected."""
    ana = await open_client("ana", through=link)

    link.cut()
    await eventually(lambda: link.connection_count == 2)
    await eventually(lambda: ana.sdk.is_connected())
    await ana("send_event", "still-here", "text", WebPubSubDataType.TEXT)

    assert webhook.names() == ["connect", "connected", "still-here"]
    assert {event.connection_id for event in webhook.events} == set(ana.connection_ids())


async def test_after_a_close_by_the_server_the_client_connects_anew_and_rejoins_its_groups(
    open_client: Open, service_sdk: WebPubSubServiceClient
) -> None:
    """W-111: recovery is refused with 1008, then there is a new connection with a new id."""
    ana = await open_client()
    await ana("join_group", "room")
    first = ana.connection_ids()[0]

    service_sdk.close_connection(first, reason="enough")
    await eventually(lambda: len(ana.connection_ids()) == 2)
    second = ana.connection_ids()[1]
    await eventually(lambda: [each.connection_id for each in service_sdk.list_connections(group="room")] == [second])
    service_sdk.send_to_group("room", "welcome back", content_type="text/plain")
    await eventually(lambda: ana.texts() == ["welcome back"])

    assert first != second
    [gone] = ana.received[CallbackType.DISCONNECTED]
    assert gone.message == "Application server closed the connection. Reason: enough"


async def test_a_client_of_the_plain_protocol_connects_anew_after_a_cut(
    open_client: Open, link: Link, service_sdk: WebPubSubServiceClient
) -> None:
    ana = await open_client("ana", through=link, protocol=WebPubSubProtocolType.JSON)
    await ana("join_group", "room")

    link.cut()
    await eventually(lambda: len(ana.connection_ids()) == 2)
    await eventually(
        lambda: [each.connection_id for each in service_sdk.list_connections(group="room")] == ana.connection_ids()[1:]
    )

    assert len(ana.received[CallbackType.DISCONNECTED]) == 1


async def test_a_group_that_may_not_be_rejoined_is_reported(
    open_client: Open, service_sdk: WebPubSubServiceClient
) -> None:
    roles = list(ALL_ROLES)
    ana = await open_client("ana", roles=roles)
    await ana("join_group", "room")

    roles.clear()
    service_sdk.close_connection(ana.connection_ids()[0])
    await eventually(lambda: ana.received[CallbackType.REJOIN_GROUP_FAILED])

    [failed] = ana.received[CallbackType.REJOIN_GROUP_FAILED]
    assert failed.group == "room"
    assert failed.error.error_detail.name == "Forbidden"


async def test_without_reconnection_a_refused_client_stops(
    open_client: Open, service_sdk: WebPubSubServiceClient
) -> None:
    ana = await open_client(reconnect_retry_total=0)

    service_sdk.close_all_connections()
    await eventually(lambda: ana.received[CallbackType.STOPPED])

    assert not ana.sdk.is_connected()


async def test_ten_clients_at_once_each_get_each_message_once(open_client: Open) -> None:
    people = await asyncio.gather(*[open_client(f"user{number}") for number in range(10)])
    await asyncio.gather(*[person("join_group", "room") for person in people])

    await asyncio.gather(*[person("send_to_group", "room", "hi", WebPubSubDataType.TEXT) for person in people])
    await eventually(lambda: all(len(person.texts()) == len(people) for person in people))

    assert all(person.texts() == ["hi"] * len(people) for person in people)


async def test_the_client_is_recognised_so_that_its_acks_come_a_moment_later(
    open_client: Open, web_pubsub: WebPubSub
) -> None:
    await open_client("ana", protocol=WebPubSubProtocolType.JSON)

    delays = web_pubsub.call(lambda: [each.ack_delay for each in web_pubsub.service.hubs.hub(HUB).connections()])

    assert delays == [PYTHON_CLIENT_ACK_SECONDS]
