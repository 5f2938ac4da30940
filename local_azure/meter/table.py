"""The report of a run as a table for people."""

from collections.abc import Iterable

from local_azure.meter.billing import KB
from local_azure.meter.counters import Usage
from local_azure.meter.report import (
    BILLING_LINK,
    NOTES,
    Item,
    Report,
    example_months,
    least_messages,
    most_messages,
)


def format_table(report: Report) -> str:
    """Return the report as lines of text."""
    total, currency = report.total, report.prices.currency
    minutes = report.connection_seconds / 60
    lines = [
        f"What this run would count as on Azure, in {report.seconds:,.0f} s",
        f"  connections     {report.peak_connections:,} at most, {minutes:,.1f} connection-minutes, "
        f"{report.units} {'unit' if report.units == 1 else 'units'} needed",
        f"  to clients      {total.frames:,} frames, {total.frame_bytes / KB:,.1f} KB",
        f"  to the app      {total.webhooks:,} events, {total.webhook_bytes / KB:,.1f} KB",
        f"  from the app    {total.rest_calls:,} REST calls (free), {_storage(report, total)} storage transactions",
        "",
        *_columns(
            [("", "amount", currency)],
            [(item.name, f"{_amount(item)} {item.unit}", _cost(item)) for item in report.items()],
        ),
        "",
        *_columns(
            [
                (
                    "each of these took on average",
                    "times",
                    "messages",
                    "events",
                    "REST",
                    "storage",
                    f"{currency}/million",
                )
            ],
            [_cause_row(report, label, usage) for label, usage in report.causes],
        ),
        "",
        *(f"{note}" for note in NOTES),
        _prices_line(report),
    ]
    return "\n".join(line.rstrip() for line in lines)


def _cause_row(report: Report, label: str, usage: Usage) -> tuple[str, ...]:
    count = max(1, usage.count)
    least, most = least_messages(usage) / count, most_messages(usage) / count
    return (
        label,
        f"{usage.count:,}",
        f"{_number(least)} to {_number(most)}",
        _number(usage.webhooks / count),
        _number(usage.rest_calls / count),
        _number(usage.storage_calls / count) if report.has_storage else "-",
        f"{report.cost_of_million(usage):,.2f}",
    )


def _prices_line(report: Report) -> str:
    months = example_months(report)
    if not months:
        return "Prices are those that were given."
    return (
        f"Prices are examples of {months}, never read from Azure: check them, and give yours by --price or --prices.\n"
        f"Rules: {BILLING_LINK}"
    )


def _storage(report: Report, usage: Usage) -> str:
    return f"{usage.storage_calls:,}" if report.has_storage else "uncounted"


def _amount(item: Item) -> str:
    return _number(item.amount) if item.most is None else f"{_number(item.amount)} to {_number(item.most)}"


def _cost(item: Item) -> str:
    if item.most is None:
        return f"{item.cost:.6f}"
    return f"{item.cost:.6f} to {item.most_cost:.6f}"


def _number(value: float) -> str:
    if 0 < abs(value) < 0.01:
        return f"{value:.2g}" if abs(value) >= 0.0001 else f"{value:.6f}"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.2f}"


def _columns(head: Iterable[tuple[str, ...]], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the rows as lines in which columns stand below each other; all but the first are set to the right."""
    table = [*head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return [
        "  " + "  ".join([row[0].ljust(widths[0]), *(row[n].rjust(widths[n]) for n in range(1, len(row)))])
        for row in table
    ]
