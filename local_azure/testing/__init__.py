"""Services for tests, without pytest and with it: each runs in a thread of its own, on a free port."""

from local_azure.testing.failure_texts import NotPublished, NotSent
from local_azure.testing.published_messages import PublishedMessage
from local_azure.testing.sent_events import SentEvent
from local_azure.testing.table_storage import TableStorage, running_table_storage
from local_azure.testing.web_pubsub import WebPubSub, running

__all__ = [
    "NotPublished",
    "NotSent",
    "PublishedMessage",
    "SentEvent",
    "TableStorage",
    "WebPubSub",
    "running",
    "running_table_storage",
]
