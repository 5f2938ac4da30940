"""What a message is, how one is read from a payload, and how one is sent and changed."""
