"""`python -m bench [name …]`: run the measurements of this folder and show one table at the end.

A measurement is a module with `main()` that returns its rows; each compares with a peer in the same run, because
figures of different machines or days say little. Those in `ONLY_BY_NAME` take minutes. What follows the first name and
begins with `--` goes to that measurement: `python -m bench speed --rooms 16`.
"""

import importlib
import inspect
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.rows import Row, table

NOT_MEASUREMENTS = {"__init__", "__main__", "rows"}
ONLY_BY_NAME = {
    *("abuse", "appends", "faults", "fuzz", "hundred_thousand"),
    *("page", "presence", "recorder", "search", "speed", "telemetry"),
}


def measurements() -> list[str]:
    """Return the names of all measurements, sorted."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*.py") if file.stem not in NOT_MEASUREMENTS)


def split_options(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the names, and the options: everything from the first argument that begins with `--`."""
    first = next((place for place, text in enumerate(arguments) if text.startswith("--")), len(arguments))
    return list(arguments[:first]), list(arguments[first:])


def main(arguments: Sequence[str]) -> int:
    """Run the named measurements (all that take seconds, when none is named); return the exit code."""
    names, options = split_options(arguments)
    known = measurements()
    if unknown := [name for name in names if name not in known]:
        print(f"no measurement named {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    if options and (len(names) != 1 or not takes_options(names[0])):
        print(f"{options[0]} must follow the name of one measurement that has options", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or [name for name in known if name not in ONLY_BY_NAME]:
        started = time.perf_counter()
        print(f"{name} …", end=" ", flush=True)
        rows += importlib.import_module(f"bench.{name}").main(*([options] if options else []))
        print(f"{time.perf_counter() - started:.1f} s", flush=True)
    print(f"\n{table(rows)}")
    return 0


def takes_options(name: str) -> bool:
    """Return whether the measurement's `main` takes options."""
    return bool(inspect.signature(importlib.import_module(f"bench.{name}").main).parameters)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
