"""A stand-in for Azure Resource Manager with one Web PubSub resource, and a stand-in for the program azd.

It answers as ARM's documentation says: a token is needed, a hub that is not there is 404, a PUT is accepted and carried
out a little later, calls may be throttled.
"""

import asyncio
import json
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.chat.stub_server import a_server

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP, SERVICE = "rg-chat", "wps-chat"
HUBS = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.SignalRService/webPubSub/{SERVICE}/hubs/"
)
OPERATIONS = "/operations/"
TOKEN = "t0ken-of-the-signed-in-user"
Hub = dict[str, Any]


@dataclass
class FakeArm:
    """The hubs by name, and how ARM behaves; `calls` are the methods and paths of the calls that it carried out.

    A PUT is in force after the hub or its operation was read `reads_until_done` times. `throttled` calls are refused
    first, each with `throttle_status`. `refusal` is the code with which a PUT is refused, `failure` the one with which
    a change fails later.
    """

    hubs: dict[str, Hub] = field(default_factory=dict)
    on_change: Callable[[Hub], None] = lambda hub: None
    reads_until_done: int = 2
    throttled: int = 0
    throttle_status: int = 429
    refusal: str = ""
    failure: str = ""
    tells_operation: bool = True
    changes_to: Callable[[Hub], Hub] = lambda hub: hub
    calls: list[tuple[str, str]] = field(default_factory=list)
    written: list[Hub] = field(default_factory=list)
    url: str = ""
    _pending: tuple[str, Hub] | None = None
    _reads: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return error(401, "InvalidAuthenticationToken")
        if self.throttled > 0:
            self.throttled -= 1
            return error(self.throttle_status, "TooManyRequests", {"Retry-After": "0"})
        self.calls.append((request.method, request.path))
        self._advance()
        if request.path.startswith(OPERATIONS):
            return self._operation()
        if request.query.get("api-version") != "2024-03-01":
            return error(400, "InvalidApiVersionParameter")
        if not request.path.startswith(HUBS):
            return error(404, "ResourceGroupNotFound")
        name = request.path.removeprefix(HUBS)
        return await self._put(name, request) if request.method == "PUT" else self._get(name)

    def _advance(self) -> None:
        """Carry out the change that waits when it was read often enough."""
        if self._pending is None:
            return
        self._reads += 1
        if self._reads >= self.reads_until_done and not self.failure:
            name, hub = self._pending
            self._pending, self.hubs[name] = None, hub
            self.on_change(hub)

    def _operation(self) -> web.Response:
        if self.failure and self._reads >= self.reads_until_done:
            return web.json_response({"status": "Failed", "error": {"code": self.failure, "message": "it failed"}})
        return web.json_response({"status": "Succeeded" if self._pending is None else "InProgress"})

    def _get(self, name: str) -> web.Response:
        if self._pending is not None and self._pending[0] == name:
            state = "Failed" if self.failure and self._reads >= self.reads_until_done else "Creating"
            return resource(name, self._pending[1], state)
        return resource(name, self.hubs[name], "Succeeded") if name in self.hubs else error(404, "ResourceNotFound")

    async def _put(self, name: str, request: web.Request) -> web.Response:
        if self.refusal:
            return error(400, self.refusal)
        hub: Hub = (await request.json())["properties"]
        self.written.append(hub)
        self._pending, self._reads = (name, self.changes_to(hub)), 0
        answer = resource(name, hub, "Creating", status=200 if name in self.hubs else 201)
        if self.tells_operation:
            answer.headers["Azure-AsyncOperation"] = f"{self.url}{OPERATIONS}1?api-version=2024-03-01"
        return answer


def resource(name: str, hub: Hub, state: str, *, status: int = 200) -> web.Response:
    """Return a hub as ARM shows it."""
    content = {"id": HUBS + name, "name": name, "properties": hub | {"provisioningState": state}}
    return web.json_response(content, status=status)


def error(status: int, code: str, headers: dict[str, str] | None = None) -> web.Response:
    """Return an error as ARM shows it."""
    content = {"error": {"code": code, "message": f"{code}, says ARM"}}
    return web.json_response(content, status=status, headers=headers)


@asynccontextmanager
async def run_arm(arm: FakeArm) -> AsyncIterator[FakeArm]:
    """Serve it; its address is in `url`."""
    async with a_server(arm.answer) as arm.url:
        yield arm


def make_azd(folder: Path, *, token: str = TOKEN, exit_code: int = 0) -> Path:
    """Return a folder for the PATH with a program azd, which writes its arguments into arguments.json beside it."""
    folder.mkdir(exist_ok=True)
    program = folder / "azd_program.py"
    answer = json.dumps({"token": token, "expiresOn": "2026-01-31T12:00:00Z"})
    program.write_text(
        "import json, sys\n"
        f"json.dump(sys.argv[1:], open({str(folder / 'arguments.json')!r}, 'w'))\n"
        f"print({answer!r}) if not {exit_code} else print('ERROR: not logged in', file=sys.stderr)\n"
        f"sys.exit({exit_code})\n"
    )
    if sys.platform == "win32":
        (folder / "azd.cmd").write_text(f'@"{sys.executable}" "{program}" %*\n')
        return folder
    launcher = folder / "azd"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}" "$@"\n')
    launcher.chmod(launcher.stat().st_mode | stat.S_IXUSR)
    return folder


async def run_hook(file: Path, arguments: list[str], environment: dict[str, str], folder: Path) -> tuple[int, str]:
    """Run the hook as azd does, from another folder; return its exit code and all that it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(file),
        *arguments,
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()
