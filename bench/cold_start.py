"""What a new instance pays before its first function can run: importing the app, in a fresh interpreter.

The peers are the bare minimum, an interpreter that imports `azure.functions` alone, and a chat as tutorials write it.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.rows import Row

ROOT = Path(__file__).resolve().parents[1]
RUNS = 9


def import_milliseconds(statement: str, folder: Path) -> float:
    """Return the median of the wall time of fresh interpreters that run one import, in milliseconds."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], cwd=folder, check=True)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def main() -> list[Row]:
    """Measure our app and both peers in turn."""
    bare = import_milliseconds("import azure.functions", ROOT)
    tutorial = import_milliseconds("import function_app", ROOT / "bench/peers/tutorial")
    ours = import_milliseconds("import function_app", ROOT)
    return [
        Row("cold start: import the app", ours, "ms", bare, "azure.functions alone"),
        Row("cold start: import the app", ours, "ms", tutorial, "a tutorial's chat"),
    ]
