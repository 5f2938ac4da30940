"""The time in which instances are billed, and how many there are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cost.functions import Seconds, billed_seconds, instances_for
from cost.usage import Platform

HOUR = 3600.0


def test_one_execution_is_billed_for_a_second() -> None:
    seconds = billed_seconds(1, HOUR, 60, instances=1)

    assert seconds.least == pytest.approx(0.06, rel=0.01)
    assert seconds.expected == pytest.approx(1, rel=0.01)
    assert seconds.most == pytest.approx(1, rel=0.05)


def test_a_long_execution_is_billed_in_steps_of_a_tenth_of_a_second() -> None:
    assert billed_seconds(1, 1e9, 1234, instances=1).expected == pytest.approx(1.3, rel=0.001)


def test_an_instance_that_always_executes_something_is_billed_for_the_whole_time() -> None:
    """A hundred a second, each 60 ms: at almost every moment some of them run."""
    seconds = billed_seconds(100 * HOUR, HOUR, 60, instances=1)

    assert seconds.least == pytest.approx(HOUR, rel=0.01)
    assert seconds.expected == pytest.approx(HOUR)


def test_nothing_is_billed_when_nothing_happens() -> None:
    assert billed_seconds(0, HOUR, 60, instances=1) == Seconds(0, 0, 0)


@given(st.floats(1, 1e9), st.floats(1, 10_000), st.integers(1, 1000))
def test_the_bounds_are_in_order_and_no_more_than_each_execution_alone(
    executions: float, event_ms: float, instances: int
) -> None:
    seconds = billed_seconds(executions, HOUR, event_ms, instances)

    alone = executions * max(1.0, math.ceil(event_ms / 100) / 10)
    assert 0 <= seconds.least <= seconds.expected <= seconds.most
    assert seconds.expected <= min(alone, instances * HOUR) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("rate", "platform", "instances"),
    [
        (0, Platform(), 1),
        (100, Platform(concurrency=16, event_ms=160, event_cpu_ms=0.1), 1),
        (101, Platform(concurrency=16, event_ms=160, event_cpu_ms=0.1), 2),
        # By CPU time: 0.6 of one core for 5 ms each is 120 a second, and a quarter of it on the smallest size.
        (121, Platform(event_cpu_ms=5), 2),
        (121, Platform(event_cpu_ms=5, memory_mb=512), 5),
        (1, Platform(concurrency=1, event_ms=2000), 2),
    ],
)
def test_instances_follow_from_concurrency_or_from_cpu_time(rate: float, platform: Platform, instances: int) -> None:
    assert instances_for(rate, platform) == instances
