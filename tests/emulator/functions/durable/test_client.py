"""The management API as the SDK's client and plain HTTP see it: status codes, bodies, refusals."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from azure.durable_functions import EntityId, OrchestrationRuntimeStatus

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads")


async def waiting(durable: Any, instance_id: str | None = None) -> str:
    """Start an instance that waits for an event named `go`, and return its id once it runs."""
    started: str = await durable.client.start_new("waits_for", instance_id, ["go"])
    await durable.status_when(started, lambda status: status.runtime_status.value == "Running")
    return started


async def test_an_instance_without_an_id_gets_one(durable: Any) -> None:
    """D-051."""
    instance_id = await durable.client.start_new("no_steps")

    assert len(instance_id) == 32
    assert int(instance_id, 16) >= 0


async def test_an_unknown_orchestrator_is_refused_by_name(durable: Any) -> None:
    """D-050."""
    with pytest.raises(Exception, match="The function 'nobody' doesn't exist, is disabled, or is not an orchestrator"):
        await durable.client.start_new("nobody")


@pytest.mark.parametrize("instance_id", ["@entity@key", "x" * 101, "a%5Cb", "a%23b", "a%3Fb", "a%07b"])
async def test_impossible_ids_are_refused(durable: Any, instance_id: str) -> None:
    """D-049."""
    with pytest.raises(Exception, match="the instance id"):
        await durable.client.start_new("no_steps", instance_id)


@pytest.mark.parametrize("key", ["a/b", "a%5Cb", "a%23b", "a%3Fb"])
async def test_impossible_keys_are_refused(durable: Any, key: str) -> None:
    """D-048."""
    async with durable.http.post(f"{durable.base}/entities/Tally/{key}?op=add", json="1") as response:
        assert response.status == 400
        assert "the entity key" in (await response.json())["ExceptionMessage"]


async def test_a_signal_to_an_unknown_entity_is_refused(durable: Any) -> None:
    async with durable.http.post(f"{durable.base}/entities/nobody/key?op=add", json="1") as response:
        assert response.status == 400
        assert "is not an entity function" in (await response.json())["ExceptionMessage"]


async def test_a_running_id_is_refused_and_a_finished_one_is_replaced(durable: Any) -> None:
    """D-052."""
    await waiting(durable, "single")
    with pytest.raises(Exception, match="already exists: 'single'"):
        await durable.client.start_new("no_steps", "single")

    await durable.client.terminate("single", "enough")
    await durable.client.start_new("no_steps", "single", "new")
    assert (await durable.finished("single")).output == "new"


async def test_a_running_id_is_replaced_when_the_settings_allow_it(serve: Any) -> None:
    """D-052 with overridableExistingInstanceStates: AnyState."""
    async with serve(replace_running=True) as running:
        await waiting(running, "single")
        await running.client.start_new("no_steps", "single", "new")

        assert (await running.finished("single")).output == "new"


async def test_a_singleton_is_asked_for_before_it_is_started(durable: Any) -> None:
    """The documented pattern: the status of an unknown id is falsy."""
    assert not await durable.client.get_status("nobody")
    await waiting(durable, "singleton")
    assert await durable.client.get_status("singleton")


async def test_the_status_says_everything(durable: Any) -> None:
    """D-053, D-054."""
    await durable.client.start_new("explodes", "one", {"n": 1})
    await durable.finished("one")

    async with durable.http.get(f"{durable.base}/instances/one") as response:
        assert response.status == 200
        body = await response.json()
    assert body.keys() == {
        "name",
        "instanceId",
        "runtimeStatus",
        "input",
        "customStatus",
        "output",
        "createdTime",
        "lastUpdatedTime",
    }
    assert (body["name"], body["runtimeStatus"], body["input"]) == ("explodes", "Failed", '{"n": 1}')
    async with durable.http.get(f"{durable.base}/instances/one?showInput=false") as response:
        assert (await response.json())["input"] is None
    async with durable.http.get(f"{durable.base}/instances/one?returnInternalServerErrorOnFailure=true") as response:
        assert response.status == 500


async def test_the_status_code_tells_running_from_over(durable: Any) -> None:
    """D-054."""
    instance_id = await waiting(durable)
    async with durable.http.get(f"{durable.base}/instances/{instance_id}") as response:
        assert (response.status, response.headers["Retry-After"]) == (202, "5")
        assert response.headers["Location"].startswith(f"{durable.base}/instances/{instance_id}?")
    async with durable.http.get(f"{durable.base}/instances/unknown") as response:
        assert (response.status, await response.read()) == (404, b"")


async def test_the_history_can_be_shown(durable: Any) -> None:
    await durable.run("mixed_fan_out", "shown")
    instance_id = (await durable.client.get_status_all())[0].instance_id

    status = await durable.client.get_status(instance_id, show_history=True)
    kinds = [entry["EventType"] for entry in status.historyEvents]
    assert kinds[0] == "ExecutionStarted"
    assert kinds[-1] == "ExecutionCompleted"
    assert {"TaskFailed", "TaskCompleted", "TimerFired", "EventRaised"} <= set(kinds)
    assert not any("Result" in entry or "Input" in entry for entry in status.historyEvents)
    done = next(entry for entry in status.historyEvents if entry["EventType"] == "TaskCompleted")
    assert done["FunctionName"] == "double"
    assert done["ScheduledTime"] <= done["Timestamp"]

    full = await durable.client.get_status(instance_id, show_history=True, show_history_output=True)
    assert next(entry for entry in full.historyEvents if entry["EventType"] == "TaskCompleted")["Result"] == 8


async def test_instances_are_found_by_time_status_and_prefix(serve: Any, clock: Any) -> None:
    async with serve(clock=clock) as running:
        client = running.client
        begun = clock()
        await running.client.start_new("no_steps", "early")
        await running.finished("early")
        clock.advance(timedelta(hours=1))
        await waiting(running, "late")

        async def found(**criteria: Any) -> list[str]:
            return [status.instance_id for status in await client.get_status_by(**criteria)]

        assert await found() == ["early", "late"]
        assert await found(created_time_from=begun + timedelta(minutes=1)) == ["late"]
        assert await found(created_time_to=begun + timedelta(minutes=1)) == ["early"]
        assert await found(runtime_status=[OrchestrationRuntimeStatus.Running]) == ["late"]
        both = [OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Completed]
        assert await found(runtime_status=both) == ["early", "late"]
        assert await found(instance_id_prefix="ear") == ["early"]


async def test_a_list_comes_in_pages(durable: Any) -> None:
    for n in range(5):
        await durable.client.start_new("no_steps", f"page-{n}")
    seen, token = [], ""
    for _ in range(3):
        headers = {"x-ms-continuation-token": token} if token else {}
        async with durable.http.get(f"{durable.base}/instances", params={"top": "2"}, headers=headers) as response:
            seen.append([status["instanceId"] for status in await response.json()])
            token = response.headers.get("x-ms-continuation-token", "")

    assert seen == [["page-0", "page-1"], ["page-2", "page-3"], ["page-4"]]
    assert token == ""


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ({"top": "0"}, {}),
        ({"top": "many"}, {}),
        ({"createdTimeFrom": "yesterday"}, {}),
        ({"runtimeStatus": "Sleeping"}, {}),
        ({}, {"x-ms-continuation-token": "nonsense"}),
    ],
)
async def test_bad_questions_are_refused(durable: Any, query: dict[str, str], headers: dict[str, str]) -> None:
    async with durable.http.get(f"{durable.base}/instances", params=query, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["ExceptionType"] == "ArgumentException"


async def test_an_event_for_nobody_or_for_one_that_is_over(durable: Any) -> None:
    """D-025."""
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
    """D-025."""
    instance_id = await waiting(durable)
    url = f"{durable.base}/instances/{instance_id}/raiseEvent/go"
    async with durable.http.post(url, data=body, headers={"Content-Type": content_type}) as response:
        assert response.status == 400


async def test_terminate_ends_at_once_with_the_reason(durable: Any) -> None:
    """D-055."""
    instance_id = await waiting(durable)
    await durable.client.terminate(instance_id, "that is enough / really")

    status = await durable.client.get_status(instance_id)
    assert (status.runtime_status.value, status.output) == ("Terminated", "that is enough / really")
    async with durable.http.post(f"{durable.base}/instances/{instance_id}/terminate?reason=again") as response:
        assert response.status == 410
    with pytest.raises(Exception, match="No instance with ID 'nobody' found"):
        await durable.client.terminate("nobody", "x")


async def test_a_suspended_instance_keeps_events_until_it_is_resumed(durable: Any) -> None:
    """D-056."""
    instance_id = await waiting(durable)
    await durable.client.suspend(instance_id, "hold on")
    await durable.client.raise_event(instance_id, "go", 1)
    marker = await durable.run("one_activity", 1)

    status = await durable.client.get_status(instance_id)
    assert (marker.output, status.runtime_status.value) == (2, "Suspended")
    await durable.client.resume(instance_id, "go on")
    assert (await durable.finished(instance_id)).output == ["1"]


async def test_suspend_and_resume_know_whom_they_mean(durable: Any) -> None:
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
    """D-057."""
    running = await waiting(durable)
    await durable.client.start_new("no_steps", "over")
    await durable.finished("over")

    assert (await durable.client.purge_instance_history(running)).instances_deleted == 0
    assert (await durable.client.purge_instance_history("over")).instances_deleted == 1
    assert (await durable.client.purge_instance_history("over")).instances_deleted == 0
    assert not await durable.client.get_status("over")
    assert await durable.client.get_status(running)


async def test_purge_by_time_and_status(serve: Any, clock: Any) -> None:
    """D-057."""
    async with serve(clock=clock) as running:
        begun = clock()
        for name in ("no_steps", "explodes"):
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


async def test_restart_of_nobody_or_of_one_that_runs(durable: Any) -> None:
    await waiting(durable, "busy")
    async with durable.http.post(f"{durable.base}/instances/nobody/restart") as response:
        assert response.status == 400
    url = f"{durable.base}/instances/busy/restart?restartWithNewInstanceId=false"
    async with durable.http.post(url) as response:
        assert response.status == 409


async def test_rewind_is_not_implemented_and_says_so(durable: Any) -> None:
    await durable.run("no_steps")
    await durable.client.start_new("explodes", "failed")
    await durable.finished("failed")
    with pytest.raises(Exception, match="rewind is not implemented by this local Durable backend"):
        await durable.client.rewind("failed", "again")
    with pytest.raises(Exception, match="No instance with ID nobody found"):
        await durable.client.rewind("nobody", "again")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/instances/x"), ("POST", "/instances/x/nonsense"), ("GET", "/unknown"), ("GET", "/instances/@tally@key")],
)
async def test_what_is_missing_is_named(durable: Any, method: str, path: str) -> None:
    async with durable.http.request(method, durable.base + path) as response:
        assert response.status == 501
        assert "is not implemented by this local Durable backend" in (await response.json())["ExceptionMessage"]


async def test_starting_by_http_answers_with_the_management_urls(durable: Any) -> None:
    async with durable.http.post(f"{durable.base}/orchestrators/No_Steps/by-hand", json={"n": 1}) as response:
        assert (response.status, response.headers["Retry-After"]) == (202, "10")
        body = await response.json()
        assert response.headers["Location"] == body["statusQueryGetUri"]
    assert body["id"] == "by-hand"
    await durable.finished("by-hand")
    async with durable.http.get(body["statusQueryGetUri"]) as response:
        assert (await response.json())["output"] == {"n": 1}
    async with durable.http.delete(body["purgeHistoryDeleteUri"]) as response:
        assert await response.json() == {"instancesDeleted": 1}


async def test_starting_by_http_can_wait_for_the_end(durable: Any) -> None:
    url = f"{durable.base}/orchestrators"
    async with durable.http.post(f"{url}/no_steps?timeout=20&pollingInterval=1", json={"n": 1}) as response:
        assert (response.status, await response.json()) == (200, {"n": 1})
    async with durable.http.post(f"{url}/explodes?timeout=20") as response:
        assert (response.status, (await response.json())["runtimeStatus"]) == (500, "Failed")
    async with durable.http.post(f"{url}/waits_for?timeout=0.01", json='["never"]') as response:
        assert response.status == 202
    async with durable.http.post(f"{url}/no_steps?timeout=soon") as response:
        assert response.status == 400


async def test_a_start_with_invalid_json_is_refused(durable: Any) -> None:
    async with durable.http.post(f"{durable.base}/orchestrators/no_steps", data="{") as response:
        assert response.status == 400
        assert "Invalid JSON content" in (await response.json())["ExceptionMessage"]


async def test_entities_are_listed_with_their_state(durable: Any) -> None:
    for key in ("a", "b", "c"):
        await durable.client.signal_entity(EntityId("Tally", key), "add", 1)
        await durable.state(key, lambda state: True)
    await durable.client.signal_entity(EntityId("Journal", "a"), "note", "x")
    await durable.state("a", lambda state: True, "Journal")

    async with durable.http.get(f"{durable.base}/entities/TALLY?top=2&fetchState=true") as response:
        page, token = await response.json(), response.headers["x-ms-continuation-token"]
    assert [(entity["entityId"], entity["state"]) for entity in page] == [
        ({"name": "tally", "key": "a"}, 1),
        ({"name": "tally", "key": "b"}, 1),
    ]
    async with durable.http.get(
        f"{durable.base}/entities/tally?top=2", headers={"x-ms-continuation-token": token}
    ) as response:
        assert [entity["entityId"]["key"] for entity in await response.json()] == ["c"]
    async with durable.http.get(f"{durable.base}/entities") as response:
        assert len(await response.json()) == 4


async def test_an_entity_is_deleted_by_http(durable: Any) -> None:
    await durable.client.signal_entity(EntityId("Tally", "gone"), "add", 1)
    await durable.state("gone", lambda state: True)
    async with durable.http.delete(f"{durable.base}/entities/tally/gone") as response:
        assert response.status == 202

    async def is_gone() -> Any:
        read = await durable.client.read_entity_state(EntityId("Tally", "gone"))
        return None if read.entity_exists else True

    assert await durable.eventually(is_gone)


async def test_a_raw_object_as_input_fails_in_the_entity(durable: Any, caplog: pytest.LogCaptureFixture) -> None:
    """D-038: only JSON within JSON is what the Python SDK can read; the raw body is passed as it came."""
    url = f"{durable.base}/entities/tally/raw?op=add"
    async with durable.http.post(url, json={"n": 1}) as response:
        assert response.status == 202
    async with durable.http.post(url, data="5", headers={"Content-Type": "text/plain"}) as response:
        assert response.status == 202

    assert await durable.state("raw", lambda state: True) == 5
    assert "the JSON object must be str, bytes or bytearray, not dict" in caplog.text


def test_the_binding_has_what_the_sdk_needs(durable: Any) -> None:
    """D-059."""
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


async def test_another_task_hub_is_not_served(durable: Any) -> None:
    with pytest.raises(Exception, match="501"):
        await durable.client.signal_entity(EntityId("Tally", "key"), "add", 1, task_hub_name="Elsewhere")
    await durable.client.signal_entity(EntityId("Tally", "key"), "add", 1, task_hub_name="testhub")
    assert await durable.state("key", lambda state: True) == 1


async def test_many_starts_of_one_id_make_one_instance(durable: Any) -> None:
    """D-052: of twenty callers at once, one wins."""
    starts = [durable.client.start_new("waits_for", "only", ["go"]) for _ in range(20)]
    results = await asyncio.gather(*starts, return_exceptions=True)

    assert [result for result in results if not isinstance(result, Exception)] == ["only"]
