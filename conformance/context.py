"""What a case works with: names of its own, clients, REST calls and the events of its own connections.

Everything that a case opens is closed when it ends.
"""

import time
from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import ClientSession, ClientWSTimeout
from yarl import URL

from conformance.clients import JSON, PROTOBUF, RELIABLE_JSON, RELIABLE_PROTOBUF, Client, ProtobufClient
from conformance.event_handler import CaseEvents, EventHandler
from conformance.expectations import NotRun, expect
from conformance.http_answer import HttpAnswer
from conformance.hubs import EVENTS, hub_name
from conformance.stream_client import StreamClient, open_stream_client
from conformance.target import Target
from conformance.tokens import sign_token

EVERYTHING = ("webpubsub.sendToGroup", "webpubsub.joinLeaveGroup")
API_VERSION = "2024-12-01"
TOKEN_SECONDS = 600
CLOSE_SECONDS = 1.0
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


class Response(HttpAnswer):
    """The answer to a REST call."""

    __slots__ = ()

    @property
    def error_code(self) -> str | None:
        """The header that names the error."""
        return self.headers.get("x-ms-error-code")


@dataclass
class Context:
    """The means of one case. `key` is the begin of its user ids and group names."""

    target: Target
    number: str
    key: str
    http: ClientSession
    stack: AsyncExitStack
    handler: EventHandler | None = None
    _hub: str | None = field(default=None)

    @property
    def hub(self) -> str:
        """The hub of the case: without event handlers, shared with other cases, unless the case chose one."""
        return self._hub or self.target.hub

    @property
    def own_hub(self) -> str:
        """The name of a hub that is this case's alone."""
        return hub_name(self.target.hub, self.number.replace("-", "").lower())

    def use_own_hub(self) -> None:
        """Use this case's own hub from now on: for what concerns every connection of a hub."""
        self._hub = self.own_hub

    def use_hub(self, kind: str) -> None:
        """Use one of the hubs of the settings file from now on."""
        self._hub = hub_name(self.target.hub, kind)

    def use_events(self, kind: str = EVENTS) -> CaseEvents:
        """Use a hub whose events go to this machine, and return those of this case."""
        if self.handler is None:
            raise NotRun("needs --handler-url")
        self.use_hub(kind)
        return self.handler.add_case(self.key, self.target.wait_seconds)

    def name(self, word: str) -> str:
        """Return a name that no other case and no other run uses, for a user or a group."""
        return f"{self.key}-{word}"

    # Tokens

    def claims(
        self, user: str | None = None, roles: Sequence[str] = EVERYTHING, groups: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Return the claims of a valid client token."""
        claims: dict[str, Any] = {"aud": self.target.client_audience(self.hub), "exp": int(time.time()) + TOKEN_SECONDS}
        claims |= {"sub": user} if user is not None else {}
        claims |= {"role": list(roles)} if roles else {}
        return claims | ({"webpubsub.group": list(groups)} if groups else {})

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a token with these claims, signed with the access key."""
        return sign_token(self.target.access_key, claims)

    def token(self, user: str | None = None, roles: Sequence[str] = EVERYTHING, groups: Sequence[str] = ()) -> str:
        """Return a valid client token."""
        return self.sign(self.claims(user, roles, groups))

    # Clients

    def url(self, /, hub: str | None = None, **query: str) -> str:
        """Return a client URL; the handler sees by `case` whose connection it is."""
        return self.target.client_url(hub or self.hub, query | {"case": self.key})

    async def connect(
        self,
        user: str | None = None,
        *,
        subprotocol: str | None = JSON,
        roles: Sequence[str] = EVERYTHING,
        groups: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Client:
        """Return a client with a valid token; a JSON one has read its `connected` frame."""
        return await self.open(
            self.url(access_token=self.token(user, roles, groups), **(query or {})), subprotocol, headers
        )

    async def open(self, url: str, subprotocol: str | None = JSON, headers: Mapping[str, str] | None = None) -> Client:
        """Return a client of any URL; a JSON one has read its `connected` frame."""
        client = await self._open(url, (subprotocol,) if subprotocol else (), headers)
        if client.socket.protocol in (JSON, RELIABLE_JSON):
            client.connected = await client.receive()
        return client

    async def connect_protobuf(
        self,
        user: str | None = None,
        *,
        subprotocol: str = PROTOBUF,
        roles: Sequence[str] = EVERYTHING,
        groups: Sequence[str] = (),
    ) -> ProtobufClient:
        """Return a protobuf client that has read nothing yet."""
        token = self.token(user, roles, groups)
        client = await self._open(self.url(access_token=token), (subprotocol,))
        if not isinstance(client, ProtobufClient):
            raise NotRun(f"the target does not choose {subprotocol}")
        return client

    async def connect_fragments(self, user: str | None = None) -> StreamClient:
        """Return a JSON client that writes frames itself; its `connected` frame is not read."""
        url = self.url(access_token=self.token(user))
        client = await open_stream_client(url, JSON, self.target.wait_seconds)
        self.stack.push_async_callback(client.close)
        return client

    async def recover(
        self, lost: Client, subprotocol: str = RELIABLE_JSON, *, hub: str | None = None, **query: str
    ) -> Client:
        """Return a client that asks for the connection of one that lost its socket."""
        query = {
            "awps_connection_id": lost.id,
            "awps_reconnection_token": str(lost.connected.get("reconnectionToken", "")),
        } | query
        client = await self._open(self.target.client_url(hub or self.hub, query), (subprotocol,), recovers=True)
        client.connected = lost.connected
        return client

    async def _open(
        self, url: str, offered: Sequence[str], headers: Mapping[str, str] | None = None, *, recovers: bool = False
    ) -> Client:
        socket = await self.http.ws_connect(
            url, protocols=offered, headers=headers, max_msg_size=0, timeout=ClientWSTimeout(ws_close=CLOSE_SECONDS)
        )
        self.stack.push_async_callback(socket.close)
        kind = ProtobufClient if socket.protocol in (PROTOBUF, RELIABLE_PROTOBUF) else Client
        return kind(socket, self.target.wait_seconds, recovers=recovers)

    async def handshake(
        self, url: str, *subprotocols: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Return the status and the body of a handshake; the body of 101 is empty."""
        offered = {"Sec-WebSocket-Protocol": ", ".join(subprotocols)} if subprotocols else {}
        async with self.http.get(url, headers=HANDSHAKE | offered | dict(headers or {})) as response:
            return response.status, "" if response.status == 101 else await response.text()

    # REST

    async def rest(
        self,
        method: str,
        path: str,
        *,
        hub: str | None = None,
        query: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: str | bytes | AsyncIterable[bytes] | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        api_version: str | None = API_VERSION,
    ) -> Response:
        """Return the answer to a call; `path` is encoded and below the hub, `token` replaces the valid one."""
        pairs = [*(query.items() if isinstance(query, Mapping) else query)]
        pairs += [("api-version", api_version)] if api_version is not None else []
        address = f"{self.target.endpoint}/api/hubs/{hub or self.hub}/{path}"
        sent = {"Authorization": f"Bearer {token or self.rest_token(address)}"} | dict(headers or {})
        sent |= {"Content-Type": content_type} if content_type else {}
        data = body.encode() if isinstance(body, str) else body
        async with self.http.request(
            method,
            URL(f"{address}?{urlencode(pairs)}", encoded=True),
            data=data,
            headers=sent,
            skip_auto_headers=["Content-Type"],
        ) as response:
            return Response(response.status, response.headers, await response.read())

    def rest_token(self, audience: str, *, seconds: int = TOKEN_SECONDS) -> str:
        """Return a token for REST calls of this address."""
        return self.sign({"aud": audience, "exp": int(time.time()) + seconds})

    async def succeed(self, status: int, method: str, path: str, **call: Any) -> Response:
        """Make a REST call that must have this status."""
        response = await self.rest(method, path, **call)
        expect(f"the status of {method} {path.partition('?')[0]}", response.status, status)
        return response

    async def send(self, path: str, text: str, content_type: str = "text/plain", **call: Any) -> None:
        """Send a message by REST; `path` is a group, a user, a connection, or empty for the hub."""
        target = f"{path}/:send" if path else ":send"
        await self.succeed(202, "POST", target, body=text, content_type=content_type, **call)


def segment(text: str) -> str:
    """Return a name for a path."""
    return quote(text, safe="")


def group_path(group: str) -> str:
    """Return the path of a group."""
    return f"groups/{segment(group)}"


def user_path(user: str) -> str:
    """Return the path of a user."""
    return f"users/{segment(user)}"


def connection_path(client: Client) -> str:
    """Return the path of a connection."""
    return f"connections/{segment(client.id)}"


def permission_path(permission: str, connection_id: str) -> str:
    """Return the path of a permission of a connection."""
    return f"permissions/{permission}/connections/{segment(connection_id)}"
