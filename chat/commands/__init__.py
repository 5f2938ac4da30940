"""Slash commands and reminders. `chat/handlers.py` lists the commands."""
