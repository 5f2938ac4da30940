"""`--fault` on the command line: the same line of text as everywhere else."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError
from azure.messaging.webpubsubservice import WebPubSubServiceClient


@pytest.fixture
def command() -> Iterator[subprocess.Popen[str]]:
    faults = ["--fault", "fail rest 503 operation=user_exists count=1", "--fault", "fail rest 409 count=1"]
    started = subprocess.Popen(
        [sys.executable, "-m", "local_azure.webpubsub", "--port", "0", *faults],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield started
    started.terminate()
    started.communicate(timeout=10)


def test_faults_of_the_command_line_are_active_from_the_start(command: subprocess.Popen[str]) -> None:
    assert command.stdout is not None
    connection_string = [command.stdout.readline() for _ in range(2)][1].removeprefix("Connection string: ").strip()
    client = WebPubSubServiceClient.from_connection_string(connection_string, "chat", retry_total=0)

    with pytest.raises(HttpResponseError) as group:
        client.group_exists("lobby")
    with pytest.raises(HttpResponseError) as user:
        client.user_exists("ana")

    assert group.value.status_code == 409
    assert user.value.status_code == 503
    assert client.user_exists("ana") is False


@pytest.mark.parametrize("module", ["local_azure", "local_azure.webpubsub"])
def test_a_wrong_fault_stops_the_start_and_says_why(module: str) -> None:
    line = [sys.executable, "-m", module, "--fault", "drop webhook"]

    ended = subprocess.run(line, capture_output=True, text=True, check=False, timeout=30)

    assert ended.returncode == 2
    assert "a fault must end: give count or for" in ended.stderr
