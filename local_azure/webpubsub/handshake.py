"""Decides whether a client may connect, before the WebSocket upgrade is answered.

The checks and their order are those of the official emulator; a refusal is an ordinary HTTP response.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from uuid import uuid4

from aiohttp import web
from yarl import URL

from local_azure.webpubsub.event_handlers import ConnectRequest, EventHandlers
from local_azure.webpubsub.event_handlers.requests import forwarded_headers, forwarded_query
from local_azure.webpubsub.event_handlers.responses import CONNECT_FAILED, ConnectRefused
from local_azure.webpubsub.events import EventSource
from local_azure.webpubsub.names import InvalidName, hub_key, is_group_name
from local_azure.webpubsub.protocols import Codec, InvalidRawMode, codec_for, is_predefined, parse_raw_mode
from local_azure.webpubsub.settings import Settings
from local_azure.webpubsub.tokens import ClientToken, InvalidToken, bearer, client_audience, read_client_token

log = logging.getLogger(__name__)

INVALID_GROUP_CLAIM = "The token contains an invalid group name."
NO_TOKEN = ClientToken(user_id=None, roles=(), groups=(), claims={})

_TOKEN_CHARACTERS = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

TokenReader = Callable[[str, Callable[[], ClientToken]], Awaitable[ClientToken]]
"""Called with the hub and the function that reads the token; a fault can refuse the token here."""


class HandshakeError(Exception):
    """A refusal: the handshake is answered with this status and text; an empty text is an empty body.

    `reason` is for observers of the service and is not sent to the client.
    """

    def __init__(self, status: int, text: str = "", *, reason: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RecoveryRequest:
    """A client wants to recover a reliable connection."""

    hub: str
    connection_id: str
    token: str
    subprotocols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConnectionRequest:
    """A client wants a new connection; token and raw mode have been checked."""

    hub: str
    token: ClientToken
    subprotocols: tuple[str, ...]
    origin: str
    connect: ConnectRequest = field(repr=False)
    query: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AcceptedConnection:
    """A new connection that may be opened, and what it starts with."""

    source: EventSource
    codec: Codec
    roles: tuple[str, ...]
    groups: tuple[str, ...]


async def read_handshake(
    request: web.Request, hub: str, settings: Settings, now: float, read_token: TokenReader
) -> ConnectionRequest | RecoveryRequest:
    """Return what a handshake asks for; raises `HandshakeError`. `now` is in seconds since the epoch."""
    subprotocols = _offered_subprotocols(request)
    if not _is_handshake(request, subprotocols):
        raise HandshakeError(400, "The request is not a WebSocket handshake.")
    try:
        hub = hub_key(hub)
    except InvalidName as error:
        raise HandshakeError(400, f"Invalid hub: {error}") from None
    query = tuple(request.query.items())
    connection_id = _first_value(query, "awps_connection_id")
    if connection_id:
        return RecoveryRequest(hub, connection_id, _first_value(query, "awps_reconnection_token") or "", subprotocols)
    token = await _token(request, hub, settings, now, read_token)
    if not all(map(is_group_name, token.groups)):
        raise HandshakeError(400, INVALID_GROUP_CLAIM)
    try:
        parse_raw_mode(query)
    except InvalidRawMode as error:
        raise HandshakeError(400, str(error)) from None
    connect = ConnectRequest(
        token.claims, forwarded_query(query), forwarded_headers(request.headers.items()), subprotocols
    )
    return ConnectionRequest(hub, token, subprotocols, _host_name(request), connect, query)


async def accept_connection(
    request: ConnectionRequest, handlers: EventHandlers, *, streams: bool = True
) -> AcceptedConnection:
    """Ask the hub's `connect` handler, if it has one, and return what the connection starts with.

    `streams` says whether the client may stream to groups.
    Raises `HandshakeError` with the handler's status, or 500 when there was no usable response.
    """
    token = request.token
    source = EventSource(request.hub, uuid4().hex, request.origin, token.user_id)
    try:
        response = await handlers.connect(source, request.connect)
    except ConnectRefused as refusal:
        raise HandshakeError(refusal.status, refusal.text) from None
    if response.user_id is not None:
        source.user_id = response.user_id
    source.subprotocol = _chosen_subprotocol(response.subprotocol, request.subprotocols)
    return AcceptedConnection(
        source,
        codec_for(source.subprotocol, parse_raw_mode(request.query), streams=streams),
        token.roles if response.roles is None else response.roles,
        token.groups if response.groups is None else response.groups,
    )


def echoed_subprotocol(offered: tuple[str, ...]) -> str | None:
    """Return the subprotocol to accept for a client that will be refused with a close code.

    A browser does not show the close code if none of the subprotocols it offered was accepted.
    """
    return next(filter(is_predefined, offered), offered[0] if offered else None)


async def _token(
    request: web.Request, hub: str, settings: Settings, now: float, read_token: TokenReader
) -> ClientToken:
    text = _first_value(request.query.items(), "access_token") or bearer(request.headers.get("Authorization"))
    if text is None:
        if settings.hub(hub).anonymous_connect_policy == "allow":
            return NO_TOKEN
        raise HandshakeError(401, reason="there is no token")

    def read() -> ClientToken:
        endpoints = (f"{request.scheme}://{request.host}", *settings.public_endpoints)
        return read_client_token(
            text,
            keys=settings.access_keys,
            audiences=[client_audience(endpoint, hub) for endpoint in endpoints],
            now=now,
            skew_seconds=settings.times.clock_skew_seconds,
        )

    try:
        return await read_token(hub, read)
    except InvalidToken as error:
        log.info("client refused", extra={"hub": hub, "reason": str(error)})
        raise HandshakeError(401, reason=str(error)) from None


def _is_handshake(request: web.Request, subprotocols: tuple[str, ...]) -> bool:
    try:
        return bool(web.WebSocketResponse(compress=False, protocols=subprotocols).can_prepare(request))
    except ValueError:  # raised by aiohttp for a Sec-WebSocket-Key that is not ASCII
        return False


def _first_value(query: Iterable[tuple[str, str]], name: str) -> str | None:
    """Return the first value of a parameter that is not empty; the letter case of its name does not matter."""
    return next((value for key, value in query if key.lower() == name and value), None)


def _offered_subprotocols(request: web.Request) -> tuple[str, ...]:
    """Return the subprotocols in the client's order; invalid names are left out."""
    values = ",".join(request.headers.getall("Sec-WebSocket-Protocol", []))
    names = (name.strip() for name in values.split(","))
    return tuple(name for name in names if _TOKEN_CHARACTERS.fullmatch(name))


def _chosen_subprotocol(by_handler: str | None, offered: tuple[str, ...]) -> str | None:
    if not by_handler:
        return next(filter(is_predefined, offered), None)
    if not _TOKEN_CHARACTERS.fullmatch(by_handler):
        raise HandshakeError(500, CONNECT_FAILED)
    if by_handler not in offered:
        log.warning("connect handler chose a subprotocol that the client did not offer")
    return by_handler


def _host_name(request: web.Request) -> str:
    """Return the host by which the client reached the service, in lower case and without the port."""
    try:
        host = URL(f"//{request.host}").host
    except ValueError:
        host = None
    return host if host is not None and host.isascii() else "localhost"
