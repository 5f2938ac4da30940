"""The service's webhook: the service validates its URL, then delivers every event of the hub here."""

import time
from dataclasses import replace
from functools import partial

import azure.durable_functions as df
import azure.functions as func

from chat.call_record import MAX_EVENT_LENGTH, CallRecord
from chat.correlation import REQUEST_ID
from chat.durable_client import CLIENT_BINDING, DurableClient
from chat.errors import ChatError, ServiceUnavailable, Unexpected, UnknownHub, Untrusted
from chat.event_limiter import EventLimiter
from chat.frames import Frame
from chat.frames import error as error_frame
from chat.functions.handled_calls import answer_event, answer_request
from chat.functions.process_state import ProcessState, process_state
from chat.handler_context import Answer, Services
from chat.handlers import handle_event
from chat.http_answers import json_response
from chat.logs import cause_of, log
from chat.messages.parse import named_room_and_client_id
from chat.presence.connection_owners import find_ownership
from chat.rate_limits import SETTING as RATE_LIMITS
from chat.rate_limits import RateLimited, parse_rate_limits
from chat.rooms.connections import Admission, admit_connection, on_connected, on_disconnected
from chat.settings import Settings, Trust, current_settings
from chat.webhook.abuse_protection import ALLOWED_ORIGIN, REQUEST_ORIGIN, allowed_origin
from chat.webhook.connection_state import encode_state
from chat.webhook.events import (
    Connect,
    Connected,
    Disconnected,
    Event,
    UserEvent,
    claimed_connection,
    parse_event,
    read_payload,
)
from chat.webhook.trust import verify_age, verify_sender

bp = df.Blueprint()
STATE = "ce-connectionState"
# The longest message (6144 bytes) with an escape for each byte.
MAX_REFUSED_BYTES = 40_000


def webhook_auth_level() -> func.AuthLevel:
    """Return the route's auth level: with the trust in the route's key the Functions host must demand that key."""
    by_key = current_settings().text("ChatWebhookTrust").lower() == Trust.FUNCTION_KEY
    return func.AuthLevel.FUNCTION if by_key else func.AuthLevel.ANONYMOUS


@bp.route(route="eventhandler/{event?}", methods=["POST", "OPTIONS", "GET"], auth_level=webhook_auth_level())
@bp.generic_input_binding(arg_name="client", type=CLIENT_BINDING)
async def eventhandler(req: func.HttpRequest, client: str, context: func.Context) -> func.HttpResponse:
    """Answer a validation request or an event; the `event` in the path is only for people who read access logs."""
    process = process_state()
    if req.method != "POST":
        return await answer_request(req, context, partial(answer_validation, req, process.settings))
    work = partial(receive_event, req, client, process)
    return await answer_event(req, context, req.headers.get(REQUEST_ID), process.tracer, work)


async def answer_validation(req: func.HttpRequest, settings: Settings, _: CallRecord) -> func.HttpResponse:
    """Return that the asking service may deliver here (OPTIONS, or GET where OPTIONS failed); raises OriginRefused."""
    origin = allowed_origin(req.headers.get(REQUEST_ORIGIN), settings.allowed_origins)
    return func.HttpResponse(status_code=200, headers={ALLOWED_ORIGIN: origin})


async def receive_event(
    req: func.HttpRequest, client: str, process: ProcessState, record: CallRecord
) -> func.HttpResponse:
    """Return the response to an event; raises the ChatError with which it is not believed, or a system event fails.

    Only what is verified is noted in the record.
    """
    settings = process.settings
    connection_id = claimed_connection(req.headers, req.get_body())
    await verify_sender(req.headers, connection_id, settings, process.signing_keys)
    event = parse_event(req.headers, req.get_body())
    if event.origin.hub.lower() != settings.hub.lower():
        raise UnknownHub(event.origin.hub, settings.hub)
    verify_age(event.origin.time, time.time(), settings.event_max_age_seconds)
    record.event = event.name[:MAX_EVENT_LENGTH] if isinstance(event, UserEvent) else type(event).__name__.lower()
    process.event_at = record.began
    record.user, record.connection = event.origin.user_id, event.origin.connection_id
    return await handle(event, settings, DurableClient(client), process, record)


async def handle(
    event: Event, settings: Settings, durable: DurableClient, process: ProcessState, record: CallRecord
) -> func.HttpResponse:
    """Return the response to a verified event; raises the ChatError that refuses or fails a system event."""
    origin = event.origin
    now, limits = round(time.time() * 1000), parse_rate_limits(settings.text(RATE_LIMITS))
    limiter = EventLimiter(limits, process.users, origin.user_id or "", origin.state.usage, now)
    new_services = process.new_services or await process.open_services()
    services = new_services(durable, limiter, now, record)
    match event:
        case Connect():
            admission = await admit_connection(event, services)
            record.user = admission.user
            return connect_response(admission)
        case Connected():
            process.sweep.start_if_needed(durable)
            if await on_connected(event, services):
                process.connections.note(origin.connection_id, origin.user_id or "", is_proved=True)
        case Disconnected():
            process.connections.forget(origin.connection_id, origin.user_id or "")
            await on_disconnected(event, services.announcer)
        case UserEvent():
            process.sweep.start_if_needed(durable)
            return await handle_user_event(event, services, process)
    return func.HttpResponse(status_code=204)


