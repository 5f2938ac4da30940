"""Who is here, and who is told that a user came or left? The service's own member list decides; nothing is stored."""

from collections.abc import Iterable
from dataclasses import dataclass

from chat import frames
from chat.errors import ServiceUnavailable
from chat.frames import Frame
from chat.gateway import Gateway, Member
from chat.names import room_group
from chat.recent_announcements import RecentAnnouncements

# A room's roster is read up to this many connections (five pages). In a larger room the count is a lower bound, and
# nobody is told who joins and leaves: the lines would come too fast to be read.
MAX_CONNECTIONS = 1000
ROSTER_LENGTH = 100


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
    def is_truncated(self) -> bool:
        """Whether the room may have more connections than were read."""
        return self.connections >= MAX_CONNECTIONS

    def __contains__(self, user: object) -> bool:
        return user in self.users

    def with_user(self, user: str) -> "Roster":
        """Return the roster with one more user."""
        return self if user in self.users else Roster(sort_users({*self.users, user}), self.connections + 1)


def roster_of(members: Iterable[Member], *, without: str | None = None) -> Roster:
    """Return the roster of a group's members, leaving out one connection."""
    counted = [member for member in members if member.connection_id != without]
    return Roster(sort_users({member.user_id for member in counted if member.user_id}), len(counted))


def sort_users(users: Iterable[str]) -> tuple[str, ...]:
    """Return the users in alphabetical order, whatever their case."""
    return tuple(sorted(users, key=lambda user: (user.casefold(), user)))


async def read_roster(gateway: Gateway, room: str, *, without: str | None = None) -> Roster:
    """Return who is in a room now, as the service reports it; raises ServiceUnavailable."""
    return roster_of(await gateway.members(room_group(room), MAX_CONNECTIONS), without=without)


@dataclass(frozen=True, slots=True)
class Announcer:
    """Tells rooms who joined and who left; `recent` prevents repetitions within this process."""

    gateway: Gateway
    recent: RecentAnnouncements

    async def announce_joined(self, room: str, user: str, at: int, connection_id: str) -> None:
        """Tell the other connections in the room that a user joined; `at` is in ms since 1970 (UTC).

        Raises ServiceUnavailable.
        """
        await self._announce("joined", frames.user_joined(room, user, at), excluded=connection_id)

    async def announce_left(self, room: str, user: str, at: int, connection_id: str) -> Roster:
        """Tell a room that a user left, unless another connection of the user is still there; return who is there.

        Raises ServiceUnavailable.
        """
        roster = await read_roster(self.gateway, room, without=connection_id)
        if user not in roster and not roster.is_truncated:
            await self._announce("left", frames.user_left(room, user, at))
        return roster

    async def _announce(self, event: str, frame: Frame, *, excluded: str | None = None) -> None:
        room, user = frame["room"], frame["user"]
        if not self.recent.claim(room, user, event):
            return
        try:
            await self.gateway.publish(room_group(room), frame, excluded=excluded)
        except ServiceUnavailable:
            self.recent.release(room, user)  # the service delivers the event again
            raise
