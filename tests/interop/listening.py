"""A client of the JSON subprotocol that shows frames as they are."""

from dataclasses import dataclass, field

import aiohttp
from azure.messaging.webpubsubservice import WebPubSubServiceClient

from local_azure.pytest_plugin import WebPubSub
from tests.interop.waiting import WAIT_SECONDS

HUB = "Sample_ChatApp"

Frame = dict[str, object]


class Listener:
    """A bare JSON client: its connection id, and the messages that reach it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, connected: Frame) -> None:
        self.id = str(connected["connectionId"])
        self.user_id = connected["userId"]
        self._socket = socket

    async def next(self) -> Frame:
        """Return the next frame."""
        frame: Frame = await self._socket.receive_json(timeout=WAIT_SECONDS)
        return frame

    async def next_data(self) -> object:
        """Return the data of the next frame, which must be a message."""
        frame = await self.next()
        assert frame["type"] == "message", frame
        return frame["data"]

    async def ask(self, request: Frame) -> Frame:
        """Send a frame and return the next one."""
        await self._socket.send_json(request)
        return await self.next()

    async def close(self) -> None:
        """Close the connection with a close frame of code 1000."""
        await self._socket.close()

    async def close_code(self) -> int | None:
        """Wait for the close frame and return its code."""
        while not self._socket.closed:
            await self._socket.receive(timeout=WAIT_SECONDS)
        return self._socket.close_code


@dataclass
class Listeners:
    """Opens bare clients with a token of the official SDK."""

    service: WebPubSub
    session: aiohttp.ClientSession
    opened: list[Listener] = field(default_factory=list)

    async def open(
        self,
        user: str | None = None,
        *,
        groups: list[str] | None = None,
        roles: list[str] | None = None,
        query: str = "",
    ) -> Listener:
        """Connect to the hub; the connection is registered when this returns."""
        with WebPubSubServiceClient.from_connection_string(self.service.connection_string, HUB) as sdk:
            token = sdk.get_client_access_token(user_id=user, groups=groups, roles=roles)
        return await self.open_url(f"{token['url']}&{query}" if query else token["url"])

    async def open_url(self, url: str) -> Listener:
        """Connect with a URL that an SDK made."""
        socket = await self.session.ws_connect(url, protocols=["json.webpubsub.azure.v1"])
        # aiohttp closes a socket to which there is no reference any more.
        self.opened.append(Listener(socket, await socket.receive_json(timeout=WAIT_SECONDS)))
        return self.opened[-1]
