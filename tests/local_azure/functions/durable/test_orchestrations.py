"""Orchestrations end to end: the SDK's client over HTTP, the backend, the SDK's orchestrators and activities."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.durable_functions import EntityId

pytestmark = [
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
    pytest.mark.filterwarnings("ignore:azure.functions df_loads"),
]


@pytest.mark.parametrize(
    ("name", "given", "output"),
    [
        ("no_steps", {"n": 3}, {"n": 3}),
        ("no_steps", 0, 0),
        ("one_activity", 21, 42),
        ("fan_out", [1, 2, 3], 12),
        ("many_steps", None, 41),
        ("uses_entity", "k", [7, 7]),
        ("entity_fails", "k", "no operation nonsense"),
    ],
)
async def test_results(durable: Any, name: str, given: Any, output: Any) -> None:
    """Results of activities, task groups and entities arrive (D-007, D-011, D-034, D-035, D-036)."""
    status = await durable.run(name, given)

    assert (status.runtime_status.value, status.output) == ("Completed", output)


async def test_retries_and_entity_calls_at_once(durable: Any) -> None:
    """D-009, D-015: the ids of both sides agree, or the results would be swapped or never come."""
    status = await durable.run("mixed_fan_out", "mixed")

    assert status.output == ["after 3", "after 2", 8, 5, 42]


async def test_exhausted_retries_reach_the_orchestrator(durable: Any, sample: Any) -> None:
    """The last attempt's failure is raised in the orchestrator (D-016)."""
    status = await durable.run("retrying", {"token": "hopeless", "failures": 9, "attempts": 3})

    assert status.output == {"gave_up": "Activity function 'Flaky' failed: attempt 3 \n ValueError: attempt 3"}
    assert sample.module.calls["hopeless"] == 3


async def test_one_failing_activity_of_several_can_be_caught(durable: Any) -> None:
    """`task_all` raises the failure of its child (D-012), which can be caught (D-008)."""
    status = await durable.run("catches", {"token": "caught", "failures": 1})

    assert status.output.startswith("Activity function 'Flaky' failed: attempt 1")


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("raises_error", None, "failed_on_purpose"),
        ("bad_output", None, "Object of type set is not JSON serializable"),
        ("yields_no_task", None, "'int' object has no attribute"),
        ("naive_timer", None, "can't compare offset-naive and offset-aware datetimes"),
        ("is_not_deterministic", None, "Non-Deterministic workflow detected"),
        ("one_failing", "not_json", "activity trigger output must be json serializable"),
        ("one_failing", "no_such_activity", "The function 'no_such_activity' doesn't exist"),
        ("parent", {"name": "no_such_flow", "input": 1}, "The function 'no_such_flow' doesn't exist"),
        (
            "parent",
            {"name": "raises_error", "input": 1},
            "Orchestrator function 'raises_error' failed: failed_on_purpose",
        ),
    ],
)
async def test_failures(durable: Any, name: str, given: Any, text: str) -> None:
    """Each kind of error makes the instance Failed with its text (D-019, D-029, D-030, D-032, D-033)."""
    status = await durable.run(name, given)

    assert status.runtime_status.value == "Failed"
    assert status.output.startswith(f"Orchestrator function '{name}' failed: ")
    assert text in status.output


@pytest.mark.parametrize(
    ("name", "given", "custom"),
    [
        ("raises_error", None, "about to"),
        ("one_failing", "not_json", {"stage": "before"}),
        ("one_failing", "no_such_activity", {"stage": "before"}),
    ],
)
async def test_custom_status_survives_a_failure(durable: Any, name: str, given: Any, custom: Any) -> None:
    """A custom status that was set before the error stays (D-031)."""
    assert (await durable.run(name, given)).custom_status == custom


