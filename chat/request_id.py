"""The id that joins the calls that an event causes: they carry the id of the event's own request."""

from contextvars import ContextVar
from uuid import uuid4

REQUEST_ID = "x-ms-client-request-id"
CAUSE: ContextVar[str | None] = ContextVar("cause", default=None)
"""The request id of the event that is being handled: our calls send it too, so that a trace can join them."""


def new_call_id() -> str:
    """Return the id for a call: that of the event that causes it, else one of its own."""
    return CAUSE.get() or str(uuid4())
