"""The sample app's activities, in a blueprint."""

# The SDK's decorators are untyped, and its worker refuses `dict[str, Any]` as an activity's parameter.
# mypy: disable-error-code="untyped-decorator, type-arg, import-untyped"

import asyncio
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import azure.durable_functions as df

bp = df.Blueprint()

# What the tests look at: how often an activity ran, and on which threads.
calls: Counter[str] = Counter()
threads: dict[str, str] = {}


@bp.activity_trigger(input_name="value")
def double(value: int) -> int:
    calls["double"] += 1
    return value * 2


@bp.activity_trigger(input_name="value")
async def slowly(value: int) -> int:
    calls["slowly"] += 1
    threads["slowly"] = threading.current_thread().name
    return value


@bp.activity_trigger(input_name="value")
def where(value: str) -> str:
    threads["where"] = threading.current_thread().name
    return f"{value} at work"


@bp.activity_trigger(input_name="plan", activity="Flaky")
def flaky(plan: dict) -> str:
    """Fails so many times for a token, then says how often it was called."""
    calls[plan["token"]] += 1
    if calls[plan["token"]] <= plan["failures"]:
        raise ValueError(f"attempt {calls[plan['token']]}")
    return f"after {calls[plan['token']]}"


@bp.activity_trigger(input_name="value")
def not_json(value: str) -> Any:
    return object()


@bp.activity_trigger(input_name="folder")
def holds(folder: str) -> int:
    """Writes that it began, then runs until the test lets it end; returns how often it began."""
    marks = Path(folder, "began")
    with marks.open("a") as file:
        file.write("x")
    deadline = time.monotonic() + 30
    while not Path(folder, "go").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    return len(marks.read_text())


@bp.activity_trigger(input_name="value")
def echo(value: Any) -> Any:
    return value


@bp.activity_trigger(input_name="folder")
def leaves_mark(folder: str) -> None:
    Path(folder, "mark").touch()


@bp.activity_trigger(input_name="how")
async def leaves(how: str) -> None:
    """Ends by a cancellation, which no function should raise."""
    if how == "cancelled":
        raise asyncio.CancelledError
    await asyncio.sleep(0)


@bp.activity_trigger(input_name="code")
def exits(code: int) -> None:
    sys.exit(code)
