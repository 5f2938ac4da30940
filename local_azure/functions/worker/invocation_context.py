"""The `context` argument of a function: its invocation (`azure.functions.Context`), and output parameters."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# One object for the process, as in the worker: code that starts a thread sets `invocation_id` here, and the log records
# of that thread belong to the invocation.
invocation_local = threading.local()


@dataclass(frozen=True, slots=True)
class TraceContext:
    """The W3C trace context of the request; empty strings when the caller sent none."""

    trace_parent: str = ""
    trace_state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RetryContext:
    """Always the first attempt: retry policies belong to triggers that this host does not run."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: None = None


@dataclass(frozen=True, slots=True)
class Context:
    """One invocation: its id (a UUID), the function's name and the folder of the file that defines it."""

    invocation_id: str
    function_name: str
    function_directory: str
    trace_context: TraceContext = field(default_factory=TraceContext)
    retry_context: RetryContext = field(default_factory=RetryContext)
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
