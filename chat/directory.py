"""Which rooms are there? A list of names that were entered, the latest first; who is in them the service says."""

from collections.abc import Mapping
from typing import Any

MAX_ROOMS = 400


def opened(directory: Mapping[str, int], room: str, at: int) -> dict[str, int]:
    """Return the directory with a room that somebody entered (ms since 1970); the longest unused leave first."""
    known = {**directory, room: max(at, directory.get(room, 0))}
    return dict(sorted(known.items(), key=lambda item: (-item[1], item[0]))[:MAX_ROOMS])


def closed(directory: Mapping[str, int], room: str, before: int) -> dict[str, int]:
    """Return the directory without a room, unless somebody entered it after that time."""
    return {name: at for name, at in directory.items() if name != room or at > before}


def apply_operation(directory: Mapping[str, int] | None, operation: str, content: Mapping[str, Any]) -> dict[str, int]:
    """Return the directory after an operation of the entity."""
    change = opened if operation == "opened" else closed
    return change(directory or {}, content["room"], content["at"])
