"""The host as a process: `python -m local_azure.functions` and `python -m local_azure`, started by hand."""

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import psutil
import pytest

from local_azure.connection_settings import connection_setting, replace_functions_port, storage_setting
from local_azure.functions.options import HostOptions, add_arguments, parse_options
from local_azure.webpubsub import EventHandler, HubSettings, Settings
from tests.local_azure.functions.apps import HEADER, WriteApp, send
from tests.local_azure.functions.programs import ANSWER_SECONDS, Program, Start

ROOT = Path(__file__).resolve().parents[3]
FREE_PORTS = ("--port", "0", "--webpubsub-port", "0", "--tables-port", "0")

HELLO = """
import os

@app.route(route="hello", methods=["GET"])
def hello(req): return func.HttpResponse("one")

@app.route(route="setting/{name}")
def setting(req): return func.HttpResponse(os.environ.get(req.route_params["name"], ""))
"""


# Runs a command, and sends itself Ctrl-C when it has begun to import the named module.
STOPPED_AT = ("tests.local_azure.interrupted",)


def url_of(program: Program) -> str:
    return f"http://127.0.0.1:{program.wait_for(r'hello: .GET. http://localhost:(?P<port>[0-9]+)/api/hello')['port']}"


def test_h072_h073_the_host_alone_prints_its_functions_and_ends_cleanly(start: Start, write_app: WriteApp) -> None:
    folder = write_app(HELLO + "@app.timer_trigger('t', '0 0 0 1 1 *')\ndef aaa(t: func.TimerRequest): ...")

    program = start("local_azure.functions", str(folder), "--port", "0")
    port = program.wait_for(r"localhost:(\d+)/api/hello")[1]
    program.wait_for(r"^Ready after \d+\.\d\d s")
    assert send(f"http://127.0.0.1:{port}", "GET", "/api/hello?code=s3cret").body == b"one"
    code, output = program.stop()

    assert code == 0
    listed = [line for line in output.splitlines() if line.startswith("\t")]
    assert listed == [
        f"\thello: [GET] http://localhost:{port}/api/hello",
        f"\tsetting:  http://localhost:{port}/api/setting/{{name}}",
        "\taaa: timerTrigger",
    ]
    assert re.search(r"^\[[-0-9T:.]+Z\] Executing 'Functions\.hello' \(Reason='This function was", output, re.MULTILINE)
    assert re.search(r"^\[.*\] Executed 'Functions\.hello' \(Succeeded, Id=[-0-9a-f]+, Duration=\d+ms\)$", output, re.M)
    assert "Traceback" not in output
    assert "s3cret" not in output


def test_h072_the_address_and_the_port_have_defaults_and_can_be_chosen(write_app: WriteApp) -> None:
    import argparse

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    folder = write_app("")

    def chosen(*arguments: str) -> tuple[str, int]:
        options = parse_options(parser.parse_args(arguments), folder)
        return options.host, options.port

    assert chosen() == (HostOptions(folder).host, HostOptions(folder).port) == ("127.0.0.1", 7071)
    (folder / "local.settings.json").write_text(
        '{"IsEncrypted": false, "Host": {"LocalHttpPort": 7072, "LocalHttpAddress": "0.0.0.0"}}'
    )
    assert chosen() == ("0.0.0.0", 7072)
    assert chosen("--host", "127.0.0.2", "--port", "7073") == ("127.0.0.2", 7073)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_services_start_with_each_others_addresses_and_stop_cleanly(
    start: Start, write_app: WriteApp, number: int
) -> None:
    folder = write_app(HELLO)

    program = start("local_azure", "--app", str(folder), *FREE_PORTS)
    functions = program.wait_for(r"^Functions host\s+(http://localhost:\d+)/$")[1].replace("localhost", "127.0.0.1")
    endpoint = program.wait_for(r"^Web PubSub\s+(http://\S+)/$")[1]
    connection = program.wait_for(r"^Connection\s+(Endpoint=\S+)$")[1]
    storage = program.wait_for(r"^Table storage\s+(http://\S+)$")[1]
    program.wait_for(r"^Ready after")
    told = send(functions, "GET", "/api/setting/WebPubSubConnectionString").body.decode()
    told_storage = send(functions, "GET", "/api/setting/AzureWebJobsStorage").body.decode()
    health = send(endpoint, "HEAD", "/api/health").status
    code, output = program.stop(number)

    assert told == connection
    assert connection.startswith(f"Endpoint={endpoint};AccessKey=")
    assert health == 200
    assert told_storage.endswith(f";TableEndpoint={storage};")
    assert (code, "Traceback" in output) == (0, False)


