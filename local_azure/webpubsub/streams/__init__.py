"""Streams of clients to groups: one publisher sends numbered parts, and each subscriber gets them once, in order."""

from local_azure.webpubsub.streams.open_streams import OpenStreams

__all__ = ["OpenStreams"]
