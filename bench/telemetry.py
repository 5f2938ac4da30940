"""What telemetry costs: the line of each event and its spans on the path of a message, and the full export at a start.

The export is installed from `requirements-telemetry.txt` into an environment of its own, which takes a minute.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.load.processes import free_port, running_program
from bench.message_path import measured, sink
from bench.rows import Row

ROOT = Path(__file__).resolve().parents[1]
ROUNDS, STARTS = 4, 9
MEGABYTE = 1024 * 1024
NOTHING = "pass"
APP = "import function_app"
EXPORT = "import azure.monitor.opentelemetry"
SETUP = f"{EXPORT} as monitor; monitor.configure_azure_monitor()"
# No Application Insights is at this address: nothing is sent.
NOWHERE = "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=http://127.0.0.1:9/"


def start_milliseconds(python: Path, statement: str) -> float:
    """Return the median of the CPU time of fresh interpreters that run one statement, in milliseconds."""
    program = f"{statement}\nimport os, time; print(time.process_time() * 1000, flush=True); os._exit(0)"
    environment = os.environ | {"APPLICATIONINSIGHTS_CONNECTION_STRING": NOWHERE}
    command, times = [str(python), "-c", program], []
    for _ in range(STARTS):
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        times.append(float(done.stdout.split()[-1]))
    return statistics.median(times)


def install(folder: Path, *requirements: str) -> Path:
    """Install requirements into the environment of a folder, made at the first call; return its interpreter."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    named = [argument for name in requirements for argument in ("-r", name)]
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run([str(python), *pip, *named], cwd=ROOT, check=True)
    return python


def megabytes(folder: Path) -> float:
    """Return the size of all files in a folder, without those that Python compiles by itself."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sum(path.stat().st_size for path in files) / MEGABYTE


def packages(folder: Path) -> int:
    """Return how many packages an environment has."""
    return sum(1 for _ in folder.rglob("*.dist-info"))


def compare_starts(folder: Path) -> list[Row]:
    """Measure the environment of the app before and after the export is added."""
    python = install(folder, "requirements.txt")
    before, size, number = start_milliseconds(python, APP), megabytes(folder), packages(folder)
    python = install(folder, "requirements.txt", "requirements-telemetry.txt")
    nothing, peer = start_milliseconds(python, NOTHING), "without the export"
    after, alone = start_milliseconds(python, f"{APP}; {SETUP}"), start_milliseconds(python, EXPORT) - nothing
    return [
        Row("size of the installed packages", megabytes(folder), "MB", size, peer),
        Row("installed packages", packages(folder), "", number, peer),
        Row("start: import the app and set up the export, CPU", after, "ms", before, peer),
        Row("start: import the export alone, CPU", alone, "ms"),
    ]


async def compare_messages(storage: str) -> list[Row]:
    """Measure a message without a line, with it, and with its spans as well, in turns: the least of each counts."""
    figures: dict[str, list[float]] = {"ours": [], "ours-lines": [], "ours-spans": []}
    async with sink() as endpoint:
        for number in range(ROUNDS):
            for kind, cpu in figures.items():
                prefix = f"{kind.replace('-', '')}{number}"
                cpu.append((await measured(kind, endpoint, storage, prefix))["cpu"])
    without, lines, spans = (min(cpu) for cpu in figures.values())
    return [
        Row("message with the line of the event, CPU", lines, "ms", without, "without the line"),
        Row("message with the line and spans, CPU", spans, "ms", lines, "the line alone"),
    ]


def main() -> list[Row]:
    """Measure messages, with a local Table storage in a process of its own, and then starts."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.load.storage", str(free_port()), folder]
        with running_program("storage", command, Path(folder)) as storage:
            rows = asyncio.run(compare_messages(storage.wait_for_line(r"Connection string: (\S+)")))
        return rows + compare_starts(Path(folder) / "environment")
