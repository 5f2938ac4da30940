"""The operations that change who is in a group, and the one that lists the members."""

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from urllib.parse import urlencode

from aiohttp import web

from local_azure.json_depth import check_depth
from local_azure.webpubsub.filters import Filter
from local_azure.webpubsub.hub import Connection, Hub
from local_azure.webpubsub.messages import DataType
from local_azure.webpubsub.names import is_group_name
from local_azure.webpubsub.rest.call import RestCall, checked_filter
from local_azure.webpubsub.rest.connections import USER_NOT_FOUND
from local_azure.webpubsub.rest.continuation import make_continuation_token, read_continuation_token
from local_azure.webpubsub.rest.errors import bad_request, not_found, unsupported_media_type
from local_azure.webpubsub.rest.payloads import read_content_type

NO_SUCH_CONNECTION = "Error.Connection.NotExisted"
LINKED_API_VERSION = "2024-12-01"
"""The version that the address of the next page names, whatever the request named."""


async def add_connection_to_group(call: RestCall) -> web.Response:
    """Add one connection to a group."""
    connection = call.connection()
    if connection is None:
        raise not_found(NO_SUCH_CONNECTION, "Connection", call.connection_id)
    call.hub.join(connection, call.group)
    return web.Response()


async def remove_connection_from_group(call: RestCall) -> web.Response:
    """Remove one connection from a group, if it is a member."""
    return _leave(call, filter(None, [call.connection()]), call.group)


async def remove_connection_from_all_groups(call: RestCall) -> web.Response:
    """Remove one connection from all its groups."""
    return _leave(call, filter(None, [call.connection()]))


async def add_user_to_group(call: RestCall) -> web.Response:
    """Add the user's current connections to a group; later connections are not added."""
    connections = list(call.hub.user_connections(call.user_id))
    if not connections:
        raise not_found(USER_NOT_FOUND, "User", call.user_id)
    for connection in connections:
        call.hub.join(connection, call.group)
    return web.Response()


async def remove_user_from_group(call: RestCall) -> web.Response:
    """Remove a user's connections from a group."""
    return _leave(call, call.hub.user_connections(call.user_id), call.group)


async def remove_user_from_all_groups(call: RestCall) -> web.Response:
    """Remove a user's connections from all their groups."""
    return _leave(call, call.hub.user_connections(call.user_id))


def _leave(call: RestCall, connections: Iterable[Connection], group: str | None = None) -> web.Response:
    for connection in list(connections):
        if group is None:
            call.hub.leave_all_groups(connection)
        else:
            call.hub.leave(connection, group)
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def add_to_groups(call: RestCall) -> web.Response:
    """Add the connections that a filter selects to several groups."""
    return await _change_selected(call, Hub.join)


async def remove_from_groups(call: RestCall) -> web.Response:
    """Remove the connections that a filter selects from several groups."""
    return await _change_selected(call, Hub.leave)


async def _change_selected(call: RestCall, change: Callable[[Hub, Connection, str], None]) -> web.Response:
    groups, condition = await _groups_and_filter(call)
    # Selected before any change: the filter may depend on groups.
    selected = [each for each in call.hub.connections() if condition is None or condition(each)]
    for connection in selected:
        for group in groups:
            change(call.hub, connection, group)
    return web.Response()


async def _groups_and_filter(call: RestCall) -> tuple[list[str], Filter | None]:
    data_type, charset = read_content_type(call.request.headers.get("Content-Type"))
    if data_type is not DataType.JSON:
        raise unsupported_media_type("The content type must be application/json.")
    try:
        document = json.loads(check_depth((await call.body()).decode(charset).removeprefix("\ufeff")))
    except ValueError:
        raise bad_request("The request body is not a valid JSON.") from None
    if not isinstance(document, dict):
        raise bad_request("The request body must be an object.")
    properties = {str(name).lower(): value for name, value in document.items()}
    groups, text = properties.get("groups"), properties.get("filter")
    if not (isinstance(groups, list) and groups) or not all(
        isinstance(group, str) and is_group_name(group) for group in groups
    ):
        raise bad_request("groups must be a list of group names, at least one, each of 1 to 1024 characters.", "groups")
    if text is not None and not isinstance(text, str):
        raise bad_request("filter must be a string.", "filter")
    return groups, checked_filter(text)


async def list_members(call: RestCall) -> web.Response:
    """Answer a page of the group's members in the order of their connection ids."""
    most = call.settings.limits.group_page_size
    page_size = call.query.whole("maxpagesize", minimum=1, maximum=most) or most
    top = call.query.whole("top", minimum=1)
    token = call.query.one("continuationToken")
    after = "" if token is None else read_continuation_token(token, call)
    members = sorted((each for each in call.hub.group_members(call.group) if each.id > after), key=lambda each: each.id)
    size = min(page_size, top or most)
    page = members[:size]
    link = None
    if len(members) > size and (top is None or top > size):
        link = _next_link(call, page[-1], page_size, None if top is None else top - size)
    # `nextLink` and `userId` are written as null where there is none (official emulator).
    return web.json_response({"value": [_member(connection) for connection in page], "nextLink": link})


def _member(connection: Connection) -> dict[str, str | None]:
    return {"connectionId": connection.id, "userId": connection.user_id}


def _next_link(call: RestCall, last: Connection, page_size: int, top: int | None) -> str:
    parameters = {
        "api-version": LINKED_API_VERSION,
        "maxpagesize": page_size,
        "top": top,
        "continuationToken": make_continuation_token(last.id, call),
    }
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{call.endpoint}{call.request.rel_url.raw_path}?{query}"
