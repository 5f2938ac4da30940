"""Event handlers: clients' events as CloudEvents over HTTP, to the webhooks that a hub's settings name."""

from local_azure.webpubsub.event_handlers.dispatcher import EventHandlers
from local_azure.webpubsub.event_handlers.requests import ConnectRequest
from local_azure.webpubsub.event_handlers.responses import ConnectRefused, ConnectResponse, EventFailed, NoHandler

__all__ = ["ConnectRefused", "ConnectRequest", "ConnectResponse", "EventFailed", "EventHandlers", "NoHandler"]
