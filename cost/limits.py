"""Which limit of the platform is reached first when the use grows."""

from dataclasses import dataclass

from cost.estimate import Estimate
from cost.events import MAX_ANNOUNCED_CONNECTIONS, ROWS_PER_APPEND
from cost.functions import instances_needed
from cost.storage import ACTIONS_PER_REMINDER
from cost.usage import Platform, Usage
from local_azure.meter.billing import CONNECTIONS_PER_UNIT, FREE_CONNECTIONS, FREE_MESSAGES, UNIT_SIZES

# Targets of Table storage: https://learn.microsoft.com/azure/storage/tables/scalability-targets
ROWS_PER_SECOND_OF_PARTITION = 2000
CALLS_PER_SECOND_OF_ACCOUNT = 20_000
# Cores of Flex Consumption in a region and subscription; it can be raised.
CORES_OF_REGION = 250
SCHEDULER_ACTIONS_PER_SECOND = 500


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of a limit is used at the busiest time, and what to do when it is reached."""

    name: str
    used: float
    limit: float
    remedy: str

    @property
    def growth(self) -> float:
        """By how many times the use may grow until the limit is reached; below 1 it is exceeded already."""
        return self.limit / self.used if self.used else float("inf")


def count_units(units: int) -> str:
    """Return a number of units as words."""
    return f"{units:,} unit{'s' if units > 1 else ''}"


def find_limits(usage: Usage, platform: Platform, estimate: Estimate) -> list[Limit]:
    """Return the limits, the one that is reached first at the front."""
    peak = usage.peak / usage.active_seconds
    rate = estimate.executions * peak
    in_room = usage.users * (usage.messages + usage.changes) * usage.busiest_room * peak * ROWS_PER_APPEND
    cores = instances_needed(rate, platform) * platform.cores
    limits = [
        *_connections(usage, estimate),
        Limit(
            "executions at the same time, all instances",
            rate * platform.event_ms / 1000,
            platform.max_instances * platform.concurrency,
            "raise the HTTP concurrency of an instance or the most instances",
        ),
        Limit(
            "cores of all instances",
            rate * platform.event_cpu_ms / 1000,
            platform.max_instances * platform.cores,
            "raise the most instances or their memory",
        ),
        Limit("cores in the region", cores, CORES_OF_REGION, "ask for a higher quota"),
        Limit(
            "rows a second of the busiest room",
            in_room,
            ROWS_PER_SECOND_OF_PARTITION,
            "a room is one partition: combined appends need fewer rows, else divide the room",
        ),
        Limit(
            "transactions a second of the storage account",
            estimate.storage_calls * peak,
            CALLS_PER_SECOND_OF_ACCOUNT,
            "an account of its own for the tables (ChatStorage)",
        ),
        Limit(
            "connections in a room with a roster",
            usage.audience,
            MAX_ANNOUNCED_CONNECTIONS,
            "the room works on, without a roster and lines about who comes and goes",
        ),
    ]
    if platform.durable == "scheduler":
        reminders = usage.users * usage.reminders * ACTIONS_PER_REMINDER * peak
        remedy = "take the Dedicated plan of the scheduler"
        limits.append(Limit("actions a second of the scheduler", reminders, SCHEDULER_ACTIONS_PER_SECOND, remedy))
    return sorted(limits, key=lambda limit: limit.growth)


def _connections(usage: Usage, estimate: Estimate) -> list[Limit]:
    connections = usage.peak_connections
    if estimate.tier == "free":
        remedy = "take the Standard tier"
        return [
            Limit("connections of the free tier", connections, FREE_CONNECTIONS, remedy),
            Limit("messages a day of the free tier", estimate.messages.most, FREE_MESSAGES, remedy),
        ]
    most = UNIT_SIZES[-1] * CONNECTIONS_PER_UNIT
    return [
        Limit(
            f"connections of {count_units(estimate.units)}",
            connections,
            estimate.units * CONNECTIONS_PER_UNIT,
            "add units",
        ),
        Limit("connections of one Web PubSub resource", connections, most, "take more resources, or Premium"),
    ]
