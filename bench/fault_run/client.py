"""A user of the chat who does what the protocol says: sends again until there is an answer, and fills every gap."""

import asyncio
import itertools
import random
from collections.abc import Sequence

import aiohttp

from bench.fault_run.connection import Answer, Connection, Frame
from bench.fault_run.screen import Line, Screen
from bench.fault_run.verdict import Outcome, Sent

TRANSIENT = {"storage_unavailable", "service_unavailable", "internal_error", "not_in_room", "not_configured"}
"""Codes after which the same event may succeed."""
RESEND_SECONDS = 0.3
GIVE_UP_SECONDS = 60.0
CATCH_UP_SECONDS = 0.1
ROSTER_SECONDS = 3.0
HISTORY_MESSAGES = 100
EMOJIS = ("👍", "🎉", "❤️")


class ChatClient:
    """A user in some rooms, with a screen for each, a list of all that it sent, and how much of that are messages."""

    def __init__(self, http: aiohttp.ClientSession, app: str, user: str, rooms: Sequence[str], seed: int) -> None:
        self.user = user
        self.screens = {room: Screen(room) for room in rooms}
        self.sent: list[Sent] = []
        self.messages = 0
        self._random = random.Random(f"{seed} {user}")
        self._numbers = itertools.count(1)
        self._connection = Connection(http, app, user, self._take, self._forget_memberships)
        self._joined: set[str] = set()
        self._refusals: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def connections(self) -> tuple[int, int]:
        """Return how often it connected anew, and how often it recovered its connection."""
        return self._connection.opened, self._connection.recovered

    async def enter(self) -> None:
        """Connect, and keep the screens complete from now on; returns when the first page of every room was read."""
        self._tasks = [asyncio.create_task(work()) for work in (self._connection.run, self._stay_current)]
        while any(screen.position is None for screen in self.screens.values()):
            self.raise_problems()
            await asyncio.sleep(CATCH_UP_SECONDS)

    async def stop(self) -> None:
        """Drop the connection; raises what a task of this client failed with."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
        self._connection.lose()

    def raise_problems(self) -> None:
        """Raise what a task of this client failed with, a defect of the measurement."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def do_something(self) -> None:
        """Send a message or, sometimes, a change of one, and note what came of it."""
        room = self._random.choice(list(self.screens))
        kind, data = self._choose(room)
        await self.send(kind, room, data, patient=self._random.random() < 0.8)

    async def send(self, kind: str, room: str, data: Frame, *, patient: bool = True) -> Outcome:
        """Send an event, again with the same `clientId` where there is no answer, and return what came of it.

        A patient user also sends again after an error that may pass; another one takes the first error as the end.
        """
        client_id = f"{self.user}-{next(self._numbers)}"
        outcome = await self._outcome(kind, {"room": room, "clientId": client_id, **data}, patient=patient)
        told = {"text": data.get("message", ""), "target": data.get("id", ""), "emoji": data.get("emoji", "")}
        self.messages += kind == "message"
        self.sent.append(Sent(self.user, room, kind, client_id, outcome, on=data.get("on", True), **told))
        return outcome

    async def ask(self, event: str, data: Frame) -> bool:
        """Ask a question, whose answer goes to the screen; return whether it was handled."""
        return await self._connection.send(event, data) is Answer.DONE

    async def _outcome(self, kind: str, data: Frame, *, patient: bool) -> Outcome:
        client_id = data["clientId"]
        deadline = asyncio.get_running_loop().time() + GIVE_UP_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            answer = await self._connection.send(kind, data)
            refusal = self._refusals.pop(client_id, None)
            if answer is Answer.DONE and refusal is None:
                return "acknowledged"
            if refusal and (refusal not in TRANSIENT or not patient):
                return "failed"
            if refusal == "not_in_room":
                self._joined.discard(data["room"])
            await asyncio.sleep(RESEND_SECONDS * self._random.uniform(0.5, 1.5))
        return "unanswered"

    def _choose(self, room: str) -> tuple[str, Frame]:
        lines = [line for line in self.screens[room].lines()[-40:] if "deletedAt" not in line]
        own = [line for line in lines if line["from"] == self.user]
        chance, number = self._random.random(), next(self._numbers)
        if own and chance < 0.06:
            return "edit", {"id": self._random.choice(own)["id"], "message": f"{self.user} corrects {number}"}
        if own and chance < 0.09:
            return "delete", {"id": self._random.choice(own)["id"]}
        if lines and chance < 0.17:
            target, emoji = self._random.choice(lines)["id"], self._random.choice(EMOJIS)
            return "react", {"id": target, "emoji": emoji, "on": self._random.random() < 0.75}
        reply = {"replyTo": self._random.choice(lines)["id"]} if lines and chance < 0.25 else {}
        return "message", {"message": f"{self.user} says {number}", **reply}

    def _take(self, frame: Frame) -> None:
        if frame.get("type") == "system":
            if frame["event"] == "error" and "clientId" in frame:
                self._refusals[frame["clientId"]] = frame["code"]
        elif screen := self.screens.get(frame.get("room", "")):
            if frame.get("type") == "joined":
                self._joined.add(screen.room)
            screen.receive(frame)

    def _forget_memberships(self) -> None:
        self._joined.clear()

    async def _stay_current(self) -> None:
        """Enter rooms, fill gaps that stay, read older pages, and ask for the heads now and then."""
        clock = asyncio.get_running_loop()
        asked = {room: clock.time() for room in self.screens}
        open_questions: dict[str, Frame | None] = {}
        while True:
            await self._connection.live.wait()
            for room, screen in self.screens.items():
                question = screen.question()
                if room not in self._joined or screen.position is None:
                    await self.ask("join", {"room": room})
                elif question and question == open_questions.get(room):  # else the missing entry may be on its way
                    await self._fill_gap(screen)
                elif screen.older is not None:
                    await self.ask("history", {"room": room, "before": screen.older, "limit": HISTORY_MESSAGES})
                elif clock.time() - asked[room] > ROSTER_SECONDS:
                    asked[room] = clock.time()
                    await self.ask("roster", {"room": room})
                open_questions[room] = question
            await asyncio.sleep(CATCH_UP_SECONDS)

    async def _fill_gap(self, screen: Screen) -> None:
        """Ask for what is missing until nothing is, or until an answer brings nothing new."""
        position = None
        while (question := screen.question()) and screen.position != position:
            position = screen.position
            await self.ask("since", {"room": screen.room, **question})


def shown(clients: Sequence[ChatClient]) -> dict[str, dict[str, list[Line]]]:
    """Return the lines of all screens by user and room."""
    return {client.user: {room: screen.lines() for room, screen in client.screens.items()} for client in clients}