def test_what_a_function_prints_appears_by_itself_and_among_the_log_lines_where_it_was_printed(
    start: Start, write_app: WriteApp
) -> None:
    source = """
    @app.route()
    def hello(req):
        print("printed in a thread")
        logging.info("logged")

    @app.route()
    async def quiet(req): print("printed alone")
    """
    folder = write_app(source, host_json={"logging": {"logLevel": {"default": "Warning"}}})
    program = start("local_azure.functions", str(folder), "--port", "0")
    url = f"http://127.0.0.1:{program.wait_for(r'localhost:([0-9]+)/api/hello')[1]}"
    program.wait_for("^Ready")
    for path, text in (("hello", "printed in a thread"), ("quiet", "printed alone")):
        send(url, "GET", f"/api/{path}")
        program.wait_for(f"^{text}$")
    program.stop()

    (folder / "host.json").write_text('{"version": "2.0"}')
    program = start("local_azure.functions", str(folder), "--port", "0")
    url = f"http://127.0.0.1:{program.wait_for(r'localhost:([0-9]+)/api/hello')[1]}"
    program.wait_for("^Ready")
    send(url, "GET", "/api/hello")
    lines = program.stop()[1].splitlines()

    found = [re.search("Executing|printed in a thread|logged|Executed", line) for line in lines]
    assert [match[0] for match in found if match] == ["Executing", "printed in a thread", "logged", "Executed"]


def test_a_function_that_never_returns_does_not_delay_the_end(start: Start, write_app: WriteApp) -> None:
    source = """
    @app.route()
    def hello(req):
        print("stuck", flush=True)
        threading.Event().wait()
    """
    program = start("local_azure.functions", str(write_app(source)), "--port", "0")
    url = f"http://127.0.0.1:{program.wait_for(r'localhost:([0-9]+)/api/hello')[1]}"
    program.wait_for("^Ready")

    def call() -> None:
        with suppress(OSError, HTTPException):
            send(url, "GET", "/api/hello")

    caller = threading.Thread(target=call)
    caller.start()
    program.wait_for("^stuck$")

    code, output = program.stop()
    caller.join(ANSWER_SECONDS)

    assert (code, "Traceback" in output) == (0, False)


@pytest.mark.parametrize(
    ("arguments", "moments"),
    [
        ((), ("argparse", "local_azure.functions.serving", "azure.functions")),
        (("--instances", "2"), ("local_azure.functions.instances.load_balancer",)),
        (("--reload",), ("watchfiles",)),
    ],
)
def test_ctrl_c_at_any_moment_of_the_start_is_no_traceback(
    start: Start, write_app: WriteApp, arguments: tuple[str, ...], moments: tuple[str, ...]
) -> None:
    folder = write_app(HELLO)
    for moment in moments:
        program = start(*STOPPED_AT, moment, "local_azure.functions", str(folder), "--port", "0", *arguments)
        output = program.rest()

        assert "Traceback" not in output, (moment, output)
        assert (program.process.returncode, output) in ((130, "Stopped before the start was complete."), (0, "")), (
            moment
        )


def test_a_route_prefix_with_a_brace_is_a_sentence_for_each_function(start: Start, write_app: WriteApp) -> None:
    folder = write_app(HELLO, host_json={"extensions": {"http": {"routePrefix": "{bad"}}})
    program = start("local_azure.functions", str(folder), "--port", "0")
    program.wait_for(
        "^The 'hello' function is in error: the route template '{bad/hello' has a brace that is not closed"
    )
    program.wait_for("^Ready")

    code, output = program.stop()

    assert (code, "Traceback" in output) == (0, False)


TICK = """
@app.timer_trigger("timer", "* * * * * *")
def tick(timer): ...
"""


def test_h097_killed_processes_are_started_again_and_one_of_them_runs_the_timers(
    start: Start, write_app: WriteApp, tmp_path: Path
) -> None:
    folder = write_app(HELLO + TICK)
    arguments = ("--port", "0", "--data", str(tmp_path / "data"), "--reload", "--instances", "2")
    program = start("local_azure.functions", str(folder), *arguments)
    url = url_of(program)
    program.wait_for("^Ready")
    ticks = [program.wait_for(r"\[instance (\d)\] Executing 'Functions\.tick'")[1] for _ in range(2)]
    assert ticks[0] == ticks[1]

    kill_app_processes(program)
    program.wait_for(r" was ended by SIGKILL: starting it again\.$")
    (folder / "function_app.py").write_text(HEADER + HELLO.replace('"one"', '"second"'))
    program.wait_for("^function_app.py changed")
    kill_app_processes(program)  # those that stop, or those that start
    (folder / "function_app.py").write_text(HEADER + HELLO.replace('"one"', '"third"') + TICK)
    program.wait_for("^function_app.py changed")
    program.wait_for("^Ready")
    assert send(url, "GET", "/api/hello").body == b"third"
    program.wait_for(r"\[instance \d\] Executing 'Functions\.tick'")
    code, output = program.stop()

    assert (code, "Traceback" in output) == (0, False)


