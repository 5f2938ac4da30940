"""Where may a client connect? `/negotiate` answers with a URL that holds a short-lived token."""

import time
from urllib.parse import parse_qs, urlsplit

import azure.functions as func

from chat.errors import BodyTooLarge, ChatError, InvalidMessage
from chat.functions.process_state import process_state
from chat.http_answers import NO_STORE, error_response, json_response
from chat.identity import negotiating_user
from chat.names import LOBBY, room_group
from chat.settings import current_settings

bp = func.Blueprint()
MAX_BODY_BYTES = 4096


@bp.route(route="negotiate", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def negotiate(req: func.HttpRequest) -> func.HttpResponse:
    """Return `{"url"}`: where this user may connect, for a few minutes. Never cached."""
    try:
        settings = current_settings()
        user = negotiating_user(req.headers, asked_ids(req), settings)
        process = process_state()
        process.users.check_connect(user, round(time.time() * 1000))
        gateway = await process.gateways.get(settings)
        url = await gateway.client_url(user, [room_group(LOBBY)], settings.token_minutes)
    except ChatError as error:
        return error_response(error, headers=NO_STORE)
    return json_response({"url": url}, headers=NO_STORE)


def asked_ids(req: func.HttpRequest) -> list[str]:
    """Return the ids that the request names itself by: `?id=`, or the body's `id`."""
    # `req.params` joins repeated parameters with commas, so the URL is read instead.
    ids = parse_qs(urlsplit(req.url).query).get("id", [])
    body = req.get_body()
    if req.method != "POST" or not body:
        return ids
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(len(body), MAX_BODY_BYTES)
    try:
        content = req.get_json()
    except (ValueError, RecursionError):
        raise InvalidMessage("the body is no JSON") from None
    if not isinstance(content, dict):
        raise InvalidMessage("the body must be a JSON object")
    named = content.get("id")
    if named is not None and not isinstance(named, str):
        raise InvalidMessage("id must be a string")
    return [*ids, named] if named else ids
