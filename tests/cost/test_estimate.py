"""The whole estimate: more use never costs less, the bill adds up, and limits are told in their order."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cost.estimate import DAYS_PER_MONTH, Estimate, estimate_costs
from cost.limits import find_limits
from cost.usage import InvalidInput, Platform, Usage
from local_azure.meter.prices import read_examples

PRICES = read_examples()
# Inputs that add work. Others divide the same work (rooms) or say when it comes (peak, active hours).
GROWING = (
    *("users", "present_share", "devices", "sessions", "hours_open", "messages", "text_bytes", "mentions", "changes"),
    *("reads", "pages", "searches", "reminders", "page_requests", "rooms_joined", "retention_days"),
)
QUANTITIES = ("executions", "durable_executions", "storage_calls", "durable_calls", "service_calls", "stored_gb")

usages = st.builds(
    Usage,
    users=st.integers(1, 200_000),
    present_share=st.floats(0, 0.5),
    devices=st.floats(0.5, 3),
    sessions=st.floats(0, 20),
    hours_open=st.floats(0, 12),
    messages=st.floats(0, 200),
    text_bytes=st.integers(0, 3000),
    mentions=st.floats(0, 3),
    changes=st.floats(0, 50),
    reads=st.floats(0, 200),
    pages=st.floats(0, 50),
    searches=st.floats(0, 10),
    reminders=st.floats(0, 5),
    page_requests=st.floats(0, 40),
    rooms=st.integers(1, 10_000),
    rooms_joined=st.floats(0, 20),
    retention_days=st.integers(1, 1000),
)
platforms = st.builds(
    Platform,
    memory_mb=st.sampled_from([512, 2048, 4096]),
    concurrency=st.integers(1, 100),
    always_ready_durable=st.integers(0, 2),
    durable=st.sampled_from(["storage", "scheduler"]),
    tier=st.just("standard"),
)


def estimate_of(usage: Usage, platform: Platform | None = None) -> Estimate:
    return estimate_costs(usage, platform or Platform(), PRICES)


@given(usages, platforms, st.sampled_from(GROWING), st.floats(1.01, 2))
def test_more_use_never_takes_or_costs_less(usage: Usage, platform: Platform, name: str, factor: float) -> None:
    value = getattr(usage, name)
    grown = value * factor if isinstance(value, float) else round(value * factor) + 1
    changed: dict[str, Any] = {name: grown}
    more = replace(usage, **changed)

    before, after = estimate_of(usage, platform), estimate_of(more, platform)

    slack = 1 - 1e-9
    assert after.messages.least >= before.messages.least * slack
    assert after.messages.most >= before.messages.most * slack
    assert after.gb_seconds.expected >= before.gb_seconds.expected * slack
    assert after.units >= before.units
    assert all(getattr(after, quantity) >= getattr(before, quantity) * slack for quantity in QUANTITIES)
    assert after.total.expected >= before.total.expected * slack


@given(usages, platforms)
def test_the_bounds_of_every_item_are_in_order_and_the_units_hold_the_busiest_time(
    usage: Usage, platform: Platform
) -> None:
    estimate = estimate_of(usage, platform)

    for item in estimate.items:
        assert 0 <= item.cost.least <= item.cost.expected * (1 + 1e-9)
        assert item.cost.expected <= item.cost.most * (1 + 1e-9)
    assert estimate.units * 1000 >= usage.peak_connections
    assert estimate.total.expected == pytest.approx(sum(item.cost.expected for item in estimate.items))


def test_a_small_chat_is_free_until_its_messages_or_connections_are_too_many() -> None:
    small = Usage(users=15)

    assert estimate_of(small).tier == "free"
    assert estimate_of(replace(small, connections=21)).tier == "standard"
    assert estimate_of(replace(small, messages=100)).tier == "standard"
    assert estimate_of(replace(small, messages=100), Platform(tier="free")).tier == "free"


def test_units_by_the_hour_replace_those_that_follow_from_the_connections() -> None:
    estimate = estimate_of(Usage(), Platform(units=((5, 18.0), (10, 6.0))))

    assert (estimate.units, estimate.unit_days) == (10, 6.25)
    assert estimate.items[0].cost.expected == pytest.approx(6.25 * 1.61 * DAYS_PER_MONTH)


def test_always_ready_instances_are_billed_all_the_time_and_get_no_grant() -> None:
    estimate = estimate_of(Usage(), Platform(always_ready_http=1))
    cost = {item.name: item.amount.expected for item in estimate.items}

    assert cost["Functions, always ready: baseline"] == pytest.approx(2 * 86_400 * DAYS_PER_MONTH)
    assert cost["Functions, always ready: executions"] == pytest.approx(estimate.executions * DAYS_PER_MONTH)
    assert cost["Functions, on demand beyond the free grant"] == 0


def test_the_limit_that_is_reached_first_is_the_first_one() -> None:
    usage = Usage(connections=900)
    limits = find_limits(usage, Platform(), estimate_of(usage))

    assert [limit.growth for limit in limits] == sorted(limit.growth for limit in limits)
    assert limits[0].name == "connections of 2 units"
    assert limits[0].growth == pytest.approx(2000 / 900)


@pytest.mark.parametrize(
    ("usage", "platform", "first"),
    [
        (Usage(users=15), Platform(), "messages a day of the free tier"),
        (
            Usage(users=60, messages=1, sessions=0, hours_open=0, reads=1, pages=0),
            Platform(tier="free"),
            "connections of the free tier",
        ),
        (
            Usage(users=500, rooms=1, messages=5000, busiest_room=1),
            Platform(event_ms=1, event_cpu_ms=0.1),
            "rows a second",
        ),
        (Usage(), Platform(max_instances=1, concurrency=1), "executions at the same time"),
        (Usage(), Platform(max_instances=1, event_cpu_ms=300), "cores of all instances"),
        (Usage(connections=90_000, rooms_joined=0), Platform(), "connections of one Web PubSub resource"),
        (Usage(connections=1, searches=2000), Platform(), "transactions a second of the storage account"),
        (Usage(rooms=1, connections=801), Platform(), "connections in a room with a roster"),
    ],
)
def test_each_limit_can_be_the_first(usage: Usage, platform: Platform, first: str) -> None:
    limits = find_limits(usage, platform, estimate_of(usage, platform))

    assert limits[0].name.startswith(first), [(limit.name, limit.growth) for limit in limits]


def test_a_limit_that_is_exceeded_says_so() -> None:
    usage, platform = Usage(connections=30), Platform(tier="free")

    assert find_limits(usage, platform, estimate_of(usage, platform))[0].growth < 1


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("users", 0, "at least 1"),
        ("users", -1, "at least 0"),
        ("messages", float("nan"), "at least 0"),
        ("present_share", 1.5, "from 0 to 1"),
        ("active_hours", 25, "from 0.1 to 24"),
        ("text_bytes", 7000, "from 0 to 6144"),
    ],
)
def test_an_input_out_of_its_range_is_named_with_the_value_and_the_range(name: str, value: float, allowed: str) -> None:
    wrong: dict[str, Any] = {name: value}

    with pytest.raises(InvalidInput, match=f"{name} is .*{allowed}"):
        Usage(**wrong)
