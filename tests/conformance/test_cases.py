"""The conformance suite passes on the local service, and shows a difference where a service is broken."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from conformance.__main__ import main
from conformance.all_cases import WITHOUT_CASE, all_cases
from conformance.hubs import settings_for
from conformance.registry import Case
from conformance.run import Limits, run_cases
from conformance.target import Statements, Target
from local_azure.testing import WebPubSub, running
from local_azure.webpubsub import Settings, Times
from tests.conformance.empty_services import accept, refuse, serve_all

ROOT = Path(__file__).resolve().parents[2]
RETENTION_SECONDS = 4.0
HANDLER_TIMEOUT_SECONDS = 4.0
TIMES = Times(
    retention_seconds=RETENTION_SECONDS,
    handler_timeout_seconds=HANDLER_TIMEOUT_SECONDS,
    retry_waits_seconds=(0.1, 0.2, 0.3),
    close_drain_seconds=1.0,
)
TOO_LONG = {"W-240"}


@dataclass(frozen=True)
class Watched:
    """A local service and the address at which it reaches the suite's event handler."""

    service: WebPubSub
    handler_url: str

    def arguments(self, file: Path, *further: str) -> list[str]:
        """Return the arguments of the command."""
        options = ["--connection-string", self.service.connection_string, "--handler-url", self.handler_url]
        return [*options, "--json", str(file), *further]


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """A service with the settings that `--print-settings` prints, and with shorter times."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        handler_url = f"http://127.0.0.1:{free.getsockname()[1]}"
    hubs = Settings.from_json(settings_for("conformance", handler_url, "local")).hubs
    with running(Settings(hubs=hubs, times=TIMES)) as service:
        yield Watched(service, handler_url)


def results_in(file: Path) -> dict[str, str]:
    """Return the results of a run by number."""
    entries = json.loads(file.read_text(encoding="utf-8"))["results"]
    return {entry["number"]: entry["result"] for entry in entries}


def test_the_local_service_differs_in_nothing(watched: Watched, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    times = ("--retention-seconds", str(RETENTION_SECONDS), "--handler-timeout-seconds", str(HANDLER_TIMEOUT_SECONDS))

    command = [sys.executable, "-m", "conformance", *watched.arguments(file, *times, "--wait", "30")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=80)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    results = results_in(file)
    assert {number for number, result in results.items() if result == "not run"} == {*WITHOUT_CASE, *TOO_LONG}
    assert set(results.values()) == {"pass", "not run"}


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        ("fail rest 503 operation=send_to_group for=60s", "W-059"),
        ("drop webhook event=e for=60s", "W-201"),
        ("duplicate webhook event=connected copies=1 for=60s", "W-102"),
        ("lose disconnected for=60s", "W-156"),
        ("refuse recovery for=60s", "W-095"),
        ("expire token for=60s", "W-011"),
        ("cut client 1011 for=60s", "W-058"),
    ],
)
def test_a_fault_of_the_service_is_a_difference(watched: Watched, tmp_path: Path, fault: str, number: str) -> None:
    file = tmp_path / "results.json"
    watched.service.add_fault(fault)

    code = main(watched.arguments(file, "--only", number, "--wait", "1"))

    watched.service.call(watched.service.service.faults.clear)
    assert (code, results_in(file)) == (1, {number: "differs"})


async def passed(answer: Callable[[web.Request], object], cases: list[Case]) -> set[str]:
    """Return the numbers that pass on a service that answers every request in the same way."""
    async with serve_all(answer) as endpoint:
        target = Target(endpoint, "a key that is 32 bytes long or longer", wait_seconds=0.2)
        results = await run_cases(cases, target, Statements(), None, Limits(at_a_time=300))
    return {result.number for result in results if result.status == "pass"}


async def test_no_case_passes_on_a_service_that_accepts_everything_and_on_one_that_refuses_it() -> None:
    cases = [case for case in all_cases().values() if not case.needs_handler]

    accepted = await passed(accept, cases)
    refused = await passed(refuse, cases)

    assert accepted & refused == set()
    assert len(accepted) < 10
    assert len(refused) < 10
