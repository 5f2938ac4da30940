"""@azure/web-pubsub-client in its Node.js program: commands, their results, and its callbacks."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from local_azure.pytest_plugin import WebPubSub
from tests.interop.link import Link
from tests.interop.listening import HUB
from tests.interop.nodejs import Program, running_program

ALL_ROLES = ["webpubsub.joinLeaveGroup", "webpubsub.sendToGroup"]


class JavaScriptClient:
    """The client in its Node.js program."""

    def __init__(self, program: Program) -> None:
        self._program = program

    async def __call__(self, command: str, **options: object) -> dict[str, Any]:
        """Carry out a command and return its result; callbacks that come before it are kept."""
        self._program.write_line(json.dumps({"command": command, **options}))
        return await self._program.report("end" if command == "end" else "done")

    async def next_callback(self, kind: str) -> dict[str, Any]:
        """Return the next callback of this kind."""
        return await self._program.report(kind)

    def callbacks(self, kind: str) -> list[dict[str, Any]]:
        """Return every callback of this kind so far."""
        return [report for report in self._program.reports if report["report"] == kind]


Start = Callable[..., Awaitable[JavaScriptClient]]


@pytest.fixture
async def start(node: str, web_pubsub: WebPubSub) -> AsyncIterator[Start]:
    """Return a function that starts a client and waits until it is connected."""
    async with AsyncExitStack() as programs:

        async def start(
            user: str = "ana", *, roles: list[str] = ALL_ROLES, protocol: str = "reliable", through: Link | None = None
        ) -> JavaScriptClient:
            address = (through or web_pubsub).connection_string
            program = await programs.enter_async_context(
                running_program(node, "client", address, HUB, protocol, user, *roles)
            )
            client = JavaScriptClient(program)
            assert await client("start") == {"report": "done", "command": "start", "result": None}
            if not client.callbacks("connected"):
                await client.next_callback("connected")
            return client

        yield start
