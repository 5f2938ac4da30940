"""An estimate as text for people, and as JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cost.estimate import Amount, Estimate
from cost.limits import Limit, count_units
from cost.usage import Platform, Usage
from local_azure.meter.prices import Prices


def format_report(usage: Usage, estimate: Estimate, limits: Sequence[Limit], prices: Prices) -> str:
    """Return the report as lines of text."""
    of_day, gb_seconds = estimate.messages, estimate.gb_seconds
    heading = (
        f"{usage.users:,} users, {usage.peak_connections:,} connections at the busiest time, "
        f"{round(usage.users * usage.messages):,} messages a day, each to {usage.audience:,.0f} connections"
    )
    day = [
        ("Web PubSub", f"{estimate.tier}, {count_units(estimate.units)}, {estimate.unit_days:g} unit-days"),
        ("billed messages (2 KB)", f"{of_day.expected:,.0f} (sum divided) to {of_day.most:,.0f} (each rounded up)"),
        ("executions", f"{estimate.executions:,.0f} and {estimate.durable_executions:,.0f} of Durable Functions"),
        ("instances", f"{estimate.instances} on the average of active hours, {estimate.peak_instances} at the peak"),
        ("GB-s", f"{gb_seconds.expected:,.0f} ({gb_seconds.least:,.0f} to {gb_seconds.most:,.0f})"),
        ("REST calls of Web PubSub", f"{estimate.service_calls:,.0f}"),
        ("storage transactions", f"{estimate.storage_calls:,.0f} of tables, {estimate.durable_calls:,.0f} of Durable"),
    ]
    busiest = sorted(estimate.events, key=lambda event: -event.count)[:5]
    most_traffic = sorted(estimate.events, key=lambda event: -event.outbound_bytes)[:4]
    total = sum(event.outbound_bytes for event in estimate.events) or 1
    lines = [heading, "", "A day", *(f"  {name:<26}{text}" for name, text in day)]
    lines.append("  most executions           " + ", ".join(f"{e.name} {e.count:,.0f}" for e in busiest))
    lines.append(
        "  most outbound traffic     " + ", ".join(f"{e.name} {e.outbound_bytes / total:.0%}" for e in most_traffic)
    )
    lines += [
        "",
        f"A month, in {prices.currency}",
        *_bill(estimate),
        "",
        "Limits, the first one first",
        *_limits(limits),
    ]
    if prices.examples:
        months = sorted({prices.prices[name].date for name in prices.examples})
        lines += [
            "",
            f"{len(prices.examples)} of {len(prices.prices)} prices are examples of {' and '.join(months)}, never read "
            "from Azure: check them, and give yours by --price or --prices.",
        ]
    return "\n".join(lines)


def _bill(estimate: Estimate) -> list[str]:
    lines = []
    for item in estimate.items:
        amount = f"{item.amount.expected:>16,.2f} {item.unit:<14}"
        lines.append(f"  {item.name:<44}{amount}{item.cost.expected:>10,.2f}  {_range(item.cost)}")
    lines.append(f"  {'Total':<75}{estimate.total.expected:>10,.2f}  {_range(estimate.total)}")
    return [line.rstrip() for line in lines]


def _range(cost: Amount) -> str:
    """Return the bounds, "" where they are the same when printed."""
    least, most = f"{cost.least:,.2f}", f"{cost.most:,.2f}"
    return "" if least == most else f"({least} to {most})"


def _limits(limits: Sequence[Limit]) -> list[str]:
    lines = []
    for limit in limits:
        growth = "exceeded" if limit.growth < 1 else f"at {limit.growth:,.1f} times"
        lines.append(f"  {limit.name:<46}{limit.used:>12,.1f} of {limit.limit:>9,.0f}  {growth}: {limit.remedy}")
    return lines


def to_json(
    usage: Usage, platform: Platform, estimate: Estimate, limits: Sequence[Limit], prices: Prices
) -> dict[str, Any]:
    """Return everything as an object of JSON: inputs, the day, the month's bill, the limits, and the prices."""
    names = ("tier", "units", "unit_days", "executions", "durable_executions", "instances", "peak_instances")
    more = ("storage_calls", "durable_calls", "service_calls", "stored_gb")
    return {
        "usage": asdict(usage) | {"peak_connections": usage.peak_connections, "audience": usage.audience},
        "platform": asdict(platform),
        "day": {name: getattr(estimate, name) for name in (*names, *more)}
        | {"messages": asdict(estimate.messages), "gb_seconds": asdict(estimate.gb_seconds)}
        | {"events": [asdict(event) | {"outbound_bytes": event.outbound_bytes} for event in estimate.events]},
        "month": {
            "currency": prices.currency,
            "items": [asdict(item) | {"cost": asdict(item.cost)} for item in estimate.items],
            "total": asdict(estimate.total),
        },
        "limits": [asdict(limit) | {"growth": limit.growth if limit.used else None} for limit in limits],
        "prices": {name: asdict(price) for name, price in prices.prices.items()},
    }
