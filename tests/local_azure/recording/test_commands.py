"""The commands that record, replay and compare, and the fixture that does the same in tests."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local_azure.pytest_plugin import WebPubSub, running
from local_azure.recording import RecordingDiffers, compare_recordings, read_recording
from local_azure.recording.__main__ import main
from local_azure.webpubsub import ConnectionString, EventHandler
from local_azure.webpubsub.tokens import client_audience, make_client_token
from tests.local_azure.recording.conversation import CONVERSATION
from tests.system_parts import needs_posix

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def service(app_url: str) -> Iterator[WebPubSub]:
    with running() as web_pubsub:
        web_pubsub.set_event_handlers("chat", [EventHandler(app_url, event_pattern="*")])
        yield web_pubsub


# --- the fixture ------------------------------------------------------------------------


def test_a_synchronous_test_replays_and_records_and_both_recordings_are_alike(
    service: WebPubSub, conversation: Path, tmp_path: Path
) -> None:
    second = tmp_path / "second.jsonl"

    with service.record(second):
        replayed = service.replay(conversation)

    assert (replayed.played, replayed.compared) == (6, 9)
    compared, differences = compare_recordings(read_recording(conversation), read_recording(second))
    assert (compared, differences) == (15, [])


def test_events_alone_are_replayed_without_a_client(service: WebPubSub, conversation: Path) -> None:
    assert service.replay(conversation, play="events").compared == 1


def test_a_difference_fails_a_test_with_a_text_that_says_where(service: WebPubSub, conversation: Path) -> None:
    conversation.write_text(CONVERSATION.replace('"characters": 3', '"characters": 4'), encoding="utf-8")

    with pytest.raises(AssertionError, match=r"data.characters: expected 4, got 3") as differs:
        service.replay(conversation)

    assert isinstance(differs.value, RecordingDiffers)
    assert service.replay(conversation, ignore=["characters"]).compared == 9


# --- the commands -----------------------------------------------------------------------


def test_the_command_replays_with_a_service_of_its_own_for_the_app(
    app_url: str, conversation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(conversation), "--handler", app_url, "--port", "0"]) == 0

    assert "conversation.jsonl: 9 steps are as recorded, 6 were played" in capsys.readouterr().out


def test_the_command_replays_on_a_service_that_runs_and_prints_differences(
    service: WebPubSub, conversation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["replay", str(conversation), "--connection", service.connection_string]

    assert main(arguments) == 0
    conversation.write_text(CONVERSATION.replace('"frame": "tea?"', '"frame": "cake"'), encoding="utf-8")
    assert main(arguments) == 1

    assert 'line 8: differs\n  - bo receive {"frame": "cake"}' in capsys.readouterr().out


def test_the_command_compares_two_recordings(
    conversation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(CONVERSATION.replace('"characters": 3', '"characters": 4'), encoding="utf-8")

    assert main(["compare", str(conversation), str(conversation)]) == 0
    assert main(["compare", str(conversation), str(other), "--ignore", "characters"]) == 0
    assert main(["compare", str(conversation), str(other)]) == 1

    assert "other.jsonl: 2 differences in 15 compared steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["replay", "{folder}/no.jsonl", "--port", "0"], "cannot be read"),
        (["replay", "{file}", "--connection", "Endpoint=nowhere"], "connection string has no AccessKey"),
        (["replay", "{file}", "--settings", "{folder}/no.json"], "No such file or directory"),
        (["compare", "{file}", "{folder}/no.jsonl"], "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_code_2(
    arguments: list[str], told: str, conversation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [argument.format(file=conversation, folder=conversation.parent) for argument in arguments]

    assert main(given) == 2

    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_service_that_cannot_be_reached_and_a_port_that_is_taken_are_one_line_and_exit_code_1(
    conversation: Path, service: WebPubSub, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"Endpoint=http://127.0.0.1:{unused.getsockname()[1]};AccessKey={'k' * 40};Version=1.0;"
        assert main(["replay", str(conversation), "--connection", nobody]) == 1
    assert main(["replay", str(conversation), "--port", service.endpoint.rpartition(":")[2]]) == 1

    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: ana cannot connect to http://127.0.0.1:")
    assert second.startswith("error: cannot listen on port")


def test_a_recording_that_cannot_be_opened_is_one_line_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "no" / "file.jsonl"), "--port", "0"]) == 1

    assert "cannot be written: No such file or directory" in capsys.readouterr().err.splitlines()[-1]


@contextmanager
def served(*arguments: str) -> Iterator[list[str]]:
    """Run a command that serves Web PubSub and yield the lines that it has printed, all of them at the end."""
    command = [sys.executable, "-m", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    lines: list[str] = []
    try:
        while not any("Ready" in line or line.startswith("Connection string") for line in lines):
            lines.append(process.stdout.readline())
            assert lines[-1], "the command has ended: " + "".join(lines)
        yield lines
        process.send_signal(signal.SIGINT)
        lines += process.stdout.readlines()
        assert process.wait(timeout=20) == 0, "".join(lines)
    finally:
        process.kill()
        process.stdout.close()


def connection_of(lines: list[str]) -> ConnectionString:
    line = next(line for line in lines if line.startswith("Connection"))
    return ConnectionString.parse(line[line.index("Endpoint=") :])


@needs_posix("Ctrl-C for one process alone")
def test_the_command_records_until_ctrl_c_and_says_what_the_run_would_cost(conversation: Path, tmp_path: Path) -> None:
    second, costs = tmp_path / "second.jsonl", tmp_path / "meter.json"
    write_without(conversation, '"count"', "user.count", '"characters"', '"ackId": 2')

    with served("local_azure.recording", str(second), "--port", "0", "--meter", str(costs)) as lines:
        connection = str(connection_of(lines))
        assert main(["replay", str(conversation), "--connection", connection]) == 0

    assert compare_recordings(read_recording(conversation), read_recording(second)) == (10, [])
    assert any(line.startswith("What this run would count as on Azure") for line in lines)
    document = json.loads(costs.read_text())
    assert document["run"]["frames"] == 3
    assert document["run"]["connections"]["peak"] == 2


APP = """
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route(route="eventhandler/{event}", methods=["POST", "OPTIONS"])
def eventhandler(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(status_code=204, headers={"WebHook-Allowed-Origin": "*"})
"""
SETTINGS = {
    "WebPubSub": {
        "Hubs": {
            "chat": {
                "EventHandlers": [{"UrlTemplate": "http://localhost:7071/eventhandler/{event}", "EventPattern": "*"}]
            }
        }
    }
}


@needs_posix("Ctrl-C for one process alone")
def test_the_whole_of_local_azure_is_recorded_and_metered(tmp_path: Path) -> None:
    folder, file, costs = tmp_path / "app", tmp_path / "run.jsonl", tmp_path / "meter.json"
    folder.mkdir()
    (folder / "function_app.py").write_text(APP)
    (folder / "host.json").write_text('{"version": "2.0", "extensions": {"http": {"routePrefix": ""}}}')
    (folder / "webpubsub.json").write_text(json.dumps(SETTINGS))
    asked = tmp_path / "asked.jsonl"
    write_without(asked, '"answer"', '"server"')
    ports = ["--port", "0", "--webpubsub-port", "0", "--tables-port", "0"]

    with (
        ExitStack() as stack,
        served(
            "local_azure",
            "--app",
            str(folder),
            *ports,
            "--record",
            str(file),
            "--meter",
            str(costs),
            "--price",
            "logs_gb=1",
        ) as printed,
    ):
        connection = connection_of(printed)
        assert main(["replay", str(asked), "--connection", str(connection)]) == 0
        wait_for(file, '"step": "answer"')
        with urllib.request.urlopen(f"{connection.endpoint}/inspector/meter", timeout=10) as answer:
            live = json.load(answer)
        stack.enter_context(connected(connection))  # is still there at the end, which is not recorded

    steps = [(step.kind.value, step.facts.get("event")) for step in read_recording(file)]
    assert ("event", "user.count") in steps
    assert ("answer", "user.count") in steps
    assert "end" not in [kind for kind, _ in steps]
    assert any(line.startswith("What this run would count as on Azure") for line in printed)
    document = json.loads(costs.read_text())
    assert document["run"]["webhooks"] == live["run"]["webhooks"] >= 1
    assert document["run"]["storageCalls"] is not None
    assert [row["webhooks"] for row in document["messages"] if row["cause"] == "event count"] == [1]


def connected(connection: ConnectionString) -> socket.socket:
    """Return the socket of a client that the service has accepted."""
    address = urlsplit(connection.endpoint)
    audience = client_audience(connection.endpoint, "chat")
    token = make_client_token(connection.access_key, audience, now=time.time(), lifetime_seconds=60)
    client = socket.create_connection((address.hostname, address.port), timeout=10)
    client.sendall(
        f"GET /client/hubs/chat?access_token={token} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert client.recv(4096).startswith(b"HTTP/1.1 101 ")
    return client


def write_without(file: Path, *parts: str) -> None:
    """Write the conversation without the lines that have one of these parts."""
    lines = CONVERSATION.splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not any(part in line for part in parts)), encoding="utf-8")


def wait_for(file: Path, text: str) -> None:
    deadline = time.monotonic() + 20
    while text not in file.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, f"{text} did not come"
        time.sleep(0.01)
