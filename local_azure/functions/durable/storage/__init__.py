"""The state of the task hub in SQLite; each function runs within one transaction."""
