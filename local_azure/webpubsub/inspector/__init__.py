"""A page that shows what happens in the service: `http_routes` serves it, `traces` finds what has one cause."""

from local_azure.webpubsub.inspector.http_routes import Inspector

__all__ = ["Inspector"]
