"""The service's webhook: it validates the URL, then delivers every event of the hub here."""

import time

import azure.durable_functions as df
import azure.functions as func

from chat.abuse_protection import ALLOWED_ORIGIN, REQUEST_ORIGIN, allowed_origin
from chat.answers import Answer, Services
from chat.connection_state import encode_state
from chat.connections import Admission, admit, farewell, welcome
from chat.conversation import handle_event
from chat.errors import ChatError, Unexpected, UnknownHub
from chat.events import Connect, Connected, Disconnected, Event, UserEvent, event_connection, parse_event
from chat.frames import error as error_line
from chat.gateway import CAUSE, REQUEST_ID, gateway
from chat.http import json_response, refusal
from chat.logs import cause_of, log
from chat.memory import Memory
from chat.messages import mentioned
from chat.settings import Settings, Trust, current_settings
from chat.trust import verify_sender

bp = df.Blueprint()
STATE = "ce-connectionState"


def webhook_auth_level() -> func.AuthLevel:
    """Return who the Functions host lets through; only the trust in the route's key makes it demand one."""
    by_key = current_settings().text("ChatWebhookTrust").lower() == Trust.FUNCTION_KEY
    return func.AuthLevel.FUNCTION if by_key else func.AuthLevel.ANONYMOUS


@bp.route(route="eventhandler/{event?}", methods=["POST", "OPTIONS", "GET"], auth_level=webhook_auth_level())
@bp.durable_client_input(client_name="client")
async def eventhandler(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Answer a validation request or an event; the path's `event` is for people who read logs."""
    try:
        settings = current_settings()
        if req.method != "POST":
            return validation(req, settings)
        connection_id = event_connection(req.headers, req.get_body())
        await verify_sender(req.headers, connection_id, settings)
        event = parse_event(req.headers, req.get_body())
        if event.origin.hub.lower() != settings.hub.lower():
            raise UnknownHub(event.origin.hub, settings.hub)
        CAUSE.set(req.headers.get(REQUEST_ID))
        return await answer(event, settings, Memory(client))
    except ChatError as error:
        return refusal(error)
    except Exception:
        log.exception("unexpected failure", extra={"event": req.headers.get("ce-type", "")})
        return refusal(Unexpected())


def validation(req: func.HttpRequest, settings: Settings) -> func.HttpResponse:
    """Return that the service which asks may deliver here (OPTIONS, or GET which it falls back to)."""
    origin = allowed_origin(req.headers.get(REQUEST_ORIGIN), settings.allowed_origins)
    return func.HttpResponse(status_code=200, headers={ALLOWED_ORIGIN: origin})


async def answer(event: Event, settings: Settings, memory: Memory) -> func.HttpResponse:
    """Return the response to an event that is believed."""
    service = await gateway(settings)
    match event:
        case Connect():
            return admitted(await admit(event, service, settings))
        case Connected():
            await welcome(event, service, memory)
        case Disconnected():
            await farewell(event, service)
        case UserEvent():
            return await reply(event, Services(settings, service, memory, round(time.time() * 1000)))
    return func.HttpResponse(status_code=204)


def admitted(admission: Admission) -> func.HttpResponse:
    """Return the answer to `connect`; an empty `roles` takes away what a token may have granted."""
    content = {"userId": admission.user, "groups": admission.groups, "roles": []}
    if admission.subprotocol:
        content["subprotocol"] = admission.subprotocol
    return json_response(content, headers={STATE: encode_state(admission.state)})


async def reply(event: UserEvent, services: Services) -> func.HttpResponse:
    """Return what the sender is told; a refusal too is an answer, because a failing webhook closes plain clients."""
    try:
        return told(await handle_event(event, services))
    except ChatError as error:
        if error.status >= 500:
            log.error("event failed", extra=described(event) | {"code": error.code, "cause": cause_of(error)})
        return told(refused(event, error))
    except Exception:
        log.exception("unexpected failure", extra=described(event))
        return told(refused(event, Unexpected()))


def refused(event: UserEvent, error: ChatError) -> Answer:
    """Return the line that says why; it repeats the room and the `clientId` of what is refused."""
    room, client_id = mentioned(event)
    return Answer(error_line(error, room, client_id))


def told(answer: Answer) -> func.HttpResponse:
    """Return 200 with a frame, 204 without; either carries the connection's new state when it changed."""
    headers = {STATE: encode_state(answer.state)} if answer.state else {}
    if answer.frame is None:
        return func.HttpResponse(status_code=204, headers=headers)
    return json_response(answer.frame, headers=headers)


def described(event: UserEvent) -> dict[str, object]:
    """Return what a log line says about an event: never its text."""
    return {"event": event.name, "connection": event.origin.connection_id, "user": event.origin.user_id}
