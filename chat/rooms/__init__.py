"""Who is in a room, how one joins and leaves, and which rooms there are."""
