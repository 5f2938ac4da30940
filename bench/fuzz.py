"""Does any input cause a 5xx, a traceback, a hang, growing memory, or a line of the log that tells too much?

Generated frames of every subprotocol, HTTP requests and signed events go to the chat as `dev.py run` starts it, over
real sockets. The ordinary tests play a few hundred inputs; run more every night:

    python3 dev.py bench fuzz --inputs 20000 --seed 7
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.fuzz_run.run import Result, run_inputs
from bench.rows import Row, table


def main(options: Sequence[str] = ()) -> list[Row]:
    """Run the inputs and return the counts; exits with 1 when there are problems, which are printed."""
    parsed = _parser().parse_args(options)
    with tempfile.TemporaryDirectory() as folder:
        result = run_inputs(parsed.inputs, Path(folder), parsed.seed)
    print()
    for problem in result.problems:
        print(f"  {problem}", file=sys.stderr)
    if result.problems:
        print(table(rows_of(result)), file=sys.stderr)
        sys.exit(1)
    return rows_of(result)


def rows_of(result: Result) -> list[Row]:
    """Return one row for each count, and the memory."""
    counts = {f"inputs: {kind}": number for kind, number in sorted(result.inputs.items())}
    counts |= {f"answers with {status}": number for status, number in sorted(result.statuses.items())}
    counts |= {f"connections closed with {code}": number for code, number in sorted(result.seen.closed.items())}
    counts |= {f"refusals: {code}": number for code, number in result.seen.refused.most_common()}
    counts |= {"messages that were stored": result.seen.lines, "problems": len(result.problems)}
    return [
        *[Row(f"fuzz: {name}", number, "") for name, number in counts.items()],
        *[Row(f"fuzz: memory after {part} quarters", size, "MB") for part, size in enumerate(result.memory)],
        Row("fuzz: time", result.seconds, "s"),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=20_000, help="how many (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the random choices (default %(default)s)")
    return parser
