"""The operations that send a message. All answer 202, also when there is no receiver."""

from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from local_azure.webpubsub.filters import Filter
from local_azure.webpubsub.hub import Connection
from local_azure.webpubsub.messages import GroupMessage, Payload, ServerMessage
from local_azure.webpubsub.observations import UNKNOWN_AUDIENCE, Audience
from local_azure.webpubsub.protocols.codec import MAX_TTL_SECONDS
from local_azure.webpubsub.rest.call import RestCall, checked_filter
from local_azure.webpubsub.rest.payloads import read_payload


async def send_to_all(call: RestCall) -> web.Response:
    """Send to every connection of the hub, as the server."""
    condition, ttl_seconds, payload = await _read_request(call)
    targets = _selected(call.not_excluded(call.hub.connections()), condition)
    return _deliver(call, targets, ServerMessage(payload), ttl_seconds, Audience("all"))


async def send_to_group(call: RestCall) -> web.Response:
    """Send to the members of a group, as the group."""
    condition, ttl_seconds, payload = await _read_request(call)
    targets = _selected(call.not_excluded(call.hub.group_members(call.group)), condition)
    return _deliver(call, targets, GroupMessage(call.group, payload), ttl_seconds)


async def send_to_user(call: RestCall) -> web.Response:
    """Send to the connections of a user, as the server."""
    condition, ttl_seconds, payload = await _read_request(call)
    targets = _selected(call.hub.user_connections(call.user_id), condition)
    return _deliver(call, targets, ServerMessage(payload), ttl_seconds, Audience("user", call.user_id))


async def send_to_connection(call: RestCall) -> web.Response:
    """Send to one connection, as the server; this operation has no filter."""
    ttl_seconds = _ttl_seconds(call)
    payload = await read_payload(call)
    connection = call.connection()
    audience = Audience("connection", call.connection_id)
    return _deliver(call, [connection] if connection else [], ServerMessage(payload), ttl_seconds, audience)


async def _read_request(call: RestCall) -> tuple[Filter | None, int, Payload]:
    """Return the parameters and the payload of a send; an invalid filter is reported before the body is read."""
    condition = checked_filter(call.query.one("filter"))
    return condition, _ttl_seconds(call), await read_payload(call)


def _ttl_seconds(call: RestCall) -> int:
    return call.query.whole("messageTtlSeconds", minimum=0, maximum=MAX_TTL_SECONDS) or 0


def _selected(connections: Iterable[Connection], condition: Filter | None) -> Iterable[Connection]:
    return connections if condition is None else [each for each in connections if condition(each)]


def _deliver(
    call: RestCall,
    targets: Iterable[Connection],
    message: GroupMessage | ServerMessage,
    ttl_seconds: int,
    audience: Audience = UNKNOWN_AUDIENCE,
) -> web.Response:
    call.hub.deliver(targets, message, ttl_seconds=ttl_seconds, audience=audience)
    return web.Response(status=HTTPStatus.ACCEPTED)
