"""`python -m local_azure`: Table storage in a process of its own, which outlives neither a crash nor its command."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from azure.data.tables import TableServiceClient

from local_azure.tables import DEVELOPMENT_KEY
from tests.local_azure.functions.programs import ANSWER_SECONDS, Program

APP = """
import azure.functions as func

app = func.FunctionApp()
"""
PORTS = ("--port", "0", "--webpubsub-port", "0", "--tables-port", "0")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Running:
    """The command, and the storage that it has started."""

    def __init__(self, folder: Path, data: Path | None) -> None:
        (folder / "host.json").write_text('{"version": "2.0"}')
        (folder / "function_app.py").write_text(APP)
        arguments = ["local_azure", "--app", str(folder), *PORTS, *(["--data", str(data)] if data else [])]
        self.program = Program(arguments, {})
        self.endpoint = self.program.wait_for(r"^Table storage +(http://127\.0\.0\.1:\d+/devstoreaccount1)$")[1]
        self.program.wait_for("^Ready")

    def tables(self) -> TableServiceClient:
        return TableServiceClient.from_connection_string(
            f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={DEVELOPMENT_KEY};"
            f"TableEndpoint={self.endpoint};"
        )

    def storage_process(self) -> psutil.Process:
        """Return the process that listens at the storage's port."""
        port = int(self.endpoint.split("/")[2].partition(":")[2])
        [found] = [each for each in self.children() if port in listening_ports(each)]
        return found

    def children(self) -> list[psutil.Process]:
        children: list[psutil.Process] = psutil.Process(self.program.process.pid).children(recursive=True)
        return children


def has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def listening_ports(process: psutil.Process) -> list[int]:
    return [each.laddr.port for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Path | None], Running]]:
    started: list[Running] = []

    def start_with(data: Path | None) -> Running:
        started.append(Running(tmp_path, data))
        return started[-1]

    yield start_with
    for each in started:
        each.program.process.kill()
        each.program.process.wait(ANSWER_SECONDS)


Start = Callable[[Path | None], Running]


def test_a_storage_that_was_killed_comes_back_at_its_address_with_what_it_had_answered(
    start: Start, tmp_path: Path
) -> None:
    running = start(tmp_path / "data")
    running.tables().create_table("rooms").create_entity({"PartitionKey": "p", "RowKey": "r"})
    killed = running.storage_process()
    killed.kill()
    assert running.program.wait_for("^Table storage was ended by SIGKILL: starting it again(.*)$")[1] == "."
    running.program.wait_for(r"^Table storage is ready again, as process \d+\.$")

    assert running.tables().get_table_client("rooms").get_entity("p", "r")["RowKey"] == "r"
    assert running.storage_process().pid != killed.pid
    assert running.program.stop()[0] == 0


def test_a_storage_without_a_folder_says_what_a_crash_has_lost(start: Start) -> None:
    running = start(None)
    running.storage_process().kill()

    assert "in memory, and is lost" in running.program.wait_for("^Table storage was ended by SIGKILL(.*)$")[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_storage_ends_with_its_command_without_a_word(start: Start, tmp_path: Path, number: int) -> None:
    running = start(tmp_path / "data")
    children = running.children()
    code, output = running.program.stop(number)

    assert code == 0
    assert output.splitlines()[-1].startswith("Ready")
    wait_until(lambda: all(has_ended(child) for child in children))


def test_the_storage_ends_when_its_command_was_killed(start: Start, tmp_path: Path) -> None:
    running = start(tmp_path / "data")
    storage = running.storage_process()
    os.kill(running.program.process.pid, signal.SIGKILL)

    wait_until(lambda: has_ended(storage))


def test_a_storage_whose_data_cannot_be_used_ends_the_command_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "tables.sqlite3").write_text("no database")
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text(APP)
    program = Program(["local_azure", "--app", str(tmp_path), *PORTS, "--data", str(tmp_path / "data")], {})

    assert "tables.sqlite3" in program.rest()
    assert program.process.returncode == 1
