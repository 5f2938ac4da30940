"""The estimate: what a month of use takes of each service, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cost.events import Event, events_of_day
from cost.functions import Seconds, billed_seconds, instances_for
from cost.storage import SWEEPS_PER_DAY, durable_transactions, scheduler_actions, stored_gigabytes
from cost.usage import Platform, Usage
from cost.webpubsub import choose_tier, fewest_messages, most_messages
from local_azure.meter.billing import extra_messages, unit_days, units_for
from local_azure.meter.prices import Prices

DAYS_PER_MONTH = 365 / 12
# Executions of a reminder (start, activity, end) and of one hourly sweep; each runs alone.
EXECUTIONS_PER_REMINDER = 3
EXECUTIONS_PER_SWEEP = 3


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity with its bounds, where a rule is not stated exactly or depends on when things happen."""

    least: float
    expected: float
    most: float


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the bill: a month's amount of something, and what one of it costs."""

    name: str
    amount: Amount
    unit: str
    price: float

    @property
    def cost(self) -> Amount:
        """The month's cost."""
        return Amount(*(value * self.price for value in (self.amount.least, self.amount.expected, self.amount.most)))


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a day takes, and the bill of a month."""

    tier: str
    units: int
    unit_days: float
    messages: Amount
    executions: float
    durable_executions: float
    instances: int
    peak_instances: int
    gb_seconds: Amount
    storage_calls: float
    durable_calls: float
    service_calls: float
    stored_gb: float
    events: Sequence[Event]
    items: Sequence[Item]

    @property
    def total(self) -> Amount:
        """The cost of a month."""
        costs = [item.cost for item in self.items]
        return Amount(sum(c.least for c in costs), sum(c.expected for c in costs), sum(c.most for c in costs))


def estimate_costs(usage: Usage, platform: Platform, prices: Prices) -> Estimate:
    """Return the estimate."""
    events = events_of_day(usage)
    traffic = [part for event in events for part in event.traffic]
    least, most = fewest_messages(traffic), most_messages(traffic)
    # The documented examples divide the sum.
    messages = Amount(least, least, most)
    tier = choose_tier(platform, usage, most)
    parts = platform.units or ((1 if tier == "free" else units_for(usage.peak_connections), 24.0),)
    executions = sum(event.count for event in events)
    durable = usage.users * usage.reminders * EXECUTIONS_PER_REMINDER + SWEEPS_PER_DAY * EXECUTIONS_PER_SWEEP
    rate = executions / usage.active_seconds
    instances = instances_for(rate, platform)
    http_seconds = billed_seconds(executions, usage.active_seconds, platform.event_ms, instances)
    durable_seconds = billed_seconds(durable, 86_400, platform.event_ms, 1)
    estimate = Estimate(
        tier=tier,
        units=max(units for units, _ in parts),
        unit_days=unit_days(parts),
        messages=messages,
        executions=executions,
        durable_executions=durable,
        instances=instances,
        peak_instances=instances_for(rate * usage.peak, platform),
        gb_seconds=_gb_seconds([http_seconds, durable_seconds], platform),
        storage_calls=sum(event.storage_calls for event in events),
        durable_calls=durable_transactions(usage, platform),
        service_calls=sum(event.service_calls for event in events),
        stored_gb=stored_gigabytes(usage),
        events=events,
        items=[],
    )
    items = [
        *_web_pubsub(estimate, prices),
        *_functions(estimate, http_seconds, durable_seconds, platform, prices),
        *_storage_and_logs(estimate, scheduler_actions(usage, platform), platform, prices),
    ]
    return replace(estimate, items=items)


def _gb_seconds(parts: Sequence[Seconds], platform: Platform) -> Amount:
    gb = platform.memory_gb
    return Amount(*(sum(getattr(part, bound) for part in parts) * gb for bound in ("least", "expected", "most")))


def _monthly(value: float) -> Amount:
    return Amount(*[value * DAYS_PER_MONTH] * 3)


def _beyond(amount: Amount, free: float) -> Amount:
    """Return what is left of a month's amount behind what costs nothing."""
    return Amount(*(max(0.0, value - free) for value in (amount.least, amount.expected, amount.most)))


