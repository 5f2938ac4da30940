"""What the tests of invocations share: a client that invokes, and answers that wait."""

import asyncio
import json
from typing import Any

from aiohttp import web

from local_azure.webpubsub import Service
from tests.local_azure.webpubsub.harness import HUB, Client, Received

INVALID = (1007, "The client message is not a valid JSON protocol message.")


async def invoke(client: Client, event: str = "sum", invocation_id: str = "1", **properties: Any) -> None:
    """Send an invocation."""
    await client.send("invoke", invocationId=invocation_id, target="event", event=event, **properties)


async def answer_to(client: Client, event: str = "sum", **properties: Any) -> dict[str, Any]:
    """Invoke and return the next frame, which must be the answer, without its type and id."""
    await invoke(client, event, "i-1", **properties)
    frame = await client.receive()
    assert (frame.pop("type"), frame.pop("invocationId")) == ("invokeResponse", "i-1")
    return frame


def pending(service: Service, client: Client) -> int:
    """Return how many answers the service still owes the client."""
    connection = service.hubs.hub(HUB).connection(client.id)
    return len(connection.invocations) if connection and connection.invocations is not None else 0


class Gate:
    """Answers of a handler that wait until the gate is opened; then each is the body of its request."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()

    async def __call__(self, request: Received) -> web.Response:
        await self.opened.wait()
        return web.json_response(json.loads(request.body or b"null"))