def connect_response(admission: Admission) -> func.HttpResponse:
    """Return the answer to `connect`; the empty `roles` remove what a token may have granted."""
    content = {"userId": admission.user, "groups": admission.groups, "roles": []}
    if admission.subprotocol:
        content["subprotocol"] = admission.subprotocol
    return json_response(content, headers={STATE: encode_state(admission.state)})


async def handle_user_event(event: UserEvent, services: Services, process: ProcessState) -> func.HttpResponse:
    """Return the answer for the sender; an error is an answer too, because a failing webhook closes plain clients.

    Raises Untrusted when the event's connection is not open, or is another user's.
    """
    try:
        if services.settings.trust is Trust.SIGNATURE:  # which proves the connection's id and nothing else
            origin, user = event.origin, event.sender
            if not process.connections.is_known(origin.connection_id, user):
                ask = partial(find_ownership, origin, user, services.gateway, services.settings)
                await process.connections.verify(origin.connection_id, user, ask)
        services.limiter.check_mute()
        answer = await handle_event(event, services)
        if answer.frame is not None:
            frame = await services.profiles.add_names(answer.frame)
            answer = replace(answer, frame=with_client_id(frame, event))
    except Untrusted:
        raise
    except RateLimited as refusal:
        note_error(services.record, refusal)
        await note_refusal(event, refusal, services)
        answer = refused_answer(event, refusal)
    except ChatError as error:
        note_error(services.record, error)
        if error.status >= 500:
            log.error("event failed", extra=log_fields(event) | {"code": error.code, "cause": cause_of(error)})
        answer = error_answer(event, error)
    except Exception:
        log.exception("unexpected failure", extra=log_fields(event))
        note_error(services.record, Unexpected())
        answer = error_answer(event, Unexpected())
    if services.record.room is None:
        services.record.room = named_room(event, answer.frame)
    return to_response(with_usage(answer, event, services.limiter))


def with_usage(answer: Answer, event: UserEvent, limiter: EventLimiter) -> Answer:
    """Return the answer with a state that has what the connection used of its limits, when that changed."""
    state = answer.state or event.origin.state
    if limiter.usage is state.usage:
        return answer
    return Answer(answer.frame, state.with_usage(limiter.usage))


def note_error(record: CallRecord, error: ChatError) -> None:
    """Let the line of the event say with what the sender was answered: the response itself is no failure."""
    record.code, record.status = error.code, error.status


def named_room(event: UserEvent, frame: Frame | None) -> str | None:
    """Return the room that an answer is about, else the one that the event names, None where there is none."""
    if frame is not None:
        room = frame.get("room")
        return room if isinstance(room, str) else None
    try:
        return None if len(event.body) > MAX_REFUSED_BYTES else named_room_and_client_id(read_payload(event))[0]
    except ChatError:
        return None


def refused_answer(event: UserEvent, refusal: RateLimited) -> Answer:
    """Return the line that tells the sender to wait; typing is refused silently."""
    if event.name.lower() == "typing":
        return Answer()
    # What is refused at once is cheap to refuse: a body longer than any message is not parsed.
    return Answer(error_frame(refusal)) if len(event.body) > MAX_REFUSED_BYTES else error_answer(event, refusal)


async def note_refusal(event: UserEvent, refusal: RateLimited, services: Services) -> None:
    """Log the beginning of a mute, and close the connection of who goes on while muted."""
    limiter = services.limiter
    if limiter.begins_mute:
        log.warning("a user is muted", extra=log_fields(event) | {"seconds": refusal.retry_after})
    if not limiter.must_close:
        return
    log.warning("a connection is closed: it went on while muted", extra=log_fields(event))
    try:
        await services.gateway.close(event.origin.connection_id, "too many events while muted")
    except ServiceUnavailable as problem:
        log.warning("a connection was not closed", extra=log_fields(event) | {"cause": cause_of(problem)})


def error_answer(event: UserEvent, error: ChatError) -> Answer:
    """Return the line that tells the sender of an error, with the room and the `clientId` of its event."""
    try:
        room, client_id = named_room_and_client_id(read_payload(event))
    except ChatError:
        room, client_id = None, None
    return Answer(error_frame(error, room, client_id))


def with_client_id(frame: Frame, event: UserEvent) -> Frame:
    """Return an answer with the `clientId` of its event: it tells a client which of its questions is answered."""
    _, client_id = named_room_and_client_id(read_payload(event))
    return frame if client_id is None else {"clientId": client_id} | frame


def to_response(answer: Answer) -> func.HttpResponse:
    """Return 200 with a frame, 204 without; both carry the connection's state when it changed."""
    headers = {STATE: encode_state(answer.state)} if answer.state else {}
    if answer.frame is None:
        return func.HttpResponse(status_code=204, headers=headers)
    return json_response(answer.frame, headers=headers)


def log_fields(event: UserEvent) -> dict[str, object]:
    """Return an event's fields for a log line: never its text."""
    return {"event": event.name, "connection": event.origin.connection_id, "user": event.origin.user_id}
