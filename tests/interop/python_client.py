"""azure-messaging-webpubsubclient, sync and aio, called in the same way."""

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any

from azure.messaging.webpubsubclient import WebPubSubClient, WebPubSubClientCredential
from azure.messaging.webpubsubclient.aio import WebPubSubClient as AsyncWebPubSubClient
from azure.messaging.webpubsubclient.aio import WebPubSubClientCredential as AsyncWebPubSubClientCredential
from azure.messaging.webpubsubclient.models import CallbackType

# The sync client's threads may outlive their test, and must not log into the tests after it in the same process.
logging.getLogger("websocket").propagate = False

# No retries and short waits: a refusal is then reported at once instead of after four attempts.
SHORT_WAITS = {
    "message_retry_total": 0,
    "reconnect_retry_backoff_factor": 0.05,
    "ack_timeout": 5.0,
    "start_timeout": 5.0,
}


class PythonClient:
    """One client of either kind; what its callbacks were given is kept by their names."""

    def __init__(self, kind: str, url: Callable[[], str], **options: object) -> None:
        settings: dict[str, Any] = {**SHORT_WAITS, **options}
        self.sdk: WebPubSubClient | AsyncWebPubSubClient
        if kind == "sync":
            self.sdk = WebPubSubClient(WebPubSubClientCredential(url), **settings)
        else:

            async def fresh_url() -> str:
                return url()

            self.sdk = AsyncWebPubSubClient(AsyncWebPubSubClientCredential(fresh_url), **settings)
        self.received: dict[CallbackType, list[Any]] = {event: [] for event in CallbackType}
        self._kind = kind

    async def __call__(self, operation: str, *arguments: object, **options: object) -> Any:
        """Call an operation of the client."""
        method = getattr(self.sdk, operation)
        if inspect.iscoroutinefunction(method):
            return await method(*arguments, **options)
        return await asyncio.to_thread(method, *arguments, **options)

    async def listen(self) -> None:
        """Subscribe to every kind of callback."""
        for event in CallbackType:
            await self("subscribe", event, self.listener(self.received[event].append))

    def listener(self, function: Callable[[Any], None]) -> Callable[..., Any]:
        """Return the function as this client wants its callbacks: a coroutine function or a plain one."""
        if self._kind == "sync":
            return lambda *arguments: function(arguments[0] if arguments else None)

        async def awaited(*arguments: object) -> None:
            function(arguments[0] if arguments else None)

        return awaited

    def texts(self) -> list[object]:
        """Return the data of the group messages so far, by sequence id where they have one."""
        messages = list(self.received[CallbackType.GROUP_MESSAGE])
        # The sync client starts a thread for each message, so its callbacks may overtake each other.
        return [message.data for message in sorted(messages, key=lambda message: message.sequence_id or 0)]

    def connection_ids(self) -> list[str]:
        """Return the connection ids of the `connected` callbacks so far."""
        return [arguments.connection_id for arguments in self.received[CallbackType.CONNECTED]]
