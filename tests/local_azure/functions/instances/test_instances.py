"""`--instances N`: several processes of an app behind one address, as commands that are started by hand."""

import http.client
import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.local_azure.functions.apps import HEADER, Answer, WriteApp, send
from tests.local_azure.functions.programs import ANSWER_SECONDS, Program, Start

APP = """
import os, pathlib

while pathlib.Path(__file__).with_name("hold").exists():
    time.sleep(0.01)

@app.route(route="hello", methods=["GET"])
def hello(req): return func.HttpResponse(str(os.getpid()))

@app.route(route="wait", methods=["GET"])
def wait(req):
    with open(req.params["file"], "a") as file:
        file.write(f"{os.getpid()}\\n")
    threading.Event().wait()
"""
DURABLE_APP = """
import os
import azure.durable_functions as df

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.orchestration_trigger(context_name="context")
def flow(context):
    return (yield context.call_activity("work", context.get_input()))

@app.activity_trigger(input_name="given")
def work(given: str): return [given, os.getpid()]

@app.entity_trigger(context_name="context")
def tally(context):
    state = context.get_state(lambda: [])
    context.set_state([*state, [context.get_input(), os.getpid()]])

@app.route(route="hello", methods=["GET"])
def hello(req): return func.HttpResponse(str(os.getpid()))

@app.route(route="start/{value}")
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client) -> func.HttpResponse:
    await client.start_new("flow", req.route_params["value"], req.route_params["value"])
    return client.create_check_status_response(req, req.route_params["value"])

@app.route(route="status/{value}")
@app.durable_client_input(client_name="client")
async def status(req: func.HttpRequest, client) -> func.HttpResponse:
    found = await client.get_status(req.route_params["value"])
    return func.HttpResponse(json.dumps([os.getpid(), found.output]))

@app.route(route="add/{value}")
@app.durable_client_input(client_name="client")
async def add(req: func.HttpRequest, client) -> func.HttpResponse:
    await client.signal_entity(df.EntityId("tally", "one"), "add", req.route_params["value"])
    return func.HttpResponse(str(os.getpid()))

@app.route(route="read")
@app.durable_client_input(client_name="client")
async def read(req: func.HttpRequest, client) -> func.HttpResponse:
    state = await client.read_entity_state(df.EntityId("tally", "one"))
    return func.HttpResponse(json.dumps([os.getpid(), state.entity_state]))
"""


def address_of(program: Program) -> str:
    """Return the app's URL once all its instances are ready."""
    port = program.wait_for(r"hello: \[GET\] http://localhost:(\d+)/api/hello")[1]
    program.wait_for(r"^Ready after \d+\.\d\d s\. Ctrl-C stops\.$")
    return f"http://127.0.0.1:{port}"


def process_ids(url: str, count: int) -> list[int]:
    """Return which process answered each of so many requests over one connection."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=ANSWER_SECONDS)
    answers = []
    for _ in range(count):
        connection.request("GET", "/api/hello")
        response = connection.getresponse()
        assert response.status == 200
        answers.append(int(response.read()))
    connection.close()
    return answers


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_running(process_id: int) -> bool:
    """Return whether the process exists and is more than an entry that nobody has asked for."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process_id}/status")
    return not status.exists() or "State:\tZ" not in status.read_text()


def test_requests_go_to_three_instances_in_turn_and_ctrl_c_of_a_terminal_reaches_all_and_prints_nothing_more(
    start: Start, write_app: WriteApp
) -> None:
    program = start("local_azure.functions", str(write_app(APP)), "--port", "0", "--instances", "3")
    url = address_of(program)

    answered = process_ids(url, 9)
    for process_id in answered[:3]:
        os.kill(process_id, signal.SIGINT)
    assert sorted(process_ids(url, 3)) == sorted(answered[:3])
    code, output = program.stop()

    assert len(set(answered)) == 3
    assert answered[:3] == answered[3:6] == answered[6:]
    assert program.process.pid not in answered
    assert {f"[instance {number}] Executing" for number in (1, 2, 3)} == set(
        re.findall(r"\[instance \d\] Executing", output)
    )
    assert output.count("Functions:") == 1
    named = re.findall(r"^Instance \d is process (\d+)\.$", output, re.MULTILINE)
    assert sorted(map(int, named)) == sorted(set(answered))
    assert (code, "Traceback" in output) == (0, False)
    assert output.endswith("ms)")


