"""Is anything lost, doubled, out of order or shown wrong? Clients talk while faults and killed processes disturb them.

Every client speaks the reliable subprotocol, sends again with the same `clientId` until it is answered, and fills gaps
as `docs/protocol.md` says. Then all is quiet, and every screen is compared with the log.

    python3 dev.py bench faults --messages 10000 --seed 7
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.fault_run.plan import full_plan
from bench.fault_run.run import Profile, Result, run_profile
from bench.fault_run.verdict import PROBLEMS
from bench.rows import Row


def main(options: Sequence[str] = ()) -> list[Row]:
    """Run the profile and return the counts; the problems that were found are printed with examples."""
    parsed = _parser().parse_args(options)
    profile = Profile(
        messages=parsed.messages,
        clients=parsed.clients,
        rooms=parsed.rooms,
        steps=full_plan(parsed.instances),
        step_seconds=parsed.step_seconds,
        instances=parsed.instances,
        seed=parsed.seed,
    )
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(run_profile(profile, Path(folder), lambda step: print(f"\n  {step}", end="", flush=True)))
    print()
    for problem, examples in result.verdict.examples.items():
        print(f"  {problem}: " + "; ".join(examples))
    return rows_of(result)


def rows_of(result: Result) -> list[Row]:
    """Return one row for each count, and one for each time."""
    verdict = result.verdict
    counts = {name: getattr(verdict, name) for name in ("sent", "acknowledged", "failed", "unanswered")}
    counts |= {name: verdict.problems[name] for name in PROBLEMS}
    counts |= {"connections that were opened": result.opened, "connections that were recovered": result.recovered}
    counts |= {"faults that were triggered": result.triggered, "entries in all rooms": sum(result.heads.values())}
    return [
        *[Row(f"faults: {name}", value, "") for name, value in counts.items()],
        Row("faults: talk", result.seconds, "s"),
        Row("faults: quiet time until every screen was the log", result.quiet_seconds, "s"),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=5000, help="at least so many are sent (default %(default)s)")
    parser.add_argument("--clients", type=int, default=16, help="default %(default)s")
    parser.add_argument("--rooms", type=int, default=3, help="default %(default)s")
    parser.add_argument("--instances", type=int, default=3, help="processes of the app (default %(default)s)")
    parser.add_argument("--step-seconds", type=float, default=2.5, help="length of a step (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the random choices (default %(default)s)")
    return parser
