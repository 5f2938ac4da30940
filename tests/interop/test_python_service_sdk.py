"""Every public operation of azure-messaging-webpubsubservice, sync and aio, unchanged on the embedded service."""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import jwt
import pytest
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.core.rest import HttpRequest
from azure.messaging.webpubsubservice import WebPubSubServiceClient
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient as AsyncWebPubSubServiceClient

from local_azure.pytest_plugin import WebPubSub
from local_azure.webpubsub import Settings
from tests.interop.link import connection_string_at
from tests.interop.listening import HUB, Listeners


class Sdk:
    """Either client, called in the same way: `await sdk("send_to_all", "hi")`."""

    def __init__(self, client: WebPubSubServiceClient | AsyncWebPubSubServiceClient) -> None:
        self.client = client

    async def __call__(self, operation: str, *arguments: object, **options: object) -> Any:
        """Call an operation; a listing comes back as a list."""
        method = getattr(self.client, operation)
        if inspect.iscoroutinefunction(method):
            return await method(*arguments, **options)
        result = await asyncio.to_thread(method, *arguments, **options)
        if inspect.isawaitable(result):
            return await result
        if hasattr(result, "__aiter__"):
            return [item async for item in result]
        if hasattr(result, "by_page"):
            return await asyncio.to_thread(list, result)
        return result


@pytest.fixture(params=["sync", "aio"])
async def sdk(request: pytest.FixtureRequest, web_pubsub: WebPubSub) -> AsyncIterator[Sdk]:
    if request.param == "sync":
        with WebPubSubServiceClient.from_connection_string(web_pubsub.connection_string, HUB) as client:
            yield Sdk(client)
    else:
        async with AsyncWebPubSubServiceClient.from_connection_string(web_pubsub.connection_string, HUB) as aio_client:
            yield Sdk(aio_client)


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


# --- what surrounds the operations -----------------------------------------------


async def test_a_request_of_ones_own_passes_through_the_pipeline(sdk: Sdk) -> None:
    """`send_request`, with W-005: the health check, which no method wraps."""
    response = await sdk("send_request", HttpRequest("HEAD", "/api/health"), params={"api-version": "2024-12-01"})

    assert response.status_code == 200


async def test_another_key_is_an_authentication_error(sdk: Sdk, web_pubsub: WebPubSub) -> None:
    """A call that is signed with another key is answered 401 (W-171)."""
    stranger = type(sdk.client)(web_pubsub.endpoint, HUB, AzureKeyCredential("0123456789" * 4))

    with pytest.raises(ClientAuthenticationError):
        await Sdk(stranger)("send_to_all", "hi", content_type="text/plain")
    await Sdk(stranger)("close")


async def test_a_key_credential_does_what_a_connection_string_does(
    sdk: Sdk, web_pubsub: WebPubSub, listeners: Listeners
) -> None:
    key = web_pubsub.connection_string.split("AccessKey=")[1].split(";")[0]
    client = type(sdk.client)(web_pubsub.endpoint, HUB, AzureKeyCredential(key))
    ana = await listeners.open("ana")

    await Sdk(client)("send_to_all", "hi", content_type="text/plain")

    assert await ana.next_data() == "hi"
    await Sdk(client)("close")


async def test_the_sdk_reads_the_code_of_a_refusal(sdk: Sdk) -> None:
    """W-173, W-194: the SDK reads the error body and the x-ms-error-code header."""
    with pytest.raises(HttpResponseError) as caught:
        await sdk("send_to_all", {"n": 1}, filter="userId lt 1")

    assert caught.value.status_code == 400
    assert caught.value.error is not None
    assert caught.value.error.code == "Error.BadRequest"
    assert "userId lt 1" in str(caught.value.error.message)


class UnvalidatedCredential:
    """A token in the form of Entra ID, with a signature that is not valid."""

    def get_token(self, *scopes: str, **options: object) -> AccessToken:
        expires = int(time.time()) + 3600
        claims = {"aud": scopes[0].removesuffix("/.default"), "exp": expires}
        return AccessToken(jwt.encode(claims, "somebody else's key, long enough", "HS256"), expires)


class UnvalidatedAsyncCredential:
    async def get_token(self, *scopes: str, **options: object) -> AccessToken:
        return UnvalidatedCredential().get_token(*scopes, **options)

    async def close(self) -> None: ...

    async def __aenter__(self) -> "UnvalidatedAsyncCredential":
        return self

    async def __aexit__(self, *_: object) -> None: ...


@pytest.fixture
def web_pubsub_settings() -> Settings:
    return Settings(allow_unvalidated_entra_tokens=True)


async def test_an_entra_credential_works_where_the_settings_allow_unvalidated_tokens(
    sdk: Sdk, web_pubsub: WebPubSub, listeners: Listeners
) -> None:
    """W-192: the SDK then asks the service for client tokens, because it has no key to sign them with."""
    if isinstance(sdk.client, AsyncWebPubSubServiceClient):
        client = Sdk(AsyncWebPubSubServiceClient(web_pubsub.endpoint, HUB, UnvalidatedAsyncCredential()))
    else:
        client = Sdk(WebPubSubServiceClient(web_pubsub.endpoint, HUB, UnvalidatedCredential()))

    token = await client("get_client_access_token", user_id="ana", groups=["room"], enforce_https=False)
    ana = await listeners.open_url(token["url"])
    await client("send_to_group", "room", "hi", content_type="text/plain", enforce_https=False)

    assert (ana.user_id, await ana.next_data()) == ("ana", "hi")
    await client("close")


async def test_the_endpoint_may_name_the_machine_in_another_way(web_pubsub: WebPubSub, listeners: Listeners) -> None:
    """W-030: a token is signed for the address that the client connects to."""
    other = web_pubsub.endpoint.replace("127.0.0.1", "localhost")

    with WebPubSubServiceClient.from_connection_string(
        connection_string_at(other, web_pubsub.connection_string), HUB
    ) as client:
        url = client.get_client_access_token(user_id="ana")["url"]

    assert (await listeners.open_url(url)).user_id == "ana"