def _scaled(amount: Amount, factor: float) -> Amount:
    return Amount(amount.least * factor, amount.expected * factor, amount.most * factor)


def _web_pubsub(estimate: Estimate, prices: Prices) -> list[Item]:
    if estimate.tier == "free":
        return [Item("Web PubSub, free tier", _monthly(estimate.unit_days), "unit-days", 0.0)]
    of_day = estimate.messages
    extra = [extra_messages(value, estimate.unit_days) for value in (of_day.least, of_day.expected, of_day.most)]
    price = prices[f"webpubsub_{estimate.tier}_unit_day"]
    return [
        Item(f"Web PubSub, {estimate.tier}, units", _monthly(estimate.unit_days), "unit-days", price),
        Item(
            "Web PubSub, messages beyond the included",
            _scaled(Amount(*extra), DAYS_PER_MONTH),
            "messages",
            prices["webpubsub_million_messages"] / 1e6,
        ),
    ]


def _functions(estimate: Estimate, http: Seconds, durable: Seconds, platform: Platform, prices: Prices) -> list[Item]:
    """Return executions and GB-s, on demand and on always-ready instances; these take the work first."""
    ready_http = min(1.0, platform.always_ready_http / estimate.instances)
    ready_durable = 1.0 if platform.always_ready_durable else 0.0
    shares = ((http, ready_http), (durable, ready_durable))
    per_month = DAYS_PER_MONTH * platform.memory_gb
    bounds = ("least", "expected", "most")
    ready = Amount(*(sum(getattr(s, b) * share for s, share in shares) * per_month for b in bounds))
    on_demand = Amount(*(sum(getattr(s, b) * (1 - share) for s, share in shares) * per_month for b in bounds))
    ready_executions = estimate.executions * ready_http + estimate.durable_executions * ready_durable
    demanded = estimate.executions + estimate.durable_executions - ready_executions
    paid = _beyond(_monthly(demanded), prices["functions_free_executions"])
    per_execution = prices["functions_million_executions"] / 1e6
    items = [
        Item(
            "Functions, on demand beyond the free grant",
            _beyond(on_demand, prices["functions_free_gb_seconds"]),
            "GB-s",
            prices["functions_gb_second"],
        ),
        Item("Functions, executions beyond the free grant", paid, "executions", per_execution),
    ]
    instances = platform.always_ready_http + platform.always_ready_durable
    if not instances:
        return items
    baseline = _monthly(instances * platform.memory_gb * 86_400)
    return [
        *items,
        Item("Functions, always ready: baseline", baseline, "GB-s", prices["functions_ready_baseline_gb_second"]),
        Item("Functions, always ready: executing", ready, "GB-s", prices["functions_ready_gb_second"]),
        Item("Functions, always ready: executions", _monthly(ready_executions), "executions", per_execution),
    ]


def _storage_and_logs(estimate: Estimate, actions: float, platform: Platform, prices: Prices) -> list[Item]:
    per_call = prices["storage_10000_transactions"] / 1e4
    per_queue_call = prices["storage_10000_queue_transactions"] / 1e4
    logs = _monthly((estimate.executions + estimate.durable_executions) * platform.log_bytes / 1e9)
    durable = Item("Storage, transactions of Durable", _monthly(estimate.durable_calls), "transactions", per_queue_call)
    if platform.durable == "scheduler":
        durable = Item(
            "Durable Task Scheduler, actions", _monthly(actions), "actions", prices["scheduler_10000_actions"] / 1e4
        )
    return [
        Item("Storage, transactions of tables", _monthly(estimate.storage_calls), "transactions", per_call),
        durable,
        Item("Storage, messages kept", Amount(*[estimate.stored_gb] * 3), "GB", prices["storage_gb_month"]),
        Item("Logs beyond the free amount", _beyond(logs, prices["logs_free_gb"]), "GB", prices["logs_gb"]),
    ]
