"""How one joins and leaves a room, what is unread in it, and which rooms there are."""
