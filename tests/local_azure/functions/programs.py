"""The commands `python -m local_azure…`, run as a person runs them."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[3]
ANSWER_SECONDS = 40.0


class Program:
    """A running command. Its output is read as it comes, so that a test can wait for a line."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        others = ("WebPubSub", "PYTHONUNBUFFERED")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**clean, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def _read(self, output: IO[str]) -> None:
        for line in output:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Return the match in the next line that has one; fails when the program ends before."""
        while True:
            line = self._queue.get(timeout=ANSWER_SECONDS)
            assert line is not None, f"ended without {pattern!r}:\n" + "\n".join(self.lines)
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found

    def rest(self) -> str:
        """Wait for the end and return everything that was printed."""
        while (line := self._queue.get(timeout=ANSWER_SECONDS)) is not None:
            self.lines.append(line)
        self.process.wait(ANSWER_SECONDS)
        return "\n".join(self.lines)

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Send a signal; return the exit code and everything that was printed."""
        self.process.send_signal(number)
        output = self.rest()
        return self.process.returncode, output


Start = Callable[..., Program]
