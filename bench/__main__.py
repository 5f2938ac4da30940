"""`python -m bench [name …]`: run the measurements of this folder and show one table at the end.

A measurement is a module with `main()` that returns its rows; each takes seconds, not minutes, and compares with a
peer in the same run, because figures of different machines or days say little.
"""

import importlib
import sys
import time
from pathlib import Path

from bench.rows import Row, table

NOT_MEASUREMENTS = {"__init__", "__main__", "rows"}


def measurements() -> list[str]:
    """Return the names of all measurements, sorted."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*.py") if file.stem not in NOT_MEASUREMENTS)


def main(names: list[str]) -> int:
    """Run the named measurements (all, when none is named); return the exit code."""
    known = measurements()
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no measurement named {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or known:
        started = time.perf_counter()
        print(f"{name} …", end=" ", flush=True)
        rows += importlib.import_module(f"bench.{name}").main()
        print(f"{time.perf_counter() - started:.1f} s", flush=True)
    print(f"\n{table(rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
