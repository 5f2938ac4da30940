"""Which rooms are there, and who is in one? Answered to everybody who may enter them."""

import azure.durable_functions as df
import azure.functions as func

from chat.durable_client import DurableClient
from chat.errors import ChatError
from chat.functions.process_state import process_state
from chat.gateway import Gateway
from chat.http_answers import NO_STORE, error_response, json_response
from chat.identity import signed_in_user
from chat.names import room_name
from chat.rooms.directory import RoomDirectory
from chat.rooms.presence import RosterReader
from chat.rooms.room_list import list_rooms
from chat.settings import Auth, current_settings

bp = df.Blueprint()


@bp.route(route="rooms", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.durable_client_input(client_name="client")
async def rooms(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Return the public rooms with people in them, the fullest first."""
    try:
        directory = RoomDirectory(DurableClient(client))
        listed = await list_rooms(await reader_gateway(req), directory, process_state().room_counts)
    except ChatError as error:
        return error_response(error, headers=NO_STORE)
    return json_response({"rooms": [{"room": room, "count": count} for room, count in listed]}, headers=NO_STORE)


@bp.route(route="rooms/{room}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def roster(req: func.HttpRequest) -> func.HttpResponse:
    """Return who was in a room at most a second ago: the first 100 users and how many there are."""
    try:
        room = room_name(req.route_params.get("room"))
        found = await RosterReader(await reader_gateway(req), process_state().rosters).read_recent(room)
    except ChatError as error:
        return error_response(error, headers=NO_STORE)
    return json_response({"room": room, "count": len(found.users), "users": found.first}, headers=NO_STORE)


async def reader_gateway(req: func.HttpRequest) -> Gateway:
    """Return the gateway for a request that may read rooms: any in open mode, else one of a signed-in user.

    Raises SignInRequired or NotConfigured.
    """
    settings = current_settings()
    if settings.auth is Auth.EASYAUTH:
        signed_in_user(req.headers, settings)
    return await process_state().gateways.get(settings)
