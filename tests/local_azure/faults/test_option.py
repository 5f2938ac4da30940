"""`--fault` on the command line: the same line of text as everywhere else."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError, ServiceResponseError
from azure.data.tables import TableServiceClient
from azure.messaging.webpubsubservice import WebPubSubServiceClient

from local_azure.tables import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY


@contextmanager
def started(module: str, *arguments: str) -> Iterator[IO[str]]:
    """Run a module as a command; yield its standard output."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout
    try:
        yield process.stdout
    finally:
        process.terminate()
        process.communicate(timeout=20)


def read_value(output: IO[str], name: str) -> str:
    """Return what is printed after a name, at the start of a line that is still to come."""
    return next(line for line in output if line.startswith(name)).removeprefix(name).strip()


def read_connection_string(output: IO[str]) -> str:
    return read_value(output, "Connection string:")


def test_faults_of_the_command_line_are_active_from_the_start() -> None:
    faults = ["--fault", "fail rest 503 operation=user_exists count=1", "--fault", "fail rest 409 count=1"]
    with started("local_azure.webpubsub", "--port", "0", *faults) as output:
        client = WebPubSubServiceClient.from_connection_string(read_connection_string(output), "chat", retry_total=0)
        with pytest.raises(HttpResponseError) as group:
            client.group_exists("lobby")
        with pytest.raises(HttpResponseError) as user:
            client.user_exists("ana")
        assert client.user_exists("ana") is False

    assert (group.value.status_code, user.value.status_code) == (409, 503)


def test_faults_of_the_storage_are_active_from_the_start() -> None:
    faults = [
        "--fault",
        "fail storage 403 operation=create_table count=1",
        "--fault",
        "cut storage table=rooms count=1",
    ]
    with started("local_azure.tables", "--port", "0", *faults) as output:
        connection_string = read_connection_string(output)
        with TableServiceClient.from_connection_string(connection_string) as client:
            with pytest.raises(HttpResponseError) as failed:
                client.create_table("people")
            with pytest.raises(ServiceResponseError):
                client.create_table("rooms")
            client.create_table("people")

    assert failed.value.status_code == 403


def test_each_service_of_the_whole_gets_its_own_faults(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text("import azure.functions as func\n\napp = func.FunctionApp()\n")
    ports = ["--port", "0", "--webpubsub-port", "0", "--tables-port", "0"]
    faults = ["--fault", "fail rest 409 count=1", "--fault", "fail storage 403 count=1"]
    with started("local_azure", "--app", str(tmp_path), *ports, *faults) as output:
        connection, endpoint = (read_value(output, name) for name in ("Connection", "Table storage"))
        service = WebPubSubServiceClient.from_connection_string(connection, "chat", retry_total=0)
        key = AzureNamedKeyCredential(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY)
        with TableServiceClient(endpoint, credential=key) as storage:
            with pytest.raises(HttpResponseError) as rest:
                service.user_exists("ana")
            with pytest.raises(HttpResponseError) as table:
                storage.create_table("rooms")
            storage.create_table("rooms")
        assert service.user_exists("ana") is False

    assert (rest.value.status_code, table.value.status_code) == (409, 403)


@pytest.mark.parametrize(
    ("module", "fault", "reason"),
    [
        ("local_azure", "drop webhook", "a fault must end: give count or for"),
        ("local_azure", "drop storage count=1", "'drop storage' is not a fault; known are delay webhook TIME; "),
        ("local_azure.webpubsub", "cut storage count=1", "'cut storage' is not a fault"),
        (
            "local_azure.webpubsub",
            "slow rest 1s operation=send count=1",
            "'send' is not an operation; known are send_to_all",
        ),
        ("local_azure.tables", "cut storage", "a fault must end: give count or for"),
        ("local_azure.tables", "cut storage operation=append count=1", "'append' is not an operation; known are "),
    ],
)
def test_a_wrong_fault_stops_the_start_and_says_why(module: str, fault: str, reason: str) -> None:
    line = [sys.executable, "-m", module, "--fault", fault]

    ended = subprocess.run(line, capture_output=True, text=True, check=False, timeout=30)

    assert ended.returncode == 2
    assert reason in ended.stderr
