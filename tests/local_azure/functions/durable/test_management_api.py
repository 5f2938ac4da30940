"""The management API for people and scripts: status, lists with pages, starts by HTTP."""

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


async def test_the_status_has_every_field(durable: Any) -> None:
    """The status has all its fields (D-053), and is answered 200 for a failed instance (D-054)."""
    await durable.client.start_new("raises_error", "one", {"n": 1})
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
    assert (body["name"], body["runtimeStatus"], body["input"]) == ("raises_error", "Failed", '{"n": 1}')
    async with durable.http.get(f"{durable.base}/instances/one?showInput=false") as response:
        assert (await response.json())["input"] is None
    async with durable.http.get(f"{durable.base}/instances/one?returnInternalServerErrorOnFailure=true") as response:
        assert response.status == 500


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
async def test_invalid_queries_are_refused(durable: Any, query: dict[str, str], headers: dict[str, str]) -> None:
    async with durable.http.get(f"{durable.base}/instances", params=query, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["ExceptionType"] == "ArgumentException"


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
    async with durable.http.post(f"{url}/raises_error?timeout=20") as response:
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


async def test_another_task_hub_is_not_served(durable: Any) -> None:
    with pytest.raises(Exception, match="501"):
        await durable.client.signal_entity(EntityId("Tally", "key"), "add", 1, task_hub_name="Elsewhere")
    await durable.client.signal_entity(EntityId("Tally", "key"), "add", 1, task_hub_name="testhub")
    assert await durable.state("key", lambda state: True) == 1
