"""Users who come and go, each with the roster that a client shows: pure rules, and a user who follows them."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp

from bench.fault_run.connection import Connection, Frame

ROSTER_SECONDS = 5.0


@dataclass
class Roster:
    """Who is in a room: what the last question told, changed by news that are later.

    Times are the `at` of frames: text in one form, so that the later one is the greater one.
    """

    users: frozenset[str] = frozenset()
    read_at: str = ""
    news: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def take_answer(self, users: Sequence[str], at: str) -> None:
        """Take what the service reported; an earlier report than the last one is ignored."""
        if at >= self.read_at:
            self.users, self.read_at = frozenset(users), at

    def take_news(self, user: str, at: str, *, is_here: bool) -> None:
        """Take a `joined` or a `left` line; what is earlier than the last one about this user is ignored."""
        if at >= self.news.get(user, ("", False))[0]:
            self.news[user] = at, is_here

    def shown(self) -> set[str]:
        """Return who is shown as present."""
        later = {user: is_here for user, (at, is_here) in self.news.items() if at > self.read_at}
        return {user for user in self.users if later.get(user, True)} | {user for user in later if later[user]}


class Person:
    """A user who enters and leaves rooms, and sometimes closes the page.

    `rosters` are kept right by questions now and then, `told` by the answers to `join` and by news alone.
    """

    def __init__(self, http: aiohttp.ClientSession, app: str, user: str, rooms: Sequence[str], seed: int) -> None:
        self.user = user
        self.rosters: dict[str, Roster] = {}
        self.told: dict[str, Roster] = {}
        self._rooms = rooms
        self._random = random.Random(f"{seed} {user}")
        self._http, self._app = http, app
        self._connection: Connection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._rejoining = False

    @property
    def is_online(self) -> bool:
        """Whether the page is open."""
        return self._connection is not None

    async def act(self) -> None:
        """Open the page, enter or leave a room, or close the page."""
        chance = self._random.random()
        if self._connection is None:
            self.open()
            await self._join(self._random.choice(self._rooms))
        elif chance < 0.15:
            await self.close()
        elif chance < 0.5 and self.rosters:
            await self._leave(self._random.choice(sorted(self.rosters)))
        else:
            await self._join(self._random.choice(self._rooms))

    def open(self) -> None:
        """Connect."""
        self._connection = Connection(self._http, self._app, self.user, self._take, self._rejoin)
        self._tasks = [asyncio.create_task(self._connection.run()), asyncio.create_task(self._ask_now_and_then())]

    async def close(self) -> None:
        """Close the page; raises what a task of this user failed with."""
        tasks, self._tasks, self._connection = self._tasks, [], None
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
        self.rosters.clear()
        self.told.clear()

    async def _join(self, room: str) -> None:
        if self._connection:
            await self._connection.send("join", {"room": room})

    async def _leave(self, room: str) -> None:
        if self._connection:
            await self._connection.send("leave", {"room": room})

    def _forget(self, room: str) -> None:
        self.rosters.pop(room, None)
        self.told.pop(room, None)

    def _rejoin(self) -> None:
        """Note that a new connection is in no room but the one where everyone is."""
        self._rejoining = bool(self.rosters)

    async def _ask_now_and_then(self) -> None:
        asked = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(0.1)
            now = asyncio.get_running_loop().time()
            if self._rejoining:
                self._rejoining = False
                for room in sorted(self.rosters):
                    await self._join(room)
            elif now - asked > ROSTER_SECONDS and self._connection:
                asked = now
                for room in sorted(self.rosters):
                    await self._connection.send("roster", {"room": room})

    def _take(self, frame: Frame) -> None:
        room, kind = frame.get("room", ""), frame.get("type")
        if kind == "joined":
            for rosters in (self.rosters, self.told):
                rosters.setdefault(room, Roster()).take_answer(frame["users"], frame["at"])
        elif kind == "left" or frame.get("code") == "not_in_room":
            self._forget(room)
        elif room not in self.rosters:
            return
        elif kind == "roster":
            self.rosters[room].take_answer(frame["users"], frame["at"])
        elif kind == "system" and frame["event"] in ("joined", "left"):
            for rosters in (self.rosters, self.told):
                rosters[room].take_news(frame["user"], frame["at"], is_here=frame["event"] == "joined")
