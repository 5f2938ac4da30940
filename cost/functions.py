"""What Flex Consumption bills: executions, and GB-seconds of instances that execute something.

Rules: https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan. An instance is billed with its whole
memory while anything runs on it, at least 1,000 ms, then in steps of 100 ms. Executions that overlap share the time.
"""

import math
from dataclasses import dataclass

from cost.usage import Platform

MIN_ACTIVITY_SECONDS = 1.0
STEP_SECONDS = 0.1
# How much of its cores an instance may use before there should be another one.
PLANNED_CPU_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Seconds:
    """Seconds in which an instance is billed, all instances together: the estimate and its bounds."""

    least: float
    expected: float
    most: float


def instances_needed(rate: float, platform: Platform) -> float:
    """Return how many instances this many executions a second fill, by concurrency and by CPU time."""
    by_concurrency = rate * platform.event_ms / 1000 / platform.concurrency
    by_cpu = rate * platform.event_cpu_ms / 1000 / (platform.cores * PLANNED_CPU_SHARE)
    return max(by_concurrency, by_cpu)


def instances_for(rate: float, platform: Platform) -> int:
    """Return how many instances carry this many executions a second, at least one."""
    return max(1, math.ceil(round(instances_needed(rate, platform), 9)))


def billed_seconds(executions: float, active_seconds: float, event_ms: float, instances: int) -> Seconds:
    """Return the billed seconds of executions that come at random times, spread evenly over the instances.

    Least: the time in which something runs. Expected: each execution keeps its instance billed for the minimum, and
    the minimums of executions that follow within it overlap. Most: each period of activity is billed with its own
    minimum.
    """
    if not executions:
        return Seconds(0.0, 0.0, 0.0)
    lasts = event_ms / 1000
    minimum = max(MIN_ACTIVITY_SECONDS, math.ceil(round(lasts / STEP_SECONDS, 9)) * STEP_SECONDS)
    rate = executions / active_seconds / instances
    least, expected = (_busy_share(rate * length) * active_seconds * instances for length in (lasts, minimum))
    # How many periods of activity there are (a queue with as many servers as are needed), each billed at least once.
    periods = executions * math.exp(-min(rate * lasts, 700.0))
    most = min(least + periods * minimum, executions * minimum)
    return Seconds(least, expected, max(most, expected))


def _busy_share(load: float) -> float:
    """Return the share of the time in which at least one of many independent calls runs."""
    return -math.expm1(-load)
