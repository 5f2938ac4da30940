"""What the handlers of user events are given, and what they return."""

from dataclasses import dataclass

from chat.durable_client import DurableClient
from chat.frames import Frame
from chat.gateway import Gateway
from chat.recent_announcements import RecentAnnouncements
from chat.room_log.room_logs import RoomLogs
from chat.settings import Settings
from chat.shared_reads import SharedReads
from chat.webhook.connection_state import ConnectionState


@dataclass(frozen=True, slots=True)
class Services:
    """What a handler may use.

    `rooms`, `announcements` and `room_counts` belong to the process: caches that may be lost.
    `now` is our clock when the event came, in milliseconds since 1970 (UTC).
    """

    settings: Settings
    gateway: Gateway
    durable: DurableClient
    rooms: RoomLogs
    announcements: RecentAnnouncements
    room_counts: SharedReads[list[tuple[str, int]]]
    now: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The frame that only the sender is sent, if any, and the new state of its connection, if it changed."""

    frame: Frame | None = None
    state: ConnectionState | None = None
