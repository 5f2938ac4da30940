"""Rooms that have an owner, made in storage as the app makes them, and what moderators do there."""

from typing import Any

from chat.names import groups_of
from chat.room_list.store import RoomListStore
from chat.room_log.model import Request
from chat.room_log.moderation_acts import Act, Moderate
from chat.room_log.room_logs import RoomLogs
from chat.room_log.rules import Role
from chat.room_log.store import RoomStore
from chat.table_storage.client import TableClient
from chat.table_storage.connection import parse_storage_string
from tests.chat.local_chat import HUB, Frame, LocalChat, Tab
from tests.chat.room_log.requests import act, create

__all__ = ["append_acts", "ask_error", "connections", "make_room", "own_room", "refusal", "say"]


async def append_acts(chat: LocalChat, room: str, *requests: Request) -> None:
    """Append acts to a room's log, as another instance does."""
    tables = TableClient(parse_storage_string(chat.storage.connection_string, "ChatStorage"), "Chat")
    logs = RoomLogs(RoomStore(tables), RoomListStore(tables).ensure_listed)
    try:
        for request in requests:
            assert isinstance(request, Moderate)
            await logs.moderate(room, request)
    finally:
        await tables.close()


async def make_room(chat: LocalChat, room: str, owner: str = "ana", *moderators: str) -> None:
    """Make a public room with an owner and moderators; nobody is in it."""
    roles = [act(f"role-{user}", Act.ROLE, user, user=owner, role=Role.MODERATOR) for user in moderators]
    await append_acts(chat, room, create(owner), *roles)


async def own_room(chat: LocalChat, room: str, *others: str) -> list[Tab]:
    """Make a room that ana owns and mo moderates; return the tabs of ana and the others in it."""
    await make_room(chat, room, "ana", "mo")
    return [(await chat.enter(user, room))[0] for user in ("ana", *others)]


async def ask_error(tab: Tab, event: str, data: Any) -> Frame:
    """Send an event that is refused, and return the error line."""
    await tab.send(event, data)
    return await tab.next(type="system", event="error")


async def refusal(tab: Tab, event: str, data: Any) -> str:
    """Send an event that is refused, and return the code."""
    return str((await ask_error(tab, event, data))["code"])


async def say(tab: Tab, room: str, text: str) -> Frame:
    """Say something in a room, and return the chat line."""
    await tab.send("message", {"room": room, "message": text})
    return await tab.next(message=text, room=room)


def connections(chat: LocalChat, room: str, user: str) -> int:
    """Return how many memberships the connections of a user have in a room's two groups."""
    hub = chat.service.hubs.hub(HUB)
    groups = (hub.group_members(group) for group in groups_of(room, rich=True))
    return sum(connection.user_id == user for members in groups for connection in members)
