"""`joined` and `left` lines: told once for an arrival and once for a departure, by whichever instance sees it.

No process remembers what it announced. The service says who is in a room. The user's row for the room (`places`) says
what the room was told last; it is changed only if nobody else changed it since it was read.

The order of the steps matters. Who arrives is a member of the room's group first, then changes the row. Who departs has
left the group, then reads the row, then the roster, then changes the row. So of an arrival and a departure at the same
time, the later change of the row fails or knows of the other.

A line's time (`at`) is our clock when the service was asked, and later than that of the user's last line in the room,
whatever the clocks of the instances say. When storage fails, a line is rather told than not: readers compare these
times, and a roster of the service corrects what is wrong.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

from chat import frames
from chat.errors import ServiceUnavailable, StorageUnavailable
from chat.gateway import Gateway
from chat.logs import cause_of, log
from chat.names import room_group
from chat.presence.places import MAX_ATTEMPTS, Place, PlaceStore
from chat.presence.rosters import Roster, RosterReader, news_time
from chat.table_storage.errors import Conflict


@dataclass(frozen=True, slots=True)
class RoomMember:
    """A connection of a user in a room; `name` is None where the user is called like the user's id."""

    room: str
    user: str
    connection_id: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Departure:
    """What a departure changes: the place as it is afterwards, and whether the room is told."""

    place: Place
    is_news: bool


def decide_departure(place: Place, roster: Roster | None, member: RoomMember, at: int, *, unlists: bool) -> Departure:
    """Return what the end of a membership changes; `unlists` removes the room from the user's list.

    The room is told when no other connection of the user is there and the room believes that the user is. It is told
    again when this connection's end was recorded before: then its event is delivered again, because the line was not
    published. Without a roster the room is not told: the end of the connection tells it.
    """
    kept = place.unlisted() if unlists else place
    if roster is None or roster.is_truncated or roster.has_other_connection(member.user, member.connection_id):
        return Departure(kept, is_news=False)
    if place.is_here or place.left_by == member.connection_id:
        return Departure(kept.departed(at, member.connection_id), is_news=True)
    return Departure(kept, is_news=False)


def is_arrival(roster: Roster | None, member: RoomMember, *, was_here: bool, told_at: int = 0) -> bool:
    """Return whether a room is told that a user came: it was not told before, or no other connection is there.

    `roster` is None when the service does not answer. `told_at` is the time of the last line (ms since 1970): a roster
    that was asked for before it cannot know who came with that line.
    """
    if roster is None:
        return True
    is_known = roster.has_other_connection(member.user, member.connection_id) or told_at > roster.at
    return not roster.is_truncated and not (was_here and is_known)


@dataclass(frozen=True, slots=True)
class Announcer:
    """Tells rooms who came and who left."""

    gateway: Gateway
    rosters: RosterReader
    places: PlaceStore

    async def announce_arrival(self, member: RoomMember, at: int, *, is_news: bool) -> bool:
        """Tell a room that a user came, where that is news, and return whether the connection still exists.

        `at` is in ms since 1970 (UTC). When the connection has ended meanwhile, its departure is announced: the event
        of its end may have been handled before the user was said to be here. Raises ServiceUnavailable.
        """
        calls: list[Awaitable[bool | None]] = [self.gateway.exists(member.connection_id)]
        if is_news:
            calls.append(self._publish_arrival(member, at))
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        if outcomes[0] is False:
            await self.announce_departure(member)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return outcomes[0] is True

    async def announce_departure(
        self, member: RoomMember, place: Place | None = None, *, unlists: bool = False
    ) -> None:
        """Tell a room that a user left, unless another connection of the user is there or the room was told before.

        `place` is what was read after the connection had left; it is read here when it is not given. With `unlists` the
        room is removed from the user's list. Raises ServiceUnavailable and, only with `unlists`, StorageUnavailable.
        """
        try:
            departure = await self._record_departure(member, place, unlists=unlists)
        except StorageUnavailable as problem:
            log.warning("a departure was not recorded", extra={"room": member.room, "cause": cause_of(problem)})
            await self.announce_by_roster(member)
            if unlists:
                raise
            return
        if departure.is_news:
            await self._publish_departure(member, departure.place.news_at)
        if departure.place.is_unused:
            await self._remove(departure.place)

    async def announce_by_roster(self, member: RoomMember) -> None:
        """Tell a room that a user left, unless another connection of the user is there; raises ServiceUnavailable."""
        at = news_time()
        roster = await self.rosters.read_current(member.room)
        if not roster.is_truncated and not roster.has_other_connection(member.user, member.connection_id):
            await self._publish_departure(member, at)

    async def _record_departure(self, member: RoomMember, place: Place | None, *, unlists: bool) -> Departure:
        """Return the departure after it was stored; of several instances at once, one has the news."""
        for _ in range(MAX_ATTEMPTS):
            place = place or await self.places.read(member.user, member.room)
            at = news_time()
            roster = await self._read_roster(member, required=not unlists)
            departure = decide_departure(place, roster, member, at, unlists=unlists)
            if departure.place == place:
                return departure
            try:
                return Departure(await self.places.save(departure.place), departure.is_news)
            except Conflict:
                place = None
        raise StorageUnavailable("a place was changed by others all the time", may_have_happened=False)

    async def _read_roster(self, member: RoomMember, *, required: bool) -> Roster | None:
        try:
            return await self.rosters.read_current(member.room)
        except ServiceUnavailable as problem:
            if required:
                raise
            log.warning("presence is unknown", extra={"room": member.room, "cause": cause_of(problem)})
            return None

    async def _remove(self, place: Place) -> None:
        """Delete the row of a room that the user is not in; one that changed meanwhile stays."""
        try:
            await self.places.remove(place)
        except Conflict:
            log.info("a place is used again", extra={"room": place.room, "user": place.user})
        except StorageUnavailable as problem:
            log.warning("a place was not removed", extra={"room": place.room, "cause": cause_of(problem)})

    async def _publish_arrival(self, member: RoomMember, at: int) -> None:
        frame = frames.user_joined(member.room, member.user, at, member.name)
        await self.gateway.publish(room_group(member.room), frame, excluded=member.connection_id)

    async def _publish_departure(self, member: RoomMember, at: int) -> None:
        frame = frames.user_left(member.room, member.user, at, member.name)
        await self.gateway.publish(room_group(member.room), frame)
