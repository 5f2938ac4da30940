"""Programs for Node.js that report in JSON lines."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.interop.waiting import WAIT_SECONDS

HERE = Path(__file__).parent


class Program:
    """A running Node.js program that reports in JSON lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.reports: list[dict[str, object]] = []

    async def report(self, kind: str) -> dict[str, object]:
        """Return the next report of this kind; others before it are kept in `reports`."""
        assert self._process.stdout
        while True:
            line = await asyncio.wait_for(self._process.stdout.readline(), WAIT_SECONDS)
            assert line, f"the program ended before it reported {kind}; it had reported {self.reports}"
            report: dict[str, object] = json.loads(line)
            self.reports.append(report)
            if report["report"] == kind:
                return report

    def write_line(self, line: str) -> None:
        """Write a line to the program."""
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n".encode())

    async def end(self) -> None:
        """Wait until the program ends, which it must do without an error."""
        await self.report("end")
        assert await asyncio.wait_for(self._process.wait(), WAIT_SECONDS) == 0


@asynccontextmanager
async def running_program(node: str, name: str, *arguments: str) -> AsyncIterator[Program]:
    """Run `programs/<name>.mjs`; it ends when the block ends."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        node, str(HERE / "programs" / f"{name}.mjs"), *arguments, stdin=pipe, stdout=pipe, limit=2**22
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
