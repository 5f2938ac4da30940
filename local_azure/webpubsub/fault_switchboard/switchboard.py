"""Which faults are in force, and which of them strike now. No clock and no I/O: time is an argument, in seconds."""

from dataclasses import dataclass
from itertools import count

from local_azure.webpubsub.fault_switchboard.rules import Fault, Occasion


@dataclass(slots=True)
class Armed:
    """A fault in force: its id, when it began and how often it has struck."""

    id: str
    fault: Fault
    since: float
    strikes: int = 0

    @property
    def strikes_left(self) -> int | None:
        """How often it may still strike; None when only its time is limited."""
        return None if self.fault.count is None else self.fault.count - self.strikes

    def seconds_left(self, now: float) -> float | None:
        """Return for how long it stays in force; None when only its strikes are limited."""
        if self.fault.for_seconds is None:
            return None
        return max(0.0, self.since + self.fault.for_seconds - now)

    def is_over(self, now: float) -> bool:
        """Return whether it has struck for the last time."""
        return self.strikes_left == 0 or self.seconds_left(now) == 0.0


class Switchboard:
    """The faults in force, in the order in which they were added."""

    def __init__(self) -> None:
        self._armed: dict[str, Armed] = {}
        self._ids = count(1)

    def __bool__(self) -> bool:
        return bool(self._armed)

    def add(self, fault: Fault, now: float) -> Armed:
        """Put a fault in force."""
        armed = Armed(f"fault-{next(self._ids)}", fault, now)
        self._armed[armed.id] = armed
        return armed

    def remove(self, fault_id: str) -> bool:
        """Lift a fault; return whether it was in force."""
        return self._armed.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Lift every fault."""
        self._armed.clear()

    def in_force(self, now: float) -> list[Armed]:
        """Return the faults that may still strike."""
        self._drop_what_is_over(now)
        return list(self._armed.values())

    def strike(self, occasion: Occasion, now: float, *, spare: tuple[type[Fault], ...] = ()) -> list[Armed]:
        """Return the faults that strike on this occasion, each counted; kinds to `spare` stay as they are."""
        struck = [
            armed
            for armed in self.in_force(now)
            if armed.fault.applies(occasion) and not isinstance(armed.fault, spare)
        ]
        for armed in struck:
            armed.strikes += 1
        self._drop_what_is_over(now)
        return struck

    def _drop_what_is_over(self, now: float) -> None:
        for armed in tuple(self._armed.values()):
            if armed.is_over(now):
                del self._armed[armed.id]
