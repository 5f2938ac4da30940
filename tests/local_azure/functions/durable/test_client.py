"""The management API as the SDK's client sees it: status codes, bodies, refusals."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads")


async def waiting(durable: Any, instance_id: str | None = None) -> str:
    """Start an instance that waits for an event named `go`, and return its id once it runs."""
    started: str = await durable.client.start_new("waits_for", instance_id, ["go"])
    await durable.status_when(started, lambda status: status.runtime_status.value == "Running")
    return started


async def test_an_instance_without_an_id_gets_one(durable: Any) -> None:
    """The id is 32 hexadecimal digits (D-051)."""
    instance_id = await durable.client.start_new("no_steps")

    assert len(instance_id) == 32
    assert int(instance_id, 16) >= 0


async def test_an_unknown_orchestrator_is_refused_by_name(durable: Any) -> None:
    """`start_new` raises the answer's `ExceptionMessage` (D-050)."""
    with pytest.raises(Exception, match="The function 'nobody' doesn't exist, is disabled, or is not an orchestrator"):
        await durable.client.start_new("nobody")


@pytest.mark.parametrize("instance_id", ["@entity@key", "x" * 101, "a%5Cb", "a%23b", "a%3Fb", "a%07b"])
async def test_impossible_ids_are_refused(durable: Any, instance_id: str) -> None:
    """An instance id may not begin with `@`, have more than 100 characters or hold signs such as `#` (D-049)."""
    with pytest.raises(Exception, match="the instance id"):
        await durable.client.start_new("no_steps", instance_id)


@pytest.mark.parametrize("key", ["a/b", "a%5Cb", "a%23b", "a%3Fb"])
async def test_impossible_keys_are_refused(durable: Any, key: str) -> None:
    """A key with a forbidden character is answered 400 (D-048)."""
    async with durable.http.post(f"{durable.base}/entities/Tally/{key}?op=add", json="1") as response:
        assert response.status == 400
        assert "the entity key" in (await response.json())["ExceptionMessage"]


async def test_a_signal_to_an_unknown_entity_is_refused(durable: Any) -> None:
    async with durable.http.post(f"{durable.base}/entities/nobody/key?op=add", json="1") as response:
        assert response.status == 400
        assert "is not an entity function" in (await response.json())["ExceptionMessage"]


async def test_a_running_id_is_refused_and_a_finished_one_is_replaced(durable: Any) -> None:
    """The id of an instance can be used again when the instance has ended (D-052)."""
    await waiting(durable, "single")
    with pytest.raises(Exception, match="already exists: 'single'"):
        await durable.client.start_new("no_steps", "single")

    await durable.client.terminate("single", "enough")
    await durable.client.start_new("no_steps", "single", "new")
    assert (await durable.finished("single")).output == "new"


async def test_a_running_id_is_replaced_when_the_settings_allow_it(serve: Any) -> None:
    """With `overridableExistingInstanceStates: AnyState` a running instance is replaced too (D-052)."""
    async with serve(replace_running=True) as running:
        await waiting(running, "single")
        await running.client.start_new("no_steps", "single", "new")

        assert (await running.finished("single")).output == "new"


async def test_a_singleton_is_asked_for_before_it_is_started(durable: Any) -> None:
    """The documented pattern: the status of an unknown id is falsy."""
    assert not await durable.client.get_status("nobody")
    await waiting(durable, "singleton")
    assert await durable.client.get_status("singleton")


async def test_the_status_code_distinguishes_running_and_ended(durable: Any) -> None:
    """The status is answered 202 for a running instance and 404 for an unknown one (D-054)."""
    instance_id = await waiting(durable)
    async with durable.http.get(f"{durable.base}/instances/{instance_id}") as response:
        assert (response.status, response.headers["Retry-After"]) == (202, "5")
        assert response.headers["Location"].startswith(f"{durable.base}/instances/{instance_id}?")
    async with durable.http.get(f"{durable.base}/instances/unknown") as response:
        assert (response.status, await response.read()) == (404, b"")


async def test_an_event_for_an_unknown_or_ended_instance_is_refused(durable: Any) -> None:
    """The SDK raises for an unknown instance (404) and for a finished one (410) (D-025)."""
    with pytest.raises(Exception, match="No instance with ID nobody found"):
        await durable.client.raise_event("nobody", "go")
    await durable.client.start_new("no_steps", "over")
    await durable.finished("over")
    with pytest.raises(Exception, match="is gone: either completed or failed"):
        await durable.client.raise_event("over", "go")


@pytest.mark.parametrize(
    ("body", "content_type"), [("{}", "text/plain"), ("{", "application/json"), ("", "application/octet-stream")]
)
async def test_an_event_must_be_json(durable: Any, body: str, content_type: str) -> None:
    """Other content types and invalid JSON are answered 400 (D-025)."""
    instance_id = await waiting(durable)
    url = f"{durable.base}/instances/{instance_id}/raiseEvent/go"
    async with durable.http.post(url, data=body, headers={"Content-Type": content_type}) as response:
        assert response.status == 400


async def test_terminate_ends_at_once_with_the_reason(durable: Any) -> None:
    """The output is the reason, and a second terminate is answered 410 (D-055)."""
    instance_id = await waiting(durable)
    await durable.client.terminate(instance_id, "that is enough / really")

    status = await durable.client.get_status(instance_id)
    assert (status.runtime_status.value, status.output) == ("Terminated", "that is enough / really")
    async with durable.http.post(f"{durable.base}/instances/{instance_id}/terminate?reason=again") as response:
        assert response.status == 410
    with pytest.raises(Exception, match="No instance with ID 'nobody' found"):
        await durable.client.terminate("nobody", "x")


