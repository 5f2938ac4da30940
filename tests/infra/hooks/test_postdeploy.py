"""The hook as azd runs it, against the real chat, a stand-in for ARM and one for azd."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from tests.chat.local_chat import HUB, ROOT, LocalChat, run_chat
from tests.doctor.fronts import a_front, closed_address
from tests.infra.hooks.fake_arm import GROUP, SERVICE, SUBSCRIPTION, TOKEN, FakeArm, make_azd, run_arm, run_hook

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOOK = ROOT / "infra" / "hooks" / "postdeploy.py"
AUDIENCE = "https://webpubsub.azure.com"
SYSTEM_EVENTS = ["connect", "connected", "disconnected"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chat() -> AsyncIterator[LocalChat]:
    """The chat, whose events come as long as a test does not take its handler away."""
    async with run_chat() as running:
        yield running


async def pass_on(request: web.Request) -> web.Response | None:
    """Let the app answer: the front is there for its address."""
    return None


class Deployed:
    """The chat as it was deployed: its address, ARM, and the values of azd's environment."""

    def __init__(self, chat: LocalChat, url: str, arm: FakeArm, folder: Path) -> None:
        self.chat, self.url, self.arm, self.folder = chat, url, arm, folder
        self.path = make_azd(folder / "bin")
        self.values = {
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
            "AZURE_TENANT_ID": "99999999-8888-7777-6666-555555555555",
            "AZURE_RESOURCE_GROUP": GROUP,
            "AZURE_RESOURCE_MANAGER_URL": arm.url,
            "CHAT_APP_URL": url,
            "CHAT_HUB": HUB,
            "CHAT_WEBPUBSUB_NAME": SERVICE,
            "CHAT_WEBPUBSUB_ENDPOINT": "https://127.0.0.1",
            "CHAT_WEBHOOK_AUDIENCE": AUDIENCE,
        }

    @property
    def handler(self) -> dict[str, Any]:
        """The handler that the hub must have."""
        return {
            "urlTemplate": f"{self.url}/eventhandler/{{event}}",
            "userEventPattern": "*",
            "systemEvents": SYSTEM_EVENTS,
            "auth": {"type": "ManagedIdentity", "managedIdentity": {"resource": AUDIENCE}},
        }

    def apply(self, hub: dict[str, Any]) -> None:
        """Let the local service do what ARM was told: it asks the first handler."""
        handlers = hub["eventHandlers"]
        if handlers and handlers[0]["urlTemplate"].startswith(self.url):
            self.chat.deliver(*handlers[0]["systemEvents"], url=self.url)
        else:
            self.chat.service.set_event_handlers(HUB, [])

    async def run(self, *arguments: str, **values: str) -> tuple[int, str]:
        """Run the hook with azd's environment; return its exit code and what it printed."""
        environment = {"PATH": f"{self.path}{os.pathsep}{os.environ['PATH']}"} | self.values | values
        options = ["--wait", "10", "--pause", "0.01", *arguments]
        code, output = await run_hook(HOOK, options, environment, self.folder)
        assert TOKEN not in output
        assert "Traceback" not in output, output
        return code, output


@asynccontextmanager
async def deployed(chat: LocalChat, folder: Path, arm: FakeArm | None = None) -> AsyncIterator[Deployed]:
    """Deploy the chat: its events come, and ARM has no hub yet."""
    async with a_front(chat.url, pass_on) as url, run_arm(arm or FakeArm()) as running:
        deployment = Deployed(chat, url, running, folder)
        running.on_change = deployment.apply
        chat.deliver(*SYSTEM_EVENTS, url=url)
        yield deployment


def lines(output: str, verdict: str) -> list[str]:
    """Return the checks with a verdict."""
    return [line[12:].partition(":")[0] for line in output.splitlines() if line.startswith(f"{verdict} ")]


async def test_of_a_whole_deployment_every_line_is_ok_and_the_address_is_the_last(
    chat: LocalChat, tmp_path: Path
) -> None:
    async with deployed(chat, tmp_path) as deployment:
        deployment.arm.hubs[HUB] = {"eventHandlers": [deployment.handler]}
        code, output = await deployment.run()

    assert code == 0, output
    assert output.splitlines()[-1] == f"The chat: {deployment.url}"
    assert lines(output, "wrong") == []
    assert lines(output, "cannot tell") == ["webhook.right_signature"]
    assert {"health.ready", "webhook.validation", "hub.resource", "round_trip.history"} <= set(lines(output, "ok"))
    assert [method for method, _ in deployment.arm.calls] == ["GET"]
    asked = json.loads((deployment.path / "arguments.json").read_text())
    assert asked[:4] == ["auth", "token", "--output", "json"]
    assert asked[4:] == [
        "--tenant-id",
        deployment.values["AZURE_TENANT_ID"],
        "--scope",
        f"{deployment.arm.url}/.default",
    ]


async def test_a_hub_that_is_not_there_is_made_and_then_a_message_goes_round(chat: LocalChat, tmp_path: Path) -> None:
    async with deployed(chat, tmp_path) as deployment:
        chat.service.set_event_handlers(HUB, [])
        first = await deployment.run()
        second = await deployment.run()

    assert first[0] == second[0] == 0, first[1]
    assert "there is no such hub" in first[1]
    assert deployment.arm.hubs[HUB] == {"anonymousConnectPolicy": "deny", "eventHandlers": [deployment.handler]}
    assert [method for method, _ in deployment.arm.calls].count("PUT") == 1, "the second run changes nothing"


