"""One fuzz run: the chat as `dev.py run` starts it, thousands of hostile inputs, and what is wrong afterwards."""

import asyncio
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil
from hypothesis import HealthCheck, Phase, given, seed, settings

from bench.fuzz_run.clients import FuzzClient, Seen
from bench.fuzz_run.inputs import SECRET_MARK, SUBPROTOCOLS, TEXT_MARK, Frames, Input, Request, inputs
from bench.fuzz_run.requests import RequestSender
from bench.load.processes import ROOT, Program, running_program
from chat.rate_limits import MAX_BURST, MAX_PER_MINUTE, Kind

SHOWN_CHARACTERS = 300
MAX_PROBLEMS = 20
BANNER = re.compile(r"^.*Connection {3,}.*$", re.MULTILINE)
"""The line in which local Azure tells its own connection string."""
DEFECTS = ("Traceback (most recent call last)", "unexpected failure", "internal_error", "(Failed, Id=")
MEGABYTE = 1024 * 1024
HIGH_LIMITS = ", ".join(f"{kind}={MAX_PER_MINUTE}/{MAX_BURST}" for kind in Kind)
"""Or most inputs would be refused before they are looked at."""


@dataclass
class Result:
    """What came of a run; `problems` are in words, with the input that caused them, and none is allowed.

    `memory` is the resident memory of all processes in MB: at the beginning, and after each quarter of the inputs.
    """

    inputs: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    seen: Seen = field(default_factory=Seen)
    problems: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    seconds: float = 0.0


def run_inputs(count: int, folder: Path, chosen_seed: int = 1) -> Result:
    """Play so many inputs to a chat of its own, whose data and output are in `folder`.

    Raises RuntimeError when the chat does not start.
    """
    command = [sys.executable, "-m", "local_azure", "--app", str(ROOT), "--data", str(folder / "data")]
    command += ["--port", "0", "--webpubsub-port", "0", "--tables-port", "0"]
    result, started = Result(), time.perf_counter()
    app_settings = {"ChatAuth": "open", "ChatRateLimits": HIGH_LIMITS}
    with running_program("local Azure", command, folder, app_settings) as program:
        url = program.wait_for_line(r"Functions host +(http://\S+)/")
        key = program.wait_for_line(r"Connection +\S*AccessKey=([^;]+);")
        program.wait_for_line(r"(Ready after)")
        with asyncio.Runner() as runner:
            player = Player(url, key, result)
            runner.run(player.open())
            result.memory.append(resident_megabytes(program))

            @seed(chosen_seed)
            @settings(
                max_examples=count,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(inputs)
            def play(given_input: Input) -> None:
                runner.run(player.play(given_input))
                if result.inputs.total() % max(1, count // 4) == 0:
                    result.memory.append(resident_megabytes(program))

            play()
            runner.run(player.close())
        if program.process.poll() is not None:
            result.problems.append(f"the process ended: {program.last_lines()}")
    output = "".join(file.read_text(errors="replace") for file in folder.glob("*.log"))
    result.problems += find_defects(output) + find_secrets(output, [key, *result.seen.tokens])
    result.seconds = time.perf_counter() - started
    return result


class Player:
    """Plays inputs one after the other, and keeps what was wrong."""

    def __init__(self, app_url: str, access_key: str, result: Result) -> None:
        self._result = result
        self._sender = RequestSender(app_url, access_key, result.statuses)
        self._app_url = app_url
        self._clients: dict[str | None, FuzzClient] = {}
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Open a connection with each subprotocol."""
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        for number, subprotocol in enumerate(SUBPROTOCOLS):
            client = FuzzClient(self._http, self._app_url, f"fuzz-{number}", subprotocol, self._result.seen)
            self._clients[subprotocol] = client
            await client.open()

    async def play(self, given_input: Input) -> None:
        """Play one input; what is wrong becomes a problem of the result."""
        self._result.inputs[type(given_input).__name__] += 1
        try:
            await self._play(given_input)
        except TimeoutError:
            self._note("no answer", given_input)
        except AssertionError as wrong:
            self._note(str(wrong), given_input)
        except aiohttp.ClientError as problem:
            self._note(repr(problem), given_input)

    async def _play(self, given_input: Input) -> None:
        if isinstance(given_input, Frames):
            await self._clients[given_input.subprotocol].play(given_input)
        elif isinstance(given_input, Request):
            await self._sender.send(given_input)
        else:
            client = self._clients[SUBPROTOCOLS[1]]
            await client.open()
            await self._sender.send_event(given_input, client.connection_id, client.user)

    def _note(self, problem: str, given_input: Input) -> None:
        if len(self._result.problems) < MAX_PROBLEMS:
            self._result.problems.append(f"{problem}: {given_input!r:.{SHOWN_CHARACTERS}}")

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.close()
        if self._http is not None:
            await self._http.close()


def resident_megabytes(program: Program) -> float:
    """Return the resident memory of a program and its children, in MB."""
    processes = [psutil.Process(program.process.pid), *program.children()]
    return sum(each.memory_info().rss for each in processes) / MEGABYTE


def find_defects(output: str) -> list[str]:
    """Return what the output tells of defects, each with the lines around it."""
    found = [match.start() for defect in DEFECTS for match in re.finditer(re.escape(defect), output)]
    return [f"in the log: {output[max(0, place - 200) : place + 1500]}" for place in sorted(found)[:MAX_PROBLEMS]]


def find_secrets(output: str, secrets: list[str]) -> list[str]:
    """Return which texts and secrets the output shows."""
    shown = BANNER.sub("", output)
    found = [mark for mark in (TEXT_MARK, SECRET_MARK) if mark in shown]
    found += ["a key or a token" for secret in secrets if secret in shown]
    places = [shown.find(mark) for mark in found if mark in shown]
    lines = [shown[max(0, place - 200) : place + 100] for place in places]
    return [f"in the log: {text}" for text in found] + lines
