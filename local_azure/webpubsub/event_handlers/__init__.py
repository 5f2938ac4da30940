"""Tell the application what its clients do: CloudEvents over HTTP, to the webhooks that a hub's settings name."""

from local_azure.webpubsub.event_handlers.answers import ConnectAnswer, ConnectRefused, EventFailed
from local_azure.webpubsub.event_handlers.dispatcher import EventHandlers
from local_azure.webpubsub.event_handlers.requests import ConnectRequest
from local_azure.webpubsub.event_handlers.source import EventSource

__all__ = ["ConnectAnswer", "ConnectRefused", "ConnectRequest", "EventFailed", "EventHandlers", "EventSource"]
