"""Rewinding failed instances with the SDK's client: what runs again, and what the history says."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from local_azure.functions.durable.protocol.history import EventType
from local_azure.functions.durable.storage import instance_store

UNTIL_REWOUND = 1  # how many calls of an activity fail


async def failed(durable: Any, name: str, instance_id: str, data: Any) -> None:
    await durable.client.start_new(name, instance_id, data)
    assert (await durable.finished(instance_id)).runtime_status.value == "Failed"


async def rewound(durable: Any, instance_id: str) -> Any:
    """Rewind the instance and return its final status."""
    await durable.client.rewind(instance_id, "mended")
    return await durable.finished(instance_id)


async def recorded(durable: Any, instance_id: str) -> list[dict[str, Any]]:
    """Return the history as the orchestrator gets it."""

    def load(db: sqlite3.Connection) -> list[dict[str, Any]]:
        return instance_store.load_history(db, instance_id)

    events: list[dict[str, Any]] = await durable.backend._store.run(load)
    return events


async def test_d067_after_a_rewind_failed_activities_run_again_and_the_others_do_not(durable: Any, sample: Any) -> None:
    """A failure that the orchestrator caught is undone too."""
    await failed(durable, "catches_then_fails", "d067", {"token": "d067", "failures": UNTIL_REWOUND})
    doubled = sample.module.calls["double"]

    status = await rewound(durable, "d067")

    assert (status.runtime_status.value, status.output) == ("Completed", [2, "after 2", "after 2"])
    assert sample.module.calls["double"] == doubled


async def test_d068_failures_become_generic_events_and_an_activity_gets_its_id_again(durable: Any) -> None:
    await failed(durable, "calls_flaky", "d068", {"token": "d068", "failures": UNTIL_REWOUND})
    before = await recorded(durable, "d068")

    await rewound(durable, "d068")

    after = await recorded(durable, "d068")
    generic = [entry for entry in after if entry["EventType"] == EventType.GENERIC_EVENT]
    reasons = [entry.get("Reason") for entry in generic]
    assert reasons == ["Rewound: TaskScheduled", "Rewound: TaskFailed", "Rewound: ExecutionCompleted", None]
    assert generic[-1]["Data"] == "mended"
    scheduled = [entry["EventId"] for entry in after if entry["EventType"] == EventType.TASK_SCHEDULED]
    assert scheduled == [0]
    assert [entry["Timestamp"] for entry in after[: len(before)]] == [entry["Timestamp"] for entry in before]


async def test_d069_a_failed_sub_orchestration_is_rewound_with_its_parent(durable: Any) -> None:
    """The one that completed does not run again; both parents go on when the lowest instance has ended."""
    flaky = ["calls_flaky", {"token": "d069", "failures": UNTIL_REWOUND}]
    nested = ["two_children", [["no_steps", "inner"], flaky]]
    await failed(durable, "two_children", "d069", [["no_steps", "outer"], nested])
    fine = await durable.client.get_status("d069-0")

    status = await rewound(durable, "d069")

    assert (status.runtime_status.value, status.output) == ("Completed", ["outer", ["inner", "after 2"]])
    for instance_id in ("d069-1", "d069-1-1"):
        assert (await durable.client.get_status(instance_id)).runtime_status.value == "Completed"
    assert (await durable.client.get_status("d069-0")).last_updated_time == fine.last_updated_time
    created = [
        entry for entry in await recorded(durable, "d069") if entry["EventType"] == EventType.SUB_ORCHESTRATION_CREATED
    ]
    assert [entry.get("Reason") for entry in created] == [None, "Rewound: SubOrchestrationInstanceCreated"]


async def test_a_sub_orchestration_that_was_purged_starts_again(durable: Any) -> None:
    plan = {"token": "purged", "failures": UNTIL_REWOUND}
    await failed(durable, "parent", "above", {"name": "calls_flaky", "input": plan, "id": "below"})
    await durable.client.purge_instance_history("below")

    status = await rewound(durable, "above")

    assert status.output == {"child": "after 2"}


async def test_a_parent_waits_for_a_sub_orchestration_that_was_rewound_by_itself(durable: Any) -> None:
    plan = {"token": "alone", "failures": UNTIL_REWOUND}
    await failed(durable, "parent", "waiting", {"name": "flaky_then_waits", "input": plan, "id": "alone"})
    await durable.client.rewind("alone", "first")
    await durable.status_when("alone", lambda status: status.runtime_status.value == "Running")

    await durable.client.rewind("waiting", "then")
    pending = await durable.client.get_status("waiting")
    assert (pending.runtime_status.value, pending.output) == ("Pending", None)
    await durable.client.raise_event("alone", "go", "result")

    assert (await durable.finished("waiting")).output == {"child": '"result"'}


async def test_d070_only_a_failed_instance_can_be_rewound(durable: Any) -> None:
    """The status is 412, and the SDK raises the text; since late 2025, before it was 410."""
    await durable.client.start_new("waits_for", "running", ["never"])
    await durable.status_when("running", lambda status: status.runtime_status.value == "Running")
    await durable.client.start_new("no_steps", "complete")
    await durable.finished("complete")

    for instance_id, status in (("running", "Running"), ("complete", "Completed")):
        with pytest.raises(Exception, match=f"'{instance_id}' has the status {status}, and only Failed"):
            await durable.client.rewind(instance_id, "again")
        async with durable.http.post(f"{durable.base}/instances/{instance_id}/rewind?reason=x") as response:
            assert response.status == 412
    with pytest.raises(Exception, match="No instance with ID nobody found"):
        await durable.client.rewind("nobody", "again")


async def test_an_orchestrator_that_raises_again_fails_again(durable: Any) -> None:
    """The custom status stays; the output is that of the second failure."""
    await failed(durable, "raises_error", "twice", None)

    status = await rewound(durable, "twice")

    assert (status.runtime_status.value, status.custom_status) == ("Failed", "about to")
    assert status.output == "Orchestrator function 'raises_error' failed: failed_on_purpose"
    assert len([e for e in await durable.history("twice") if e["EventType"] == "ExecutionCompleted"]) == 1


async def test_a_second_rewind_at_the_same_time_is_refused(durable: Any) -> None:
    await failed(durable, "calls_flaky", "same", {"token": "same", "failures": UNTIL_REWOUND})
    answers = await asyncio.gather(*[durable.client.rewind("same", "r") for _ in range(8)], return_exceptions=True)

    assert [answer for answer in answers if answer is None] == [None]
    assert (await durable.finished("same")).output == "after 2"


async def test_a_rewound_instance_goes_on_after_a_restart(serve: Any, sample: Any, tmp_path: Path) -> None:
    """Rewinding is one transaction: a host that starts again finds the instance Pending and runs it."""
    without = [function for function in sample.functions if function.name != "calls_flaky"]
    plan = {"token": "restarted", "failures": UNTIL_REWOUND}
    async with serve(tmp_path) as running:
        await failed(running, "calls_flaky", "kept", plan)
    async with serve(tmp_path, functions=without) as running:
        await running.client.rewind("kept", "mended")
        assert (await running.client.get_status("kept")).runtime_status.value == "Pending"
    async with serve(tmp_path) as running:
        assert (await running.finished("kept")).output == "after 2"


@pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")  # the timers' events, says the SDK
async def test_d071_a_rewound_activity_with_retries_does_not_match_the_timers_between_its_attempts(
    durable: Any,
) -> None:
    """The attempts are undone, the timers stay: the instance fails, with a message that says so."""
    await failed(durable, "retries_in_vain", "d071", {"token": "d071", "failures": 2})

    status = await rewound(durable, "d071")

    assert status.runtime_status.value == "Failed"
    assert "Non-Deterministic workflow detected" in status.output
