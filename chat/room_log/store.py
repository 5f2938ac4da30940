"""Where a room's log is kept: one durable entity for each room."""

from dataclasses import dataclass

from chat.durable_client import DurableClient
from chat.errors import StorageUnavailable
from chat.lines import Line
from chat.logs import cause_of, log
from chat.room_log.codec import decode_log, encode_change, encode_line
from chat.room_log.model import Change, Key, RoomLog
from chat.room_log.pages import PAGE_LENGTH, UNREADABLE, Page, page_of

# The entity's name is stored: renaming it would lose every room's log.
ROOM_ENTITY = "room"


@dataclass(frozen=True, slots=True)
class RoomStore:
    """The logs of all rooms."""

    durable: DurableClient

    async def store_message(self, line: Line) -> None:
        """Send a message to its room's log; raises what the SDK raises."""
        await self.durable.signal(ROOM_ENTITY, line.room, "say", encode_line(line))

    async def store_change(self, room: str, change: Change) -> None:
        """Send a change of a message to its room's log; raises what the SDK raises."""
        operation, content = encode_change(change)
        await self.durable.signal(ROOM_ENTITY, room, operation, content)

    async def read_log(self, room: str) -> RoomLog:
        """Return a room's log, as far as its operations were applied; raises StorageUnavailable."""
        return decode_log(await self.durable.read_entity(ROOM_ENTITY, room, "the history"))

    async def read_page(self, room: str, before: Key | None = None, limit: int = PAGE_LENGTH) -> Page:
        """Return a page of a room's history; when it cannot be read, an empty page that says that it is incomplete."""
        try:
            return page_of(await self.read_log(room), before, limit)
        except StorageUnavailable as problem:
            log.warning("history is unreadable", extra={"room": room, "cause": cause_of(problem)})
            return UNREADABLE
