"""The options `--meter`, `--price` and `--prices` of a command that serves Web PubSub."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local_azure.meter.counters import Meter

if TYPE_CHECKING:
    from local_azure.meter.prices import Prices


class MeterFailed(Exception):
    """The report of a run cannot be written; the text says why."""


@dataclass(frozen=True, slots=True)
class MeterOptions:
    """What is reported at the end: a table if `is_wanted`, and JSON in `file`. The prices are also the inspector's."""

    is_wanted: bool
    file: Path | None
    prices: "Prices | None"


def add_meter_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command's parser."""
    parser.add_argument(
        "--meter",
        nargs="?",
        const="",
        metavar="FILE",
        help="print at the end what the run would cost on Azure, and write it to FILE as JSON",
    )
    parser.add_argument("--price", action="append", default=[], metavar="NAME=VALUE", help="a price, may be repeated")
    parser.add_argument("--prices", type=Path, metavar="FILE", help="a JSON object of prices by name")


def read_meter_options(parsed: argparse.Namespace) -> MeterOptions:
    """Return the chosen options; raises `InvalidPrice`."""
    prices = None
    if parsed.price or parsed.prices:
        # Imported here: most runs need no prices at their start.
        from local_azure.meter.prices import read_prices

        prices = read_prices(parsed.prices, parsed.price)
    return MeterOptions(parsed.meter is not None, Path(parsed.meter) if parsed.meter else None, prices)


def report_run(meter: Meter, options: MeterOptions) -> str:
    """Write the report of a run to the chosen file, and return its table; raises `MeterFailed`."""
    from local_azure.meter.prices import read_examples
    from local_azure.meter.report import make_report, to_json
    from local_azure.meter.table import format_table

    report = make_report(meter, options.prices or read_examples())
    if options.file is not None:
        try:
            options.file.write_text(json.dumps(to_json(report), indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise MeterFailed(f"{options.file} cannot be written: {error.strerror or error}") from error
    return format_table(report)
