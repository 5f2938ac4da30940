"""Records what a service does into a file."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from local_azure.recording.file_format import first_line, format_step
from local_azure.recording.recorder import Recorder
from local_azure.webpubsub import Service


class RecordingFailed(Exception):
    """A recording cannot be written; the text names the file and says why."""


log = logging.getLogger(__name__)


class _Writer:
    """Writes lines until one cannot be written: then it says so, once, and writes no more."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.failure: OSError | None = None

    def write(self, line: str) -> None:
        if self.failure is None:
            try:
                self._file.write(line)
            except OSError as error:
                self._fail(error)

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:  # what was not written before cannot be written now
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        if self.failure is None:
            self.failure = error
            log.error("the recording ends here", extra={"reason": error.strerror or str(error)})


@contextmanager
def record(service: Service, file: Path) -> Iterator[None]:
    """Record what happens on a service of this event loop while the block lasts; a file that exists is replaced.

    Raises `RecordingFailed` when the file cannot be opened, and at the end when something could not be written.
    """
    try:
        # Each line is in the file at once.
        stream = file.open("w", encoding="utf-8", newline="\n", buffering=1)
    except OSError as error:
        raise RecordingFailed(f"{file} cannot be written: {error.strerror or error}") from error
    writer = _Writer(stream)
    writer.write(first_line())
    recorder = Recorder(service.endpoint, service.settings.access_keys, lambda step: writer.write(format_step(step)))
    unsubscribe = service.observations.subscribe(recorder.add)
    try:
        yield
    finally:
        unsubscribe()
        recorder.flush()
        writer.close()
    if writer.failure is not None:
        failure = writer.failure.strerror or writer.failure
        raise RecordingFailed(f"{file} is not complete: {failure}") from writer.failure
