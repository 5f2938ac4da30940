"""Several instances append to one room of a slow storage: are numbers missing or given twice, and how long is a wait?

Each instance is a process with the app's own room log. The storage takes 10 ms longer for every call.

    python3 dev.py bench appends --instances 8 --per-second 200 --seconds 20
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.load.appenders import ROOM
from bench.load.processes import Program, free_port, running_program
from bench.rows import Row
from chat.functions.process_state import process_state
from chat.settings import current_settings

DELAY = "delay storage 10ms for=10m"
STORAGE_SETTING = "AzureWebJobsStorage"
PAGE = 1000
RESULT = r"(?m)^(\{.*\})$"
RESULT_SECONDS = 300.0


def main(options: Sequence[str] = ()) -> list[Row]:
    """Run the instances, and read the log that they made."""
    parsed = _parser().parse_args(options)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        command = [sys.executable, "-m", "bench.load.storage", str(free_port()), folder]
        storage = stack.enter_context(running_program("storage", command, Path(folder)))
        connection = storage.wait_for_line(r"Connection string: (\S+)")
        storage.write_line(DELAY)
        pace = [str(parsed.per_second / parsed.instances), str(parsed.seconds)]
        instances = []
        for number in range(parsed.instances):
            command = [sys.executable, "-m", "bench.load.appenders", f"instance{number}", *pace]
            program = running_program(f"instance {number}", command, Path(folder), {STORAGE_SETTING: connection})
            instances.append(stack.enter_context(program))
        times, cpu = run_instances(instances, storage)
        os.environ[STORAGE_SETTING] = connection
        numbers, ids = asyncio.run(read_log())
    return [*rows_of(times, numbers, ids, parsed.instances), *cpu]


def run_instances(instances: Sequence[Program], storage: Program) -> tuple[list[float | None], list[Row]]:
    """Let all begin at the same time; return how long each append took, and rows of the CPU time for one.

    The times are in milliseconds, None for a failed append.
    """
    for program in instances:
        program.wait_for_line("(ready)")
    before = storage.cpu_seconds()
    for program in instances:
        program.write_line("begin")
    results = [json.loads(program.wait_for_line(RESULT, RESULT_SECONDS)) for program in instances]
    times = [time for result in results for time in result["milliseconds"]]
    used = {"storage": storage.cpu_seconds() - before, "the instances": sum(result["cpu"] for result in results)}
    return times, [Row(f"CPU of {name} for an append", spent * 1000 / len(times), "ms") for name, spent in used.items()]


async def read_log() -> tuple[list[int], list[str]]:
    """Return the numbers and the ids of all entries."""
    logs = await process_state().room_logs(current_settings())
    head, numbers, ids = await logs.read_head(ROOM), [], []
    for after in range(0, head.seq, PAGE):
        for row in await logs.store.read_rows(ROOM, after + 1, min(after + PAGE, head.seq)):
            numbers.append(int(row["RowKey"][2:]))
            ids.append(str(row["id"]))
    return numbers, ids


def rows_of(outcomes: Sequence[float | None], numbers: Sequence[int], ids: Sequence[str], instances: int) -> list[Row]:
    """Return the counts and the times; a failed append has none, and may be in the log or not."""
    what = f"{instances} instances, one room"
    times = sorted(outcome for outcome in outcomes if outcome is not None)
    return [
        Row(f"{what}: appends", len(times), ""),
        Row(f"{what}: failed appends", len(outcomes) - len(times), ""),
        Row(f"{what}: entries", len(numbers), ""),
        Row(f"{what}: gaps", max(numbers, default=0) - len(set(numbers)), ""),
        Row(f"{what}: doubles", sum(count - 1 for count in Counter(ids).values()), ""),
        Row(f"{what}: append, p50", times[len(times) // 2], "ms"),
        Row(f"{what}: append, p99", times[len(times) * 99 // 100], "ms"),
        Row(f"{what}: append, slowest", times[-1], "ms"),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench appends", description=__doc__.partition("\n")[0])
    parser.add_argument("--instances", type=int, default=8, help="processes (default %(default)s)")
    parser.add_argument("--per-second", type=float, default=200.0, help="appends, in all (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="default %(default)s")
    return parser
