"""The run: which cases can say something about the target, several of them at a time, each within a time limit."""

import asyncio
import secrets
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp

from conformance.context import Context
from conformance.event_handler import EventHandler
from conformance.registry import Case, Wait
from conformance.results import Result, find_result
from conformance.target import Statements, Target

WAITS_IN_A_CASE = 6
RETRIES_SECONDS = 9.0
STREAM_IDLE_SECONDS = 301.0
PATIENT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How the cases run: so many at a time; those that wait for more than `patience` seconds are left out."""

    at_a_time: int = 16
    patience_seconds: float = PATIENT_SECONDS


async def run_cases(
    cases: Iterable[Case], target: Target, statements: Statements, handler: EventHandler | None, limits: Limits
) -> list[Result]:
    """Return the results, those of the longest cases first; each case has names and connections of its own."""
    run_key = secrets.token_hex(3)
    free = asyncio.Semaphore(limits.at_a_time)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:

        async def run(case: Case) -> Result:
            reason = reason_not_to_run(case, target, statements, handler, limits)
            if reason:
                return Result(case.number, case.title, "not run", reason=reason)
            async with free:
                return await run_case(case, target, statements, handler, http, run_key)

        longest_first = sorted(cases, key=lambda case: -waited_seconds(case, target))
        return await asyncio.gather(*(run(case) for case in longest_first))


async def run_case(
    case: Case,
    target: Target,
    statements: Statements,
    handler: EventHandler | None,
    http: aiohttp.ClientSession,
    run_key: str,
) -> Result:
    """Return what a case finds; everything that it opened is closed."""
    key = f"c{run_key}{case.number.replace('-', '').lower()}"
    seconds = waited_seconds(case, target) + target.wait_seconds * WAITS_IN_A_CASE
    stated = statements.differences.get(case.number) or statements.sources.get(case.source, "")

    async def look() -> None:
        async with AsyncExitStack() as stack:
            await case.run(Context(target, case.number, key, http, stack, handler))

    return await find_result(case.number, case.title, look(), seconds=seconds, stated=stated)


def reason_not_to_run(
    case: Case, target: Target, statements: Statements, handler: EventHandler | None, limits: Limits
) -> str:
    """Return why a case cannot say anything about this target, empty when it can."""
    if case.family and case.family in statements.not_offered:
        return statements.not_offered[case.family]
    if case.needs_handler and handler is None:
        return "needs an address that the target reaches: --handler-url"
    seconds = waited_seconds(case, target)
    if seconds > limits.patience_seconds:
        return f"waits for {seconds:g} seconds: --slow"
    return ""


def waited_seconds(case: Case, target: Target) -> float:
    """Return how long a case waits by its nature."""
    times: dict[Wait | None, float] = {
        None: 0.0,
        "retention": target.retention_seconds,
        "handler timeout": target.handler_timeout_seconds,
        "retries": RETRIES_SECONDS,
        "stream idle time": STREAM_IDLE_SECONDS,
    }
    return times[case.waits_for]
