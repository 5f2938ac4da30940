"""The hub in ARM: written and waited for, throttled, refused, failed; and the token, which goes nowhere else."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from infra.hooks.arm import PUBLIC_CLOUD, ArmError, HubResource, check_arm_url, read_token
from infra.hooks.postdeploy import Deployment, check_hub
from tests.chat.stub_server import a_server
from tests.doctor.fronts import closed_address
from tests.infra.hooks.fake_arm import GROUP, SERVICE, SUBSCRIPTION, TOKEN, FakeArm, make_azd, run_arm

HUB = "Sample_ChatApp"
SETTINGS = {"anonymousConnectPolicy": "deny", "eventHandlers": [{"urlTemplate": "https://chat.example/{event}"}]}
APP = Deployment("https://chat.example", HUB, SERVICE, "", SUBSCRIPTION, GROUP, "", "audience")


def the_hub(arm_url: str, **more: Any) -> HubResource:
    values: dict[str, Any] = {"token": TOKEN, "wait_seconds": 10.0, "pause": 0.001} | more
    return HubResource(
        arm_url=arm_url, subscription=SUBSCRIPTION, resource_group=GROUP, service=SERVICE, hub=HUB, **values
    )


@pytest.mark.parametrize("tells_operation", [True, False])
async def test_a_hub_is_written_when_arm_says_that_it_is_in_force(tells_operation: bool) -> None:
    async with run_arm(FakeArm(reads_until_done=4, tells_operation=tells_operation)) as arm:
        hub = the_hub(arm.url)
        before = await asyncio.to_thread(hub.read)
        written = await asyncio.to_thread(hub.write, SETTINGS)
        after = await asyncio.to_thread(hub.read)

    assert before is None
    assert written == after == SETTINGS | {"provisioningState": "Succeeded"}
    assert len(arm.calls) >= 4


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_calls_that_are_throttled_or_fail_are_tried_again(status: int) -> None:
    async with run_arm(FakeArm(throttled=3, throttle_status=status)) as arm:
        await asyncio.to_thread(the_hub(arm.url).write, SETTINGS)

    assert arm.hubs == {HUB: SETTINGS}
    assert arm.written == [SETTINGS]


FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "the hub is refused": ({"refusal": "HandlerRefused"}, "setting the hub: ARM answered 400 HandlerRefused"),
    "the change fails": ({"failure": "Unreachable"}, "the hub's change has failed: Unreachable it failed"),
    "the hub says that it failed": ({"failure": "Lost", "tells_operation": False}, "the hub's change has failed"),
    "throttled for ever": ({"throttled": 1000}, "ARM answered 429 TooManyRequests"),
}


@pytest.mark.parametrize(("behaviour", "said"), FAILURES.values(), ids=FAILURES.keys())
async def test_what_arm_does_not_carry_out_is_an_error_with_its_fix(behaviour: dict[str, Any], said: str) -> None:
    async with run_arm(FakeArm(**behaviour)) as arm:
        with pytest.raises(ArmError, match=said) as problem:
            await asyncio.to_thread(the_hub(arm.url).write, SETTINGS)

    assert problem.value.fix
    assert TOKEN not in str(problem.value)


async def test_a_change_that_never_ends_is_given_up() -> None:
    async with run_arm(FakeArm(reads_until_done=10**9)) as arm:
        with pytest.raises(ArmError, match=r"within 0\.2 s"):
            await asyncio.to_thread(the_hub(arm.url, wait_seconds=0.2).write, SETTINGS)


async def test_a_wait_that_arm_asks_for_is_kept_within_the_time() -> None:
    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "3600"})

    async with a_server(busy) as url:
        with pytest.raises(ArmError, match=r"within 0\.5 s"):
            await asyncio.to_thread(the_hub(url, wait_seconds=0.5).read)


async def test_where_arm_does_not_answer_its_host_is_named() -> None:
    with pytest.raises(ArmError, match="nothing accepts connections") as problem:
        await asyncio.to_thread(the_hub(closed_address()).read)

    assert "127.0.0.1" in problem.value.fix


async def test_a_resource_that_is_not_there_is_no_absent_hub() -> None:
    async with run_arm(FakeArm()) as arm:
        elsewhere = HubResource(arm.url, TOKEN, SUBSCRIPTION, "another", SERVICE, HUB, 10.0, 0.001)
        with pytest.raises(ArmError, match="404 ResourceGroupNotFound") as problem:
            await asyncio.to_thread(elsewhere.read)

    assert "azd provision" in problem.value.fix


async def test_the_token_is_sent_to_arm_alone() -> None:
    """ARM names another address as the one of the operation: the hub is read instead."""
    reached = []

    async def elsewhere(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response()

    async with run_arm(FakeArm()) as arm, a_server(elsewhere) as url:
        hub = the_hub(arm.url)
        arm.url = url
        await asyncio.to_thread(hub.write, SETTINGS)

    assert arm.hubs == {HUB: SETTINGS}
    assert reached == []


async def test_a_setting_that_is_not_kept_is_wrong() -> None:
    async with run_arm(FakeArm(changes_to=lambda hub: hub | {"eventHandlers": []})) as arm:
        findings = await asyncio.to_thread(check_hub, APP, the_hub(arm.url))

    assert [(finding.check, str(finding.verdict)) for finding in findings] == [("hub.resource", "wrong")]
    assert "no handler leads to chat.example" in findings[0].seen


def test_a_token_is_asked_of_azd_for_the_tenant_and_in_another_cloud_for_its_arm(tmp_path: Path) -> None:
    azd = shutil.which("azd", path=str(make_azd(tmp_path)))
    assert azd is not None

    def arguments(arm_url: str, tenant: str) -> list[str]:
        assert read_token(azd, arm_url, tenant, os.environ) == TOKEN
        return list(json.loads((tmp_path / "arguments.json").read_text()))

    assert arguments(PUBLIC_CLOUD, "") == ["auth", "token", "--output", "json"]
    assert arguments(PUBLIC_CLOUD, "t1")[4:] == ["--tenant-id", "t1"]
    assert arguments("https://arm.example", "")[4:] == ["--scope", "https://arm.example/.default"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [({"exit_code": 1}, "ended with 1: ERROR: not logged in"), ({"token": ""}, "printed no token")],
)
def test_an_azd_that_gives_no_token_is_an_error(tmp_path: Path, answer: dict[str, Any], said: str) -> None:
    azd = shutil.which("azd", path=str(make_azd(tmp_path, **answer)))
    assert azd is not None

    with pytest.raises(ArmError, match=said):
        read_token(azd, PUBLIC_CLOUD, "", os.environ)
    with pytest.raises(ArmError, match="FileNotFoundError"):
        read_token(str(tmp_path / "absent"), PUBLIC_CLOUD, "", os.environ)


@pytest.mark.parametrize("url", ["http://arm.example", "management.azure.com", "", "https://"])
def test_an_address_of_arm_that_would_show_the_token_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must begin with https://"):
        check_arm_url(url)


def test_other_clouds_and_this_machine_are_addresses_of_arm() -> None:
    assert check_arm_url("https://management.chinacloudapi.cn/") == "https://management.chinacloudapi.cn"
    assert check_arm_url("http://127.0.0.1:4000") == "http://127.0.0.1:4000"