async def test_activities_run_where_the_worker_runs_them(durable: Any, sample: Any) -> None:
    """D-062: `def` in the thread pool, `async def` on the app's loop."""
    assert (await durable.run("calls_one", ["where", "def"])).output == "def at work"
    assert (await durable.run("calls_one", ["slowly", 5])).output == 5
    assert sample.module.threads["where"].startswith("functions-sync")
    assert sample.module.threads["slowly"] == "functions-app"


async def test_an_event_ends_the_wait_for_it(durable: Any) -> None:
    """D-014, D-021: the cancelled timer of an hour does not delay the end."""
    instance_id = await durable.client.start_new("approval", client_input=3600)
    await durable.status_when(instance_id, lambda status: status.runtime_status.value == "Running")

    await durable.client.raise_event(instance_id, "Decision", "yes")

    assert (await durable.finished(instance_id)).output == '"yes"'


async def test_an_event_that_does_not_come_in_time_is_a_timeout(durable: Any) -> None:
    assert (await durable.run("approval", 0.03)).output == "too late"


async def test_an_event_raised_at_once_is_not_lost(durable: Any) -> None:
    """D-022: it may arrive before the orchestrator has begun to wait."""
    instance_id = await durable.client.start_new("waits_for", client_input=["a"])
    await durable.client.raise_event(instance_id, "a", 1)

    assert (await durable.finished(instance_id)).output == ["1"]


async def test_an_event_from_the_client_is_text_and_from_raw_http_an_object(durable: Any) -> None:
    """The SDK encodes an event's data as JSON twice (D-024)."""
    instance_id = await durable.client.start_new("waits_for", client_input=["a", "b"])
    await durable.status_when(instance_id, lambda status: status.runtime_status.value == "Running")

    await durable.client.raise_event(instance_id, "a", {"by": "ana"})
    await durable.status_when(instance_id, lambda status: status.custom_status is not None)
    async with durable.http.post(f"{durable.base}/instances/{instance_id}/raiseEvent/b", json={"by": "bo"}) as raised:
        assert raised.status == 202

    assert (await durable.finished(instance_id)).output == ['{"by": "ana"}', {"by": "bo"}]


async def test_a_forgotten_timer_delays_the_end(durable: Any, serve: Any, clock: Any) -> None:
    """D-013: Running, although the orchestrator has returned, until the timer fires."""
    async with serve(clock=clock) as running:
        instance_id = await running.client.start_new("leaves_timer", client_input=60)

        async def activity_done() -> Any:
            history = await running.history(instance_id)
            return True if any(e["EventType"] == "TaskCompleted" for e in history) else None

        await running.eventually(activity_done)
        assert (await running.client.get_status(instance_id)).runtime_status.value == "Running"
        clock.advance(timedelta(seconds=60))
        running.backend.check_timers()

        assert (await running.finished(instance_id)).output == "done"


async def test_a_timer_of_ten_days(serve: Any, clock: Any) -> None:
    """The timer is split (D-020); the clock (D-017) and `is_replaying` (D-018) follow the history."""
    async with serve(clock=clock) as running:
        instance_id = await running.client.start_new("sleeps", client_input=10 * 24 * 3600)
        for days in (3, 3, 4):
            await running.timer_is_set(instance_id)
            clock.advance(timedelta(days=days))
            running.backend.check_timers()
        status = await running.finished(instance_id)

    assert status.output == {"late": 0.0, "replaying": [True, False]}


async def test_a_timer_in_the_past_fires_at_once(durable: Any) -> None:
    status = await durable.run("sleeps", -5)

    assert status.output["late"] >= 5


async def test_continue_as_new_starts_again_with_the_unused_events(durable: Any) -> None:
    """D-010, D-026, D-027: three events sent at once serve three executions, in order."""
    instance_id = await durable.client.start_new("countdown", client_input={"left": 3, "seen": []})
    for n in range(3):
        await durable.client.raise_event(instance_id, "tick", n)

    status = await durable.finished(instance_id)

    assert status.output == ["0", "1", "2"]
    assert status.custom_status == "at 1"
    started = [e for e in await durable.history(instance_id) if e["EventType"] == "ExecutionStarted"]
    assert len(started) == 1


