"""Which rooms are there, and who is in one? Answered to whoever may enter them."""

import azure.durable_functions as df
import azure.functions as func

from chat.errors import ChatError
from chat.gateway import Gateway, gateway
from chat.http import NO_STORE, json_response, refusal
from chat.identity import signed_in_user
from chat.memory import Memory
from chat.names import room_name
from chat.presence import read_roster
from chat.public_rooms import list_rooms
from chat.settings import Auth, Settings, current_settings

bp = df.Blueprint()


@bp.route(route="rooms", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.durable_client_input(client_name="client")
async def rooms(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Return the public rooms with people in them, the fullest first."""
    try:
        listed = await list_rooms(await visitors_gateway(req), Memory(client))
    except ChatError as error:
        return refusal(error, headers=NO_STORE)
    return json_response({"rooms": [{"room": room, "count": count} for room, count in listed]}, headers=NO_STORE)


@bp.route(route="rooms/{room}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def roster(req: func.HttpRequest) -> func.HttpResponse:
    """Return who is in a room now: the first 100 users and how many there are."""
    try:
        room = room_name(req.route_params.get("room"))
        here = await read_roster(await visitors_gateway(req), room)
    except ChatError as error:
        return refusal(error, headers=NO_STORE)
    return json_response({"room": room, "count": len(here.users), "users": here.first}, headers=NO_STORE)


async def visitors_gateway(req: func.HttpRequest) -> Gateway:
    """Return the gateway for a request of somebody who may look: anyone in open mode, else who signed in."""
    settings: Settings = current_settings()
    if settings.auth is Auth.EASYAUTH:
        signed_in_user(req.headers, settings)
    return await gateway(settings)