async def test_a_hub_that_differs_is_set_and_what_others_made_of_it_stays(chat: LocalChat, tmp_path: Path) -> None:
    other = {"urlTemplate": "https://other.example/{event}", "userEventPattern": "other", "systemEvents": []}
    async with deployed(chat, tmp_path, FakeArm(tells_operation=False)) as deployment:
        old = deployment.handler | {"systemEvents": ["connect"], "auth": {"type": "None"}}
        deployment.arm.hubs[HUB] = {
            "anonymousConnectPolicy": "allow",
            "webSocketKeepAliveIntervalInSeconds": 40,
            "eventHandlers": [old, other],
        }
        code, output = await deployment.run()

    assert code == 0, output
    assert "it does not get the system events connected, disconnected" in output
    assert deployment.arm.hubs[HUB] == {
        "anonymousConnectPolicy": "allow",
        "webSocketKeepAliveIntervalInSeconds": 40,
        "eventHandlers": [deployment.handler, other],
    }


async def test_an_app_that_becomes_ready_later_is_waited_for(chat: LocalChat, tmp_path: Path) -> None:
    asked = []

    async def start_slowly(request: web.Request) -> web.Response | None:
        asked.append(request.path)
        if len(asked) < 4:
            return web.Response(status=503)
        return None

    async with deployed(chat, tmp_path) as deployment, a_front(deployment.url, start_slowly) as url:
        deployment.arm.hubs[HUB] = {
            "eventHandlers": [deployment.handler | {"urlTemplate": f"{url}/eventhandler/{{event}}"}]
        }
        code, output = await deployment.run(CHAT_APP_URL=url)

    assert code == 0, output
    assert f"waiting for {url}/healthz and /readyz, up to 10 s" in output


async def test_an_app_that_never_answers_ends_the_hook_with_the_fix(chat: LocalChat, tmp_path: Path) -> None:
    async with deployed(chat, tmp_path) as deployment:
        code, output = await deployment.run("--wait", "0.2", CHAT_APP_URL=closed_address())

    assert code == 1
    assert lines(output, "wrong") == ["health.alive"]
    assert "docs/troubleshooting.md#" in output
    assert deployment.arm.calls == []


async def test_a_webhook_that_the_service_cannot_use_is_wrong_and_the_rest_is_still_looked_at(
    chat: LocalChat, tmp_path: Path
) -> None:
    async def cors(request: web.Request) -> web.Response | None:
        return web.Response(status=204) if request.method == "OPTIONS" else None

    async with deployed(chat, tmp_path) as deployment, a_front(chat.url, cors) as url:
        code, output = await deployment.run(CHAT_APP_URL=url)

    assert code == 1
    assert "webhook.validation" in lines(output, "wrong")
    assert "hub.resource" in lines(output, "ok")
    assert output.splitlines()[-1].startswith("Something is wrong")


async def test_a_hub_that_arm_refuses_is_wrong(chat: LocalChat, tmp_path: Path) -> None:
    async with deployed(chat, tmp_path, FakeArm(refusal="HandlerRefused")) as deployment:
        code, output = await deployment.run()

    assert (code, lines(output, "wrong")) == (1, ["hub.resource"]), output
    assert "ARM answered 400 HandlerRefused" in output


async def test_who_is_not_signed_in_or_may_not_is_told_what_to_do(chat: LocalChat, tmp_path: Path) -> None:
    async with deployed(chat, tmp_path) as deployment:
        make_azd(deployment.path, exit_code=1)
        signed_out = await deployment.run()
        make_azd(deployment.path, token="an-old-token")
        refused = await deployment.run()
        missing = await deployment.run(PATH=str(tmp_path))
        make_azd(deployment.path)
        elsewhere = await deployment.run(AZURE_RESOURCE_GROUP="another")

    assert [code for code, _ in (signed_out, refused, missing, elsewhere)] == [1, 1, 1, 1]
    assert "ended with 1: ERROR: not logged in" in signed_out[1]
    assert "ARM answered 401 InvalidAuthenticationToken" in refused[1]
    assert "an-old-token" not in refused[1]
    assert signed_out[1].count("azd auth login") == 1
    assert "install the Azure Developer CLI" in missing[1]
    assert "azd provision" in elsewhere[1]


async def test_without_its_values_the_hook_does_not_begin(chat: LocalChat, tmp_path: Path) -> None:
    async with deployed(chat, tmp_path) as deployment:
        nothing = await deployment.run(CHAT_HUB="", CHAT_APP_URL=" ")
        in_the_clear = await deployment.run(AZURE_RESOURCE_MANAGER_URL="http://arm.example")
        no_address = await deployment.run(CHAT_APP_URL="chat.example")

    assert [code for code, _ in (nothing, in_the_clear, no_address)] == [2, 2, 2]
    assert "no CHAT_APP_URL, CHAT_HUB" in nothing[1]
    assert "must begin with https://" in in_the_clear[1]
    assert deployment.arm.calls == []
