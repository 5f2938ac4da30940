"""What joins the calls that an event causes: they carry the id of the event's own request, and its trace."""

import random
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from chat.spans import Tracer, trace_of
from chat.trace_context import TRACEPARENT, TraceContext
from chat.value_objects import value_object

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_NO_SPAN: AbstractContextManager[None] = nullcontext()
REQUEST_ID = "x-ms-client-request-id"


@value_object
class Cause:
    """The event or request that is being handled: its id, if it has one, and its place in a trace.

    With a `tracer` spans are made, and `trace` is the innermost of them.
    """

    request_id: str | None
    trace: TraceContext
    tracer: Tracer | None = None

    def call_headers(self) -> dict[str, str]:
        """Return the headers of a call: without a span of its own it has a span id that nothing else has."""
        trace = str(self.trace) if self.tracer else self.trace.child(random.getrandbits(64))
        return {TRACEPARENT: trace, REQUEST_ID: self.request_id} if self.request_id else {TRACEPARENT: trace}


CAUSE: ContextVar[Cause | None] = ContextVar("cause", default=None)
"""What is being handled, None in the background."""


def call_headers() -> dict[str, str]:
    """Return the headers that join a call to what causes it; none in the background."""
    cause = CAUSE.get()
    return {} if cause is None else cause.call_headers()


def new_call_id() -> str:
    """Return the id for a call: that of the event that causes it, else one of its own."""
    cause = CAUSE.get()
    return (cause.request_id if cause else None) or str(uuid4())


def call_span(name: str, about: Mapping[str, Any]) -> "AbstractContextManager[Span | None]":
    """Return the block of a call to storage or to the service: a span where the process makes spans, else nothing.

    In the block the headers of calls name the span. `about` is a frame, or what has its `room`, `id` and `seq`.
    """
    cause = CAUSE.get()
    return _NO_SPAN if cause is None or cause.tracer is None else _call_span(cause, cause.tracer, name, about)


@contextmanager
def _call_span(cause: Cause, tracer: Tracer, name: str, about: Mapping[str, Any]) -> "Iterator[Span]":
    with tracer.call(name, about) as span:
        token = CAUSE.set(replace(cause, trace=trace_of(span) or cause.trace))
        try:
            yield span
        finally:
            CAUSE.reset(token)
