"""What a case found: a result, made from how the case ended."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from conformance.expectations import Differs, NotRun, shown

Status = Literal["pass", "differs", "stated", "not run"]
Source = Literal["published", "emulator", "design", "unverified"]
"""Where a behaviour is known from; `published` is documentation, specification, API description or an official SDK."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a case found. `stated` is a difference that was known before, with its reason."""

    number: str
    title: str
    status: Status
    expected: str = ""
    got: str = ""
    reason: str = ""
    seconds: float = 0.0


async def find_result(
    number: str, title: str, looking: Coroutine[Any, Any, None], *, seconds: float, stated: str = ""
) -> Result:
    """Return the result of a case; `stated` is why it may differ, empty when it may not."""
    started = time.perf_counter()

    def result(status: Status, expected: str = "", got: str = "", reason: str = "") -> Result:
        return Result(number, title, status, expected, got, reason, round(time.perf_counter() - started, 3))

    try:
        async with asyncio.timeout(seconds):
            await looking
    except NotRun as why:
        return result("not run", reason=str(why))
    except Differs as difference:
        expected, got = difference.expected, difference.got
    except TimeoutError:
        expected, got = "an answer", f"none within {seconds:g} seconds"
    except Exception as error:  # What the target answered has another shape than any case foresees.
        expected, got = "the documented answer", shown(f"{type(error).__name__}: {error}")
    else:
        return result("pass")
    return result("stated" if stated else "differs", expected, got, stated)
