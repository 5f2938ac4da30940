"""Standard output of a command, written once for many lines.

A write to a pipe costs more than the line that it writes, and the interpreter's lock is given away meanwhile. Here a
thread writes: whatever is printed or logged appears within 20 ms, or 100 ms where something is written all the time, in
its order, also where Python itself would keep it until 8 KiB are full. It is a thread and not a timer of an event loop,
because what a program printed before it blocked its loop is what its reader needs.
"""

import atexit
import contextlib
import io
import os
import sys
import threading
import time

# Nobody reads faster.
DELAY_SECONDS = 0.02
# While something is written all the time. The thread takes the interpreter's lock from the one that has work to do.
BUSY_DELAY_SECONDS = 0.1
# What is written between two flushes fits, so that no other thread has to write; a pipe of Linux holds as much.
BUFFER_BYTES = 64 * 1024


class PromptOutput(io.TextIOWrapper):
    """A text stream to a file descriptor that flushes itself shortly after something was written."""

    def __init__(self, descriptor: int, encoding: str, errors: str | None) -> None:
        raw = io.FileIO(descriptor, "w", closefd=False)
        super().__init__(io.BufferedWriter(raw, BUFFER_BYTES), encoding=encoding, errors=errors, line_buffering=False)
        self._lock = threading.RLock()  # a TextIOWrapper mixes up what two threads write and flush
        self._written = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._flush_again_and_again, name="standard-output", daemon=True)
        self._thread.start()

    def write(self, text: str, /) -> int:
        """Write the text to the buffer, and let it be flushed."""
        with self._lock:
            count = super().write(text)
        if not self._written.is_set():
            self._written.set()
        return count

    def flush(self) -> None:
        """Write the buffer to the file at once."""
        with self._lock:
            super().flush()

    def stop(self) -> None:
        """End the thread, which writes what is left: the interpreter cannot end while a thread holds the buffer."""
        self._stopping.set()  # before the other event: the thread clears that, but not this
        self._written.set()
        self._thread.join()

    def _flush_again_and_again(self) -> None:
        while not self._stopping.is_set():
            idle_since = time.monotonic()
            self._written.wait()
            is_busy = time.monotonic() - idle_since < DELAY_SECONDS
            self._stopping.wait(BUSY_DELAY_SECONDS if is_busy else DELAY_SECONDS)
            self._written.clear()  # before the flush: what is written from now on sets it again
            with contextlib.suppress(ValueError, OSError):  # closed, or nobody reads it any more
                self.flush()


def use_prompt_output() -> None:
    """Replace `sys.stdout` by a stream to the same file that appears soon."""
    if os.name == "nt" and sys.stdout.isatty():
        return  # the console of Windows has an encoding of its own, and shows each line at once
    sys.stdout.flush()
    stream = PromptOutput(sys.stdout.fileno(), sys.stdout.encoding, sys.stdout.errors)
    atexit.register(stream.stop)
    sys.stdout = stream