def kill_app_processes(program: Program) -> None:
    """Kill the processes that serve the app, or are about to."""
    for child in psutil.Process(program.process.pid).children():
        with suppress(psutil.NoSuchProcess):
            if any("spawn_main" in argument for argument in child.cmdline()):
                child.kill()


@pytest.mark.parametrize(
    "arguments",
    [
        ("local_azure.functions", "{folder}", "--port", "{taken}"),
        ("local_azure", "--app", "{folder}", *FREE_PORTS, "--port", "{taken}"),
        ("local_azure", "--app", "{folder}", *FREE_PORTS, "--webpubsub-port", "{taken}"),
        ("local_azure", "--app", "{folder}", *FREE_PORTS, "--tables-port", "{taken}"),
    ],
)
def test_a_port_in_use_is_one_line(start: Start, write_app: WriteApp, arguments: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        given = {"folder": str(write_app(HELLO)), "taken": taken}
        program = start(*(argument.format(**given) for argument in arguments))
        output = program.rest()

    assert program.process.returncode == 1
    assert output == f"error: cannot listen on 127.0.0.1 port {taken}: {os.strerror(errno.EADDRINUSE)}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("local_azure.functions", "{folder}/none"), "error: there is no folder {folder}/none"),
        (("local_azure.functions", "{folder}", "--enable-auth"), "error: --enable-auth needs --data DIR"),
        (
            ("local_azure", "--app", "{folder}", *FREE_PORTS, "--tables-port", "0", "--webpubsub-settings", "x.json"),
            "error: x.json cannot be read",
        ),
    ],
)
def test_options_that_cannot_be_used_are_one_line(
    start: Start, write_app: WriteApp, arguments: tuple[str, ...], message: str
) -> None:
    folder = str(write_app(HELLO))
    program = start(*(argument.format(folder=folder) for argument in arguments))

    output = program.rest()

    assert program.process.returncode == 1
    assert output.startswith(message.format(folder=folder))
    assert "\n" not in output


def test_keys_are_checked_when_asked_for_and_kept_in_the_data_folder(
    start: Start, write_app: WriteApp, tmp_path: Path
) -> None:
    source = """
    @app.route(methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
    def hello(req): return func.HttpResponse()
    """
    data = tmp_path / "data"
    program = start(
        "local_azure.functions", str(write_app(source)), "--port", "0", "--data", str(data), "--enable-auth"
    )
    url = url_of(program)
    program.wait_for("^Ready")
    keys = json.loads((data / "keys.json").read_text())

    assert send(url, "GET", "/api/hello").status == 401
    assert send(url, "GET", "/api/hello", (("x-functions-key", keys["host"]),)).status == 200
    _, output = program.stop()
    assert not [key for key in keys.values() if key in output]


