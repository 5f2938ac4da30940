"""The operation that makes client tokens for servers that hold no access key."""

from http import HTTPStatus

from aiohttp import web

from local_azure.webpubsub.names import is_group_name
from local_azure.webpubsub.rest.call import RestCall
from local_azure.webpubsub.rest.errors import RestError, bad_request
from local_azure.webpubsub.tokens import client_audience, make_client_token

DEFAULT_MINUTES = 60


async def generate_token(call: RestCall) -> web.Response:
    """Answer a client token for this hub at the address in the request."""
    _check_client_type(call.query.one("clientType") or "Default")
    groups = call.query.all("group")
    if not all(is_group_name(group) for group in groups):
        raise bad_request("Invalid group name: it must have 1 to 1024 characters and not be blank.", "group")
    minutes = call.query.whole("minutesToExpire", minimum=1)
    token = make_client_token(
        call.settings.access_key,
        client_audience(call.endpoint, call.names["hub"]),
        now=call.now,
        lifetime_seconds=60 * (minutes or DEFAULT_MINUTES),
        user_id=call.query.one("userId"),
        roles=call.query.all("role"),
        groups=groups,
    )
    return web.json_response({"token": token})


def _check_client_type(name: str) -> None:
    if name.lower() == "mqtt":
        message = "Clients that speak MQTT are not served here."
        raise RestError(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", message, "clientType")
    if name.lower() != "default":
        raise bad_request("clientType must be Default or MQTT.", "clientType")
