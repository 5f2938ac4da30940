"""What goes wrong in a run, step after step: faults of both services, and processes that are killed."""

from dataclasses import dataclass

from bench.fault_run.servers import APP, STORAGE, WEB_PUBSUB

INSTANCE = "instance"
SERVERS = (APP, WEB_PUBSUB, STORAGE)


@dataclass(frozen=True)
class Step:
    """Faults that are added at once, then servers that are killed together and started again.

    An instance is started again by its own parent. `down_seconds` is how long a killed server stays away.
    """

    faults: tuple[str, ...] = ()
    killed: tuple[str, ...] = ()
    down_seconds: float = 0.5

    @property
    def name(self) -> str:
        """Return the step in words."""
        return "; ".join([*self.faults, *(f"kill {name}" for name in self.killed)])


WEB_PUBSUB_FAULTS = (
    "delay webhook 200ms event=message count=30",
    "drop webhook event=message count=15",
    "duplicate webhook copies=2 count=30",
    "reorder webhook within=500ms count=10",
    "lose disconnected count=3",
    "fail rest 503 operation=send_to_group count=10",
    "fail rest 503 carried-out operation=send_to_group count=10",
    "fail rest 500 carried-out count=20",
    "slow rest 700ms operation=send_to_group count=10",
    "cut client 1006 count=8",
    "cut client 1006 event=message count=8",
    "cut client 1011 count=4",
)
RECONNECTION_FAULTS = (
    ("refuse recovery count=4", "cut client 1006 count=4"),
    ("expire token count=4", "cut client 1006 count=4"),
    ("lose disconnected count=2", "refuse recovery count=2", "cut client 1006 count=2"),
)
STORAGE_FAULTS = (
    "delay storage 200ms count=30",
    "delay storage 3s operation=transaction count=2",
    "fail storage 500 operation=transaction count=10",
    "fail storage 500 carried-out operation=transaction count=10",
    "fail storage 503 carried-out operation=transaction count=10",
    "fail storage 503 count=20",
    "throttle storage count=10",
    "cut storage operation=transaction count=10",
    "cut storage carried-out operation=transaction count=10",
    "cut storage count=20",
)
TOGETHER = (
    ("fail storage 500 carried-out operation=transaction count=10", "fail rest 503 operation=send_to_group count=10"),
    ("cut storage carried-out operation=transaction count=10", "duplicate webhook copies=2 count=20"),
    ("delay storage 300ms count=20", "cut client 1006 count=6"),
    ("throttle storage count=10", "drop webhook count=10"),
)


def full_plan(instances: int) -> list[Step]:
    """Return every fault alone, some together, and every kill, the last ones under other faults too."""
    single = [Step((fault,)) for fault in (*WEB_PUBSUB_FAULTS, *STORAGE_FAULTS)]
    combined = [Step(faults) for faults in (*RECONNECTION_FAULTS, *TOGETHER)]
    kills = [Step(killed=(name,)) for name in SERVERS]
    if instances > 1:
        kills += [
            Step(killed=(INSTANCE,)),
            Step(("duplicate webhook copies=2 count=20",), (INSTANCE,)),
            Step(killed=(INSTANCE,)),
        ]
    kills += [Step(("cut storage carried-out operation=transaction count=5",), (APP,)), Step(killed=SERVERS)]
    return _alternate(single + combined, kills)


def short_plan() -> list[Step]:
    """Return the faults that have most to do with what is lost or doubled, and the end of all servers at once."""
    return [
        Step(("fail storage 500 carried-out operation=transaction count=5", "duplicate webhook copies=2 count=10")),
        Step(("cut storage carried-out operation=transaction count=5", "cut client 1006 event=message count=4")),
        Step(("fail rest 503 operation=send_to_group count=3", "throttle storage count=2")),
        Step(("refuse recovery count=2", "cut client 1006 count=2", "drop webhook event=message count=3")),
        Step(killed=SERVERS, down_seconds=0.1),
    ]


def _alternate(many: list[Step], few: list[Step]) -> list[Step]:
    """Spread the few evenly among the many."""
    steps, every = list(many), len(many) // len(few)
    for place, step in enumerate(few, 1):
        steps.insert(place * every + place - 1, step)
    return steps