async def test_a_suspended_instance_keeps_events_until_it_is_resumed(durable: Any) -> None:
    """An event for a suspended instance is handled after the resume (D-056)."""
    instance_id = await waiting(durable)
    await durable.client.suspend(instance_id, "hold on")
    await durable.client.raise_event(instance_id, "go", 1)
    marker = await durable.run("one_activity", 1)

    status = await durable.client.get_status(instance_id)
    assert (marker.output, status.runtime_status.value) == (2, "Suspended")
    await durable.client.resume(instance_id, "go on")
    assert (await durable.finished(instance_id)).output == ["1"]


async def test_suspend_and_resume_refuse_only_unknown_instances(durable: Any) -> None:
    instance_id = await waiting(durable)
    await durable.client.resume(instance_id, "was not suspended")
    assert (await durable.client.get_status(instance_id)).runtime_status.value == "Running"
    for action in (durable.client.suspend, durable.client.resume):
        with pytest.raises(Exception, match="No instance with ID 'nobody' found"):
            await action("nobody", "x")
    await durable.client.terminate(instance_id, "over")
    await durable.client.suspend(instance_id, "a finished one is no error")
    assert (await durable.client.get_status(instance_id)).runtime_status.value == "Terminated"


async def test_purge_removes_a_finished_instance_only(durable: Any) -> None:
    """The answer is the number of removed instances (D-057)."""
    running = await waiting(durable)
    await durable.client.start_new("no_steps", "over")
    await durable.finished("over")

    assert (await durable.client.purge_instance_history(running)).instances_deleted == 0
    assert (await durable.client.purge_instance_history("over")).instances_deleted == 1
    assert (await durable.client.purge_instance_history("over")).instances_deleted == 0
    assert not await durable.client.get_status("over")
    assert await durable.client.get_status(running)


async def test_purge_by_time_and_status(serve: Any, clock: Any) -> None:
    """Only finished instances of the given time and status are removed (D-057)."""
    async with serve(clock=clock) as running:
        begun = clock()
        for name in ("no_steps", "raises_error"):
            await running.client.start_new(name, name)
            await running.finished(name)
        await waiting(running, "waiting")
        clock.advance(timedelta(hours=1))
        await running.client.start_new("no_steps", "later")
        await running.finished("later")

        purge = running.client.purge_instance_history_by
        failed = [OrchestrationRuntimeStatus.Failed]
        assert (await purge(begun, begun + timedelta(minutes=1), failed)).instances_deleted == 1
        assert (await purge(begun, begun + timedelta(minutes=1))).instances_deleted == 1
        assert (await purge(begun, begun + timedelta(minutes=1))).instances_deleted == 0
        left = [status.instance_id for status in await running.client.get_status_all()]
        assert left == ["waiting", "later"]


async def test_purge_without_a_time_is_refused(durable: Any) -> None:
    async with durable.http.delete(f"{durable.base}/instances/") as response:
        assert response.status == 400


async def test_restart_runs_it_again_with_the_same_input(durable: Any) -> None:
    await durable.client.start_new("no_steps", "first", {"n": 7})
    await durable.finished("first")

    again = (await durable.client.restart("first"))["id"]
    assert again != "first"
    assert (await durable.finished(again)).output == {"n": 7}
    await durable.client.restart("first", restart_with_new_instance_id=False)
    assert (await durable.finished("first")).output == {"n": 7}


async def test_a_restart_of_an_unknown_or_running_instance_is_refused(durable: Any) -> None:
    await waiting(durable, "busy")
    async with durable.http.post(f"{durable.base}/instances/nobody/restart") as response:
        assert response.status == 400
    url = f"{durable.base}/instances/busy/restart?restartWithNewInstanceId=false"
    async with durable.http.post(url) as response:
        assert response.status == 409


def test_the_binding_has_what_the_sdk_needs(durable: Any) -> None:
    """The binding names the task hub and all URLs (D-059)."""
    binding = json.loads(durable.backend.client_binding({"type": "durableClient", "name": "client"}))

    assert binding["taskHubName"] == "TestHub"
    assert binding["rpcBaseUrl"] == f"{durable.base}/"
    assert binding["managementUrls"]["id"] == "INSTANCEID"
    assert "{eventName}" in binding["managementUrls"]["sendEventPostUri"]
    assert "{functionName}[/{instanceId}]" in binding["creationUrls"]["createNewInstancePostUri"]


def test_a_binding_may_name_its_task_hub(durable: Any) -> None:
    binding = durable.backend.client_binding({"type": "durableClient", "name": "client", "taskHub": "Other"})

    assert json.loads(binding)["taskHubName"] == "Other"


def test_a_binding_may_name_its_task_hub_by_a_setting(durable: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HubSetting", "FromSetting")
    for value, expected in (("%HubSetting%", "FromSetting"), ("%Missing%", "TestHub")):
        binding = durable.backend.client_binding({"type": "durableClient", "name": "client", "taskHub": value})
        assert json.loads(binding)["taskHubName"] == expected


async def test_many_starts_of_one_id_make_one_instance(durable: Any) -> None:
    """D-052: of twenty callers at the same time, one succeeds."""
    starts = [durable.client.start_new("waits_for", "only", ["go"]) for _ in range(20)]
    results = await asyncio.gather(*starts, return_exceptions=True)

    assert [result for result in results if not isinstance(result, Exception)] == ["only"]
