"""The log of a room: numbered entries in Table storage, how one is appended, and how they are read."""