async def test_events_that_arrive_together_are_carried_from_execution_to_execution(durable: Any) -> None:
    """D-027: all three are in the first execution's one episode, which uses one."""
    instance_id = await durable.client.start_new("countdown", client_input={"left": 3, "seen": []})
    await durable.status_when(instance_id, lambda status: status.runtime_status.value == "Running")
    await durable.client.suspend(instance_id, "until all are there")
    for n in range(3):
        await durable.client.raise_event(instance_id, "tick", n)
    await durable.client.resume(instance_id, "go")

    assert (await durable.finished(instance_id)).output == ["0", "1", "2"]


async def test_continue_as_new_drops_open_work_of_the_old_execution(durable: Any) -> None:
    """D-028: neither the timer of an hour nor any late result disturbs the new execution."""
    instance_id = await durable.client.start_new("abandons_work", client_input="first")
    await durable.status_when(instance_id, lambda status: status.input_ == '"again"')

    await durable.client.raise_event(instance_id, "go", 1)

    assert (await durable.finished(instance_id)).output == "1"


async def test_a_result_for_an_old_execution_is_not_taken_for_one_of_the_new(durable: Any) -> None:
    """D-028: both sub-orchestrations have the sequence id 0."""
    client = durable.client
    instance_id = await client.start_new("forgets_child", client_input="start")
    await durable.status_when("first", lambda status: status.runtime_status.value == "Running")
    await client.raise_event(instance_id, "go")
    await durable.status_when("second", lambda status: status.runtime_status.value == "Running")

    await client.raise_event("first", "finish", "of the first")
    await durable.finished("first")
    await client.raise_event("second", "finish", "of the second")

    assert (await durable.finished(instance_id)).output == ['"of the second"']


async def test_what_was_started_before_continue_as_new_still_runs(durable: Any, tmp_path: Path) -> None:
    """D-026, D-028: the activity runs and its result is discarded, as in the real extension."""
    request = {"again": False, "folder": str(tmp_path)}
    instance_id = await durable.client.start_new("starts_and_continues", client_input=request)
    await durable.client.raise_event(instance_id, "early")
    await durable.client.raise_event(instance_id, "first")
    assert (await durable.finished(instance_id)).output == "continued"

    async def has_run() -> Any:
        return True if (tmp_path / "mark").exists() else None

    assert await durable.eventually(has_run)


