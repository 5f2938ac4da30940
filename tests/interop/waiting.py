"""Waiting for conditions, never for a number of seconds."""

import asyncio
import time
from collections.abc import Callable

WAIT_SECONDS = 20.0


async def eventually(condition: Callable[[], object]) -> None:
    """Return as soon as the condition holds; fail after 20 seconds."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        await asyncio.sleep(0.005)
