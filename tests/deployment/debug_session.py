"""A debugger as an editor is one: it speaks the Debug Adapter Protocol with debugpy's adapter.

A process that the debugged program starts is told by the event `debugpyAttach`, whose body is what a second session
attaches with. An editor does that by itself; so does this.
"""

import asyncio
import json
import sys
from asyncio import StreamReader, StreamWriter, Task
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ANSWER_SECONDS = 60.0
STOP_SECONDS = 15.0
CLIENT = {"adapterID": "debugpy", "pathFormat": "path", "linesStartAt1": True, "columnsStartAt1": True}

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """A line of a file."""

    file: Path
    line: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a process stopped: the function, its file and line."""

    function: str
    file: Path
    line: int


@dataclass
class Debugger:
    """All sessions of one debugged program; `stops` is filled when a process reaches the breakpoint, and goes on."""

    breakpoint: Breakpoint
    stops: asyncio.Queue[Stop] = field(default_factory=asyncio.Queue)
    output: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    sessions: set[Task[None]] = field(default_factory=set)

    async def run_session(self, reader: StreamReader, writer: StreamWriter, request: Message) -> None:
        """Begin one session with a launch or attach request, and answer its events until it ends."""
        channel = Channel(reader, writer)
        channel.send("initialize", CLIENT)
        channel.send(request["request"], request)
        async for message in channel.messages():
            match message:
                case {"event": "terminated"} | {"command": "disconnect"}:
                    return
                case {"event": "initialized"}:
                    source = {"path": str(self.breakpoint.file)}
                    lines = [{"line": self.breakpoint.line}]
                    channel.send("setBreakpoints", {"source": source, "breakpoints": lines})
                    channel.send("configurationDone", {})
                case {"event": "debugpyAttach", "body": body}:
                    self.sessions.add(asyncio.create_task(self._attach(body)))
                case {"event": "output", "body": {"output": text}}:
                    self.output.append(text)
                    self.changed.set()
                case {"event": "stopped", "body": {"threadId": thread}}:
                    channel.send("stackTrace", {"threadId": thread, "levels": 1})
                    channel.send("continue", {"threadId": thread})
                case {"command": "stackTrace", "body": {"stackFrames": [frame, *_]}}:
                    self.stops.put_nowait(Stop(frame["name"], Path(frame["source"]["path"]), frame["line"]))

    async def _attach(self, request: Message) -> None:
        reader, writer = await asyncio.open_connection(request["connect"]["host"], request["connect"]["port"])
        try:
            await self.run_session(reader, writer, request)
        finally:
            writer.close()

    async def next_stop(self) -> Stop:
        """Return the next stop."""
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self.stops.get()

    async def output_with(self, text: str) -> str:
        """Return what the program printed so far, once it has the text."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while text not in (printed := "".join(self.output)):
                self.changed.clear()
                await self.changed.wait()
        return printed


@dataclass
class Channel:
    """Messages of the protocol over two streams."""

    reader: StreamReader
    writer: StreamWriter
    sent: int = 0

    def send(self, command: str, arguments: Message) -> None:
        """Send a request."""
        self.sent += 1
        request = {"seq": self.sent, "type": "request", "command": command, "arguments": arguments}
        content = json.dumps(request).encode()
        self.writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))

    async def messages(self) -> AsyncIterator[Message]:
        """Yield what comes until the other end closes. A request that was refused is an AssertionError."""
        while header := await self.reader.readline():
            length = int(header.partition(b":")[2])
            assert await self.reader.readline() == b"\r\n"
            message: Message = json.loads(await self.reader.readexactly(length))
            assert message.get("success", True), message
            yield message


@asynccontextmanager
async def debug(configuration: Message, stop_at: Breakpoint) -> AsyncIterator[Debugger]:
    """Launch a configuration of an editor's launch.json, and stop at the line in whichever process reaches it."""
    debugger = Debugger(stop_at)
    adapter = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "debugpy.adapter", stdin=PIPE, stdout=PIPE, limit=2**24
    )
    assert adapter.stdin is not None
    assert adapter.stdout is not None
    session = asyncio.create_task(debugger.run_session(adapter.stdout, adapter.stdin, configuration))
    try:
        yield debugger
    finally:
        Channel(adapter.stdout, adapter.stdin, sent=1000).send("disconnect", {"terminateDebuggee": True})
        await asyncio.wait_for(asyncio.gather(session, *debugger.sessions), STOP_SECONDS)
        # The adapter ends when nobody talks to it any more.
        adapter.stdin.close()
        await asyncio.wait_for(adapter.wait(), STOP_SECONDS)
