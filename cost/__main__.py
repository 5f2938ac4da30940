"""`python -m cost`: the options, and what is printed. `python3 dev.py cost` is the same."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from cost.estimate import estimate_costs
from cost.limits import find_limits
from cost.report import format_report, to_json
from cost.usage import DURABLE_BACKENDS, MEMORY_SIZES_MB, TIERS, InvalidInput, Platform, Usage
from local_azure.meter.prices import InvalidPrice, read_prices

# Of each option its name in Usage, and what it means.
USAGE_OPTIONS = {
    "users": "people who use the chat on a day",
    "present_share": "share of them who are connected at the busiest time, 0 to 1",
    "devices": "pages or devices of a user that are connected at the same time",
    "connections": "connections at the busiest time, instead of what follows from users, present share and devices",
    "sessions": "how often a user opens the chat on a day",
    "hours_open": "hours of a day in which a user looks at the chat: an open page asks who is here",
    "active_hours": "hours of a day in which people use the chat",
    "peak": "how many times more than on average happens in the busiest minute",
    "messages": "messages of a user and day",
    "text_bytes": "bytes of a message's text",
    "mentions": "users whom a message mentions, on average",
    "changes": "edits, deletions and reactions of a user and day",
    "reads": "how often a user's read position moves on a day",
    "pages": "older pages of history that a user reads on a day",
    "searches": "searches of a user and day",
    "reminders": "reminders of a user and day",
    "page_requests": "requests for the page's files at each opening, on average (2, and 180 after each deployment)",
    "rooms": "rooms in which people talk",
    "rooms_joined": "rooms that a user has joined",
    "busiest_room": "share of all messages that are in the busiest room, 0 to 1",
    "retention_days": "after how many days messages are removed; 0: they are kept, and a year of them is counted",
}
PLATFORM_OPTIONS = {
    "concurrency": "HTTP requests that an instance handles at a time (perInstanceConcurrency)",
    "max_instances": "the most instances of the app",
    "always_ready_http": "always-ready instances of the HTTP functions",
    "always_ready_durable": "always-ready instances of Durable Functions",
    "event_ms": "milliseconds of an execution: most of it waits for storage and the service",
    "event_cpu_ms": "milliseconds of a core for an execution, host and worker included",
    "log_bytes": "bytes that Application Insights takes in for an execution",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print an estimate; return 0, or 2 when an input cannot be used."""
    parsed = vars(_parser().parse_args(arguments))
    try:
        usage = Usage(**{name: parsed[name] for name in USAGE_OPTIONS})
        chosen = {name: parsed[name] for name in (*PLATFORM_OPTIONS, "tier", "durable", "memory_mb")}
        platform = Platform(**chosen, units=parse_units(parsed["units"]))
        prices = read_prices(parsed["prices"], parsed["price"])
    except (InvalidInput, InvalidPrice) as error:
        print(f"cost: {error}", file=sys.stderr)
        return 2
    estimate = estimate_costs(usage, platform, prices)
    limits = find_limits(usage, platform, estimate)
    if parsed["json"]:
        print(json.dumps(to_json(usage, platform, estimate, limits, prices), indent=2))
    else:
        print(format_report(usage, estimate, limits, prices))
    return 0


def parse_units(text: str) -> tuple[tuple[int, float], ...]:
    """Return (units, hours) of `5x18,10x6`, or of `5` for the whole day; () for an empty text.

    Raises InvalidInput when the text has another form.
    """
    parts = []
    for part in filter(None, text.split(",")):
        units, _, hours = part.partition("x")
        try:
            parts.append((int(units), float(hours or 24)))
        except ValueError:
            raise InvalidInput(f"units {part!r} must have the form units or unitsxhours, like 5x18,10x6") from None
    return tuple(parts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dev.py cost",
        description="What the chat takes of Azure, what a month costs, and which limit comes first (docs/cost.md).",
    )
    people = parser.add_argument_group("what people do")
    _add(people, Usage, USAGE_OPTIONS)
    platform = parser.add_argument_group("what it runs on")
    _add(platform, Platform, PLATFORM_OPTIONS)
    platform.add_argument(
        "--tier", choices=TIERS, default="auto", help="tier of Web PubSub (default auto: free if enough)"
    )
    platform.add_argument(
        "--units", default="", metavar="N", help="units of Web PubSub (default: by connections); 5x18,10x6 by hours"
    )
    sizes = ", ".join(map(str, MEMORY_SIZES_MB))
    platform.add_argument(
        "--memory-mb", type=int, default=2048, metavar="MB", help=f"instance size: {sizes} (default 2048)"
    )
    platform.add_argument(
        "--durable", choices=DURABLE_BACKENDS, default="storage", help="backend of Durable Functions (default storage)"
    )
    prices = parser.add_argument_group("prices and output")
    prices.add_argument("--price", action="append", default=[], metavar="NAME=VALUE", help="a price, may be repeated")
    prices.add_argument("--prices", type=Path, metavar="FILE", help="a JSON object of prices by name")
    prices.add_argument("--json", action="store_true", help="print everything as JSON")
    return parser


def _add(group: argparse._ArgumentGroup, inputs: type[Usage] | type[Platform], options: dict[str, str]) -> None:
    """Add one option for each input; whole numbers stay whole."""
    by_name = {field.name: field for field in fields(inputs)}
    for name, meaning in options.items():
        default = by_name[name].default
        is_whole = default is None or isinstance(default, int)
        shown = "" if default is None else f" (default {default:g})"
        group.add_argument(
            f"--{name.replace('_', '-')}",
            type=int if is_whole else float,
            default=default,
            metavar="N",
            help=(meaning + shown).replace("%", "%%"),
        )


if __name__ == "__main__":
    sys.exit(main())
