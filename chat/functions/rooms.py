"""Which rooms are there, and who is in one? Answered to everybody who may enter them."""

import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import azure.functions as func

from chat.call_record import CallRecord
from chat.errors import InvalidRequest, UnknownRoom
from chat.functions.handled_calls import answer_request
from chat.functions.process_state import ProcessState, process_state
from chat.http_answers import NO_STORE, json_response
from chat.identity import signed_in_user
from chat.names import is_listed, room_name
from chat.presence.rosters import RosterReader
from chat.rate_limits import RateLimited
from chat.room_list.rows import ListedRoom
from chat.rooms.room_list import MAX_LISTED, list_rooms
from chat.settings import Auth, current_settings
from chat.times import timestamp

bp = func.Blueprint()
# Questions of anybody that one process answers at a time; who comes when there are more, waits a second.
MAX_QUESTIONS = 128
BUSY_MS = 1000


@bp.route(route="rooms", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def rooms(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Return the public rooms with people in them or with new messages, the fullest first; `limit` of them."""
    return await answer_request(req, context, partial(answer_rooms, req))


async def answer_rooms(req: func.HttpRequest, record: CallRecord) -> func.HttpResponse:
    """Return the answer for who may ask; raises InvalidRequest, SignInRequired, RateLimited or what the reads raise."""
    limit = parse_limit(req.params.get("limit"))
    process = process_state()
    with counted_question(process):
        rosters = await roster_reader(req, record)
        store = (await process.room_list(current_settings())).store
        listed = await list_rooms(rosters, store, process.listed_rooms)
    return json_response({"rooms": [room_fields(row) for row in listed[:limit]]}, headers=NO_STORE)


def parse_limit(value: str | None) -> int:
    """Return how many rooms are wanted, 1 to 100; raises InvalidRequest."""
    if value is None:
        return MAX_LISTED
    if value.isascii() and value.isdigit() and len(value) <= 3 and 1 <= int(value) <= MAX_LISTED:
        return int(value)
    raise InvalidRequest(f"limit is {reprlib.repr(value)}, it must be a number from 1 to {MAX_LISTED}")


def room_fields(row: ListedRoom) -> dict[str, object]:
    """Return a listed room as it is answered; `messageAt` is there when something was ever said in it."""
    fields: dict[str, object] = {"room": row.room, "count": row.people} | at_least(row.has_more_people)
    return fields | ({"messageAt": timestamp(row.message_at)} if row.message_at else {})


def at_least(is_truncated: bool) -> dict[str, object]:
    """Return the field that tells that there may be more people than were counted."""
    return {"atLeast": True} if is_truncated else {}


@bp.route(route="rooms/{room}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def roster(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Return who was in a room a moment ago: the first 100 users and how many there are.

    A room that is not listed is told of over the connection only, to who is in it.
    """
    return await answer_request(req, context, partial(answer_roster, req))


async def answer_roster(req: func.HttpRequest, record: CallRecord) -> func.HttpResponse:
    """Return the answer for who may ask; raises as `answer_rooms`, and UnknownRoom or InvalidName."""
    room = record.room = public_room(req.route_params.get("room"))
    settings, process = current_settings(), process_state()
    with counted_question(process):
        found = await (await roster_reader(req, record)).read_recent(room)
        profiles = process.profiles(settings, await process.tables.get(settings))
        content = {"room": room, "count": len(found.users), "users": found.first} | at_least(found.is_truncated)
        return json_response(await profiles.add_names(content), headers=NO_STORE)


def public_room(value: str | None) -> str:
    """Return the name of a room that everybody may know of; raises UnknownRoom or InvalidName."""
    room = room_name(value)
    if not is_listed(room):
        raise UnknownRoom(room)
    return room


@contextmanager
def counted_question(process: ProcessState) -> Iterator[None]:
    """Count a question while it is being answered; raises RateLimited when there are too many in this process."""
    if process.questions >= MAX_QUESTIONS:
        raise RateLimited(f"{MAX_QUESTIONS} questions are being answered here, the limit", BUSY_MS)
    process.questions += 1
    try:
        yield
    finally:
        process.questions -= 1


async def roster_reader(req: func.HttpRequest, record: CallRecord) -> RosterReader:
    """Return what reads rosters for a request that may: any in open mode, else one of a signed-in user.

    Raises SignInRequired or NotConfigured.
    """
    settings = current_settings()
    if settings.auth is Auth.EASYAUTH:
        record.user = signed_in_user(req.headers, settings).id
    process = process_state()
    note_people = (await process.room_list(settings)).note_people
    return RosterReader(await process.gateways.get(settings), process.rosters, note_people)