def test_reload_restarts_the_functions_host_and_not_web_pubsub(start: Start, write_app: WriteApp) -> None:
    folder = write_app(HELLO)
    program = start("local_azure", "--app", str(folder), *FREE_PORTS, "--reload")
    endpoint = program.wait_for(r"^Web PubSub\s+http://([\d.]+:\d+)/$")[1]
    url = url_of(program)
    program.wait_for("^Ready")
    host, port = endpoint.split(":")
    with socket.create_connection((host, int(port))) as held:
        assert send(url, "GET", "/api/hello").body == b"one"

        script = folder / "function_app.py"
        script.write_text(HEADER + HELLO.replace('"one"', '"second"'))
        program.wait_for(r"^function_app\.py changed: restarting the app\.$")
        # The address stays open while no process serves it: what comes now waits.
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))).close()
        program.wait_for("^Ready")
        assert send(url, "GET", "/api/hello").body == b"second"

        script.write_text(HEADER + "import no_such_module")
        program.wait_for("No module named 'no_such_module' .function_app.py, line")
        program.wait_for("^The app did not load")
        assert send(url, "GET", "/api/hello").status == 404

        (folder / "host.json").write_text("{")
        program.wait_for(r"^error: host\.json is not valid JSON")
        program.wait_for(r"^Waiting for a change of the app's files\.$")
        (folder / "host.json").write_text('{"version": "2.0"}')
        program.wait_for("^The app did not load")
        script.write_text(HEADER + HELLO.replace('"one"', '"third"'))
        program.wait_for("^Ready")
        assert send(url, "GET", "/api/hello").body == b"third"

        held.sendall(b"HEAD /api/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert held.recv(100).startswith(b"HTTP/1.1 200")
    code, output = program.stop()

    assert code == 0
    assert "Traceback" not in output.rpartition("Ready after")[2]


def test_h076_an_app_without_durable_functions_imports_none_of_them(write_app: WriteApp) -> None:
    """aiohttp is the host's own server; the app itself does not load it either."""
    program = """
import asyncio, sys
from pathlib import Path
from local_azure import functions

async def main():
    async with functions.serve(Path(sys.argv[1])) as host:
        assert [function.name for function in host.app.served] == ["hello", "setting"]

asyncio.run(main())
print([name for name in sys.modules if name.startswith(("azure.durable_functions", "local_azure.functions.durable"))])
import subprocess
code = "import sys, function_app; function_app.app.get_functions(); print('aiohttp' in sys.modules)"
print(subprocess.run([sys.executable, "-c", code], cwd=sys.argv[1], capture_output=True, text=True).stdout)
"""
    result = subprocess.run(
        [sys.executable, "-c", program, str(write_app(HELLO))], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert result.stdout.split() == ["[]", "False"]


EXAMPLE = "Endpoint=http://localhost:8080;AccessKey=k;Version=1.0;"
OWN = "Endpoint=http://127.0.0.1:9000;AccessKey=k;Version=1.0;"


@pytest.mark.parametrize(
    ("values", "environment", "is_set"),
    [
        ({}, {}, True),
        ({"WebPubSubConnectionString": EXAMPLE}, {}, True),
        ({"WebPubSubConnectionString": "Endpoint=http://127.0.0.1;Port=8080;AccessKey=k;"}, {}, True),
        ({"WebPubSubConnectionString": EXAMPLE}, {"WebPubSubConnectionString": ""}, True),
        ({"WebPubSubConnectionString": "Endpoint=https://a.webpubsub.azure.com;AccessKey=k;"}, {}, False),
        ({"WebPubSubConnectionString": "Endpoint=http://localhost:9999;AccessKey=k;"}, {}, False),
        ({"WebPubSubConnectionString": "nonsense"}, {}, False),
        ({"WebPubSubConnectionString": EXAMPLE}, {"WebPubSubConnectionString": EXAMPLE}, False),
        ({"WebPubSubConnectionString__serviceUri": "https://a.webpubsub.azure.com"}, {}, False),
        ({}, {"WebPubSubConnectionString__serviceUri": "https://a.webpubsub.azure.com"}, False),
    ],
)
def test_the_app_is_pointed_at_the_embedded_service_unless_it_chose_another(
    values: dict[str, str], environment: dict[str, str], is_set: bool
) -> None:
    expected = {"WebPubSubConnectionString": OWN} if is_set else {}

    assert connection_setting(values, environment, OWN) == expected


OWN_STORAGE = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:9002/d;"
)


@pytest.mark.parametrize(
    ("chosen", "is_set"),
    [
        ("", True),
        ("UseDevelopmentStorage=true", True),
        ("usedevelopmentstorage=TRUE;", True),
        ("AccountName=d;AccountKey=a2V5;TableEndpoint=http://localhost:10002/d;", True),
        ("AccountName=d;AccountKey=a2V5;TableEndpoint=http://localhost:9/d;", False),
        ("AccountName=chat;AccountKey=a2V5;EndpointSuffix=core.windows.net", False),
        ("TableEndpoint=http://[", False),
    ],
)
def test_the_app_is_pointed_at_the_embedded_storage_unless_it_chose_another(chosen: str, is_set: bool) -> None:
    expected = {"AzureWebJobsStorage": OWN_STORAGE} if is_set else {}

    assert storage_setting({"AzureWebJobsStorage": chosen}, {}, OWN_STORAGE) == expected
    assert storage_setting({}, {"AzureWebJobsStorage": chosen}, OWN_STORAGE) == ({} if chosen else expected)
    assert storage_setting({"AzureWebJobsStorage__accountName": "chat"}, {}, OWN_STORAGE) == {}


def test_event_handlers_at_the_default_address_follow_the_port() -> None:
    templates = {
        "http://localhost:7071/eventhandler/{event}": "http://localhost:9001/eventhandler/{event}",
        "http://127.0.0.1:7071/a?code=7071": "http://127.0.0.1:9001/a?code=7071",
        "http://localhost:7072/a": "http://localhost:7072/a",
        "https://chat.example:7071/a": "https://chat.example:7071/a",
    }
    handlers = [EventHandler(template, ("connect",), "*") for template in templates]

    followed = replace_functions_port(Settings(hubs={"chat": HubSettings(handlers)}), 9001)

    assert [handler.url_template for handler in followed.hub("chat").event_handlers] == list(templates.values())
    assert followed.hub("chat").event_handlers[0].system_events == ("connect",)
