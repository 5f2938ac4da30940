"""Metadata from a client or a REST call to clients and to the event handler, and back."""

from aiohttp import web
from azure.messaging.webpubsubservice import WebPubSubServiceClient

from local_azure.pytest_plugin import WebPubSub
from tests.interop.listening import HUB, Listeners
from tests.interop.webhook import Webhook

PUBLISH = {"type": "sendToGroup", "group": "room", "dataType": "text", "data": "hi"}


async def test_metadata_of_a_client_reaches_the_groups_members(listeners: Listeners) -> None:
    """Metadata arrives with its message (W-086), and also without any data (W-069)."""
    ana = await listeners.open("ana", roles=["webpubsub.sendToGroup"])
    bo = await listeners.open("bo", groups=["room"])

    await ana.ask({**PUBLISH, "metadata": {"Kind": "greeting", "n": "1"}, "ackId": 1})
    await ana.ask({"type": "sendToGroup", "group": "room", "metadata": {"kind": "alone"}, "ackId": 2})

    first, second = await bo.next(), await bo.next()
    assert (first["data"], first["metadata"]) == ("hi", {"Kind": "greeting", "n": "1"})
    assert (second["dataType"], second["data"], second["metadata"]) == ("text", "", {"kind": "alone"})


async def test_metadata_of_a_rest_call_by_the_official_sdk_reaches_clients(
    web_pubsub: WebPubSub, listeners: Listeners
) -> None:
    """W-193: the SDK has no option for it, but takes headers."""
    bo = await listeners.open("bo", groups=["room"])

    with WebPubSubServiceClient.from_connection_string(web_pubsub.connection_string, HUB) as sdk:
        headers = {"X-WebPubSub-Metadata-Kind": "news"}
        sdk.send_to_group("room", "hi", content_type="text/plain", headers=headers)

    assert (await bo.next())["metadata"] == {"kind": "news"}


async def test_metadata_of_an_event_and_of_its_answer_is_sent_in_headers(
    listeners: Listeners, webhook: Webhook
) -> None:
    """Headers of the answer become metadata, with keys in lower case (W-167)."""
    webhook.answers["move"] = lambda event: web.Response(
        text="seen", headers={"X-WebPubSub-Metadata-Answer-To": event.headers["x-webpubsub-metadata-kind"]}
    )
    ana = await listeners.open("ana")

    answer = await ana.ask({"type": "event", "event": "move", "data": 1, "metadata": {"kind": "opening"}, "ackId": 1})

    assert (answer["data"], answer["metadata"]) == ("seen", {"answer-to": "opening"})
