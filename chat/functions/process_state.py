"""What one process keeps between calls: clients, caches and background tasks. All of it can be lost and made again."""

import asyncio
import os
from dataclasses import dataclass, field
from functools import partial
from weakref import WeakKeyDictionary

from chat.administration.sweep import SweepStarter
from chat.event_limiter import UserRecords
from chat.gateway import Gateways
from chat.handler_context import HEAD_SECONDS, Services
from chat.health.probes import Probes
from chat.health.readiness import Check
from chat.presence.places import PlaceStore
from chat.presence.profiles import NameCache, Profiles
from chat.presence.rosters import ROSTER_SECONDS, Roster, RosterReader
from chat.room_list.recorder import RoomListRecorder
from chat.room_list.store import RoomListStore
from chat.room_log.model import Head
from chat.room_log.room_logs import RoomLogs
from chat.room_log.store import RoomStore
from chat.rooms.room_list import CACHE_SECONDS, Rooms
from chat.settings import Auth, Settings
from chat.shared_reads import SharedReads
from chat.spans import Tracer, open_tracer
from chat.table_storage.client import TableClient, TableClients
from chat.webhook.bearer_tokens import KeyCache
from chat.webhook.known_connections import KnownConnections

# So long does an answer about readiness hold for all who ask.
READY_SECONDS = 5.0
# So old may a roster or the list of rooms be where the service does not answer.
STALE_SECONDS = 10.0


@dataclass(slots=True)
class ProcessState:
    """What the functions of one process share; it belongs to one event loop."""

    # The environment is read once: the platform starts a new process when a setting changes. An event asks for twenty
    # settings, and the environment is decoded for each of them.
    settings: Settings = field(default_factory=lambda: Settings(dict(os.environ)))
    gateways: Gateways = field(default_factory=Gateways)
    tables: TableClients = field(default_factory=TableClients)
    rooms: dict[TableClient, RoomLogs] = field(default_factory=dict)
    room_lists: dict[TableClient, RoomListRecorder] = field(default_factory=dict)
    sweep: SweepStarter = field(default_factory=SweepStarter)
    rosters: SharedReads[Roster] = field(default_factory=lambda: SharedReads(ROSTER_SECONDS, STALE_SECONDS))
    heads: SharedReads[Head] = field(default_factory=lambda: SharedReads(HEAD_SECONDS))
    listed_rooms: SharedReads[Rooms] = field(default_factory=lambda: SharedReads(CACHE_SECONDS, STALE_SECONDS))
    names: NameCache = field(default_factory=NameCache)
    signing_keys: KeyCache = field(default_factory=KeyCache)
    connections: KnownConnections = field(default_factory=KnownConnections)
    users: UserRecords = field(default_factory=UserRecords)
    questions: int = 0  # that are being answered over HTTP
    readiness: SharedReads[tuple[Check, ...]] = field(default_factory=lambda: SharedReads(READY_SECONDS))
    event_at: float | None = None  # when the last verified event came (`time.perf_counter`)
    new_services: "partial[Services] | None" = None  # makes those of an event from what belongs to it
    tracer: Tracer | None = field(init=False)
    probes: Probes = field(init=False)

    def __post_init__(self) -> None:
        """Make what follows from the settings."""
        self.tracer = open_tracer(self.settings)
        self.probes = Probes(self.settings, self.gateways, self.tables)

    async def open_services(self) -> partial[Services]:
        """Return what makes the services of an event, kept as `new_services`; raises NotConfigured."""
        gateway, tables = await self.gateways.get(self.settings), await self.tables.get(self.settings)
        room_list = self.room_list_in(tables)
        self.new_services = partial(
            Services,
            self.settings,
            gateway,
            self.room_logs_in(tables),
            self.heads,
            PlaceStore(tables),
            self.profiles(self.settings, tables),
            RosterReader(gateway, self.rosters, room_list.note_people),
            room_list,
            self.listed_rooms,
        )
        return self.new_services

    async def room_logs(self, settings: Settings) -> RoomLogs:
        """Return the rooms of the settings' storage; raises NotConfigured."""
        return self.room_logs_in(await self.tables.get(settings))

    def room_logs_in(self, tables: TableClient) -> RoomLogs:
        """Return the rooms of a storage."""
        if tables not in self.rooms:
            self.rooms[tables] = RoomLogs(RoomStore(tables), RoomListStore(tables).ensure_listed)
        return self.rooms[tables]

    def profiles(self, settings: Settings, tables: TableClient) -> Profiles:
        """Return what users are called in a storage; raises NotConfigured."""
        return Profiles(tables, self.names, has_names=settings.auth is Auth.EASYAUTH)

    async def room_list(self, settings: Settings) -> RoomListRecorder:
        """Return the list of rooms in the settings' storage; raises NotConfigured."""
        return self.room_list_in(await self.tables.get(settings))

    def room_list_in(self, tables: TableClient) -> RoomListRecorder:
        """Return the list of rooms in a storage."""
        if tables not in self.room_lists:
            self.room_lists[tables] = RoomListRecorder(RoomListStore(tables))
        return self.room_lists[tables]


# The Functions worker has one event loop. A process that loads the app into several loops gets a state for each.
_states: WeakKeyDictionary[asyncio.AbstractEventLoop, ProcessState] = WeakKeyDictionary()


def process_state() -> ProcessState:
    """Return the state of the running event loop, made at the first call."""
    loop = asyncio.get_running_loop()
    state = _states.get(loop)
    if state is None:
        state = _states[loop] = ProcessState()
    return state
