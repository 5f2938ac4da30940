"""Both clients of azure-messaging-webpubsubservice, called in the same way."""

import asyncio
import inspect
from typing import Any

from azure.messaging.webpubsubservice import WebPubSubServiceClient
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient as AsyncWebPubSubServiceClient


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
