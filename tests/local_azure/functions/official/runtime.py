"""The official runtime behind a socketless host of its own: requests go in and answers come out.

The runtime is the worker. The host's share (which function, what it hands over, what it makes of the answer) is done
here once more, from the functions that the runtime indexed.
"""

import asyncio
import base64
import json
import os
import subprocess
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local_azure.functions.http_server.responses import build_response
from local_azure.functions.http_server.urls import decode_path, parse_query
from local_azure.functions.routing.templates import parse_template
from tests.local_azure.functions.apps import Answer, send

WORKER = Path(__file__).with_name("worker.py")
START_SECONDS = 30.0
CALL_SECONDS = 20.0
INDEXING_SECONDS = 60.0
MAX_LINE_BYTES = 2**24


@dataclass
class OfficialApp:
    """One app in the official runtime.

    `failure` is why it could not be indexed, `functions` what it indexed, `failures` what its functions raised.
    `server` is the URL of the web extension's server, which gets the requests of an app that has one.
    """

    process: Process
    failure: str | None
    functions: list[dict[str, Any]]
    prefix: str
    durable_client: str
    server: str | None = None
    failures: list[str] = field(default_factory=list)
    _calls: int = 0

    async def send(
        self, method: str, target: str, *headers: tuple[str, str], host: str, body: bytes | None = None
    ) -> Answer:
        """Return what a client of the real host would receive."""
        raw_path, _, query = target.partition("?")
        for function in sorted(self.functions, key=lambda function: str(function["name"]).upper()):
            trigger = next((b for b in function["rawBindings"] if b["type"] == "httpTrigger"), None)
            if trigger is None or method not in (trigger.get("methods") or [method]):
                continue
            route = "/".join(filter(None, (self.prefix, trigger.get("route") or function["name"])))
            parameters = parse_template(route).match(decode_path(raw_path))
            if parameters is not None:
                http = {
                    "method": method,
                    "url": f"http://{host}{target}",
                    "headers": joined({"host": host}, headers, body),
                    "query": parse_query(query),
                    "params": parameters,
                    "body": base64.b64encode(body or b"").decode(),
                }
                invoking = self._invoke(function, trigger["name"], http, method)
                if self.server is None:
                    return await invoking
                sent = (("Host", host), *headers, ("X-Ms-Invocation-Id", str(self._calls + 1)))
                forwarding = asyncio.to_thread(forward, self.server, method, target, sent, body)
                return (await asyncio.gather(forwarding, invoking))[0]
        return Answer(404, [], b"")

    async def _invoke(self, function: dict[str, Any], trigger: str, http: dict[str, Any], method: str) -> Answer:
        arguments: dict[str, Any] = {trigger: {"http": http}} | self._clients(function)
        (outcome,) = await self._outcomes([(function, arguments)])
        if "failure" in outcome:
            self.failures.append(f"{function['name']}: {outcome['failure']}")
        return answer_of(outcome, method)

    async def invoke_durable(self, calls: Sequence[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
        """Call functions by name at once, with their arguments as typed data; return the outcome of each."""
        by_name = {function["name"]: function for function in self.functions}
        complete = [(by_name[name], arguments | self._clients(by_name[name])) for name, arguments in calls]
        return await self._outcomes(complete)

    def _clients(self, function: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments for the durable clients that a function is given."""
        clients = [binding for binding in function["rawBindings"] if binding["type"] == "durableClient"]
        return {binding["name"]: {"string": self.durable_client} for binding in clients}

    async def _outcomes(self, calls: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> list[dict[str, Any]]:
        requests = []
        for function, arguments in calls:
            self._calls += 1
            call = {"invocationId": str(self._calls), "functionId": function["functionId"], "arguments": arguments}
            requests.append(call)
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(requests).encode() + b"\n")
        outcomes: list[dict[str, Any]] = await read(self.process, CALL_SECONDS)
        return outcomes


@asynccontextmanager
async def official_app(
    folder: Path,
    settings: Mapping[str, str],
    *,
    prefix: str = "api",
    durable_client: str = "",
    python: str = sys.executable,
) -> AsyncIterator[OfficialApp]:
    """Index the app in a process of its own, because the runtime keeps one app in its module globals.

    `python` is the interpreter whose environment has what the app needs.
    """
    environment = _environment(settings)
    command = (python, str(WORKER), str(folder))
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, limit=MAX_LINE_BYTES
    )
    assert process.stdin is not None
    assert process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    try:
        started = await read(process, START_SECONDS)
        yield OfficialApp(process, started["failure"], started["functions"], prefix, durable_client, started["server"])
    except EOFError:
        raise AssertionError(f"the official runtime's process ended:\n{(await errors).decode()}") from None
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), CALL_SECONDS)
        await errors


def index_apps(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """Index several apps, each in a process of its own; return the `functions` and the `failure` of each."""
    ran = subprocess.run(
        [sys.executable, str(WORKER), *map(str, folders)],
        env=_environment({}),
        capture_output=True,
        text=True,
        timeout=INDEXING_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    environment = {**os.environ, **settings, "TZ": "UTC"}
    environment.pop("CONTAINER_NAME", None)
    return environment


def forward(server: str, method: str, target: str, headers: tuple[tuple[str, str], ...], body: bytes | None) -> Answer:
    """Send a request on to the server of the web extension, which may not be listening yet."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            return send(server, method, target, headers, body)
        except ConnectionRefusedError:
            assert time.monotonic() < until, f"nothing listens at {server}"
            time.sleep(0.01)


async def read(process: Process, seconds: float) -> Any:
    """Return the process's next answer; raises EOFError when it ended."""
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), seconds)
    if not line:
        raise EOFError
    return json.loads(line)


def joined(first: dict[str, str], headers: tuple[tuple[str, str], ...], body: bytes | None) -> dict[str, str]:
    """Return the headers as the host hands them over, with those that our test client adds."""
    result = {**first, "accept-encoding": "identity"}
    for name, value in headers:
        key = name.lower()
        result[key] = f"{result[key]},{value}" if key in result and key != "host" else value
    return result if body is None else {**result, "content-length": str(len(body))}


def answer_of(outcome: dict[str, Any], method: str) -> Answer:
    """Return what the real host makes of a worker's outcome."""
    if "failure" in outcome:
        return Answer(500, [], b"")
    if "kind" in outcome and outcome["kind"] is None:
        # No output was set and nothing was returned; the host then answers 200.
        return Answer(200, [], b"")
    if "http" not in outcome:
        # A plain text; reading it as JSON is the host's part, which the runtime knows nothing of.
        assert outcome["kind"] == "string"
        text = build_response(outcome["value"], "http")
        return Answer(text.status, list(text.headers), text.body)
    http = outcome["http"]
    headers = [*http["headers"].items(), *(("Set-Cookie", printed(cookie)) for cookie in http["cookies"])]
    status = int(http["status"])
    body = b"" if method == "HEAD" or status in (204, 304) else base64.b64decode(http["body"])
    return Answer(status, headers, body)


def printed(cookie: Mapping[str, Any]) -> str:
    """Return a Set-Cookie header in the form of ASP.NET Core, which the host is made with."""
    parts = [f"{cookie['name']}={quote(cookie['value'], safe='')}"]
    if cookie["expires"] is not None:
        parts.append(f"expires={formatdate(cookie['expires'], usegmt=True)}")
    if cookie["max_age"] is not None:
        parts.append(f"max-age={int(cookie['max_age'])}")
    if cookie["domain"]:
        parts.append(f"domain={cookie['domain']}")
    parts.append(f"path={cookie['path'] or '/'}")
    parts += ["secure"] if cookie["secure"] else []
    parts += [f"samesite={cookie['same_site']}"] if cookie["same_site"] else []
    parts += ["httponly"] if cookie["http_only"] else []
    return "; ".join(parts)