def test_an_instance_that_is_killed_loses_no_later_request_and_is_started_again(
    start: Start, write_app: WriteApp
) -> None:
    folder = write_app(APP)
    program = start("local_azure.functions", str(folder), "--port", "0", "--instances", "3")
    url = address_of(program)
    first, second, third = before = process_ids(url, 3)

    (folder / "hold").touch()  # the new process waits for its end
    os.kill(second, signal.SIGKILL)
    number = program.wait_for(r"^Instance (\d) was ended by SIGKILL: starting it again\.$")[1]
    meanwhile = process_ids(url, 6)
    (folder / "hold").unlink()
    program.wait_for(rf"^Instance {number} is ready again after \d+\.\d\d s, as process \d+\.$")
    afterwards = process_ids(url, 6)

    assert set(meanwhile) == {first, third}
    assert len(set(afterwards)) == 3
    assert set(afterwards) & set(before) == {first, third}


def test_a_request_that_an_instance_took_with_it_is_answered_502_and_not_repeated(
    start: Start, write_app: WriteApp, tmp_path: Path
) -> None:
    program = start("local_azure.functions", str(write_app(APP)), "--port", "0", "--instances", "2")
    port = program.wait_for(r"hello: \[GET\] http://localhost:(\d+)/api/hello")[1]
    program.wait_for("^Ready after")
    url, file = f"http://127.0.0.1:{port}", tmp_path / "started"
    process_ids(url, 4)  # now the balancer has a connection to each instance that it uses again
    answers: list[Answer] = []
    caller = threading.Thread(target=lambda: answers.append(send(url, "GET", f"/api/wait?file={file}")))

    caller.start()
    wait_until(lambda: file.exists() and file.read_text().endswith("\n"))
    os.kill(int(file.read_text()), signal.SIGKILL)
    caller.join(ANSWER_SECONDS)
    program.wait_for("is ready again")

    assert [(answer.status, answer.body) for answer in answers] == [(502, b"The instance ended before it answered.\n")]
    assert len(file.read_text().splitlines()) == 1


def test_durable_work_runs_in_the_first_instance_every_instance_can_start_and_see_it_and_it_survives_a_kill(
    start: Start, write_app: WriteApp, tmp_path: Path
) -> None:
    options = ("--port", "0", "--instances", "3", "--data", str(tmp_path / "data"))
    program = start("local_azure.functions", str(write_app(DURABLE_APP)), *options)
    url = address_of(program)
    everyone = set(process_ids(url, 3))

    def read(path: str) -> tuple[int, list[Any]]:
        process_id, value = send(url, "GET", path).json()
        return process_id, value or []

    def all_have_ended() -> bool:
        return all(read(f"/api/status/{value}")[1] for value in "abc")

    started = [send(url, "GET", f"/api/start/{value}") for value in "abc"]
    wait_until(all_have_ended)
    outputs = {value: [read(f"/api/status/{value}") for _ in range(3)] for value in "abc"}
    added = {int(send(url, "GET", f"/api/add/{value}").body) for value in "123"}
    wait_until(lambda: len(read("/api/read")[1]) == 3)
    states = [read("/api/read") for _ in range(3)]

    assert [answer.status for answer in started] == [202, 202, 202]
    # The URLs in the answer are the balancer's, so everybody who reached the app reaches them.
    assert send(url, "GET", urlsplit(started[0].json()["statusQueryGetUri"]).path).json()["output"][0] == "a"
    assert started[0].json()["statusQueryGetUri"].startswith(url)
    assert {process_id for value in "abc" for process_id, _ in outputs[value]} == everyone
    workers = {json.dumps(output[1]) for value in "abc" for _, output in outputs[value]}
    assert len(workers) == 1
    assert added == {process_id for process_id, _ in states} == everyone
    assert sorted(value for value, _ in states[0][1]) == ["1", "2", "3"]
    assert {json.dumps(process_id) for _, state in states for _, process_id in state} == workers

    os.kill(json.loads(workers.pop()), signal.SIGKILL)
    program.wait_for("^Instance 1 was ended by SIGKILL")
    # The others' clients wait for the first instance instead of failing.
    answers = [send(url, "GET", "/api/status/a") for _ in range(4)]

    assert [answer.status for answer in answers] == [200] * 4
    assert {json.dumps(answer.json()[1]) for answer in answers} == {json.dumps(outputs["a"][0][1])}


