"""Reads the log of a room in both ways that the protocol offers: messages by `history`, entries by `since`."""

import asyncio

import aiohttp

from bench.fault_run.connection import Answer, Connection, Frame
from bench.fault_run.verdict import RoomLog

PAGE = 100
READ_SECONDS = 60.0
REPEAT_SECONDS = 0.2


class LogReader:
    """A user who only reads."""

    def __init__(self, http: aiohttp.ClientSession, app: str) -> None:
        self._answers: dict[tuple[str, str], Frame] = {}
        self._connection = Connection(http, app, "reader", self._take, lambda: None)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect, and stay connected."""
        self._task = asyncio.create_task(self._connection.run())

    async def stop(self) -> None:
        """Close the connection."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait({self._task})

    async def read_log(self, room: str) -> RoomLog:
        """Return the whole log; raises TimeoutError when it cannot be read within a minute."""
        async with asyncio.timeout(READ_SECONDS):
            joined = await self.ask("join", "joined", {"room": room})
            head, lines, before = joined["head"], list(joined["messages"]), joined["before"]
            while before is not None:
                page = await self.ask("history", "history", {"room": room, "before": before, "limit": PAGE})
                lines, before = [*page["messages"], *lines], page["before"]
            entries: list[Frame] = []
            while (after := entries[-1]["seq"] if entries else 0) < head:
                page = await self.ask("since", "since", {"room": room, "seq": after, "until": head + 1})
                if not page["entries"]:
                    break  # the rest of the numbers does not exist
                entries += page["entries"]
            return RoomLog(lines, entries, head)

    async def ask(self, event: str, kind: str, data: Frame) -> Frame:
        """Return the answer to a question, which is asked until storage could be read."""
        room = data["room"]
        while True:
            self._answers.pop((kind, room), None)
            answer = await self._connection.send(event, data)
            page = self._answers.get((kind, room))
            if answer is Answer.DONE and page and page["head"] is not None:
                return page
            await asyncio.sleep(REPEAT_SECONDS)

    def _take(self, frame: Frame) -> None:
        self._answers[frame.get("type", ""), frame.get("room", "")] = frame
