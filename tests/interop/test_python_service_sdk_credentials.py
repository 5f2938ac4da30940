"""Credentials, addresses and refusals of azure-messaging-webpubsubservice, sync and aio, on the embedded service."""

import time

import jwt
import pytest
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.core.rest import HttpRequest
from azure.messaging.webpubsubservice import WebPubSubServiceClient
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient as AsyncWebPubSubServiceClient

from local_azure.pytest_plugin import WebPubSub
from local_azure.webpubsub import Settings
from tests.interop.link import connection_string_at
from tests.interop.listening import HUB, Listeners
from tests.interop.python_service_sdk import Sdk


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
