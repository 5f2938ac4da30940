"""The `context` argument of a function: its invocation (`azure.functions.Context`), and output parameters."""

import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# One object for the process, as in the worker: code that starts a thread sets `invocation_id` here, and the log records
# of that thread belong to the invocation.
invocation_local = threading.local()


# Version, trace id and span id, neither of them all zeros, and flags (W3C Trace Context, level 1).
_TRACE_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """The W3C trace context of an invocation; each value can be read under both names that the worker gives it."""

    trace_parent: str = ""
    trace_state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def Traceparent(self) -> str:  # noqa: N802 — the worker's older name
        """The same as `trace_parent`."""
        return self.trace_parent

    @property
    def Tracestate(self) -> str:  # noqa: N802 — the worker's older name
        """The same as `trace_state`."""
        return self.trace_state

    @property
    def Attributes(self) -> Mapping[str, str]:  # noqa: N802 — the worker's older name
        """The same as `attributes`."""
        return self.attributes


def read_trace_context(headers: Mapping[str, str]) -> TraceContext:
    """Return the trace context that came with a request, by its headers, or else the beginning of a new trace.

    A new trace is marked as recorded: a host with telemetry does so, and an app's own spans are kept only then.
    """
    parent = headers.get("traceparent", "")
    if _TRACE_PARENT.fullmatch(parent):
        return TraceContext(parent, headers.get("tracestate", ""))
    trace, span = random.getrandbits(128) or 1, random.getrandbits(64) or 1
    return TraceContext(f"00-{trace:032x}-{span:016x}-01")


@dataclass(frozen=True, slots=True)
class RetryContext:
    """Always the first attempt: retry policies belong to triggers that this host does not run."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: None = None


_FIRST_ATTEMPT = RetryContext()


@dataclass(frozen=True, slots=True)
class Context:
    """One invocation: its id (a UUID), the function's name and the folder of the file that defines it."""

    invocation_id: str
    function_name: str
    function_directory: str
    trace_context: TraceContext = field(default_factory=TraceContext)
    retry_context: RetryContext = _FIRST_ATTEMPT
    thread_local_storage: Any = invocation_local


class Out:
    """The value of an output parameter (`azure.functions.Out`)."""

    def __init__(self) -> None:
        self._value: object = None

    def set(self, val: object) -> None:
        """Keep the value for the output binding."""
        self._value = val

    def get(self) -> object:
        """Return the value set last, None when there is none."""
        return self._value
