"""The official Python service SDK works unchanged: every public operation, blocking and asyncio."""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.messaging.webpubsubservice import WebPubSubServiceClient
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient as AioClient

from local_azure.webpubsub import Service
from tests.local_azure.webpubsub.harness import HUB, JSON, Harness

Operate = Callable[..., Awaitable[Any]]
"""Calls an operation of either SDK by its name and returns its result; lists come whole."""


async def collected(result: Any) -> Any:
    """Return an asyncio SDK's result."""
    if hasattr(result, "__aiter__"):
        return [item async for item in result]
    return await result if inspect.isawaitable(result) else result


def called(client: Any, operation: str, *args: Any, **kwargs: Any) -> Any:
    """Return the blocking SDK's result."""
    result = getattr(client, operation)(*args, **kwargs)
    return list(result) if operation == "list_connections" else result


@pytest.fixture(params=["blocking", "asyncio"])
def operate(request: pytest.FixtureRequest, service: Service) -> Operate:
    """Either SDK, with a fresh client for each call."""

    async def blocking(operation: str, *args: Any, **kwargs: Any) -> Any:
        with WebPubSubServiceClient.from_connection_string(service.connection_string, hub=HUB) as client:
            return await asyncio.to_thread(called, client, operation, *args, **kwargs)

    async def non_blocking(operation: str, *args: Any, **kwargs: Any) -> Any:
        async with AioClient.from_connection_string(service.connection_string, hub=HUB) as client:
            return await collected(getattr(client, operation)(*args, **kwargs))

    return blocking if request.param == "blocking" else non_blocking


@pytest.mark.parametrize("client", [WebPubSubServiceClient, AioClient], ids=["blocking", "asyncio"])
def test_every_public_operation_of_the_sdk_is_called_here(client: type) -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    called_here = set(re.findall(r'operate\("(\w+)"', source)) | set(re.findall(r"await client\.(\w+)\(", source))

    public = {name for name, _ in inspect.getmembers(client, callable) if not name.startswith("_")}

    assert public - {"close", "from_connection_string"} <= called_here


async def test_w030_a_client_connects_with_the_url_of_the_sdk(
    harness: Harness, service: Service, operate: Operate
) -> None:
    token = await operate("get_client_access_token", user_id="ana", roles=["webpubsub.joinLeaveGroup"], groups=["g"])

    ana = await harness.open(token["url"], JSON)

    assert ana.connected["userId"] == "ana"
    assert await operate("group_exists", "g")


async def test_messages(harness: Harness, service: Service, operate: Operate) -> None:
    ana = await harness.connect(service, "ana", groups=["room"])
    bo = await harness.connect(service, "bo", groups=["room"])

    await operate("send_to_all", {"n": 1}, excluded=[bo.id])
    await operate("send_to_group", "room", "hé".encode(), content_type="text/plain", filter="userId eq 'ana'")
    await operate("send_to_user", "ana", b"\0", content_type="application/octet-stream")
    await operate("send_to_connection", ana.id, "json text")

    assert [await ana.data() for _ in range(4)] == [{"n": 1}, "hé", "AA==", "json text"]
    await bo.expect_no_message()


async def test_existence_and_membership(harness: Harness, service: Service, operate: Operate) -> None:
    ana = await harness.connect(service, "ana")
    assert await operate("connection_exists", ana.id)
    assert await operate("user_exists", "ana")
    assert not await operate("user_exists", "nobody")
    assert not await operate("connection_exists", "nobody")

    await operate("add_connection_to_group", "a", ana.id)
    await operate("add_user_to_group", "b", "ana")
    assert await operate("group_exists", "a")
    await operate("remove_connection_from_group", "a", ana.id)
    assert not await operate("group_exists", "a")
    await operate("remove_user_from_group", "b", "ana")
    assert not await operate("group_exists", "b")
    await operate("add_user_to_group", "c", "ana")
    await operate("remove_user_from_all_groups", "ana")
    assert not await operate("group_exists", "c")
    await operate("add_user_to_group", "d", "ana")
    await operate("remove_connection_from_all_groups", ana.id)
    assert not await operate("group_exists", "d")
    with pytest.raises(ResourceNotFoundError):
        await operate("add_connection_to_group", "a", "nobody")


async def test_permissions(harness: Harness, service: Service, operate: Operate) -> None:
    ana = await harness.connect(service, "ana", roles=[])
    permission = ("joinLeaveGroup", ana.id)

    assert not await operate("has_permission", *permission, target_name="room")
    await operate("grant_permission", *permission, target_name="room")
    assert await operate("has_permission", *permission, target_name="room")
    await operate("revoke_permission", *permission, target_name="room")
    assert not await operate("has_permission", *permission, target_name="room")


async def test_closing(harness: Harness, service: Service, operate: Operate) -> None:
    clients = [await harness.connect(service, user, groups=["room"]) for user in ("ana", "bo", "cy", "di", "ed")]

    await operate("close_connection", clients[0].id, reason="one")
    await operate("close_user_connections", "bo", reason="two")
    await operate("close_group_connections", "room", excluded=[clients[3].id, clients[4].id], reason="three")
    await operate("close_all_connections", excluded=[clients[4].id], reason="four")

    said = [(await client.receive())["message"].rpartition("Reason: ")[2] for client in clients[:4]]
    assert said == ["one", "two", "three", "four"]
    await clients[4].expect_no_message()


async def test_w188_members_are_listed_over_several_pages(harness: Harness, service: Service, operate: Operate) -> None:
    clients = [await harness.connect(service, f"u{n}", groups=["my room"]) for n in range(5)]

    members = await operate("list_connections", group="my room", maxpagesize=2)

    assert sorted(member.connection_id for member in members) == sorted(client.id for client in clients)
    assert {member.user_id for member in members} == {f"u{n}" for n in range(5)}


async def test_errors_arrive_as_the_errors_of_the_sdk(service: Service, operate: Operate) -> None:
    with pytest.raises(HttpResponseError, match="Invalid syntax for 'userId lt 1'") as error:
        await operate("send_to_all", "x", filter="userId lt 1")
    assert error.value.status_code == 400


async def test_a_wrong_key_is_an_authentication_error(service: Service) -> None:
    wrong = f"Endpoint={service.endpoint};AccessKey={'x' * 32};Version=1.0;"

    async with AioClient.from_connection_string(wrong, hub=HUB) as client:
        with pytest.raises(ClientAuthenticationError):
            await client.send_to_all("x")


async def test_operations_without_a_wrapper(harness: Harness, service: Service) -> None:
    """The SDK's `send_request` signs any request."""
    from azure.core.rest import HttpRequest

    ana = await harness.connect(service, "ana")
    async with AioClient.from_connection_string(service.connection_string, hub=HUB) as client:

        async def send(method: str, path: str, **content: Any) -> Any:
            request = HttpRequest(method, f"{service.endpoint}{path}?api-version=2024-12-01", **content)
            return await client.send_request(request)

        joined = await send("POST", "/api/hubs/chat/:addToGroups", json={"groups": ["x"], "filter": "userId eq 'ana'"})
        members = await send("GET", "/api/hubs/chat/groups/x/connections")
        left = await send("POST", "/api/hubs/chat/:removeFromGroups", json={"groups": ["x"]})
        healthy = await send("HEAD", "/api/health")

    assert [joined.status_code, left.status_code, healthy.status_code] == [200, 200, 200]
    assert members.json() == {"value": [{"connectionId": ana.id, "userId": "ana"}], "nextLink": None}