async def test_an_episode_under_way_does_not_undo_a_termination(
    durable: Any, sample: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """D-055: its result is discarded, and nothing is logged as an error."""
    sample.module.episode_reached.clear()
    sample.module.episode_may_go_on.clear()
    await durable.client.start_new("waits_for_release", "held", "hold")
    await asyncio.to_thread(sample.module.episode_reached.wait, 10)

    await durable.client.terminate("held", "enough")
    sample.module.episode_may_go_on.set()
    await durable.instance_idle("held")
    assert (await durable.client.get_status("held")).runtime_status.value == "Terminated"
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_an_episode_under_way_does_not_touch_the_instance_started_in_its_place(durable: Any, sample: Any) -> None:
    """The id of a terminated instance can be started again while its last episode still runs (D-052)."""
    sample.module.episode_reached.clear()
    sample.module.episode_may_go_on.clear()
    await durable.client.start_new("waits_for_release", "held", "hold")
    await asyncio.to_thread(sample.module.episode_reached.wait, 10)

    await durable.client.terminate("held", "enough")
    await durable.client.start_new("waits_for_release", "held", "another")
    sample.module.episode_may_go_on.set()

    assert (await durable.finished("held")).output == "another"


@pytest.mark.parametrize(
    ("activity", "value", "text"), [("exits", 3, "SystemExit(3)"), ("leaves", "cancelled", "cancelled")]
)
async def test_an_activity_that_ends_without_a_result_has_failed(
    durable: Any, activity: str, value: Any, text: str
) -> None:
    """The host continues to run, and the orchestration does not wait for ever."""
    status = await durable.run("calls_one", [activity, value])

    assert status.runtime_status.value == "Failed"
    assert text in status.output
    assert (await durable.run("one_activity", 1)).output == 2


async def test_a_sub_orchestration_knows_its_parent(durable: Any) -> None:
    """The child's id is made of the parent's `ExecutionId` and a sequence id (D-029)."""
    instance_id = await durable.client.start_new("parent", client_input={"name": "reports_parent", "input": 1})
    status = await durable.finished(instance_id)

    child = status.output["child"]
    execution_id, _, number = child["id"].partition(":")
    assert (child["parent"], number, len(execution_id)) == (instance_id, "0", 32)
    assert (await durable.client.get_status(child["id"])).runtime_status.value == "Completed"


async def test_a_sub_orchestration_with_an_id_is_found_by_it(durable: Any) -> None:
    status = await durable.run("parent", {"name": "reports_parent", "input": 1, "id": "child-1"})

    assert status.output["child"]["id"] == "child-1"


async def test_a_sub_orchestration_whose_id_is_taken_fails(durable: Any) -> None:
    await durable.client.start_new("waits_for", "taken", ["never"])

    status = await durable.run("parent", {"name": "reports_parent", "input": 1, "id": "taken"})

    assert status.runtime_status.value == "Failed"
    assert "already exists: 'taken'" in status.output


async def test_a_failed_sub_orchestration_is_retried(durable: Any) -> None:
    """D-015 for sub-orchestrations: the same id again, a new execution."""
    assert (await durable.run("retries_child", "sub")).output == "after 2"


async def test_a_terminated_sub_orchestration_fails_its_parent(durable: Any) -> None:
    instance_id = await durable.client.start_new(
        "parent", client_input={"name": "waits_for", "input": ["never"], "id": "victim"}
    )
    await durable.status_when("victim", lambda status: status.runtime_status.value == "Running")

    await durable.client.terminate("victim", "enough")

    status = await durable.finished(instance_id)
    assert "enough" in status.output


async def test_a_version_reaches_the_orchestrator(durable: Any) -> None:
    instance_id = await durable.client.start_new("reports_parent", version="2.1")

    assert (await durable.finished(instance_id)).output["version"] == "2.1"


async def test_the_default_version_comes_from_the_settings(serve: Any) -> None:
    async with serve(default_version="7") as running:
        child = (await running.run("parent", {"name": "reports_parent", "input": 1})).output["child"]

    assert child["version"] == "7"


async def test_a_signal_from_an_orchestrator_is_applied(durable: Any) -> None:
    """D-036: without a reply, before the call that follows it."""
    await durable.run("uses_entity", "signalled")

    assert await durable.state("signalled", lambda state: state == 7) == 7


async def test_a_scheduled_signal_waits_for_its_time(serve: Any, clock: Any) -> None:
    async with serve(clock=clock) as running:
        at = (clock() + timedelta(hours=2)).isoformat()
        await running.run("later", {"entity": "@tally@later", "at": at})
        await running.client.signal_entity(EntityId("Tally", "later"), "add", 1)
        assert await running.state("later", lambda state: True) == 1

        clock.advance(timedelta(hours=2))
        running.backend.check_timers()

        assert await running.state("later", lambda state: state != 1) == 8


async def test_fifty_orchestrations_at_once(durable: Any) -> None:
    """All of them complete, and no result is lost (D-064)."""
    ids = await asyncio.gather(*[durable.client.start_new("many_steps") for _ in range(50)])

    statuses = await asyncio.gather(*[durable.finished(instance_id) for instance_id in ids])

    assert [status.output for status in statuses] == [41] * 50
