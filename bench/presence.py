"""Who is shown as present? Users come and go on three instances for a minute; then rosters and service are compared.

A client shows what the answers to `join` and `roster` said, changed by later news. The service is asked by REST.

    python3 dev.py bench presence --users 120 --seconds 60
"""

import argparse
import asyncio
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import aiohttp
from azure.messaging.webpubsubservice import WebPubSubServiceClient

from bench.fault_run.servers import Servers
from bench.load.chats import HUB
from bench.load.people import Person
from bench.rows import Row
from chat.names import room_group

QUIET_SECONDS = 10.0


def main(options: Sequence[str] = ()) -> list[Row]:
    """Let users come and go, and compare what they show."""
    parsed = _parser().parse_args(options)
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), parsed))


async def _measure(folder: Path, parsed: argparse.Namespace) -> list[Row]:
    servers = Servers(folder, parsed.instances)
    rooms = [f"room-{number}" for number in range(parsed.rooms)]
    try:
        await servers.start_all()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            people = [Person(http, servers.app_url, f"user-{n}", rooms, parsed.seed) for n in range(parsed.users)]
            try:
                actions = sum(await asyncio.gather(*(come_and_go(person, parsed) for person in people)))
                await asyncio.sleep(QUIET_SECONDS)
                present = await asyncio.to_thread(read_members, servers.connection_string, rooms)
                return [Row("presence: actions", actions, ""), *compare(people, present)]
            finally:
                await asyncio.gather(*(person.close() for person in people))
    finally:
        await asyncio.to_thread(servers.stop_all)


async def come_and_go(person: Person, parsed: argparse.Namespace) -> int:
    """Act at random until the time is over; return how often."""
    clock, chance = asyncio.get_running_loop(), random.Random(f"{parsed.seed} pauses of {person.user}")
    end, count = clock.time() + parsed.seconds, 0
    while True:
        await asyncio.sleep(parsed.pause * chance.uniform(0.2, 1.8))
        if clock.time() > end:
            return count
        await person.act()
        count += 1


def read_members(connection_string: str, rooms: Sequence[str]) -> dict[str, set[str]]:
    """Return the users in each room as the service reports them."""
    with WebPubSubServiceClient.from_connection_string(connection_string, HUB) as service:
        return {
            room: {str(member.user_id) for member in service.list_connections(group=room_group(room))} for room in rooms
        }


def compare(people: Sequence[Person], present: dict[str, set[str]]) -> list[Row]:
    """Return how many rosters there are, and how many are not what the service reports."""
    online = [person for person in people if person.is_online]
    screens = [(person, room) for person in online for room in person.rosters]
    wrong = [(person, room) for person, room in screens if person.rosters[room].shown() != present[room]]
    by_news = [(person, room) for person, room in screens if person.told[room].shown() != present[room]]
    lost = [(person, room) for person, room in screens if person.user not in present[room]]
    for person, room in wrong[:5]:
        difference = sorted(person.rosters[room].shown() ^ present[room])
        print(f"\n  {person.user} in {room}: {difference}", end="")
    return [
        Row("presence: users online at the end", len(online), ""),
        Row("presence: rosters", len(screens), ""),
        Row("presence: users who are not in the room that they show", len(lost), ""),
        Row("presence: wrong rosters", len(wrong), ""),
        Row("presence: wrong rosters by news alone", len(by_news), ""),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench presence", description=__doc__.partition("\n")[0])
    parser.add_argument("--users", type=int, default=120, help="default %(default)s")
    parser.add_argument("--rooms", type=int, default=8, help="default %(default)s")
    parser.add_argument("--instances", type=int, default=3, help="processes of the app (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long users come and go (default %(default)s)")
    parser.add_argument("--pause", type=float, default=3.0, help="mean seconds between a user's actions")
    parser.add_argument("--seed", type=int, default=1, help="of the random choices (default %(default)s)")
    return parser
