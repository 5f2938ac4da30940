"""How fast is the chat? Ours, with storage, beside a chat on Express and one on Flask that store nothing.

The same load runs against each: 16 clients that wait for the acknowledgement of one message before they send the next,
then one such client. Each chat has its own processes and a Web PubSub service of this repository that was started for
it. They are loaded in turn, round after round, so that what else the machine does meets all of them; a figure is the
median of the rounds.

    python3 dev.py bench speed --rooms 16 --rounds 12 --seconds 1
"""

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

from bench.load.chats import CHATS, Chat
from bench.load.senders import Figures, connected_load
from bench.rows import Row

SENDERS = 16
OURS, OURS_APART, PEERS = "ours", "ours, services apart", ("Express", "Flask")
Rounds = Mapping[str, Sequence[Mapping[int, Figures]]]


def main(options: Sequence[str] = ()) -> list[Row]:
    """Measure all chats and compare ours with each peer."""
    parsed = _parser().parse_args(options)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        chats = {name: stack.enter_context(run(_folder(folder, name))) for name, run in CHATS.items()}
        rounds = asyncio.run(measure_rounds(chats, parsed.rooms, parsed.rounds, parsed.seconds))
    return [row for in_flight in (SENDERS, 1) for row in compare(rounds, in_flight, parsed.rooms)]


async def measure_rounds(chats: Mapping[str, Chat], rooms: int, rounds: int, seconds: float) -> Rounds:
    """Load one chat after the other, round after round; return each one's figures by messages in flight, by round."""
    measured: dict[str, list[dict[int, Figures]]] = {name: [] for name in chats}
    async with AsyncExitStack() as stack:
        loads = {
            name: await stack.enter_async_context(connected_load(chat, SENDERS, rooms)) for name, chat in chats.items()
        }
        for _ in range(rounds):
            for name, load in loads.items():
                measured[name].append({count: await load.measure(count, seconds) for count in (SENDERS, 1)})
    return measured


def _folder(parent: str, name: str) -> Path:
    folder = Path(parent) / name.replace(" ", "-")
    folder.mkdir()
    return folder


def compare(rounds: Rounds, in_flight: int, rooms: int) -> list[Row]:
    """Return the rows for one number of messages in flight: rates, latencies, then CPU time."""
    where = "" if rooms == 1 else f", {rooms} rooms"
    what = f"{in_flight} in flight{where}"

    def median(chat: str, figure: Callable[[Figures], float]) -> float:
        return statistics.median(figure(measured[in_flight]) for measured in rounds[chat])

    def rows(name: str, figure: Callable[[Figures], float], unit: str, *, ours: str = OURS) -> list[Row]:
        value = median(ours, figure)
        return [Row(f"{what}: {name}", value, unit, median(peer, figure), peer, unit != "/s") for peer in PEERS]

    others = [part for part in rounds[OURS_APART][0][in_flight].cpu if part not in ("app", "Web PubSub", "load")]
    return [
        *rows("acknowledged", lambda figures: figures.acknowledged, "/s"),
        *rows("delivered", lambda figures: figures.delivered, "/s"),
        *rows("send to delivery, p50", lambda figures: figures.p50, "ms"),
        *rows("send to delivery, p99", lambda figures: figures.p99, "ms"),
        *rows("CPU of app and services", cpu_without_load, "ms"),
        *rows("CPU of the app", cpu_of("app"), "ms"),
        *rows("CPU of Web PubSub", cpu_of("Web PubSub"), "ms", ours=OURS_APART),
        *[Row(f"{what}: CPU of {part}", median(OURS_APART, cpu_of(part)), "ms") for part in others],
        *rows("CPU of the load", cpu_of("load"), "ms"),
    ]


def cpu_of(part: str) -> Callable[[Figures], float]:
    """Return a function that takes the CPU milliseconds a message of one program out of the figures."""
    return lambda figures: figures.cpu[part]


def cpu_without_load(figures: Figures) -> float:
    """Return the CPU milliseconds a message of everything but the load."""
    return sum(spent for name, spent in figures.cpu.items() if name != "load")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench speed", description=__doc__.partition("\n")[0])
    parser.add_argument("--rooms", type=int, default=1, help="spread the clients over so many rooms (default 1)")
    parser.add_argument("--rounds", type=int, default=8, help="rounds of all chats (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of each load (default %(default)s)")
    return parser
