"""What we ask of the Web PubSub service; every call has a timeout. All but publishing uses the official SDK.

The client is kept between events, so that its connections stay open. The SDK is imported when it is first needed: an
app that only serves its page does not load it.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote
from urllib.request import getproxies

from chat.correlation import REQUEST_ID, call_headers, call_span, new_call_id
from chat.entra_tokens import EntraTokens, app_credential
from chat.errors import ServiceUnavailable
from chat.http_connections import close_with_loop
from chat.publishing import API_VERSION, Publisher, authorize_with_key
from chat.settings import Settings

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest
    from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

CALL_SECONDS = 5.0
CONNECT_SECONDS = 2.0
READ_SECONDS = 4.0
SCOPE = "https://webpubsub.azure.com/.default"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Member:
    """A connection in a group; connections without a user have None."""

    connection_id: str
    user_id: str | None


class ConnectionClosed(ServiceUnavailable):
    """The connection does not exist any more."""


@dataclass(slots=True)
class Gateway:
    """The service's REST API, as far as the chat uses it; `name` is the endpoint and the hub.

    Each method raises ServiceUnavailable when it fails.
    """

    client: "WebPubSubServiceClient"
    publisher: Publisher
    name: str
    call_seconds: float = CALL_SECONDS
    _closer: AsyncGenerator[None, None] | None = field(default=None)

    async def client_url(self, user: str, groups: Sequence[str], minutes: int, roles: Sequence[str] = ()) -> str:
        """Return a ws(s) URL with a token that can be used to connect for that many minutes."""
        token = self.client.get_client_access_token(
            user_id=user, groups=list(groups), roles=list(roles), minutes_to_expire=minutes
        )
        return str((await self._within_limit("make a token", token))["url"])

    async def publish(self, group: str, frame: dict[str, Any], *, excluded: str | None = None) -> None:
        """Send a frame to every connection in the group, except the excluded one."""
        with call_span("publish", frame):
            await self.publisher.publish(group, frame, excluded, self.call_seconds)

    async def join(self, connection_id: str, groups: Sequence[str]) -> None:
        """Make a connection a member of the groups; after an error it may be a member of some of them.

        Raises ConnectionClosed when there is no such connection.
        """
        calls = [self._add(connection_id, group) for group in groups]
        await self._within_limit("join the room", _all_or_error(calls))

    async def _add(self, connection_id: str, group: str) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        try:
            await self.client.add_connection_to_group(group, connection_id)
        except ResourceNotFoundError as problem:
            raise ConnectionClosed("the connection has ended") from problem

    async def leave(self, connection_id: str, groups: Sequence[str]) -> None:
        """End a connection's membership in the groups."""
        calls = [self.client.remove_connection_from_group(group, connection_id) for group in groups]
        await self._within_limit("leave the room", asyncio.gather(*calls))

    async def join_groups(self, connection_id: str, groups: Sequence[str]) -> None:
        """Make a connection a member of many groups by one call; one that has ended is left alone."""
        await self._within_limit("mark the connection", self._change_groups("addToGroups", connection_id, groups))

    async def leave_groups(self, connection_id: str, groups: Sequence[str]) -> None:
        """End a connection's membership in many groups by one call; one that has ended is left alone."""
        await self._within_limit("mark the connection", self._change_groups("removeFromGroups", connection_id, groups))

    async def _change_groups(self, operation: str, connection_id: str, groups: Sequence[str]) -> None:
        from azure.core.rest import HttpRequest

        # The SDK has no method for this operation; `send_request` signs any request.
        hub, quoted = quote(self.name.rpartition("/")[2], safe=""), connection_id.replace("'", "''")
        content = {"groups": list(groups), "filter": f"connectionId eq '{quoted}'"}
        request = HttpRequest(
            "POST", f"/api/hubs/{hub}/:{operation}", params={"api-version": API_VERSION}, json=content
        )
        response = await self.client.send_request(request)
        response.raise_for_status()

    async def remove_user(self, user: str, groups: Sequence[str]) -> None:
        """End the membership of all connections of a user in the groups; a user without connections is no error."""
        calls = [self.client.remove_user_from_group(group, user) for group in groups]
        await self._within_limit("remove the user from the room", _all_or_error(calls))

    async def exists(self, connection_id: str) -> bool:
        """Return whether the connection has not ended."""
        return await self._within_limit("say whether a connection exists", self.client.connection_exists(connection_id))

    async def close(self, connection_id: str, reason: str) -> None:
        """End a connection; its client is told the reason. One that has ended already is left alone."""
        await self._within_limit("end a connection", self._close(connection_id, reason))

    async def _close(self, connection_id: str, reason: str) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        with suppress(ResourceNotFoundError):
            await self.client.close_connection(connection_id, reason=reason)

    async def members(self, group: str, limit: int) -> list[Member]:
        """Return the connections in the group now, at most `limit` of them."""
        return await self._within_limit("say who is in the room", self._members(group, limit))

    async def _members(self, group: str, limit: int) -> list[Member]:
        # The SDK reads page after page; a service may ignore `top`.
        members: list[Member] = []
        async for member in self.client.list_connections(group=group, top=limit):
            members.append(Member(member.connection_id, member.user_id))
            if len(members) == limit:
                break
        return members

    async def close_with_loop(self) -> None:
        """Let the event loop close our connections when it shuts down."""
        self._closer = await close_with_loop(self.client.close)

    async def _within_limit(self, what: str, call: Awaitable[T]) -> T:
        from azure.core.exceptions import AzureError

        try:
            async with asyncio.timeout(self.call_seconds):
                return await call
        except (AzureError, TimeoutError) as problem:
            raise ServiceUnavailable(f"the Web PubSub service did not {what}") from problem


