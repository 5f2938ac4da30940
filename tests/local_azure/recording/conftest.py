"""A recorded conversation, and the app of it."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.local_azure.recording.conversation import CONVERSATION


class CountingApp(BaseHTTPRequestHandler):
    """An app that answers how many characters a text has; it is synchronous, as many are."""

    def do_OPTIONS(self) -> None:
        self.send_response(200)
        self.send_header("WebHook-Allowed-Origin", "*")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"characters": len(event["text"])}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture(scope="module")
def app_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), CountingApp) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{{event}}"
        server.shutdown()
        thread.join()


@pytest.fixture
def conversation(tmp_path: Path) -> Path:
    file = tmp_path / "conversation.jsonl"
    file.write_text(CONVERSATION, encoding="utf-8")
    return file
