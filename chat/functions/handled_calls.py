"""How the functions answer: a refusal becomes a response, and each event and request gets one line of the log.

The platform's invocation says where a call stands in a trace; else the request's own header does, else a trace begins.
"""

import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import azure.functions as func

from chat.call_record import CallRecord
from chat.correlation import CAUSE, Cause
from chat.errors import ChatError, Unexpected
from chat.http_answers import NO_STORE, error_response
from chat.logs import log, log_call
from chat.spans import Tracer, describe, trace_of
from chat.trace_context import TRACEPARENT, TraceContext, new_trace, parse_traceparent

Work = Callable[[CallRecord], Awaitable[func.HttpResponse]]
"""Answers a call, and notes in the record what its line shall say; raises the ChatError that refuses the call."""


async def answer_request(req: func.HttpRequest, context: func.Context, work: Work) -> func.HttpResponse:
    """Return the answer to a request over HTTP, after one line `request handled` in the log."""
    record = new_record(context.function_name, received_trace(req, context))
    CAUSE.set(Cause(None, record.trace))
    return await answer_call("request handled", record, work)


async def answer_event(
    req: func.HttpRequest, context: func.Context, request_id: str | None, tracer: Tracer | None, work: Work
) -> func.HttpResponse:
    """Return the answer to an event, after one line `event handled` in the log; with a tracer it gets a span.

    `request_id` is that of the event's request: the calls that the event causes carry it.
    """
    parent = received_trace(req, context)
    record = new_record("unknown", parent)
    if tracer is not None:
        with serve_span(tracer, parent, record, request_id):
            return await answer_call("event handled", record, work)
    CAUSE.set(Cause(request_id, record.trace))
    return await answer_call("event handled", record, work)


def new_record(event: str, trace: TraceContext | None) -> CallRecord:
    """Return the record of a call that begins now."""
    return CallRecord(event, time.perf_counter(), trace or new_trace(random.getrandbits(192)))


def received_trace(req: func.HttpRequest, context: func.Context) -> TraceContext | None:
    """Return where the call stands in a trace, None where nobody said so, or not in the standard's form."""
    from_host = parse_traceparent(context.trace_context.trace_parent)
    return from_host or parse_traceparent(req.headers.get(TRACEPARENT))


async def answer_call(text: str, record: CallRecord, work: Work) -> func.HttpResponse:
    """Return the work's response, or that of the error that it raises, after the one line of the call."""
    try:
        response = await work(record)
    except ChatError as error:
        record.code = error.code
        response = error_response(error, headers=NO_STORE)
    except Exception:
        log.exception("unexpected failure", extra={"event": record.event})
        record.code = Unexpected.code
        response = error_response(Unexpected(), headers=NO_STORE)
    if record.status is None:  # an error that is answered to the sender alone has noted its own status
        record.status = response.status_code
    log_call(text, record.fields(time.perf_counter()), failed=record.status >= 500)
    return response


@contextmanager
def serve_span(
    tracer: Tracer, parent: TraceContext | None, record: CallRecord, request_id: str | None
) -> Iterator[None]:
    """Make the span of an event; the line of the event, and the calls in the block, are within it."""
    with tracer.serve("event", parent) as span:
        record.trace = trace_of(span) or record.trace
        CAUSE.set(Cause(request_id, record.trace, tracer))
        yield
        describe(span, record)