async def _all_or_error(calls: Sequence[Awaitable[Any]]) -> None:
    """Wait until all calls have ended; then raise the first error, if there is one."""
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


_Key = tuple[str, str, str | None]


@dataclass(slots=True)
class Gateways:
    """The gateways of one event loop, one for each service, hub and key."""

    kept: dict[_Key, Gateway] = field(default_factory=dict)

    async def get(self, settings: Settings) -> Gateway:
        """Return the gateway for the settings' service and hub, made at the first call.

        Raises NotConfigured when the service is not known.
        """
        connection = settings.connection
        secret = connection.access_key if connection else settings.identity_client_id
        key = (settings.endpoint, settings.hub, secret)
        if key not in self.kept:
            name = f"{settings.endpoint}/{settings.hub}"
            self.kept[key] = Gateway(_new_client(settings), _new_publisher(settings), name)
            await self.kept[key].close_with_loop()
        return self.kept[key]


def _new_client(settings: Settings) -> "WebPubSubServiceClient":
    from azure.core.credentials import AzureKeyCredential
    from azure.core.pipeline.transport import AioHttpTransport
    from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

    # The SDK logs a line for every call, which would hide the app's own lines.
    logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)
    credential: Any
    if connection := settings.connection:
        credential = AzureKeyCredential(connection.access_key)
    else:
        credential = app_credential(settings.identity_client_id, is_managed=False)
    # Reading the proxy settings of the environment costs a quarter of every call, so it is done once.
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
        # The hook sets the request id of every call; the SDK's own id, which it would replace, takes 15 µs to make.
        auto_request_id=False,
        raw_request_hook=_add_call_headers,
    )


def _new_publisher(settings: Settings) -> Publisher:
    if connection := settings.connection:
        return Publisher(settings.endpoint, settings.hub, authorize_with_key(connection.access_key))
    client_id = settings.identity_client_id
    tokens = EntraTokens(SCOPE, lambda: app_credential(client_id, is_managed=False))
    return Publisher(settings.endpoint, settings.hub, lambda _, seconds: tokens.get(seconds))


def _add_call_headers(request: "PipelineRequest[Any]") -> None:
    request.http_request.headers.update({REQUEST_ID: new_call_id()} | call_headers())
