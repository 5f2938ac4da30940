"""The unpacked package, served by a process of its own with the interpreter of a fresh environment."""

import asyncio
import json
import os
import re
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deployment.package import ROOT

PROGRAM = Path(__file__).with_name("host_program.py")
START_SECONDS = 60.0
STOP_SECONDS = 15.0


@dataclass
class ServedPackage:
    """A running process; `url` is the app's address."""

    process: Process
    url: str

    async def modules(self) -> dict[str, Path]:
        """Return the file of every module that the process loaded."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        line = await _line_with(self.process, r"MODULES (.*)")
        return {name: Path(file) for name, file in json.loads(line).items()}


def copy_host(folder: Path) -> Path:
    """Copy the embedded host alone into a folder: nothing else of this repository can be imported from there."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "local_azure", folder / "local_azure", ignore=ignored)
    return folder


@asynccontextmanager
async def serve_package(
    python: Path, host_folder: Path, package: Path, settings: Mapping[str, str]
) -> AsyncIterator[ServedPackage]:
    """Serve the package while the block lasts."""
    command = [str(python), "-I", str(PROGRAM), str(host_folder), str(package), "--port", "0"]
    environment = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=host_folder, env={**environment, **settings}, stdin=PIPE, stdout=PIPE, limit=2**24
    )
    try:
        url = await _line_with(process, r"\tsession: .* (http://\S+:\d+)/session|\t0 functions found")
        assert url, "the host found no function in the package"
        yield ServedPackage(process, url)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), STOP_SECONDS)


async def _line_with(process: Process, pattern: str) -> str:
    """Return the first group of the next line that matches, "" when the line has none."""
    assert process.stdout is not None
    seen = []
    async with asyncio.timeout(START_SECONDS):
        while line := (await process.stdout.readline()).decode():
            seen.append(line)
            if match := re.fullmatch(pattern, line.rstrip("\r\n")):
                return match[1] or ""
    raise AssertionError(f"the process ended:\n{''.join(seen)}")
