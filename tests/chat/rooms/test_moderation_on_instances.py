"""What a moderator does on one instance of the app holds for the very next event on each other one."""

import asyncio
import itertools
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.chat.instances import Route, run_instances
from tests.chat.local_chat import Frame, LocalChat, Tab
from tests.chat.rooms.moderated import make_room, say

INSTANCES, ROOMS, TRIALS_OF_ROOM = 3, 8, 25
CODES = {"ban": "banned", "kick": "not_in_room", "mute": "muted"}
OPPOSITE = {"ban": "unban", "mute": "unmute"}


@dataclass
class Tally:
    """What was refused as it should be, by act and event, and what was not."""

    refused: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)


@dataclass
class Trials:
    """The trials in one room: a moderator, a user, and somebody who reads."""

    room: str
    moderator: Tab
    user: Tab
    name: str
    reader: Tab
    urls: list[str]
    route: Route
    tally: Tally
    choose: random.Random
    forbidden: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Do the trials one after the other, each on another pair of instances."""
        pairs = itertools.cycle(itertools.permutations(self.urls, 2))
        for number in range(TRIALS_OF_ROOM):
            line = await say(self.user, self.room, f"allowed {self.room} {number}")
            here, there = next(pairs)
            self.route[self.moderator.connection_id], self.route[self.user.connection_id] = here, there
            await self.try_act(self.choose.choice(("ban", "kick", "mute")), number, line)

    async def try_act(self, act: str, number: int, line: Frame) -> None:
        """Carry out an act, ask for everything on another instance, and let the user come back."""
        await self.moderator.ask(act, {"room": self.room, "user": self.name})
        self.forbidden.append(f"forbidden {self.room} {number}")
        await self.expect_refusal(act, "message", {"message": self.forbidden[-1]})
        self.secrets.append(f"secret {self.room} {number}")
        await self.moderator.ask("message", {"room": self.room, "message": self.secrets[-1]})
        # A client that does not read answers no ping, and is closed by the service.
        await self.reader.next(message=self.secrets[-1])
        events: list[tuple[str, Frame]] = [
            ("typing", {}),
            ("edit", {"id": line["id"], "message": self.forbidden[-1]}),
            ("react", {"id": line["id"], "emoji": "👍"}),
        ]
        events += [] if act == "mute" else [("history", {}), ("since", {"seq": 0})]
        await self.expect_refusal(act, *events[number % len(events)])
        if act == "mute":
            self.secrets.pop()  # who is muted reads on
        if act in OPPOSITE:
            await self.moderator.ask(OPPOSITE[act], {"room": self.room, "user": self.name})
        if act != "mute":
            await self.user.ask("join", {"room": self.room})
            joined = await self.user.next(type="joined", room=self.room)
            # What was said meanwhile is in the log, for those who are in the room again.
            assert self.secrets[-1] in [each["message"] for each in joined["messages"]]

    async def expect_refusal(self, act: str, event: str, data: Frame) -> None:
        """Send an event, and count whether it was refused with the act's code."""
        before = len(self.user.seen)
        await self.user.ask(event, {"room": self.room} | data)
        answers = [frame for frame in self.user.seen[before:] if frame.get("event") == "error"]
        if [answer["code"] for answer in answers] == [CODES[act]]:
            self.tally.refused[f"{act}, then {event}"] += 1
        else:
            self.tally.leaks.append(f"{act}, then {event}: {answers}")

    async def expect_nothing_leaked(self) -> None:
        """Compare what was forbidden with the log, with what the reader saw, and with what the user saw."""
        await say(self.moderator, self.room, f"the end of {self.room}")
        await self.reader.next(message=f"the end of {self.room}")
        await self.user.next(message=f"the end of {self.room}")
        live = [frame.get("message") for frame in self.user.seen if "type" not in frame]
        self.tally.leaks += [f"read live: {text}" for text in self.secrets if text in live]
        entries = [frame.get("message") for frame in self.reader.seen]
        self.tally.leaks += [f"published: {text}" for text in self.forbidden if text in entries]
        assert not [frame for frame in self.reader.seen if frame.get("type") == "typing"]
        seq = 0
        while True:
            await self.reader.ask("since", {"room": self.room, "seq": seq})
            answer = await self.reader.next(type="since")
            said = [entry.get("message") for entry in answer["entries"]]
            self.tally.leaks += [f"stored: {text}" for text in self.forbidden if text in said]
            seq = answer["entries"][-1]["seq"]
            if seq == answer["head"]:
                return


async def test_a_ban_a_kick_or_a_mute_holds_for_the_next_event_on_every_instance(
    chat: LocalChat, capsys: pytest.CaptureFixture[str]
) -> None:
    tally, route = Tally(), Route()
    began = time.monotonic()
    async with run_instances(chat, INSTANCES, route) as urls:
        trials = []
        for number in range(ROOMS):
            room = f"room-{number}"
            await make_room(chat, room, f"ana{number}")
            tabs = [(await chat.enter(f"{user}{number}", room))[0] for user in ("ana", "bo", "cy")]
            moderator, user, reader = tabs
            choose = random.Random(number)
            trials.append(Trials(room, moderator, user, f"bo{number}", reader, urls, route, tally, choose))

        async with asyncio.TaskGroup() as group:
            for each in trials:
                group.create_task(each.run())
        for each in trials:
            await each.expect_nothing_leaked()

    with capsys.disabled():
        acts = Counter[str]()
        for name, count in tally.refused.items():
            acts[name.partition(",")[0]] += count if name.endswith("message") else 0
        counts = ", ".join(f"{count} of {act}" for act, count in sorted(acts.items()))
        print(
            f"\n{sum(acts.values())} trials on {INSTANCES} instances ({counts}), {sum(tally.refused.values())} events"
            f" refused, {len(tally.leaks)} leaks, {time.monotonic() - began:.1f} s"
        )
    assert tally.leaks == []
    assert sum(acts.values()) == ROOMS * TRIALS_OF_ROOM
    assert min(acts.values()) > 30
