"""What was announced in the last seconds? Several tabs of one user that close together cause one `left` line."""

import time
from dataclasses import dataclass, field

REPEAT_SECONDS = 5.0


@dataclass(slots=True)
class RecentAnnouncements:
    """The last event announced for each user of a room, with its time in monotonic seconds.

    It is only a cache: with several processes a line may appear twice, and readers merge such lines by user.
    """

    last: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)

    def claim(self, room: str, user: str, event: str, now: float | None = None) -> bool:
        """Return whether the event was not announced in the last 5 seconds, and remember it; `now` is in seconds."""
        now = time.monotonic() if now is None else now
        self.last = {key: value for key, value in self.last.items() if value[1] > now - REPEAT_SECONDS}
        is_new = self.last.get((room, user), ("", 0.0))[0] != event
        self.last[room, user] = (event, now)
        return is_new

    def release(self, room: str, user: str) -> None:
        """Forget an announcement that could not be published."""
        self.last.pop((room, user), None)
