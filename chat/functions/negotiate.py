"""Where may a client connect? `/negotiate` answers with a URL that holds a short-lived token."""

import time
from functools import partial
from urllib.parse import parse_qs

import azure.functions as func

from chat.call_record import CallRecord
from chat.errors import BodyTooLarge, InvalidMessage, ServiceUnavailable
from chat.functions.handled_calls import answer_request
from chat.functions.process_state import process_state
from chat.gateway import Gateway
from chat.http_answers import NO_STORE, json_response
from chat.identity import User, name_roles, negotiating_user
from chat.json_text import parse_json
from chat.logs import cause_of, log
from chat.names import LOBBY, room_group
from chat.presence.admission import require_admission
from chat.settings import Settings, current_settings

bp = func.Blueprint()
MAX_BODY_BYTES = 4096


@bp.route(route="negotiate", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def negotiate(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Return where a user may connect, for a few minutes, and which user it is: `{"url", "user"}`. Never cached."""
    return await answer_request(req, context, partial(answer_negotiation, req))


async def answer_negotiation(req: func.HttpRequest, record: CallRecord) -> func.HttpResponse:
    """Return the answer for a user who would be admitted; raises the ChatError with which anybody else is refused."""
    settings = current_settings()
    user = negotiating_user(req.headers, asked_ids(req), settings)
    record.user = user.id
    process = process_state()
    process.users.check_connect(user.id, round(time.time() * 1000))
    gateway = await process.gateways.get(settings)
    await warn_early(user, gateway, settings)
    url = await gateway.client_url(user.id, [room_group(LOBBY)], settings.token_minutes, name_roles(user))
    return json_response({"url": url, "user": user.id}, headers=NO_STORE)


async def warn_early(user: User, gateway: Gateway, settings: Settings) -> None:
    """Refuse a user who would not be admitted when connecting: here the reason can be shown.

    Raises NameTaken or TooManyConnections. When the service does not answer, the connection decides.
    """
    try:
        await require_admission(user, gateway, settings)
    except ServiceUnavailable as problem:
        log.warning("who is here is unknown", extra={"user": user.id, "cause": cause_of(problem)})


def asked_ids(req: func.HttpRequest) -> list[str]:
    """Return the ids that the request names itself by: `?id=`, or the body's `id`."""
    # `req.params` joins repeated parameters with commas, so the URL is read instead. Its host, which the request names,
    # need not be a host that can be parsed.
    ids = parse_qs(req.url.partition("?")[2]).get("id", [])
    body = req.get_body()
    if req.method != "POST" or not body:
        return ids
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(len(body), MAX_BODY_BYTES)
    try:
        content = parse_json(body)
    except ValueError:
        raise InvalidMessage("the body is no JSON") from None
    if not isinstance(content, dict):
        raise InvalidMessage("the body must be a JSON object")
    named = content.get("id")
    if named is not None and not isinstance(named, str):
        raise InvalidMessage("id must be a string")
    return [*ids, named] if named else ids
