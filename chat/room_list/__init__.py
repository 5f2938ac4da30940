"""The list of rooms: which rooms have people in them, and which have a log; one table row for each."""
