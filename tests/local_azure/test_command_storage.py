"""`python -m local_azure`: the Table storage that it serves."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient

from local_azure.tables import DEVELOPMENT_KEY
from tests.local_azure.functions.programs import ANSWER_SECONDS, Program

APP = """
import azure.functions as func

app = func.FunctionApp()
"""
PORTS = ("--port", "0", "--webpubsub-port", "0")


class Running:
    """The command, and the storage that it serves."""

    def __init__(self, folder: Path, data: Path, port: int = 0) -> None:
        (folder / "host.json").write_text('{"version": "2.0"}')
        (folder / "function_app.py").write_text(APP)
        arguments = ["local_azure", "--app", str(folder), *PORTS, "--tables-port", str(port), "--data", str(data)]
        self.program = Program(arguments, {})

    def wait_for_storage(self) -> TableServiceClient:
        """Wait until the command is ready, and return a client of its storage."""
        endpoint = self.program.wait_for(r"^Table storage +(http://127\.0\.0\.1:\d+/devstoreaccount1)$")[1]
        self.program.wait_for("^Ready")
        return TableServiceClient.from_connection_string(
            f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={DEVELOPMENT_KEY};"
            f"TableEndpoint={endpoint};"
        )


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start_with(data: Path, port: int = 0) -> Running:
        started.append(Running(tmp_path, data, port))
        return started[-1]

    yield start_with
    for each in started:
        each.program.process.kill()
        each.program.process.wait(ANSWER_SECONDS)


Start = Callable[..., Running]


def test_what_was_answered_is_there_when_a_killed_command_is_started_again(start: Start, tmp_path: Path) -> None:
    running = start(tmp_path / "data")
    running.wait_for_storage().create_table("rooms").create_entity({"PartitionKey": "p", "RowKey": "r"})
    running.program.process.kill()
    running.program.process.wait(ANSWER_SECONDS)

    again = start(tmp_path / "data")
    assert again.wait_for_storage().get_table_client("rooms").get_entity("p", "r")["RowKey"] == "r"
    assert again.program.stop()[0] == 0


def test_a_storage_whose_data_cannot_be_used_ends_the_command_with_a_sentence(start: Start, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "tables.sqlite3").write_text("no database")
    program = start(tmp_path / "data").program

    assert "tables.sqlite3" in program.rest()
    assert program.process.returncode == 1


def test_a_storage_whose_port_is_taken_ends_the_command_with_a_sentence(start: Start, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        program = start(tmp_path / "data", port).program

        assert f"error: cannot listen on 127.0.0.1 port {port}: " in program.rest()
    assert program.process.returncode == 1
