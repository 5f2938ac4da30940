"""What `web_pubsub` does with recordings; `local_azure.recording` is imported when it is used."""

from collections.abc import Callable, Collection, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from local_azure.recording import Replayed
    from local_azure.recording.replay import Play
    from local_azure.webpubsub import Service

T = TypeVar("T")


class RecordsAndReplays:
    """A service in a thread that can be recorded, and on which a recording can be played."""

    service: "Service"

    def call(self, function: Callable[[], T]) -> T:
        """Run a function in the service's thread."""
        raise NotImplementedError

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the service's loop."""
        raise NotImplementedError

    @contextmanager
    def record(self, file: str | Path) -> Iterator[None]:
        """Record what clients, service and app send each other while the block lasts; a file that exists is replaced.

        Raises `RecordingFailed` when it cannot be written.
        """
        from local_azure.recording import record

        recording = record(self.service, Path(file))
        self.call(recording.__enter__)
        try:
            yield
        finally:
            self.call(lambda: recording.__exit__(None, None, None))

    def replay(
        self,
        file: str | Path,
        *,
        play: "Play" = "clients",
        ignore: Collection[str] = (),
        with_questions: bool = False,
        step_seconds: float | None = None,
    ) -> "Replayed":
        """Play a recording on this service and the app behind it, and return how many steps were played and compared.

        `clients` lets clients connect and send as recorded, `events` sends the recorded events to the hub's handlers.
        Fields named in `ignore` may differ. Raises `RecordingDiffers`, an AssertionError whose text says what is not
        as recorded, and `InvalidRecording`.
        """
        from local_azure.recording import ReplayOptions, replay
        from local_azure.recording.replay import STEP_SECONDS

        options = ReplayOptions(frozenset(ignore), with_questions, step_seconds or STEP_SECONDS)
        return self.run(replay(self.service, Path(file), play=play, options=options))
