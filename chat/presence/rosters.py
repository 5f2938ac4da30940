"""Who is here? The service's own member list decides; nothing is stored."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace

from chat.gateway import Gateway, Member
from chat.names import away_group, room_group
from chat.shared_reads import SharedReads
from chat.value_objects import value_object

# A room's roster is read up to this many connections (five pages). In a larger room the count is a lower bound, and
# nobody is told who joins and leaves: the lines would come too fast to be read.
MAX_CONNECTIONS = 1000
ROSTER_LENGTH = 100
ROSTER_SECONDS = 1.0

NotePeople = Callable[[str, int, int], None]


@value_object
class Roster:
    """The users in a room, each once over all their connections, in alphabetical order.

    `connections` counts those that were read, with those that have no user. `at` is our clock when the service was
    asked, in milliseconds since 1970 (UTC).
    """

    users: tuple[str, ...]
    connections: int
    at: int = 0
    connections_of: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)

    @property
    def first(self) -> tuple[str, ...]:
        """The users that fit into an answer."""
        return self.users[:ROSTER_LENGTH]

    @property
    def is_truncated(self) -> bool:
        """Whether the room may have more connections than were read."""
        return self.connections >= MAX_CONNECTIONS

    def has_connection(self, user: str, connection_id: str) -> bool:
        """Return whether this connection of the user is in the room."""
        return connection_id in self.connections_of.get(user, frozenset())

    def has_other_connection(self, user: str, connection_id: str) -> bool:
        """Return whether another connection of the user than this one is in the room."""
        return bool(self.connections_of.get(user, frozenset()) - {connection_id})

    def with_user(self, user: str) -> "Roster":
        """Return the roster with one more user."""
        if user in self.connections_of:
            return self
        return replace(self, users=sort_users({*self.users, user}), connections=self.connections + 1)


def roster_of(members: Iterable[Member], at: int = 0) -> Roster:
    """Return the roster of a group's members; `at` is in milliseconds since 1970 (UTC)."""
    counted = 0
    connections: dict[str, set[str]] = {}
    for member in members:
        counted += 1
        if member.user_id:
            connections.setdefault(member.user_id, set()).add(member.connection_id)
    frozen = {user: frozenset(found) for user, found in connections.items()}
    return Roster(sort_users(frozen), counted, at, frozen)


def sort_users(users: Iterable[str]) -> tuple[str, ...]:
    """Return the users in alphabetical order, whatever their case."""
    return tuple(sorted(users, key=lambda user: (user.casefold(), user)))


def clock() -> int:
    """Return our clock in whole milliseconds since 1970 (UTC)."""
    return int(time.time() * 1000)


def news_time() -> int:
    """Return the time of what is true now, later than that of every roster that this clock's instance asked for."""
    return clock() + 1


def away_users(roster: Roster, away: Roster | None) -> tuple[str, ...]:
    """Return those of a roster's first users all of whose connections are in `away` too, in the roster's order."""
    return tuple(user for user in roster.first if away and is_away(user, roster, away))


def is_away(user: str, roster: Roster, away: Roster) -> bool:
    """Return whether all connections of a user who is in a room are in `away` too."""
    connections = roster.connections_of.get(user, frozenset())
    return bool(connections) and connections <= away.connections_of.get(user, frozenset())


async def read_roster(gateway: Gateway, room: str) -> Roster:
    """Return who is in a room now, as the service reports it; raises ServiceUnavailable."""
    return await read_group(gateway, room_group(room))


async def read_group(gateway: Gateway, group: str) -> Roster:
    """Return who is in a group now, as the service reports it; raises ServiceUnavailable."""
    at = clock()
    return roster_of(await gateway.members(group, MAX_CONNECTIONS), at)


@value_object
class RosterReader:
    """Reads rosters; all callers of a process share a read, so that the service is asked at most once at a time.

    A roster costs one call for each 200 connections in the room, and five calls at most. `note_people`
    is called with each: the room, how many people, and when the service was asked (ms since 1970).
    """

    gateway: Gateway
    reads: SharedReads[Roster]
    note_people: NotePeople

    async def read_recent(self, room: str) -> Roster:
        """Return who is in a room, as the service reported it at most a second ago; raises ServiceUnavailable."""
        return await self.reads.get(self._key(room), lambda: self._read(room))

    async def read_recent_away(self, room: str) -> Roster:
        """Return which connections are away, as the service reported it at most a second ago; as `read_recent`."""
        group = away_group(room)
        return await self.reads.get(self._key(group), lambda: read_group(self.gateway, group))

    async def read_current_away(self, room: str) -> Roster:
        """Return which connections are away, as the service reports it after this call; as `read_current`."""
        group = away_group(room)
        return await self.reads.get_new(self._key(group), lambda: read_group(self.gateway, group))

    async def read_current(self, room: str) -> Roster:
        """Return who is in a room, as the service reports it after this call; raises ServiceUnavailable."""
        return await self.reads.get_new(self._key(room), lambda: self._read(room))

    async def _read(self, room: str) -> Roster:
        roster = await read_roster(self.gateway, room)
        self.note_people(room, len(roster.users), roster.at)
        return roster

    def _key(self, room: str) -> str:
        return f"{self.gateway.name}/{room}"
