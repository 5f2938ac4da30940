"""A client of an empty table storage on this machine."""

from tests.chat.room_list.conftest import storage

__all__ = ["storage"]
