"""What one process keeps between calls: clients, caches and background tasks. All of it can be lost and made again."""

import asyncio
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from chat.gateway import Gateways
from chat.recent_announcements import RecentAnnouncements
from chat.room_log.background_writes import BackgroundWrites
from chat.rooms.room_list import CACHE_SECONDS, RoomCounts
from chat.shared_reads import SharedReads
from chat.webhook.bearer_tokens import KeyCache


@dataclass(slots=True)
class ProcessState:
    """What the functions of one process share; it belongs to one event loop."""

    gateways: Gateways = field(default_factory=Gateways)
    writes: BackgroundWrites = field(default_factory=BackgroundWrites)
    announcements: RecentAnnouncements = field(default_factory=RecentAnnouncements)
    room_counts: SharedReads[RoomCounts] = field(default_factory=lambda: SharedReads(CACHE_SECONDS))
    signing_keys: KeyCache = field(default_factory=KeyCache)


# The Functions worker has one event loop. A process that loads the app into several loops gets a state for each.
_states: WeakKeyDictionary[asyncio.AbstractEventLoop, ProcessState] = WeakKeyDictionary()


def process_state() -> ProcessState:
    """Return the state of the running event loop, made at the first call."""
    return _states.setdefault(asyncio.get_running_loop(), ProcessState())
