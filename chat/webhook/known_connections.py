"""Is the connection of an event open, and its user's? Asked of the service once, and then believed for a while.

The service signs the id of a connection and nothing else of an event. Who has captured one event could send any other
one in its connection's name, for ever, and as any user. With this question it is one user's, and only while the
connection is open; in a process that knows it a few minutes longer.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum

from chat.errors import Untrusted
from chat.shared_reads import SharedReads
from chat.value_objects import value_object

MAX_KNOWN = 20_000
BELIEVED_SECONDS = 600.0
# An answer that is not yes, and a failure, are given to all who ask within this time.
QUESTION_SECONDS = 1.0


class Ownership(Enum):
    """What the service says of a connection: not open or another user's, only that it is open, or the user's."""

    NONE = "none"
    OPEN = "open"
    OWNED = "owned"


Ask = Callable[[], Awaitable[Ownership]]


@value_object
class _Known:
    """Whose connection it is, whether the service said so, and until when that is believed (monotonic seconds)."""

    user: str
    is_proved: bool
    until: float


@dataclass(slots=True)
class KnownConnections:
    """The open connections that one process asked about, at most `limit`; those that were used last are kept.

    It belongs to one event loop. `clock` returns monotonic seconds.
    """

    clock: Callable[[], float] = time.monotonic
    limit: int = MAX_KNOWN
    known: "OrderedDict[str, _Known]" = field(default_factory=OrderedDict)
    questions: SharedReads[Ownership] = field(default_factory=lambda: SharedReads(QUESTION_SECONDS))

    async def verify(self, connection_id: str, user: str, ask: Ask) -> None:
        """Return when the connection is open and the user's; `ask` asks the service.

        Where the service says only that it is open, it is the user's who was believed first. Raises Untrusted, or what
        `ask` raises.
        """
        if self.is_known(connection_id, user):
            return
        found = self.known.get(connection_id)
        answer = await self.questions.get(f"{connection_id} {user}", ask, self.clock())
        is_first = found is None or found.user == user
        if answer is Ownership.OWNED or (answer is Ownership.OPEN and is_first):
            self.note(connection_id, user, is_proved=answer is Ownership.OWNED)
            return
        raise Untrusted("the service says that the connection of this event is not open, or is another user's")

    def is_known(self, connection_id: str, user: str) -> bool:
        """Return whether it is believed without a question that the connection is open and the user's.

        Raises Untrusted when it is known to be another user's.
        """
        found = self.known.get(connection_id)
        if found is None or found.until <= self.clock() or not (found.user == user or found.is_proved):
            return False
        self.known.move_to_end(connection_id)
        if found.user != user:
            raise Untrusted("the connection of this event is another user's")
        return True

    def note(self, connection_id: str, user: str, *, is_proved: bool) -> None:
        """Believe from now on that a connection is open and the user's; `is_proved`: the service says whose it is."""
        self.known[connection_id] = _Known(user, is_proved, self.clock() + BELIEVED_SECONDS)
        self.known.move_to_end(connection_id)
        while len(self.known) > self.limit:
            self.known.popitem(last=False)

    def forget(self, connection_id: str, user: str) -> None:
        """Forget a connection, because it ended."""
        self.known.pop(connection_id, None)
        self.questions.forget(f"{connection_id} {user}")
