"""The `context` argument: what a function may know about its own invocation (`azure.functions.Context`)."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# One for the process, as in the worker: code on a thread of its own sets `invocation_id` here, so that its log
# records are attributed to the invocation.
invocation_local = threading.local()


@dataclass(frozen=True, slots=True)
class TraceContext:
    """The W3C trace context of the request; empty strings when the caller sent none."""

    trace_parent: str = ""
    trace_state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RetryContext:
    """Retry policies belong to triggers that this host does not run, so every call is the first attempt."""

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
    """An output parameter's holder (`azure.functions.Out`)."""

    def __init__(self) -> None:
        self._value: object = None

    def set(self, val: object) -> None:
        """Keep the value for the output binding."""
        self._value = val

    def get(self) -> object:
        """Return the value set last, None when there is none."""
        return self._value
