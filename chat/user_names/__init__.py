"""What may a user be called, and which names look alike? By Unicode's own tables."""
