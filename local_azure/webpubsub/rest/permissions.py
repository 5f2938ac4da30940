"""The operations that grant, revoke and check what a client may do with one group."""

from http import HTTPStatus

from aiohttp import web

from local_azure.webpubsub.hub import Connection
from local_azure.webpubsub.names import is_group_name
from local_azure.webpubsub.rest.call import RestCall
from local_azure.webpubsub.rest.errors import RestError, bad_request, not_found
from local_azure.webpubsub.roles import Permission, TooManyPermissions

NO_SUCH_CONNECTION = "Info.Connection.NotExisted"


async def check_permission(call: RestCall) -> web.Response:
    """Answer 200 when the connection has the permission for the group, else 404."""
    permission, group = _target(call)
    connection = _connection(call)
    if not connection.permissions.allows(permission, group):
        # The code of a missing connection, also here (official emulator).
        raise not_found(NO_SUCH_CONNECTION, "Permission", permission)
    return web.Response()


async def grant_permission(call: RestCall) -> web.Response:
    """Allow the permission for one group."""
    permission, group = _target(call)
    connection = _connection(call)
    try:
        connection.permissions.grant(permission, group)
    except TooManyPermissions as error:
        raise _conflict(error) from None
    return web.Response()


async def revoke_permission(call: RestCall) -> web.Response:
    """Deny the permission for one group; also succeeds when there is no such connection."""
    permission, group = _target(call)
    connection = call.connection()
    if connection is not None:
        try:
            connection.permissions.revoke(permission, group)
        except TooManyPermissions as error:
            raise _conflict(error) from None
    return web.Response(status=HTTPStatus.NO_CONTENT)


def _target(call: RestCall) -> tuple[Permission, str]:
    permission = Permission.named(call.names["permission"])
    if permission is None:
        raise bad_request(f"Invalid permission: it must be {' or '.join(Permission)}.", "permission")
    group = call.query.one("targetName")
    if group is None or not is_group_name(group):
        raise bad_request("targetName must be a group name of 1 to 1024 characters.", "targetName")
    return permission, group


def _connection(call: RestCall) -> Connection:
    connection = call.connection()
    if connection is None:
        raise not_found(NO_SUCH_CONNECTION, "Connection", call.connection_id)
    return connection


def _conflict(error: TooManyPermissions) -> RestError:
    return RestError(HTTPStatus.CONFLICT, "Error.Connection.Conflict", f"{error}.", "Connection")
