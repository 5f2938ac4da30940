"""What we ask of the Web PubSub service, with the official SDK; every call has a timeout.

One client is kept for each event loop, so its connections stay open between events. The SDK is imported when it is
first needed: an app that only serves its page never pays for it.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.request import getproxies
from uuid import uuid4
from weakref import WeakKeyDictionary

from chat.errors import ServiceUnavailable
from chat.frames import Frame
from chat.settings import Settings

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest
    from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

CALL_SECONDS = 5.0
CONNECT_SECONDS = 2.0
READ_SECONDS = 4.0
T = TypeVar("T")

REQUEST_ID = "x-ms-client-request-id"
CAUSE: ContextVar[str | None] = ContextVar("cause", default=None)
"""The request id of the event that is being handled: our calls carry it on, so that a trace can join them."""


@dataclass(frozen=True, slots=True)
class Member:
    """A connection in a group; connections without a user have None."""

    connection_id: str
    user_id: str | None


@dataclass(slots=True)
class Gateway:
    """The service's REST API, as far as the chat uses it; `name` tells which service and hub.

    Each method raises ServiceUnavailable when it fails.
    """

    client: "WebPubSubServiceClient"
    name: str
    _keeper: AsyncGenerator[None, None] | None = field(default=None)

    async def client_url(self, user: str, groups: Sequence[str], minutes: int) -> str:
        """Return a ws(s) URL with a token that can be used to connect for that many minutes."""
        token = self.client.get_client_access_token(user_id=user, groups=list(groups), minutes_to_expire=minutes)
        return str((await _bounded("make a token", token))["url"])

    async def publish(self, group: str, frame: Frame, *, excluded: str | None = None) -> None:
        """Send a frame to every connection in the group, but one."""
        call = self.client.send_to_group(
            group, frame, content_type="application/json", excluded=[excluded] if excluded else None
        )
        await _bounded("take the message", call)

    async def join(self, connection_id: str, groups: Sequence[str]) -> None:
        """Make a connection a member of the groups."""
        calls = [self.client.add_connection_to_group(group, connection_id) for group in groups]
        await _bounded("join the room", asyncio.gather(*calls))

    async def leave(self, connection_id: str, groups: Sequence[str]) -> None:
        """End a connection's membership in the groups."""
        calls = [self.client.remove_connection_from_group(group, connection_id) for group in groups]
        await _bounded("leave the room", asyncio.gather(*calls))

    async def members(self, group: str, limit: int) -> list[Member]:
        """Return the connections in the group now, at most `limit` of them."""
        return await _bounded("say who is in the room", self._members(group, limit))

    async def _members(self, group: str, limit: int) -> list[Member]:
        # Pages follow each other until there is none; `top` is a wish, which a service may not heed.
        members: list[Member] = []
        async for member in self.client.list_connections(group=group, top=limit):
            members.append(Member(member.connection_id, member.user_id))
            if len(members) == limit:
                break
        return members

    async def keep_until_the_loop_ends(self) -> None:
        """Let the loop close our connections: it finalizes its asynchronous generators when it shuts down."""
        self._keeper = self._close_at_end()
        await anext(self._keeper)

    async def _close_at_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await self.client.close()


async def _bounded(what: str, call: Awaitable[T]) -> T:
    from azure.core.exceptions import AzureError

    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await call
    except (AzureError, TimeoutError) as problem:
        raise ServiceUnavailable(f"the Web PubSub service did not {what}") from problem


_Key = tuple[str, str, str | None]
_gateways: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_Key, Gateway]] = WeakKeyDictionary()


async def gateway(settings: Settings) -> Gateway:
    """Return this loop's gateway for the settings' service and hub, made at the first call.

    Raises NotConfigured when the service is not known.
    """
    connection = settings.connection
    secret = connection.access_key if connection else settings.identity_client_id
    key = (settings.endpoint, settings.hub, secret)
    kept = _gateways.setdefault(asyncio.get_running_loop(), {})
    if key not in kept:
        kept[key] = Gateway(_new_client(settings), f"{settings.endpoint}/{settings.hub}")
        await kept[key].keep_until_the_loop_ends()
    return kept[key]


def _new_client(settings: Settings) -> "WebPubSubServiceClient":
    from azure.core.credentials import AzureKeyCredential
    from azure.core.pipeline.transport import AioHttpTransport
    from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

    # One line for every call would drown the app's own.
    logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)
    credential: Any
    if connection := settings.connection:
        credential = AzureKeyCredential(connection.access_key)
    else:
        from azure.identity.aio import DefaultAzureCredential

        credential = DefaultAzureCredential(managed_identity_client_id=settings.identity_client_id)
    # Looking for a proxy in the environment costs a quarter of every call, so it is done once.
    transport = AioHttpTransport(
        connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, use_env_settings=bool(getproxies())
    )
    return WebPubSubServiceClient(
        settings.endpoint,
        settings.hub,
        credential,
        transport=transport,
        retry_total=2,
        retry_backoff_factor=0.1,
        # The hook gives every call its id; the SDK's own, which the hook would replace, takes 15 µs to make.
        auto_request_id=False,
        raw_request_hook=_carry_cause_on,
    )


def _carry_cause_on(request: "PipelineRequest[Any]") -> None:
    request.http_request.headers[REQUEST_ID] = CAUSE.get() or str(uuid4())
