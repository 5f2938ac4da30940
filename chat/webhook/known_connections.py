"""Is the connection of an event open? Asked of the service once for each connection, and then believed for a while.

The service signs the id of a connection and nothing else of an event. Who has captured one event could send any other
one in its connection's name, for ever; with this question only as long as the connection is open, and in a process that
knows it a few minutes longer.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from chat.errors import Untrusted
from chat.shared_reads import SharedReads

MAX_KNOWN = 20_000
BELIEVED_SECONDS = 600.0
# An answer that the connection is not open, and a failure, are given to all who ask within this time.
QUESTION_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Known:
    """Whose connection it is, and until when it is believed to be open (monotonic seconds)."""

    user: str
    until: float


@dataclass(slots=True)
class KnownConnections:
    """The open connections that one process asked about, at most `limit`; those that were used last are kept.

    It belongs to one event loop. `clock` returns monotonic seconds.
    """

    clock: Callable[[], float] = time.monotonic
    limit: int = MAX_KNOWN
    known: "OrderedDict[str, _Known]" = field(default_factory=OrderedDict)
    questions: SharedReads[bool] = field(default_factory=lambda: SharedReads(QUESTION_SECONDS))

    async def verify(self, connection_id: str, user: str, exists: Callable[[str], Awaitable[bool]]) -> None:
        """Return when the connection is open and its earlier events had the same user; `exists` asks the service.

        Raises Untrusted, or what `exists` raises.
        """
        found = self.known.get(connection_id)
        if found is None or found.until <= self.clock():
            if not await self.questions.get(connection_id, lambda: exists(connection_id), self.clock()):
                self.known.pop(connection_id, None)
                raise Untrusted("the service says that the connection of this event is not open")
            found = self.note(connection_id, found.user if found else user)
        self.known.move_to_end(connection_id)
        if found.user != user:
            raise Untrusted("the connection of this event has another user")

    def note(self, connection_id: str, user: str) -> _Known:
        """Believe from now on that a connection is open and the user's, because the service says so."""
        known = self.known[connection_id] = _Known(user, self.clock() + BELIEVED_SECONDS)
        while len(self.known) > self.limit:
            self.known.popitem(last=False)
        return known

    def forget(self, connection_id: str) -> None:
        """Forget a connection, because it ended."""
        self.known.pop(connection_id, None)
        self.questions.forget(connection_id)
