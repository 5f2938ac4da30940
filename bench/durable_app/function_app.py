"""The app of the durable measurements: an entity that notes how late its signals are, a flow of ten steps."""

# The SDK is untyped.
# mypy: disable-error-code="untyped-decorator, import-untyped"

import time
from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

app = df.DFApp()
latencies: list[float] = []


@app.entity_trigger(context_name="context")
def Gauge(context: df.DurableEntityContext) -> None:  # noqa: N802
    latencies.append(time.perf_counter() - context.get_input())
    context.set_state(context.get_state(lambda: 0) + 1)


@app.activity_trigger(input_name="value")
def step(value: int) -> int:
    return value + 1


@app.orchestration_trigger(context_name="context")
def ten_steps(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    value = 0
    for _ in range(10):
        value = yield context.call_activity("step", value)
    return value


@app.orchestration_trigger(context_name="context")
def many_steps(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    value = 0
    for _ in range(200):
        value = yield context.call_activity("step", value)
    return value
