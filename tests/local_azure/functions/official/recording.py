"""What the embedded host hands its durable functions and what they make of it, and the same under the official runtime.

Both hosts run the functions in the same way; what they hand over is JSON text. So a recorded call can be made again.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.functions import get_binding_registry

from local_azure.functions.routing.routes import DURABLE_TRIGGERS
from local_azure.functions.worker.loading import LoadedFunction
from local_azure.functions.worker.worker import Worker
from tests.local_azure.functions.official.runtime import OfficialApp

ACTIVITY = "activityTrigger"
# The SDK puts an orchestrator's state behind this mark into the message of what it raises.
STATE_MARK = "$OutOfProcData$:"


@dataclass(frozen=True)
class Call:
    """One call of a durable function: the trigger's name and text, and the outcome under the embedded host."""

    function: str
    kind: str
    trigger: str
    text: str
    outcome: object = field(compare=False)


@contextmanager
def recorded_calls() -> Iterator[list[Call]]:
    """Yield the list that every call of a durable function is written to when it has ended.

    The worker method that runs a function is wrapped; the function runs as before.
    """
    calls: list[Call] = []
    invoke = Worker.invoke

    async def listen(worker: Worker, function: LoadedFunction, arguments: Mapping[str, object], **more: Any) -> object:
        if function.trigger.get("type") not in DURABLE_TRIGGERS:
            return await invoke(worker, function, arguments, **more)
        trigger = str(function.trigger["name"])
        text = text_of(arguments[trigger])
        try:
            result = await invoke(worker, function, arguments, **more)
        except BaseException as error:
            calls.append(Call(function.name, function.trigger_type, trigger, text, failure(error)))
            raise
        calls.append(Call(function.name, function.trigger_type, trigger, text, returned(function, result)))
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Worker, "invoke", listen)
        yield calls


def text_of(argument: Any) -> str:
    """Return the text that an argument was made from: contexts keep it, what an activity is given is plain JSON."""
    return str(argument.body) if hasattr(argument, "body") else json.dumps(argument)


def returned(function: LoadedFunction, result: object) -> object:
    """Return what the library sends for a result."""
    try:
        encoded = get_binding_registry().get(function.trigger_type).encode(result, expected_type=None)
    except ValueError as error:
        return failure(error)
    return value(str(encoded.value))


def value(text: str) -> object:
    """Return a result in a form that is equal where only the order of keys or the time that it took differ."""
    return "value", without_durations(json.loads(text))


def failure(error: BaseException) -> object:
    return told_failure(f"{type(error).__name__}: {error}")


def told_failure(text: str) -> object:
    """Return what a function raised; the state of an orchestrator stands in its message."""
    message, _, state = text.partition(STATE_MARK)
    return "failure", re.sub(r" at 0x[0-9a-f]+", "", message), json.loads(state) if state else None


def without_durations(content: Any) -> Any:
    """Return an entity's answer without when each operation began and how long it took; anything else as it is."""
    if not (isinstance(content, dict) and "entityState" in content):
        return content
    results = [{"isError": result["isError"], "result": result["result"]} for result in content["results"]]
    return content | {"results": results}


def settled(calls: list[Call]) -> list[Call]:
    """Return the calls without those of activities that were made again with the same text.

    Such an activity reads something outside the app, and the repeated call reads what the last one read.
    """
    return [call for number, call in enumerate(calls) if call.kind != ACTIVITY or call not in calls[number + 1 :]]


async def differences(calls: list[Call], official: OfficialApp, together: frozenset[str] = frozenset()) -> list[str]:
    """Make the calls again, one after the other; return a line for each that ends otherwise.

    Those of the functions named in `together` wait for each other, so they are made at once.
    """
    one_by_one = [[call] for call in calls if call.function not in together]
    at_once = [[call for call in calls if call.function == name] for name in sorted(together)]
    different = []
    for group in one_by_one + at_once:
        requests = [(call.function, {call.trigger: {"string": call.text}}) for call in group]
        for call, outcome in zip(group, await official.invoke_durable(requests), strict=True):
            theirs = told_failure(outcome["failure"]) if "failure" in outcome else value(outcome["value"])
            if theirs != call.outcome:
                different.append(f"{call.function} {call.text}\n  embedded {call.outcome}\n  official {theirs}")
    return different
