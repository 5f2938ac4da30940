"""Which faults are active, and which of them are triggered now. No clock, no I/O: time is an argument, in seconds."""

from dataclasses import dataclass
from itertools import count

from local_azure.faults.rules import Fault, FaultTarget


@dataclass(slots=True)
class ActiveFault:
    """A fault that was added: its id, when it was added and how often it was triggered."""

    id: str
    fault: Fault
    since: float
    times_triggered: int = 0

    @property
    def times_left(self) -> int | None:
        """How often it can still be triggered; None when only its time is limited."""
        return None if self.fault.count is None else self.fault.count - self.times_triggered

    def seconds_left(self, now: float) -> float | None:
        """Return for how long it stays active; None when only its count is limited."""
        if self.fault.for_seconds is None:
            return None
        return max(0.0, self.since + self.fault.for_seconds - now)

    def is_over(self, now: float) -> bool:
        """Return whether it can no longer be triggered."""
        return self.times_left == 0 or self.seconds_left(now) == 0.0


class ActiveFaults:
    """The active faults, in the order in which they were added."""

    def __init__(self, id_prefix: str = "fault") -> None:
        """`id_prefix` begins the id of each fault: `fault-1`, `fault-2`, …"""
        self._id_prefix = id_prefix
        self._faults: dict[str, ActiveFault] = {}
        self._ids = count(1)

    def __bool__(self) -> bool:
        return bool(self._faults)

    def add(self, fault: Fault, now: float) -> ActiveFault:
        """Make a fault active and return it with its id."""
        added = ActiveFault(f"{self._id_prefix}-{next(self._ids)}", fault, now)
        self._faults[added.id] = added
        return added

    def remove(self, fault_id: str) -> bool:
        """Remove a fault; return whether it was active."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Remove every fault."""
        self._faults.clear()

    def active(self, now: float) -> list[ActiveFault]:
        """Return the faults that can still be triggered."""
        self._remove_ended(now)
        return list(self._faults.values())

    def trigger(
        self, target: FaultTarget, now: float, *, except_kinds: tuple[type[Fault], ...] = ()
    ) -> list[ActiveFault]:
        """Return the faults that apply to the target, each counted once more; `except_kinds` are not triggered."""
        triggered = [
            active
            for active in self.active(now)
            if active.fault.applies(target) and not isinstance(active.fault, except_kinds)
        ]
        for active in triggered:
            active.times_triggered += 1
        self._remove_ended(now)
        return triggered

    def _remove_ended(self, now: float) -> None:
        for active in tuple(self._faults.values()):
            if active.is_over(now):
                del self._faults[active.id]
