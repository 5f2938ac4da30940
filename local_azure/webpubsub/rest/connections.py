"""The operations that check whether connections exist, and those that close them."""

from collections.abc import Collection, Iterable
from http import HTTPStatus

from aiohttp import web

from local_azure.webpubsub.hub import Connection
from local_azure.webpubsub.rest.call import RestCall
from local_azure.webpubsub.rest.errors import not_found

CONNECTION_NOT_FOUND = "Warning.Connection.NotExisted"
GROUP_NOT_FOUND = "Warning.Group.NotExisted"
USER_NOT_FOUND = "Warning.User.NotExisted"


async def connection_exists(call: RestCall) -> web.Response:
    """Answer 200 when the connection exists; it may be waiting for its client to recover it."""
    found = [connection for connection in [call.connection()] if connection]
    return _existence(found, CONNECTION_NOT_FOUND, "Connection", call.connection_id)


async def group_exists(call: RestCall) -> web.Response:
    """Answer 200 when the group has a member."""
    return _existence(call.hub.group_members(call.group), GROUP_NOT_FOUND, "Group", call.group)


async def user_exists(call: RestCall) -> web.Response:
    """Answer 200 when the user has a connection."""
    return _existence(call.hub.user_connections(call.user_id), USER_NOT_FOUND, "User", call.user_id)


def _existence(found: Collection[Connection], code: str, kind: str, name: str) -> web.Response:
    if not found:
        raise not_found(code, kind, name)
    return web.Response()


async def close_all(call: RestCall) -> web.Response:
    """Close every connection of the hub that is not excluded."""
    return _close(call, call.not_excluded(call.hub.connections()))


async def close_group(call: RestCall) -> web.Response:
    """Close the members of a group that are not excluded."""
    return _close(call, call.not_excluded(call.hub.group_members(call.group)))


async def close_user(call: RestCall) -> web.Response:
    """Close the connections of a user that are not excluded."""
    return _close(call, call.not_excluded(call.hub.user_connections(call.user_id)))


async def close_connection(call: RestCall) -> web.Response:
    """Close one connection, if it exists."""
    return _close(call, [connection for connection in [call.connection()] if connection])


def _close(call: RestCall, connections: Iterable[Connection]) -> web.Response:
    reason = call.query.one("reason") or ""
    for connection in connections:
        call.hub.close(connection, reason)
    return web.Response(status=HTTPStatus.NO_CONTENT)
