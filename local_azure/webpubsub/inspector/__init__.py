"""A page that shows what happens inside the service: `edge` says who may look, `chains` what follows from what."""

from local_azure.webpubsub.inspector.edge import Inspector, is_loopback

__all__ = ["Inspector", "is_loopback"]
