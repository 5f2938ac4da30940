"""What a test is told when something did not happen: what was expected, and what happened instead."""

import asyncio
from collections.abc import Sequence

from local_azure.testing.published_messages import PublishedMessage
from local_azure.testing.sent_events import SentEvent

MAX_SHOWN = 20
LOOP_STOOD_STILL = (
    "The event loop of this thread stood still meanwhile. If the app runs in it, wait in another thread: "
    "await asyncio.to_thread(...)."
)


class NotPublished(AssertionError):
    """Too few messages were published in time; the text lists those that were."""


class NotSent(AssertionError):
    """Too few events were sent to event handlers in time; the text lists those that were."""


def not_published(
    expected: str,
    count: int,
    timeout: float,
    found: Sequence[PublishedMessage],
    messages: Sequence[PublishedMessage],
    events: Sequence[SentEvent],
) -> NotPublished:
    """Return the error for `count` messages of which only those in `found` came; `expected` says what they were for."""
    lines = [f"{_number(len(found), 'message')} published {expected} within {timeout:g} s, expected {count}."]
    lines += _listed("Published", "Nothing was published at all.", messages)
    lines += _listed("Sent to event handlers", "No event was sent to an event handler.", events)
    return NotPublished("\n".join(lines + _loop_note()))


def not_sent(
    expected: str, count: int, timeout: float, found: Sequence[SentEvent], events: Sequence[SentEvent]
) -> NotSent:
    """Return the error for `count` events of which only those in `found` were sent and answered."""
    lines = [f"{_number(len(found), 'event')} {expected} answered within {timeout:g} s, expected {count}."]
    lines += _listed("Sent to event handlers", "No event was sent to an event handler.", events)
    return NotSent("\n".join(lines + _loop_note()))


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _listed(title: str, none: str, values: Sequence[object]) -> list[str]:
    if not values:
        return [none]
    left_out = len(values) - MAX_SHOWN
    lines = [f"{title} ({len(values)}):"]
    lines += [f"  … {left_out} earlier"] if left_out > 0 else []
    return lines + [f"  {value!r}" for value in values[-MAX_SHOWN:]]


def _loop_note() -> list[str]:
    """Return a hint where the caller is a coroutine: waiting kept everything else in its loop from running."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return []
    return [LOOP_STOOD_STILL]
