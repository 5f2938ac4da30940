"""Programs in processes of their own: start one, wait for a line of its output, read its CPU time, stop it."""

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
STOP_SECONDS = 10.0
SHOWN_LINES = 20


class Program:
    """A running program whose output goes to a file."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", output: Path) -> None:
        self.name = name
        self.process = process
        self._output = output

    def wait_for_line(self, pattern: str, seconds: float = START_SECONDS) -> str:
        """Return the first group of the first match in the output.

        Raises RuntimeError, with the end of the output, when the program ends or does not write it within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            has_ended = self.process.poll() is not None
            if match := re.search(pattern, self._output.read_text(errors="replace")):
                return match[1]
            if has_ended:
                break
            time.sleep(0.02)
        raise RuntimeError(f"{self.name} did not write {pattern!r}:\n{self.last_lines()}")

    def last_lines(self) -> str:
        """Return the end of the output."""
        return "\n".join(self._output.read_text(errors="replace").splitlines()[-SHOWN_LINES:])

    def cpu_seconds(self) -> float:
        """Return the CPU time that the program and its children have used."""
        return cpu_seconds(psutil.Process(self.process.pid), *self.children())

    def children(self) -> list[psutil.Process]:
        """Return the processes that the program started and that still run."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def write_line(self, line: str) -> None:
        """Write a line to the program's standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def stop(self) -> None:
        """End the program and its children, by force after ten seconds."""
        if self.process.poll() is None:
            family = [psutil.Process(self.process.pid), *self.children()]
            self.process.terminate()
            _, left = psutil.wait_procs(family, timeout=STOP_SECONDS)
            for each in left:
                each.kill()
        self._end()

    def kill(self) -> None:
        """End the program and its children at once, as `kill -9` does."""
        for each in [psutil.Process(self.process.pid), *self.children()]:
            each.kill()
        self._end()

    def _end(self) -> None:
        assert self.process.stdin is not None
        self.process.wait()
        self.process.stdin.close()


@contextmanager
def running_program(
    name: str, command: Sequence[str], folder: Path, settings: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """Run a command while the block lasts, see `start_program`."""
    program = start_program(name, command, folder, settings)
    try:
        yield program
    finally:
        program.stop()


def start_program(
    name: str, command: Sequence[str], folder: Path, settings: Mapping[str, str] | None = None
) -> Program:
    """Run a command in the repository's folder; its output goes to a new file in `folder`.

    `settings` are added to this process's environment, of which settings of a chat and of a storage are left out.
    """
    output = folder / f"{name.replace(' ', '-')}-{time.monotonic_ns()}.log"
    inherited = {key: value for key, value in os.environ.items() if not re.match(r"WebPubSub|AzureWebJobs|Chat", key)}
    environment = {**inherited, **(settings or {}), "PYTHONUNBUFFERED": "1"}
    with output.open("wb") as file:
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=file, stderr=file)
    return Program(name, process, output)


def cpu_seconds(*processes: psutil.Process) -> float:
    """Return the CPU time that the processes have used, without that of their children."""
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


def free_port() -> int:
    """Return a port that nothing listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
