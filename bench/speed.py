"""How fast is the chat? Ours, with storage, beside a chat on Express and one on Flask that store nothing.

The same load runs against each: 16 clients that wait for the acknowledgement of one message before they send the next,
then one such client. Each chat has its own processes and a Web PubSub service of this repository that was started for
it. Rounds of all chats follow each other, and a figure is the median of the rounds.

    python3 dev.py bench speed --rooms 16 --rounds 5 --seconds 3
"""

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.load.chats import CHATS
from bench.load.senders import Figures, measure_load
from bench.rows import Row

SENDERS = 16
OURS, OURS_APART, PEERS = "ours", "ours, services apart", ("Express", "Flask")
Rounds = Mapping[str, Sequence[Mapping[int, Figures]]]


def main(options: Sequence[str] = ()) -> list[Row]:
    """Measure all chats and compare ours with each peer."""
    parsed = _parser().parse_args(options)
    rounds: dict[str, list[dict[int, Figures]]] = {name: [] for name in CHATS}
    for _ in range(parsed.rounds):
        for name in CHATS:
            rounds[name].append(measure_chat(name, parsed.rooms, parsed.seconds))
    return [row for in_flight in (SENDERS, 1) for row in compare(rounds, in_flight, parsed.rooms)]


def measure_chat(name: str, rooms: int, seconds: float) -> dict[int, Figures]:
    """Start a chat, load it, and stop it; return the figures by the number of messages in flight."""
    with tempfile.TemporaryDirectory() as folder, CHATS[name](Path(folder)) as chat:
        return asyncio.run(measure_load(chat, SENDERS, rooms, seconds))


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
    parser.add_argument("--rounds", type=int, default=3, help="rounds of all chats (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of each load (default %(default)s)")
    return parser
