"""Spans by OpenTelemetry's API, where a setting asks for them. Nothing of it is imported otherwise.

The API alone records nothing: the spans reach somebody when the process has an SDK, which the platform or an operator
sets up (docs/operations.md).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chat.call_record import CallRecord
from chat.errors import ChatError, NotConfigured, UnknownEvent
from chat.logs import log
from chat.settings import Settings
from chat.trace_context import TraceContext

if TYPE_CHECKING:
    from opentelemetry.trace import Span

NAME = "chat"
_ATTRIBUTES = {"room": "chat.room", "id": "chat.message", "seq": "chat.seq"}
"""The attributes of a call's span, by the names that frames have for them."""


class Tracer:
    """Makes spans; each is the current one while its block lasts, so that log exporters and other libraries see it."""

    def __init__(self) -> None:
        """Import the API; its cost is paid by the processes that ask for spans."""
        from opentelemetry import trace

        self._api = trace
        self._tracer = trace.get_tracer(NAME)

    @contextmanager
    def serve(self, name: str, parent: TraceContext | None) -> "Iterator[Span]":
        """Make the span of what a caller asks for; without a parent it begins a trace."""
        api = self._api
        context = None
        if parent is not None:
            trace_id, span_id, flags = (int(part, 16) for part in (parent.trace_id, parent.span_id, parent.flags))
            caller = api.SpanContext(trace_id, span_id, is_remote=True, trace_flags=api.TraceFlags(flags))
            context = api.set_span_in_context(api.NonRecordingSpan(caller))
        with self._span(name, api.SpanKind.SERVER, context=context) as span:
            yield span

    @contextmanager
    def call(self, name: str, about: Mapping[str, Any]) -> "Iterator[Span]":
        """Make the span of a call to another service, below the current span; `about` is a frame, or a part of one."""
        attributes = {attribute: about[name] for name, attribute in _ATTRIBUTES.items() if name in about}
        with self._span(name, self._api.SpanKind.CLIENT, attributes=attributes) as span:
            yield span

    @contextmanager
    def _span(self, name: str, kind: object, **more: object) -> "Iterator[Span]":
        # What an exception says may hold a text: the span has its code, or its type, and nothing else of it.
        quiet = {"record_exception": False, "set_status_on_exception": False}
        with self._tracer.start_as_current_span(name, kind=kind, **quiet, **more) as span:  # type: ignore[arg-type]
            try:
                yield span
            except ChatError as error:
                span.set_attribute("chat.code", error.code)
                if error.status >= 500:  # a refusal is no failure
                    fail(span, error.code)
                raise
            except BaseException as error:
                fail(span, type(error).__name__)
                raise


def open_tracer(settings: Settings) -> Tracer | None:
    """Return what makes spans, None where no setting asks for them, or not in a way that is understood."""
    try:
        return Tracer() if settings.makes_spans else None
    except NotConfigured as error:
        log.error("no spans are made", extra={"code": error.code, "reason": str(error)})
        return None


def fail(span: "Span", why: str) -> None:
    """Mark a span as failed; `why` is a stable code or the name of an exception's type."""
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR, why))


def describe(span: "Span", record: CallRecord) -> None:
    """Give the span of an event its name and what its line of the log says; a failure (5xx) marks it as failed."""
    # Names are few: what clients call an event that there is not is an attribute.
    span.update_name("event unknown" if record.code == UnknownEvent.code else f"event {record.event}")
    for name in ("event", "connection", "room", "message", "seq", "status", "code"):
        if (value := getattr(record, name)) is not None:
            span.set_attribute(f"chat.{name}", value)
    if record.status is not None and record.status >= 500:
        fail(span, record.code or str(record.status))


def trace_of(span: "Span") -> TraceContext | None:
    """Return a span's place in its trace; None for one that no SDK made."""
    context = span.get_span_context()
    if not context.is_valid:
        return None
    return TraceContext(f"{context.trace_id:032x}", f"{context.span_id:016x}", f"{context.trace_flags:02x}")
