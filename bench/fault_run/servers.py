"""The app, Web PubSub and Table storage, each in processes of its own that can be killed, and the faults of two."""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import psutil

from bench.load.chats import HIGH_LIMITS, HUB
from bench.load.processes import ROOT, Program, free_port, start_program

APP, WEB_PUBSUB, STORAGE = "app", "Web PubSub", "storage"
FAULT_SECONDS = 5.0
TRIGGERED = "fault triggered"
"""What both services write to their output each time."""


@dataclass(frozen=True)
class _Server:
    """How to start a server, and the line of its output that says that it is ready."""

    command: list[str]
    ready: str
    settings: Mapping[str, str]


class Servers:
    """The servers of one chat, at fixed ports. The app may have several instances behind one address.

    `connection_string` is that of Web PubSub, "" until it was started.
    """

    def __init__(self, folder: Path, instances: int) -> None:
        app, service, storage = free_port(), free_port(), free_port()
        self.app_url = f"http://127.0.0.1:{app}"
        self.connection_string = ""
        self._service_url = f"http://127.0.0.1:{service}"
        self._folder = folder
        self._running: dict[str, Program] = {}
        python, settings_file = [sys.executable, "-m"], folder / "webpubsub.json"
        settings_file.write_text(json.dumps(_service_settings(app)))
        host = [*python, "local_azure.functions", str(ROOT), "--port", str(app), "--data", str(folder / "app")]
        host += ["--instances", str(instances)] if instances > 1 else []
        chat_settings = {"ChatAuth": "open", **HIGH_LIMITS}
        self._servers = {
            STORAGE: _Server(
                [*python, "bench.load.storage", str(storage), str(folder)], r"Connection string: (\S+)", {}
            ),
            WEB_PUBSUB: _Server(
                [*python, "local_azure.webpubsub", "--settings", str(settings_file), "--port", str(service)],
                r"Connection string: (\S+)",
                {},
            ),
            APP: _Server(host, r"(Ready after)", chat_settings),
        }

    async def start_all(self) -> str:
        """Start the servers, the app last, and return the connection string of storage.

        Raises RuntimeError when one does not start.
        """
        storage, service = await self.start(STORAGE, WEB_PUBSUB)
        self.connection_string = service
        connections = {"AzureWebJobsStorage": storage, "WebPubSubConnectionString": service}
        app = self._servers[APP]
        self._servers[APP] = replace(app, settings={**app.settings, **connections})
        await self.start(APP)
        return storage

    async def start(self, *names: str) -> list[str]:
        """Start servers at the same time; return what their ready lines say."""
        for name in names:
            server = self._servers[name]
            self._running[name] = start_program(name, server.command, self._folder, server.settings)
        waiting = [asyncio.to_thread(self._running[name].wait_for_line, self._servers[name].ready) for name in names]
        return await asyncio.gather(*waiting)

    def kill(self, name: str) -> None:
        """End a server as `kill -9` does."""
        self._running.pop(name).kill()

    def kill_instance(self) -> int:
        """End one of the app's processes as `kill -9` does; return its process id."""
        instance: psutil.Process = self._running[APP].children()[-1]
        instance.kill()
        return instance.pid

    def stop_all(self) -> None:
        """End all servers."""
        for name in (APP, WEB_PUBSUB, STORAGE):
            if program := self._running.pop(name, None):
                program.stop()

    async def add_fault(self, http: aiohttp.ClientSession, fault: str) -> None:
        """Add a fault to the server that it is for; raises RuntimeError when it is refused."""
        if fault.split()[1] == "storage":
            self._running[STORAGE].write_line(fault)
            return
        timeout = aiohttp.ClientTimeout(FAULT_SECONDS)
        async with http.post(
            f"{self._service_url}/inspector/faults", json={"fault": fault}, timeout=timeout
        ) as response:
            if response.status != 201:
                raise RuntimeError(f"{fault}: {await response.text()}")

    def cpu_seconds(self) -> dict[str, float]:
        """Return the CPU time that each server has used until now."""
        return {name: program.cpu_seconds() for name, program in self._running.items()}

    def triggered_faults(self) -> int:
        """Return how often a fault was triggered until now."""
        return sum(file.read_text(errors="replace").count(TRIGGERED) for file in self._folder.glob("*.log"))


def _service_settings(app_port: int) -> dict[str, object]:
    handler = {
        "UrlTemplate": f"http://127.0.0.1:{app_port}/eventhandler/{{event}}",
        "SystemEvents": ["connect", "connected", "disconnected"],
        "EventPattern": "*",
    }
    return {"WebPubSub": {"Hubs": {HUB: {"EventHandlers": [handler]}}}}
