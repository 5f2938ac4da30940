"""Tell the application what its clients do: CloudEvents over HTTP, to the webhooks that a hub's settings name."""

from emulator.webpubsub.event_handlers.answers import ConnectAnswer, ConnectRefused, EventFailed
from emulator.webpubsub.event_handlers.dispatcher import EventHandlers
from emulator.webpubsub.event_handlers.requests import ConnectRequest
from emulator.webpubsub.event_handlers.source import EventSource

__all__ = ["ConnectAnswer", "ConnectRefused", "ConnectRequest", "EventFailed", "EventHandlers", "EventSource"]
