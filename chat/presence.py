"""Who is here? The service's own member list says so; nothing is stored, so there are no ghosts."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from chat.gateway import Gateway, Member
from chat.names import room_group

# A room's roster is read up to this many connections (five pages); in a larger room the count is a lower bound, and
# who comes and goes is not announced: nobody could read it.
MAX_CONNECTIONS = 1000
ROSTER_LENGTH = 100
REPEAT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Roster:
    """The users in a room, each once over all their connections, in alphabetical order."""

    users: tuple[str, ...]
    connections: int

    @property
    def first(self) -> tuple[str, ...]:
        """The users that fit into an answer."""
        return self.users[:ROSTER_LENGTH]

    @property
    def is_crowded(self) -> bool:
        """Whether there may be more connections than were counted."""
        return self.connections >= MAX_CONNECTIONS

    def __contains__(self, user: object) -> bool:
        return user in self.users

    def with_user(self, user: str) -> "Roster":
        """Return the roster with one more user."""
        return self if user in self.users else Roster(_sorted({*self.users, user}), self.connections + 1)


def roster_of(members: Iterable[Member], *, without: str | None = None) -> Roster:
    """Return the roster of a group's members, leaving out one connection."""
    counted = [member for member in members if member.connection_id != without]
    return Roster(_sorted({member.user_id for member in counted if member.user_id}), len(counted))


def _sorted(users: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(users, key=lambda user: (user.casefold(), user)))


async def read_roster(gateway: Gateway, room: str, *, without: str | None = None) -> Roster:
    """Return who is in a room now, as the service reports it; raises ServiceUnavailable."""
    return roster_of(await gateway.members(room_group(room), MAX_CONNECTIONS), without=without)


@dataclass(slots=True)
class Announcements:
    """What was just announced, so that tabs closed together say goodbye once.

    Only a cache: with several processes a line may appear twice, which readers merge by user.
    """

    said: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)

    def is_news(self, room: str, user: str, event: str, now: float | None = None) -> bool:
        """Return whether this was not announced in the last seconds, and remember it; `now` is in seconds."""
        now = time.monotonic() if now is None else now
        self.said = {key: value for key, value in self.said.items() if value[1] > now - REPEAT_SECONDS}
        news = self.said.get((room, user), ("", 0.0))[0] != event
        self.said[room, user] = (event, now)
        return news

    def take_back(self, room: str, user: str) -> None:
        """Forget an announcement that reached nobody."""
        self.said.pop((room, user), None)


announcements = Announcements()
