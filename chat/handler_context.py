"""What the handlers of user events are given, and what they return."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chat.call_record import CallRecord
from chat.correlation import call_span
from chat.durable_client import DurableClient
from chat.event_limiter import EventLimiter
from chat.frames import Frame
from chat.gateway import Gateway
from chat.names import is_members_only
from chat.presence.announcements import Announcer
from chat.presence.mentions import Mentions
from chat.presence.places import PlaceStore
from chat.presence.profiles import Profiles
from chat.presence.rosters import RosterReader
from chat.room_list.recorder import RoomListRecorder
from chat.room_list.rows import ListedRoom
from chat.room_log.append_plan import Appended, Moderated
from chat.room_log.model import Head, MessageRequest
from chat.room_log.moderation_acts import Moderate
from chat.room_log.room_logs import RoomLogs
from chat.room_log.rules import Rules, check_moderator, check_reader
from chat.settings import Settings
from chat.shared_reads import SharedReads
from chat.value_objects import value_object
from chat.webhook.connection_state import ConnectionState
from chat.webhook.events import UserEvent

if TYPE_CHECKING:
    from opentelemetry.trace import Span

HEAD_SECONDS = 1.0


@value_object
class Services:
    """What a handler may use.

    `rooms`, `rosters`, `heads`, `room_list` and `listed_rooms` have caches that belong to the process and may be lost.
    All from `durable` on belong to the event. `now` is our clock when it came, in milliseconds since 1970 (UTC).
    `record` is what the line of the log says of it.
    """

    settings: Settings
    gateway: Gateway
    rooms: RoomLogs
    heads: SharedReads[Head]
    places: PlaceStore
    profiles: Profiles
    rosters: RosterReader
    room_list: RoomListRecorder
    listed_rooms: SharedReads[list[ListedRoom]]
    durable: DurableClient
    limiter: EventLimiter
    now: int
    record: CallRecord

    @property
    def announcer(self) -> Announcer:
        """What tells rooms who came and who left."""
        return Announcer(self.gateway, self.rosters, self.places)

    @property
    def mentions(self) -> Mentions:
        """What keeps and tells whom messages mention."""
        return Mentions(self.places, self.gateway)

    def reading(self, event: UserEvent, room: str) -> Callable[[Rules], None]:
        """Return what raises the ChatError with which a room's rules refuse that the event's connection reads it."""
        return lambda rules: check_reader(rules, room, event.sender, self.now, event.joined_seq(room))

    def moderating(self, event: UserEvent, room: str) -> Callable[[Rules], None]:
        """Return what raises the ChatError with which a room's rules refuse what is for its moderators only."""

        def check(rules: Rules) -> None:
            self.reading(event, room)(rules)
            check_moderator(rules, event.sender, admin=self.settings.is_admin(event.sender))

        return check

    async def read_recent_head(self, room: str) -> Head:
        """Return where a room's log ended at most a second ago; all callers of a process share a read.

        A room that exists only for its members is read anew: a member who was removed learns nothing from that moment
        on. Raises StorageUnavailable.
        """
        if is_members_only(room):
            return await self.rooms.read_head(room)
        return await self.heads.get(room, lambda: self.rooms.read_head(room))

    async def read_current_head(self, room: str) -> Head:
        """Return where the room's log ends; callers of a process that come at the same time share a read.

        The read begins after this call. Raises StorageUnavailable.
        """
        return await self.heads.get_new(room, lambda: self.rooms.read_head(room))

    async def append(self, room: str, request: MessageRequest) -> Appended:
        """Return a message's or a change's entry once it is in the log, and note it for the line of the event.

        Raises StorageUnavailable, or the ChatError that refuses the request.
        """
        self.record.room, self.record.message = room, request.target or request.id
        with call_span("append", {"room": room, "id": self.record.message}) as span:
            appended = await self.rooms.append(room, request)
            self._note_entry(appended, span)
        return appended

    async def moderate(self, room: str, request: Moderate) -> Moderated:
        """Return the entry of an act of moderation once it is in the log; notes it and raises as `append` does."""
        self.record.room = room
        with call_span("append", {"room": room}) as span:
            moderated = await self.rooms.moderate(room, request)
            self._note_entry(moderated, span)
        return moderated

    def _note_entry(self, stored: Appended | Moderated, span: "Span | None") -> None:
        if stored.entry is None:
            return
        self.record.seq = stored.entry.seq
        if span is not None:
            span.set_attribute("chat.seq", stored.entry.seq)


@value_object
class Answer:
    """The frame that only the sender is sent, if any, and the new state of its connection, if it changed."""

    frame: Frame | None = None
    state: ConnectionState | None = None
