"""A file of another project that mypy examines strictly against the types of the installed package."""

from collections.abc import Iterator

import pytest

import local_azure
from local_azure.testing import NotPublished, PublishedMessage, SentEvent, TableStorage, WebPubSub
from local_azure.webpubsub import EventHandler, HubSettings, Settings


@pytest.fixture
def web_pubsub_settings() -> Settings:
    return Settings(hubs={"chat": HubSettings(event_handlers=[EventHandler("http://localhost:1/{event}")])})


def read_texts(web_pubsub: WebPubSub) -> list[str]:
    messages: list[PublishedMessage] = web_pubsub.published("room")
    events: list[SentEvent] = web_pubsub.events("message", user="ana")
    return [message.text for message in messages] + [event.name for event in events]


def serve() -> Iterator[tuple[WebPubSub, TableStorage]]:
    with local_azure.running(Settings()) as web_pubsub, local_azure.running_table_storage() as storage:
        yield web_pubsub, storage


def wait(web_pubsub: WebPubSub) -> str | None:
    try:
        return web_pubsub.wait_until_published("room", count=2)[0].from_user
    except NotPublished:
        return None
