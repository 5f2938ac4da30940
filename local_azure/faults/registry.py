"""The active faults of one service, with a clock and a log: what an injector is built on."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from local_azure.faults.active_faults import ActiveFault, ActiveFaults
from local_azure.faults.grammar import format_fault, parse_fault
from local_azure.faults.rules import Fault, FaultTarget
from local_azure.faults.values import InvalidFault

log = logging.getLogger(__name__)


class FaultRegistry:
    """The faults of a service: add and remove them here. `kinds` are the kinds of faults that the service can inject.

    Use it in the service's own event loop.
    """

    kinds: ClassVar[Sequence[type[Fault]]] = ()
    id_prefix: ClassVar[str] = "fault"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns monotonic seconds."""
        self._clock = clock
        self._active_faults = ActiveFaults(self.id_prefix)

    def add(self, fault: Fault | str) -> ActiveFault:
        """Make a fault active, given as a value or as a line of text.

        Raises `InvalidFault` for a wrong line, and for a fault of another service.
        """
        fault = parse_fault(fault, self.kinds) if isinstance(fault, str) else fault
        if not self.accepts(fault):
            raise InvalidFault(f"{fault.name} is a fault of another service")
        added = self._active_faults.add(fault, self._clock())
        log.info("fault added", extra={"fault": format_fault(fault), "fault_id": added.id})
        return added

    def accepts(self, fault: Fault) -> bool:
        """Return whether this service can inject the fault."""
        return isinstance(fault, tuple(self.kinds))

    def remove(self, fault_id: str) -> bool:
        """Remove a fault; return whether it was active."""
        return self._active_faults.remove(fault_id)

    def clear(self) -> None:
        """Remove every fault."""
        self._active_faults.clear()

    def active(self) -> list[ActiveFault]:
        """Return the faults that can still be triggered, in the order in which they were added."""
        return self._active_faults.active(self._clock())

    def seconds_left(self, fault: ActiveFault) -> float | None:
        """Return for how long a fault stays active; None when only its count is limited."""
        return fault.seconds_left(self._clock())

    def trigger(
        self, target: FaultTarget, disturbed: str, *, except_kinds: tuple[type[Fault], ...] = ()
    ) -> list[ActiveFault]:
        """Return the faults that are triggered, each counted once more and logged; `disturbed` names the target."""
        triggered = self._active_faults.trigger(target, self._clock(), except_kinds=except_kinds)
        for active in triggered:
            log.warning(
                "fault triggered",
                extra={
                    "fault": format_fault(active.fault),
                    "fault_id": active.id,
                    "hub": target.hub,
                    "connection": target.connection,
                    "user": target.user,
                    "table": target.table,
                    "target": disturbed,
                },
            )
        return triggered
