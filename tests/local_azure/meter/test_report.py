"""What a run would cost: the bill of known counters, its table and its JSON."""

import json
from pathlib import Path

import pytest

from local_azure.meter.billing import units_for
from local_azure.meter.counters import Meter
from local_azure.meter.options import MeterFailed, MeterOptions, report_run
from local_azure.meter.prices import read_examples, read_prices
from local_azure.meter.report import cause_label, make_report, to_json
from local_azure.meter.table import format_table
from local_azure.webpubsub.messages import SendToGroup

PRICES = [
    "webpubsub_standard_unit_day=2",
    "webpubsub_million_messages=1",
    "functions_million_executions=0.5",
    "functions_gb_second=0.01",
    "storage_10000_transactions=0.1",
]


def metered_hour() -> Meter:
    """Return the meter of an hour: two connections, 1,000 events that each make a REST and two storage calls."""
    now = [0.0]
    meter = Meter(lambda: now[0])
    meter.has_storage = True
    meter.connections.change(1, 0.0)
    meter.connections.change(1, 1800.0)
    for number in range(1000):
        now[0] = number * 3.6
        meter.begin_cause("event message")
        handled = meter.begin_webhook(str(number), 500)
        meter.count_storage_call(str(number))
        meter.count_storage_call(str(number))
        meter.begin_call(str(number))
        meter.current().add_frames(2, 6000, 4)  # 3,000 bytes to each of two clients
        meter.end_webhook(handled)
    now[0] = 3600.0
    return meter


def test_the_bill_of_an_hour_follows_the_rules() -> None:
    document = json.loads(json.dumps(to_json(make_report(metered_hour(), read_prices(None, PRICES)))))

    assert document["run"]["outboundBytes"] == 6_500_000
    # 6.5 MB are 3,250 messages; each of 2,000 frames is two messages and each of 1,000 events is one.
    assert document["run"]["outboundUnits"] == {"least": 3250, "most": 5000}
    assert document["run"]["connections"] == {"open": 2, "peak": 2, "minutes": 90, "units": 1}
    assert document["run"]["busySeconds"] == pytest.approx(1000)  # each event is alone: a second at least
    costs = {item["name"]: (item["cost"], item["mostCost"]) for item in document["total"]["items"]}
    assert costs == {
        "Web PubSub, units": pytest.approx((2 / 24, 2 / 24)),
        "Web PubSub, messages of 2 KB": pytest.approx((0.00325, 0.005)),
        "Functions, executions": pytest.approx((0.0005, 0.0005)),
        "Functions, one instance of 2 GB": pytest.approx((20, 20)),
        "Storage, transactions": pytest.approx((0.02, 0.02)),
    }
    assert document["total"]["mostCost"] == pytest.approx(sum(most for _, most in costs.values()))
    (row,) = document["messages"]
    # 5 messages, one execution and two transactions.
    assert (row["cause"], row["count"]) == ("event message", 1000)
    assert row["costOfMillion"] == pytest.approx(5 * 1 + 0.5 + 2 * 10)


def test_the_prices_of_the_json_have_their_month_and_their_link() -> None:
    examples = to_json(make_report(metered_hour(), read_examples()))["prices"]
    given = to_json(make_report(metered_hour(), read_prices(None, PRICES)))["prices"]

    assert isinstance(examples, dict)
    assert isinstance(given, dict)
    assert (examples["currency"], examples["date"]) == ("USD", "2025-05")
    assert examples["link"].startswith("https://learn.microsoft.com/")
    assert all(price["source"].startswith("https://") for price in examples["used"])
    assert given["date"] == ""


def test_the_table_says_the_same_to_people() -> None:
    text = format_table(make_report(metered_hour(), read_prices(None, PRICES)))

    assert "2 at most, 90.0 connection-minutes, 1 unit needed" in text
    assert "2,000 frames, 6,000.0 KB" in text
    assert "1,000 events, 500.0 KB" in text
    assert "1,000 REST calls (free), 2,000 storage transactions" in text
    (row,) = [line.split() for line in text.splitlines() if line.startswith("  event message")]
    assert row == ["event", "message", "1,000", "3.25", "to", "5", "1", "1", "2", "25.50"]
    assert "Prices are those that were given." in text
    assert "examples of 2025-05, never read from Azure" in format_table(make_report(metered_hour(), read_examples()))


def test_where_no_storage_is_known_its_calls_are_not_called_zero() -> None:
    meter = metered_hour()
    meter.has_storage = False
    report = make_report(meter, read_examples())

    document = json.loads(json.dumps(to_json(report)))

    assert document["run"]["storageCalls"] is None
    assert "Storage, transactions" not in [item["name"] for item in document["total"]["items"]]
    assert "uncounted storage transactions" in format_table(report)


def test_a_run_in_which_nothing_happened_costs_its_unit() -> None:
    report = make_report(Meter(lambda: 0.0), read_examples())

    assert report.causes == ()
    assert to_json(report)["messages"] == []
    assert format_table(report)
    assert report.units == units_for(0) == 1


def test_a_cause_that_is_a_class_is_named_in_words() -> None:
    assert cause_label(SendToGroup) == "send to group"
    assert cause_label("event message") == "event message"


def test_the_json_is_written_to_the_chosen_file(tmp_path: Path) -> None:
    file = tmp_path / "meter.json"

    table = report_run(metered_hour(), MeterOptions(True, file, None))

    assert json.loads(file.read_text())["run"]["webhooks"] == 1000
    assert table.startswith("What this run would count as on Azure, in 3,600 s")


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(MeterFailed, match="cannot be written: No such file or directory"):
        report_run(metered_hour(), MeterOptions(True, tmp_path / "no" / "meter.json", None))