@pytest.mark.parametrize("count", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_command(start: Start, write_app: WriteApp, number: int, count: str) -> None:
    ports = ("--port", "0", "--webpubsub-port", "0", "--tables-port", "0")
    program = start("local_azure", "--app", str(write_app(APP)), *ports, "--instances", count)
    processes = set(process_ids(address_of(program), 3))

    code, output = program.stop(number)
    wait_until(lambda: not any(is_running(process_id) for process_id in processes))

    assert len(processes) == int(count)
    assert (code, "Traceback" in output) == (0 if number == signal.SIGINT else -signal.SIGKILL, False)


def test_the_only_process_of_an_app_is_started_again_too(start: Start, write_app: WriteApp) -> None:
    ports = ("--port", "0", "--webpubsub-port", "0", "--tables-port", "0")
    program = start("local_azure", "--app", str(write_app(APP)), *ports)
    url = address_of(program)
    (before,) = set(process_ids(url, 3))

    os.kill(before, signal.SIGKILL)
    program.wait_for(r"^The app's process was ended by SIGKILL: starting it again\.$")
    (after,) = set(process_ids(url, 3))

    assert after != before


def test_every_instance_is_replaced_when_a_file_changes(start: Start, write_app: WriteApp) -> None:
    folder = write_app(APP)
    program = start("local_azure.functions", str(folder), "--port", "0", "--instances", "2", "--reload")
    url = address_of(program)
    before = set(process_ids(url, 2))

    (folder / "function_app.py").write_text(HEADER + APP + "\n# changed\n")
    program.wait_for(r"^function_app\.py changed: restarting the app\.$")
    program.wait_for("^Ready after")

    assert len(before) == 2
    assert len(set(process_ids(url, 2)) - before) == 2


@pytest.mark.parametrize("count", ["1", "2"])
def test_settings_that_cannot_be_used_are_one_line_and_no_process_stays(
    start: Start, write_app: WriteApp, count: str
) -> None:
    folder = write_app(APP)
    (folder / "host.json").write_text("{")
    ports = ("--port", "0", "--webpubsub-port", "0", "--tables-port", "0")

    program = start("local_azure", "--app", str(folder), *ports, "--instances", count)
    output = program.rest()

    assert program.process.returncode == 1
    assert re.findall("^error: .*$", output, re.MULTILINE) == [output.splitlines()[-1]]
    assert output.splitlines()[-1].startswith("error: host.json is not valid JSON")


def test_an_app_that_ends_its_process_while_it_is_imported_is_one_line(start: Start, write_app: WriteApp) -> None:
    folder = write_app("import os\nos._exit(7)")

    program = start("local_azure.functions", str(folder), "--port", "0", "--instances", "2")
    output = program.rest()

    assert program.process.returncode == 1
    assert output == "error: the app's process ended with the exit code 7"


def test_instances_that_check_keys_have_the_same_ones(start: Start, write_app: WriteApp, tmp_path: Path) -> None:
    source = APP.replace('methods=["GET"]', 'methods=["GET"], auth_level=func.AuthLevel.FUNCTION')
    data = tmp_path / "data"
    options = ("--port", "0", "--instances", "2", "--data", str(data), "--enable-auth")
    url = address_of(start("local_azure.functions", str(write_app(source)), *options))
    key = json.loads((data / "keys.json").read_text())["host"]

    answers = [send(url, "GET", "/api/hello", (("x-functions-key", key),)) for _ in range(2)]

    assert [answer.status for answer in answers] == [200] * 2
    assert len({answer.body for answer in answers}) == 2
    assert send(url, "GET", "/api/hello").status == 401


@pytest.mark.parametrize("count", ["0", "-1", "two", "101"])
def test_a_number_of_instances_that_makes_no_sense_is_refused(start: Start, write_app: WriteApp, count: str) -> None:
    program = start("local_azure.functions", str(write_app(APP)), "--instances", count)

    assert f"must be a whole number from 1 to 100, not '{count}'" in program.rest()
    assert program.process.returncode == 2
