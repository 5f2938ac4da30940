"""Which rooms were joined? A list of names, the latest first, in one durable entity; the service says who is in them.

Stored as `{"v": 1, "rooms": {room: last joined, milliseconds since 1970 (UTC)}}`. Version 0 was the inner object alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chat.durable_client import DurableClient

# Names that are stored: in entities, and in the histories of running orchestrations.
DIRECTORY_ENTITY, DIRECTORY_KEY = "directory", "all"
EXPIRE_ORCHESTRATION = "room_care"

VERSION = 1
MAX_ROOMS = 400

Directory = dict[str, int]


def with_room(directory: Mapping[str, int], room: str, at: int) -> Directory:
    """Return the directory with a room that somebody joined (ms since 1970); the longest unused ones are removed."""
    known = {**directory, room: max(at, directory.get(room, 0))}
    return dict(sorted(known.items(), key=lambda item: (-item[1], item[0]))[:MAX_ROOMS])


def without_room(directory: Mapping[str, int], room: str, before: int) -> Directory:
    """Return the directory without a room, unless somebody joined it after that time."""
    return {name: at for name, at in directory.items() if name != room or at > before}


def decode_directory(state: Mapping[str, Any] | None) -> Directory:
    """Return the directory that a state of any version holds; no state is an empty directory."""
    rooms = (state or {}).get("rooms")
    return dict(rooms if isinstance(rooms, Mapping) else state or {})


def apply_operation(state: Mapping[str, Any] | None, operation: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entity's state after an operation: `opened`, or `closed`."""
    change = with_room if operation == "opened" else without_room
    return {"v": VERSION, "rooms": change(decode_directory(state), content["room"], content["at"])}


def expire_instance_id(room: str) -> str:
    """Return the id of the orchestration that closes a room when it is idle."""
    return f"care-{room}"


@dataclass(frozen=True, slots=True)
class RoomDirectory:
    """The directory, as its entity keeps it."""

    durable: DurableClient

    async def store_opened(self, room: str, at: int) -> None:
        """Add a room to the list, and start the orchestration that closes it when it is idle.

        Raises what the SDK raises, or StorageUnavailable.
        """
        await self.durable.signal(DIRECTORY_ENTITY, DIRECTORY_KEY, "opened", {"v": VERSION, "room": room, "at": at})
        if not await self.durable.is_running(expire_instance_id(room)):
            await self.durable.start(EXPIRE_ORCHESTRATION, expire_instance_id(room), {"v": VERSION, "room": room})

    async def read_rooms(self) -> Directory:
        """Return the rooms with the time of the last join (ms since 1970), the latest first.

        Raises StorageUnavailable.
        """
        return decode_directory(await self.durable.read_entity(DIRECTORY_ENTITY, DIRECTORY_KEY, "the list of rooms"))
