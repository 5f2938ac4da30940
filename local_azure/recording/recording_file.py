"""Records what a service does into a file."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from local_azure.recording.file_format import Step, first_line, format_step
from local_azure.recording.recorder import Recorder
from local_azure.webpubsub import Service

log = logging.getLogger(__name__)


class _Writer:
    """Writes lines until one cannot be written: then it says so, once, and writes no more."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.failure: OSError | None = None

    def write(self, step: Step) -> None:
        if self.failure is not None:
            return
        try:
            self._file.write(format_step(step))
        except OSError as error:
            self.failure = error
            log.error("the recording ends here: %s", error.strerror or error)


@contextmanager
def record(service: Service, file: Path) -> Iterator[None]:
    """Record what happens on a service of this event loop while the block lasts; a file that exists is replaced.

    Raises `OSError` when the file cannot be opened, and at the end when something could not be written.
    """
    with file.open("w", encoding="utf-8", newline="\n", buffering=1) as stream:
        stream.write(first_line())
        writer = _Writer(stream)
        recorder = Recorder(service.settings.access_keys, writer.write)
        unsubscribe = service.observations.subscribe(recorder.add)
        try:
            yield
        finally:
            unsubscribe()
            recorder.flush()
    if writer.failure is not None:
        raise writer.failure
