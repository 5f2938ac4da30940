"""Every public operation of azure-messaging-webpubsubservice, sync and aio, unchanged on the embedded service."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.messaging.webpubsubservice import WebPubSubServiceClient

from tests.interop.listening import Listeners
from tests.interop.python_service_sdk import Sdk

OperationTest = Callable[[Sdk, Listeners], Awaitable[None]]
OPERATION_TESTS: dict[str, OperationTest] = {}


def operation_test(function: OperationTest) -> OperationTest:
    """Register a test of the operation that has the name of the function."""
    OPERATION_TESTS[function.__name__] = function
    return function


def public_operations(client: type) -> list[str]:
    """Return the names of the operations that a client class offers."""
    setup = {"close", "from_connection_string", "send_request"}
    return sorted(name for name in dir(client) if not name.startswith("_") and name not in setup)


@pytest.mark.parametrize("operation", public_operations(WebPubSubServiceClient))
async def test_an_operation_has_its_documented_effect(operation: str, sdk: Sdk, listeners: Listeners) -> None:
    """The official SDK works as it is: W-030, W-089, W-091, W-172..W-174, W-178..W-182, W-184, W-185, W-187..W-189."""
    assert operation in public_operations(type(sdk.client))

    await OPERATION_TESTS[operation](sdk, listeners)


# --- sending -------------------------------------------------------------------


@operation_test
async def send_to_all(sdk: Sdk, listeners: Listeners) -> None:
    ana, bo = await listeners.open("ana"), await listeners.open("bo")

    await sdk("send_to_all", {"n": 1})
    await sdk("send_to_all", "said", content_type="text/plain")
    await sdk("send_to_all", b"\x00\xff", content_type="application/octet-stream")
    await sdk("send_to_all", "not for bo", excluded=[bo.id], content_type="text/plain")
    await sdk("send_to_all", "only bo", filter="userId eq 'bo'", content_type="text/plain")

    assert await ana.next() == {"type": "message", "from": "server", "dataType": "json", "data": {"n": 1}}
    assert [await ana.next_data() for _ in range(3)] == ["said", "AP8=", "not for bo"]
    assert [await bo.next_data() for _ in range(4)] == [{"n": 1}, "said", "AP8=", "only bo"]


@operation_test
async def send_to_user(sdk: Sdk, listeners: Listeners) -> None:
    phone, laptop, bo = await listeners.open("ana"), await listeners.open("ana"), await listeners.open("bo")

    await sdk("send_to_user", "ana", {"to": "ana"})
    await sdk("send_to_user", "ana", {"to": "phone"}, filter=f"connectionId eq '{phone.id}'")
    await sdk("send_to_user", "bo", {"to": "bo"})
    await sdk("send_to_user", "nobody", {"to": "nobody"})

    assert [await phone.next_data(), await phone.next_data()] == [{"to": "ana"}, {"to": "phone"}]
    assert await laptop.next_data() == {"to": "ana"}
    assert await bo.next_data() == {"to": "bo"}


@operation_test
async def send_to_group(sdk: Sdk, listeners: Listeners) -> None:
    member, muted = await listeners.open("ana", groups=["a grüp"]), await listeners.open("bo", groups=["a grüp"])

    await sdk("send_to_group", "another", "lost", content_type="text/plain")
    await sdk("send_to_group", "a grüp", "1", excluded=[muted.id], content_type="text/plain")
    await sdk("send_to_group", "a grüp", "2", filter="userId eq 'bo'", content_type="text/plain")

    heard = await member.next()
    assert {key: heard[key] for key in ("type", "from", "group", "data")} == {
        "type": "message",
        "from": "group",
        "group": "a grüp",
        "data": "1",
    }
    assert await muted.next_data() == "2"


@operation_test
async def send_to_connection(sdk: Sdk, listeners: Listeners) -> None:
    ana, bo = await listeners.open("ana"), await listeners.open("bo")

    await sdk("send_to_connection", ana.id, "for ana", content_type="text/plain")
    await sdk("send_to_connection", bo.id, "for bo", content_type="text/plain")
    await sdk("send_to_connection", "unknown", "for nobody", content_type="text/plain")

    assert [await ana.next_data(), await bo.next_data()] == ["for ana", "for bo"]


# --- groups ----------------------------------------------------------------------


async def is_reached_by_group(sdk: Sdk, group: str, listener: Any) -> bool:
    """Return whether a publish to the group reaches the listener, proven by what comes next."""
    await sdk("send_to_group", group, "group", content_type="text/plain")
    await sdk("send_to_connection", listener.id, "end", content_type="text/plain")
    first = await listener.next_data()
    if first == "group":
        assert await listener.next_data() == "end"
    return bool(first == "group")


@operation_test
async def add_connection_to_group(sdk: Sdk, listeners: Listeners) -> None:
    ana = await listeners.open("ana")

    await sdk("add_connection_to_group", "room", ana.id)

    assert await is_reached_by_group(sdk, "room", ana)
    with pytest.raises(ResourceNotFoundError):
        await sdk("add_connection_to_group", "room", "unknown")


@operation_test
async def remove_connection_from_group(sdk: Sdk, listeners: Listeners) -> None:
    ana = await listeners.open("ana", groups=["room", "other"])

    await sdk("remove_connection_from_group", "room", ana.id)
    await sdk("remove_connection_from_group", "room", "unknown")

    assert not await is_reached_by_group(sdk, "room", ana)
    assert await is_reached_by_group(sdk, "other", ana)


@operation_test
async def remove_connection_from_all_groups(sdk: Sdk, listeners: Listeners) -> None:
    ana = await listeners.open("ana", groups=["room", "other"])

    await sdk("remove_connection_from_all_groups", ana.id)

    assert not await is_reached_by_group(sdk, "room", ana)
    assert not await is_reached_by_group(sdk, "other", ana)


@operation_test
async def add_user_to_group(sdk: Sdk, listeners: Listeners) -> None:
    phone, laptop = await listeners.open("ana"), await listeners.open("ana")

    await sdk("add_user_to_group", "room", "ana")
    later = await listeners.open("ana")

    assert [await is_reached_by_group(sdk, "room", each) for each in (phone, later)] == [True, False]
    assert await laptop.next_data() == "group"
    with pytest.raises(ResourceNotFoundError):
        await sdk("add_user_to_group", "room", "nobody")


@operation_test
async def remove_user_from_group(sdk: Sdk, listeners: Listeners) -> None:
    ana, bo = await listeners.open("ana", groups=["room"]), await listeners.open("bo", groups=["room"])

    await sdk("remove_user_from_group", "room", "ana")

    assert not await is_reached_by_group(sdk, "room", ana)
    assert await bo.next_data() == "group"


@operation_test
async def remove_user_from_all_groups(sdk: Sdk, listeners: Listeners) -> None:
    ana = await listeners.open("ana", groups=["room", "other"])

    await sdk("remove_user_from_all_groups", "ana")

    assert not await is_reached_by_group(sdk, "room", ana)
    assert not await is_reached_by_group(sdk, "other", ana)


@operation_test
async def list_connections(sdk: Sdk, listeners: Listeners) -> None:
    users = ["ana", "bo", None]
    expected = {(await listeners.open(user, groups=["room"])).id: user for user in users}

    everyone = await sdk("list_connections", group="room", maxpagesize=2)
    one = await sdk("list_connections", group="room", top=1)
    none = await sdk("list_connections", group="empty")

    assert {member.connection_id: member.user_id for member in everyone} == expected
    assert len(everyone) == 3
    assert one[0].connection_id in expected
    assert (len(one), none) == (1, [])


# --- what exists -----------------------------------------------------------------


@operation_test
async def connection_exists(sdk: Sdk, listeners: Listeners) -> None:
    ana = await listeners.open("ana")

    assert await sdk("connection_exists", ana.id) is True
    assert await sdk("connection_exists", "unknown") is False


@operation_test
async def group_exists(sdk: Sdk, listeners: Listeners) -> None:
    await listeners.open("ana", groups=["room"])

    assert await sdk("group_exists", "room") is True
    assert await sdk("group_exists", "Room") is False


@operation_test
async def user_exists(sdk: Sdk, listeners: Listeners) -> None:
    await listeners.open("ana")

    assert await sdk("user_exists", "ana") is True
    assert await sdk("user_exists", "Ana") is False


# --- closing ---------------------------------------------------------------------


DISCONNECTED = {
    "type": "system",
    "event": "disconnected",
    "message": "Application server closed the connection. Reason: enough",
}


async def is_open(listener: Any) -> bool:
    return bool(await listener.ask({"type": "ping"}) == {"type": "pong"})


@operation_test
async def close_connection(sdk: Sdk, listeners: Listeners) -> None:
    ana, bo = await listeners.open("ana"), await listeners.open("bo")

    await sdk("close_connection", ana.id, reason="enough")
    await sdk("close_connection", "unknown")

    assert await ana.next() == DISCONNECTED
    assert await ana.close_code() == 1000
    assert await is_open(bo)


@operation_test
async def close_all_connections(sdk: Sdk, listeners: Listeners) -> None:
    ana, bo = await listeners.open("ana"), await listeners.open("bo")

    await sdk("close_all_connections", excluded=[bo.id], reason="enough")

    assert await ana.next() == DISCONNECTED
    assert await is_open(bo)


@operation_test
async def close_group_connections(sdk: Sdk, listeners: Listeners) -> None:
    ana, bo, cleo = [await listeners.open(groups=groups) for groups in (["room"], ["room"], [])]

    await sdk("close_group_connections", "room", excluded=[bo.id], reason="enough")

    assert await ana.next() == DISCONNECTED
    assert await is_open(bo)
    assert await is_open(cleo)


@operation_test
async def close_user_connections(sdk: Sdk, listeners: Listeners) -> None:
    phone, laptop, bo = await listeners.open("ana"), await listeners.open("ana"), await listeners.open("bo")

    await sdk("close_user_connections", "ana", excluded=[laptop.id], reason="enough")

    assert await phone.next() == DISCONNECTED
    assert await is_open(laptop)
    assert await is_open(bo)


# --- permissions -----------------------------------------------------------------

PUBLISH = {"type": "sendToGroup", "group": "room", "dataType": "text", "data": "hi"}


@operation_test
async def grant_permission(sdk: Sdk, listeners: Listeners) -> None:
    ana = await listeners.open("ana")
    refused = await ana.ask({**PUBLISH, "ackId": 1})

    await sdk("grant_permission", "sendToGroup", ana.id, target_name="room")

    assert refused["success"] is False
    assert await ana.ask({**PUBLISH, "ackId": 2}) == {"type": "ack", "ackId": 2, "success": True}
    with pytest.raises(ResourceNotFoundError):
        await sdk("grant_permission", "sendToGroup", "unknown", target_name="room")


@operation_test
async def revoke_permission(sdk: Sdk, listeners: Listeners) -> None:
    ana = await listeners.open("ana", roles=["webpubsub.sendToGroup"])

    await sdk("revoke_permission", "sendToGroup", ana.id, target_name="room")
    await sdk("revoke_permission", "sendToGroup", "unknown", target_name="room")

    refused = await ana.ask({**PUBLISH, "ackId": 1})
    allowed = await ana.ask({**PUBLISH, "group": "other", "ackId": 2})
    assert (refused["success"], allowed["success"]) == (False, True)


@operation_test
async def has_permission(sdk: Sdk, listeners: Listeners) -> None:
    ana = await listeners.open("ana", roles=["webpubsub.joinLeaveGroup.room"])

    assert await sdk("has_permission", "joinLeaveGroup", ana.id, target_name="room") is True
    assert await sdk("has_permission", "joinLeaveGroup", ana.id, target_name="other") is False
    assert await sdk("has_permission", "sendToGroup", ana.id, target_name="room") is False


# --- tokens ----------------------------------------------------------------------


@operation_test
async def get_client_access_token(sdk: Sdk, listeners: Listeners) -> None:
    token = await sdk(
        "get_client_access_token",
        user_id="ana",
        roles=["webpubsub.sendToGroup.room"],
        groups=["room"],
        minutes_to_expire=5,
    )

    ana = await listeners.open_url(token["url"])

    assert token["url"] == f"{token['baseUrl']}?access_token={token['token']}"
    assert ana.user_id == "ana"
    assert (await ana.ask({**PUBLISH, "ackId": 1}))["data"] == "hi"
