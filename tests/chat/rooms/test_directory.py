"""The list of rooms that were joined, as every version of the app stored it."""

from chat.rooms.directory import MAX_ROOMS, apply_operation, decode_directory, with_room, without_room


def test_a_directory_of_every_stored_version_is_read() -> None:
    """Version 0 was the rooms alone, so a room may be called like a field of version 1."""
    version_0 = {"design": 1700, "rooms": 1600}
    version_1 = {"v": 1, "rooms": version_0}

    assert decode_directory(version_0) == decode_directory(version_1) == version_0
    assert decode_directory({"v": 9, "rooms": version_0, "topics": {}}) == version_0
    assert decode_directory(None) == {}


def test_a_directory_of_version_0_is_stored_in_the_newest_one() -> None:
    state = apply_operation({"design": 1700}, "opened", {"room": "support", "at": 1800})

    assert state == {"v": 1, "rooms": {"support": 1800, "design": 1700}}
    assert apply_operation(state, "closed", {"room": "design", "at": 1700}) == {"v": 1, "rooms": {"support": 1800}}


def test_the_longest_unused_rooms_are_removed_first() -> None:
    directory: dict[str, int] = {}
    for number in range(MAX_ROOMS + 1):
        directory = with_room(directory, f"room-{number}", number)

    assert len(directory) == MAX_ROOMS
    assert "room-0" not in directory
    assert next(iter(directory)) == f"room-{MAX_ROOMS}"


def test_a_room_that_somebody_joined_meanwhile_stays() -> None:
    assert without_room({"design": 1700}, "design", before=1699) == {"design": 1700}
    assert without_room({"design": 1700}, "design", before=1700) == {}
