"""The embedded Web PubSub service, Table storage and the Functions host, each its own process, which a test can end."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.conftest import Process, free_port, storage_connection
from tests.e2e.people import ACCESS_KEY


@dataclass
class Processes:
    """The three servers; `url` is the page's."""

    webpubsub: Process
    tables: Process
    functions: Process
    url: str

    @property
    def all(self) -> tuple[Process, ...]:
        """All of them, in the order in which they are stopped."""
        return self.functions, self.tables, self.webpubsub


@contextmanager
def run_processes(folder: Path, app: str | Path = ".", instances: int = 1, **more: str) -> Iterator[Processes]:
    """Run an app's folder while the block lasts; `more` are further settings. Logs and stored rows go to `folder`."""
    webpubsub_port, tables_port, functions_port = free_port(), free_port(), free_port()
    endpoint, url = f"http://localhost:{webpubsub_port}", f"http://localhost:{functions_port}"
    settings = {
        "WebPubSub__Hubs__Sample_ChatApp__EventHandlers__0__UrlTemplate": f"{url}/eventhandler/{{event}}",
        "WebPubSubConnectionString": f"Endpoint={endpoint};AccessKey={ACCESS_KEY};Version=1.0;",
        "AzureWebJobsStorage": storage_connection(tables_port),
        "ChatAuth": "open",
    } | more
    webpubsub = [sys.executable, "-m", "local_azure.webpubsub", "--settings", "webpubsub.json"]
    tables = [sys.executable, "-m", "local_azure.tables", "--port", str(tables_port), "--data", str(folder / "tables")]
    functions = [sys.executable, "-m", "local_azure.functions", str(app), "--port", str(functions_port)]
    functions += ["--instances", str(instances)] if instances > 1 else []
    started = Processes(
        Process(
            [*webpubsub, "--port", str(webpubsub_port)],
            f"{endpoint}/api/health",
            folder / "webpubsub.log",
            **settings,
        ),
        Process(tables, f"http://127.0.0.1:{tables_port}/", folder / "tables.log", **settings),
        Process(functions, f"{url}/", folder / "functions.log", **settings),
        url,
    )
    try:
        for process in reversed(started.all):
            process.start()
        yield started
    finally:
        for process in started.all:
            if process.running:
                process.stop()
