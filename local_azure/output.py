"""Standard output, written once for many lines.

A write to a pipe costs more than the line that it writes, and the interpreter's lock is given away meanwhile.
"""

import contextlib
import sys
import threading
import time

# How long a line may wait; nobody reads faster.
DELAY_SECONDS = 0.02


class _Flusher:
    """A thread that flushes standard output shortly after it was asked to."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        if not self._asked.is_set():
            self._asked.set()
            self._ensure_thread()

    def _ensure_thread(self) -> None:
        with self._start:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="standard-output", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while self._asked.wait():
            time.sleep(DELAY_SECONDS)
            self._asked.clear()  # before the flush: what is written from now on asks again
            with contextlib.suppress(ValueError, OSError):  # closed, or nobody reads it any more
                sys.stdout.flush()


_flusher = _Flusher()


def flush_soon() -> None:
    """Let what was written to standard output appear within 20 ms; for any thread, and cheap if it is called often."""
    _flusher.ask()
