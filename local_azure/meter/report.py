"""What a run counts as in the bill, and the same as JSON for the inspector and for programs."""

from dataclasses import asdict, dataclass

from local_azure.meter.billing import KB, MESSAGES_PER_UNIT_DAY, billed_messages, units_for
from local_azure.meter.counters import OTHER, Cause, Meter, Usage
from local_azure.meter.prices import Prices

VERSION = 1
BILLING_LINK = "https://learn.microsoft.com/azure/azure-web-pubsub/concept-billing-model"
DAY_SECONDS = 86_400.0
MILLION = 1_000_000
# The memory of one instance of Flex Consumption, in GB.
DEFAULT_MEMORY_GB = 2.0
NOTES = (
    f"Each unit includes {MESSAGES_PER_UNIT_DAY:,} messages a day, and Functions have a monthly free amount: neither "
    "is taken off here.",
    "Where there are two numbers, the first divides the sum of all bytes by 2 KB, the second rounds each delivery up.",
    "Executions are the events that the app handled. Its other requests (negotiate, pages) do not pass Web PubSub.",
)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the bill: how much of what, and what one of it costs; `most` is None where there is one reading."""

    name: str
    amount: float
    most: float | None
    unit: str
    price: float
    price_name: str

    @property
    def cost(self) -> float:
        """What the amount costs."""
        return self.amount * self.price

    @property
    def most_cost(self) -> float:
        """What it costs at most."""
        return (self.amount if self.most is None else self.most) * self.price


@dataclass(frozen=True, slots=True)
class Report:
    """The counters of a run at one moment, and what they cost."""

    seconds: float
    total: Usage
    causes: tuple[tuple[str, Usage], ...]
    open_connections: int
    peak_connections: int
    connection_seconds: float
    busy_seconds: float
    has_storage: bool
    prices: Prices
    memory_gb: float = DEFAULT_MEMORY_GB

    @property
    def units(self) -> int:
        """The units that the most connections need."""
        return units_for(self.peak_connections)

    def items(self) -> list[Item]:
        """Return the lines of the bill."""
        prices, total = self.prices, self.total
        items = [
            Item(
                "Web PubSub, units",
                self.units * self.seconds / DAY_SECONDS,
                None,
                "unit-days",
                prices["webpubsub_standard_unit_day"],
                "webpubsub_standard_unit_day",
            ),
            Item(
                "Web PubSub, messages of 2 KB",
                least_messages(total),
                most_messages(total),
                "messages",
                prices["webpubsub_million_messages"] / MILLION,
                "webpubsub_million_messages",
            ),
            Item(
                "Functions, executions",
                total.webhooks,
                None,
                "executions",
                prices["functions_million_executions"] / MILLION,
                "functions_million_executions",
            ),
            Item(
                f"Functions, one instance of {self.memory_gb:g} GB",
                self.busy_seconds * self.memory_gb,
                None,
                "GB-s",
                prices["functions_gb_second"],
                "functions_gb_second",
            ),
        ]
        if self.has_storage:
            price = prices["storage_10000_transactions"] / 10_000
            name = "storage_10000_transactions"
            items.append(
                Item("Storage, transactions", total.storage_calls, None, "transactions", price, name),
            )
        return items

    def cost_of_million(self, usage: Usage) -> float:
        """Return what a million of a cause cost: messages (each delivery rounded up), executions and transactions."""
        prices = self.prices
        of_all = (
            most_messages(usage) * prices["webpubsub_million_messages"] / MILLION
            + usage.webhooks * prices["functions_million_executions"] / MILLION
            + usage.storage_calls * prices["storage_10000_transactions"] / 10_000
        )
        return of_all / max(1, usage.count) * MILLION


def make_report(meter: Meter, prices: Prices) -> Report:
    """Return the report of a meter at this moment."""
    now = meter.clock()
    # Classes of a protocol's messages that have the same label are one cause for a reader.
    causes: dict[str, Usage] = {}
    for cause, usage in meter.causes.items():
        label = cause_label(cause)
        causes[label] = causes[label] + usage if label in causes else usage
    ordered = sorted(causes.items(), key=lambda item: (-most_messages(item[1]), -item[1].webhooks, item[0]))
    return Report(
        seconds=now - meter.began,
        total=meter.total(),
        causes=tuple((label, usage) for label, usage in ordered if label != OTHER or any(asdict(usage).values())),
        open_connections=meter.connections.open,
        peak_connections=meter.connections.peak,
        connection_seconds=meter.connections.seconds(now),
        busy_seconds=meter.busy.seconds(now),
        has_storage=meter.has_storage,
        prices=prices,
    )


def cause_label(cause: Cause) -> str:
    """Return the name of a cause for a reader: of a class like SendToGroup it is `send to group`."""
    if isinstance(cause, str):
        return cause
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in cause.__name__)
    return words.strip()


def least_messages(usage: Usage) -> float:
    """Return the billed messages when the sum of all bytes is divided by 2 KB."""
    return billed_messages((usage.frame_bytes + usage.webhook_bytes) / KB)


def most_messages(usage: Usage) -> int:
    """Return the billed messages when each delivery is rounded up."""
    return usage.frame_messages + usage.webhook_messages


def to_json(report: Report) -> dict[str, object]:
    """Return the report as an object of JSON."""
    used = {item.price_name: report.prices.prices[item.price_name] for item in report.items()}
    return {
        "version": VERSION,
        "prices": {
            "currency": report.prices.currency,
            "date": example_months(report),
            "link": BILLING_LINK,
            "used": [{"name": name, **asdict(price)} for name, price in used.items()],
        },
        "run": {
            "seconds": report.seconds,
            "connections": {
                "open": report.open_connections,
                "peak": report.peak_connections,
                "minutes": report.connection_seconds / 60,
                "units": report.units,
            },
            "busySeconds": report.busy_seconds,
            **_usage_json(report.total, has_storage=report.has_storage),
        },
        "total": {
            "items": [
                {
                    "name": item.name,
                    "amount": item.amount,
                    "most": item.most,
                    "unit": item.unit,
                    "price": item.price,
                    "cost": item.cost,
                    "mostCost": item.most_cost,
                }
                for item in report.items()
            ],
            "cost": sum(item.cost for item in report.items()),
            "mostCost": sum(item.most_cost for item in report.items()),
        },
        "messages": [
            {
                "cause": label,
                "count": usage.count,
                **_usage_json(usage, has_storage=report.has_storage),
                "costOfMillion": report.cost_of_million(usage),
            }
            for label, usage in report.causes
        ],
        "notes": list(NOTES),
    }


def example_months(report: Report) -> str:
    """Return of which months the used prices are that nobody has given."""
    used = (report.prices.prices[item.price_name].date for item in report.items())
    return " and ".join(sorted({date for date in used if date}))


def _usage_json(usage: Usage, *, has_storage: bool) -> dict[str, object]:
    return {
        "outboundUnits": {"least": least_messages(usage), "most": most_messages(usage)},
        "outboundBytes": usage.frame_bytes + usage.webhook_bytes,
        "frames": usage.frames,
        "frameBytes": usage.frame_bytes,
        "webhooks": usage.webhooks,
        "webhookBytes": usage.webhook_bytes,
        "restCalls": usage.rest_calls,
        "storageCalls": usage.storage_calls if has_storage else None,
    }
