"""Trying a call again that is safe to repeat: a few times, after random pauses, within one limit of time."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

from chat.http_client import CallFailed, HttpAnswer

Pauses = Sequence[tuple[float, float]]
"""The limits of the random pause before each further try, in seconds."""


async def call_with_retries(
    send: Callable[[float], Awaitable[HttpAnswer]], pauses: Pauses, seconds: float, try_seconds: float | None = None
) -> HttpAnswer:
    """Return the first answer that another try would not change, or the last one, whatever its status is.

    `send` is given the seconds it may take, at most `try_seconds`. A busy service's `Retry-After` makes a pause longer;
    without time for the pause there is no further try. Raises CallFailed when no answer came to the last try.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds

    def limit() -> float:
        return deadline - clock() if try_seconds is None else min(deadline - clock(), try_seconds)

    for shortest, longest in pauses:
        pause = random.uniform(shortest, longest)  # noqa: S311 (no secret)
        try:
            answer = await send(limit())
        except CallFailed:
            if clock() + pause >= deadline:
                raise
        else:
            pause = max(pause, _retry_after(answer))
            if not is_temporary(answer.status) or clock() + pause >= deadline:
                return answer
        await asyncio.sleep(pause)
    return await send(limit())


def is_temporary(status: int) -> bool:
    """Return whether the same call may succeed a moment later."""
    return status in (408, 429) or (status >= 500 and status != 501)


def _retry_after(answer: HttpAnswer) -> float:
    """Return how many seconds a busy service wants to be left alone; 0 when it does not say so in seconds."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0
