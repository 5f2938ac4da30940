"""The documented examples of Web PubSub's billing, and the units that connections need."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cost.events import Traffic
from cost.webpubsub import fewest_messages, most_messages
from local_azure.meter.billing import UNIT_SIZES, billed_messages, extra_messages, unit_days, units_for

# The published example of a fan-out: 4 KB come from a server and go to ten connections, and 4 KB to the webhook.
FAN_OUT = (Traffic(1, 4000), Traffic(10, 4000))


def test_four_kilobytes_to_ten_connections_and_a_webhook_are_22_messages() -> None:
    assert fewest_messages(FAN_OUT) == billed_messages(44) == 22
    assert most_messages(FAN_OUT) == 22


def test_five_units_for_18_hours_and_ten_for_6_are_six_and_a_quarter_unit_days() -> None:
    assert unit_days([(5, 18), (10, 6)]) == 6.25


def test_thirty_million_kilobytes_on_that_day_are_8_750_000_messages_more_than_included() -> None:
    assert extra_messages(billed_messages(30_000_000), unit_days([(5, 18), (10, 6)])) == 8_750_000


def test_a_quiet_day_costs_no_more_than_its_units() -> None:
    assert extra_messages(999_999, 1) == 0


@pytest.mark.parametrize(
    ("connections", "units"), [(1, 1), (800, 1), (801, 2), (1600, 2), (1601, 5), (80_000, 100), (80_001, 200)]
)
def test_units_leave_a_fifth_of_their_connections_free(connections: int, units: int) -> None:
    assert units_for(connections) == units


@given(st.integers(1, 10_000_000))
def test_units_cover_the_busiest_time_and_are_a_size_that_exists(connections: int) -> None:
    units = units_for(connections)

    assert units * 1000 * 0.8 >= connections
    assert units in UNIT_SIZES or units % 100 == 0


@given(st.lists(st.builds(Traffic, st.floats(0, 1e6), st.floats(1, 1e6)), max_size=5))
def test_the_sum_is_never_more_than_what_is_rounded_up(traffic: list[Traffic]) -> None:
    least, most = fewest_messages(traffic), most_messages(traffic)

    assert least <= most or math.isclose(least, most)
