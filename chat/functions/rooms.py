"""Which rooms are there, and who is in one? Answered to everybody who may enter them."""

import reprlib

import azure.functions as func

from chat.errors import ChatError, InvalidRequest
from chat.functions.process_state import process_state
from chat.http_answers import NO_STORE, error_response, json_response
from chat.identity import signed_in_user
from chat.names import room_name
from chat.presence.rosters import RosterReader
from chat.room_list.rows import ListedRoom
from chat.rooms.room_list import MAX_LISTED, list_rooms
from chat.settings import Auth, current_settings
from chat.times import timestamp

bp = func.Blueprint()


@bp.route(route="rooms", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def rooms(req: func.HttpRequest) -> func.HttpResponse:
    """Return the public rooms with people in them or with new messages, the fullest first; `limit` of them."""
    try:
        limit = parse_limit(req.params.get("limit"))
        rosters, process = await roster_reader(req), process_state()
        store = (await process.room_list(current_settings())).store
        listed = await list_rooms(rosters, store, process.listed_rooms)
    except ChatError as error:
        return error_response(error, headers=NO_STORE)
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
    fields: dict[str, object] = {"room": row.room, "count": row.people}
    return fields | ({"messageAt": timestamp(row.message_at)} if row.message_at else {})


@bp.route(route="rooms/{room}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def roster(req: func.HttpRequest) -> func.HttpResponse:
    """Return who was in a room at most a second ago: the first 100 users and how many there are."""
    try:
        room = room_name(req.route_params.get("room"))
        found = await (await roster_reader(req)).read_recent(room)
        settings, process = current_settings(), process_state()
        profiles = process.profiles(settings, await process.tables.get(settings))
        content = {"room": room, "count": len(found.users), "users": found.first}
        return json_response(await profiles.add_names(content), headers=NO_STORE)
    except ChatError as error:
        return error_response(error, headers=NO_STORE)


async def roster_reader(req: func.HttpRequest) -> RosterReader:
    """Return what reads rosters for a request that may: any in open mode, else one of a signed-in user.

    Raises SignInRequired or NotConfigured.
    """
    settings = current_settings()
    if settings.auth is Auth.EASYAUTH:
        signed_in_user(req.headers, settings)
    process = process_state()
    note_people = (await process.room_list(settings)).note_people
    return RosterReader(await process.gateways.get(settings), process.rosters, note_people)
