"""What people do with the chat, and what it runs on: the inputs of an estimate.

Standard library only, like the whole package, which is never deployed; prices and the rules of Web PubSub's bill are in
`local_azure.meter`.
"""

import math
from dataclasses import dataclass, fields

MEMORY_SIZES_MB = (512, 2048, 4096)
TIERS = ("auto", "free", "standard", "premium")
DURABLE_BACKENDS = ("storage", "scheduler")


class InvalidInput(ValueError):
    """An input that cannot be used; the text names it, the value seen and what is allowed."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What people do. Counts are of one user and day unless they say something else.

    `connections` is how many are open at the busiest time; without it, it follows from `users`, `present_share` and
    `devices`.
    """

    users: int = 1000
    present_share: float = 0.25
    devices: float = 1.2
    connections: int | None = None
    sessions: float = 4.0
    hours_open: float = 2.0
    active_hours: float = 12.0
    peak: float = 5.0
    messages: float = 20.0
    text_bytes: int = 120
    mentions: float = 0.05
    changes: float = 5.0
    reads: float = 60.0
    pages: float = 3.0
    searches: float = 0.5
    reminders: float = 0.1
    page_requests: float = 8.0
    rooms: int = 50
    rooms_joined: float = 5.0
    busiest_room: float = 0.2
    retention_days: int = 365

    def __post_init__(self) -> None:
        """Raise InvalidInput when a value is out of its range."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and (value < 0 or not math.isfinite(value)):
                raise InvalidInput(f"{field.name} is {value:g}, but must be a number of at least 0")
        _require("users", self.users, 1, math.inf)
        _require("rooms", self.rooms, 1, math.inf)
        _require("present_share", self.present_share, 0, 1)
        _require("busiest_room", self.busiest_room, 0, 1)
        _require("mentions", self.mentions, 0, 10)
        _require("active_hours", self.active_hours, 0.1, 24)
        _require("hours_open", self.hours_open, 0, 24)
        _require("peak", self.peak, 1, math.inf)
        _require("text_bytes", self.text_bytes, 0, 6144)

    @property
    def peak_connections(self) -> int:
        """How many connections are open at the busiest time, at least one."""
        if self.connections is not None:
            return max(1, self.connections)
        # Rounded first: 0.25 * 1.2 * 1000 is a little more than 300 in binary fractions.
        return max(1, math.ceil(round(self.users * self.present_share * self.devices, 6)))

    @property
    def audience(self) -> float:
        """How many connections receive what is said in a room at the busiest time, at least the sender's."""
        share = min(1.0, self.rooms_joined / self.rooms)
        return max(1.0, self.peak_connections * share)

    @property
    def active_seconds(self) -> float:
        """How many seconds of a day people are active."""
        return self.active_hours * 3600


@dataclass(frozen=True, slots=True)
class Platform:
    """What the chat runs on.

    `units` replaces the units that follow from the connections: (units, hours of the day) for each part of a day.
    `event_ms` is how long one execution lasts, `event_cpu_ms` how much of a core it takes; `log_bytes` is what
    Application Insights receives for one execution.
    """

    tier: str = "auto"
    units: tuple[tuple[int, float], ...] = ()
    memory_mb: int = 2048
    concurrency: int = 16
    max_instances: int = 100
    always_ready_http: int = 0
    always_ready_durable: int = 0
    durable: str = "storage"
    event_ms: float = 60.0
    event_cpu_ms: float = 5.0
    log_bytes: int = 2000

    def __post_init__(self) -> None:
        """Raise InvalidInput when a value is none of those that the platform has."""
        _choose("tier", self.tier, TIERS)
        _choose("durable", self.durable, DURABLE_BACKENDS)
        _choose("memory_mb", self.memory_mb, MEMORY_SIZES_MB)
        _require("concurrency", self.concurrency, 1, 1000)
        _require("max_instances", self.max_instances, 1, 1000)
        _require("always_ready_http", self.always_ready_http, 0, self.max_instances)
        _require("always_ready_durable", self.always_ready_durable, 0, self.max_instances)
        _require("event_ms", self.event_ms, 1, 230_000)
        _require("event_cpu_ms", self.event_cpu_ms, 0.1, 230_000)
        _require("log_bytes", self.log_bytes, 0, math.inf)
        if self.units and not math.isclose(sum(hours for _, hours in self.units), 24):
            raise InvalidInput(f"units cover {sum(hours for _, hours in self.units):g} hours, but a day has 24")

    @property
    def cores(self) -> float:
        """Cores of one instance."""
        return self.memory_mb / 2048

    @property
    def memory_gb(self) -> float:
        """Memory of one instance as it is billed, in GB."""
        return self.memory_mb / 1024


def _require(name: str, value: float, lowest: float, highest: float) -> None:
    if not lowest <= value <= highest:
        limit = f"from {lowest:g} to {highest:g}" if math.isfinite(highest) else f"at least {lowest:g}"
        raise InvalidInput(f"{name} is {value:g}, but must be {limit}")


def _choose(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise InvalidInput(f"{name} is {value}, but must be one of {', '.join(map(str, allowed))}")
