"""The chats under load, each in processes of its own, with a Web PubSub service that was started for it.

Ours comes twice: as `dev.py run` serves it, and with each part of local Azure in a process of its own, which tells what
each of them costs.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.load.processes import ROOT, Program, cpu_seconds, free_port, running_program
from chat.rate_limits import Kind

PEERS = ROOT / "bench/peers"
HUB = "Sample_ChatApp"
PYTHON = [sys.executable, "-m"]
ANY_PORT = ["--port", "0"]
# A load sends faster than people.
HIGH_LIMITS = {"ChatRateLimits": ", ".join(f"{kind}=60000/60000" for kind in Kind)}


@dataclass(frozen=True)
class Chat:
    """A running chat: its address, its parts, and whether a client enters a room by an event or by its token.

    A part has a name and a function that returns the CPU time that its processes have used until now, in seconds.
    `tables` is the address of its Table storage, where that is known.
    """

    url: str
    parts: Mapping[str, Callable[[], float]]
    joins_by_event: bool
    tables: str = ""

    def cpu_seconds(self) -> dict[str, float]:
        """Return the CPU time that each part has used until now."""
        return {name: seconds() for name, seconds in self.parts.items()}


@contextmanager
def ours(folder: Path, settings: Mapping[str, str] = HIGH_LIMITS) -> Iterator[Chat]:
    """Run our chat as `dev.py run` does, with its data in `folder`."""
    command = [*PYTHON, "local_azure", "--app", str(ROOT), "--data", str(folder / "data"), *ANY_PORT]
    command += ["--webpubsub-port", "0", "--tables-port", "0"]
    with running_program("local Azure", command, folder, {"ChatAuth": "open", **settings}) as program:
        url = program.wait_for_line(r"Functions host +(http://\S+)/")
        tables = program.wait_for_line(r"Table storage +(\S+)")
        program.wait_for_line(r"(Ready after)")
        # The app's process is a child of the one that serves Web PubSub and Table storage.
        parts = {
            "app": lambda: cpu_seconds(*program.children()),
            "services": lambda: cpu_seconds(psutil.Process(program.process.pid)),
        }
        yield Chat(url, parts, joins_by_event=True, tables=tables)


@contextmanager
def ours_apart(folder: Path) -> Iterator[Chat]:
    """Run our chat with the Functions host, Web PubSub and Table storage in a process each."""
    port = free_port()
    host = [*PYTHON, "local_azure.functions", str(ROOT), "--port", str(port), "--data", str(folder / "data")]
    with ExitStack() as stack:
        events = ["connect", "connected", "disconnected"]
        service, connection = _start_service(stack, folder, f"http://localhost:{port}/eventhandler/{{event}}", events)
        command = [*PYTHON, "local_azure.tables", "--data", str(folder), *ANY_PORT]
        storage = stack.enter_context(running_program("storage", command, folder))
        settings = {
            "ChatAuth": "open",
            **HIGH_LIMITS,
            "WebPubSubConnectionString": connection,
            "AzureWebJobsStorage": storage.wait_for_line(r"Connection string: (\S+)"),
        }
        app = stack.enter_context(running_program("app", host, folder, settings))
        app.wait_for_line(r"(Ready after)")
        parts = {"app": app.cpu_seconds, "Web PubSub": service.cpu_seconds, "storage": storage.cpu_seconds}
        yield Chat(f"http://localhost:{port}", parts, joins_by_event=True)


@contextmanager
def express(folder: Path) -> Iterator[Chat]:
    """Run the chat on Express; raises RuntimeError without Node.js."""
    node = shutil.which("node")
    if node is None:
        raise RuntimeError("the chat on Express needs Node.js on the PATH")
    with _peer(folder, [node, str(PEERS / "express/chat.mjs")], r"(Express chat listens)") as chat:
        yield chat


@contextmanager
def flask(folder: Path) -> Iterator[Chat]:
    """Run the chat on Flask's development server."""
    with _peer(folder, [sys.executable, str(PEERS / "flask/chat.py")], r"(Running on)") as chat:
        yield chat


CHATS = {"ours": ours, "ours, services apart": ours_apart, "Express": express, "Flask": flask}


@contextmanager
def _peer(folder: Path, command: list[str], ready: str) -> Iterator[Chat]:
    port = free_port()
    with ExitStack() as stack:
        service, connection = _start_service(stack, folder, f"http://127.0.0.1:{port}/eventhandler", ["connected"])
        settings = {"WebPubSubConnectionString": connection}
        app = stack.enter_context(running_program("app", [*command, str(port)], folder, settings))
        app.wait_for_line(ready)
        parts = {"app": app.cpu_seconds, "Web PubSub": service.cpu_seconds}
        yield Chat(f"http://127.0.0.1:{port}", parts, joins_by_event=False)


def _start_service(stack: ExitStack, folder: Path, handler: str, events: list[str]) -> tuple[Program, str]:
    """Start Web PubSub with one event handler; return the program and its connection string."""
    handlers = [{"UrlTemplate": handler, "SystemEvents": events, "EventPattern": "*"}]
    file = folder / "webpubsub.json"
    file.write_text(json.dumps({"WebPubSub": {"Hubs": {HUB: {"EventHandlers": handlers}}}}))
    command = [*PYTHON, "local_azure.webpubsub", "--settings", str(file), *ANY_PORT]
    service = stack.enter_context(running_program("Web PubSub", command, folder))
    return service, service.wait_for_line(r"Connection string: (\S+)")
