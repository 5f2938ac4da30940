"""What an earlier version left running ends by itself."""

import json
from typing import Any

import pytest

from chat.functions.earlier_versions import bp
from tests.chat.local_chat import LocalChat, until

DURABLE = "/runtime/webhooks/durabletask"
CONTENT = {"v": 1, "room": "design"}
BEGAN, WOKE = "2026-01-31T12:00:00.000000Z", "2026-01-31T18:00:00.000000Z"
LAST_USED_AT = 1_769_860_800_000  # BEGAN in milliseconds


async def test_an_orchestration_of_an_earlier_version_ends_at_its_next_step(chat: LocalChat) -> None:
    async with chat.http.post(f"{chat.url}{DURABLE}/orchestrators/room_care/care-design", json=CONTENT) as response:
        assert response.status == 202
    status: dict[str, Any] = {}

    async def has_ended() -> bool:
        nonlocal status
        async with chat.http.get(f"{chat.url}{DURABLE}/instances/care-design") as response:
            status = await response.json()
        return status["runtimeStatus"] not in ("Pending", "Running")

    await until(has_ended)
    assert (status["runtimeStatus"], status["output"]) == ("Completed", "ended")


async def test_what_is_still_sent_to_an_entity_of_an_earlier_version_is_taken(chat: LocalChat) -> None:
    for entity, operation in (("room/design", "say"), ("directory/all", "opened")):
        async with chat.http.post(f"{chat.url}{DURABLE}/entities/{entity}?op={operation}", json="{}") as response:
            assert response.status == 202

    async def are_handled() -> bool:
        async with chat.http.get(f"{chat.url}{DURABLE}/entities/directory/all") as response:
            return response.status == 200

    await until(are_handled)


@pytest.mark.parametrize(("people", "steps"), [(2, 3), (0, 5)])
def test_an_orchestration_that_waits_is_replayed_as_it_ran_and_then_ends(people: int, steps: int) -> None:
    """The platform compares each step with the history: other steps than version 1's would fail the instance."""
    counted = {"people": people, "idleSeconds": 0 if people == 0 else 86_400}
    history = [
        event(12),
        event(0, Name="expire_idle_room", Input=json.dumps(CONTENT), Version=""),
        *called_entity(0, "activity", LAST_USED_AT),
        event(5, TaskScheduledId=1, Result=json.dumps(counted)),
    ]
    if people == 0:  # it was closed, but somebody had joined meanwhile
        history += [*called_entity(2, "close", True), event(5, TaskScheduledId=3, Result=json.dumps({"people": 1}))]
    waiting = run(history)
    ended = run([*history, event(12) | {"Timestamp": WOKE}, event(11, TimerId=steps - 1, FireAt=WOKE)])

    # A call of an entity, of an activity with retries, and a timer.
    kinds = [action["actionType"] for action in waiting["actions"][0]]
    assert (kinds, waiting["isDone"]) == ([7, 12, 5] if people else [7, 12, 7, 12, 5], False)
    assert (ended["isDone"], ended["output"]) == (True, "ended")
    assert ended["actions"] == waiting["actions"]


def run(history: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the orchestrator answers to a history, as the platform asks it."""
    (orchestrator,) = (
        function.get_user_function()
        for function in (builder.build() for builder in bp._function_builders)
        if function.get_function_name() == "expire_idle_room"
    )
    body = {"history": history, "input": json.dumps(CONTENT), "instanceId": "care-design", "isReplaying": False}
    body |= {"parentInstanceId": None, "upperSchemaVersion": 1, "upperSchemaVersionNew": 4}
    return dict(json.loads(orchestrator(json.dumps(body))))


def event(kind: int, identity: int = -1, **fields: Any) -> dict[str, Any]:
    return {"EventType": kind, "EventId": identity, "IsPlayed": False, "Timestamp": BEGAN} | fields


def called_entity(identity: int, operation: str, result: Any) -> list[dict[str, Any]]:
    """Return the events of a call of the room's entity and of its answer."""
    call = json.dumps({"id": f"call-{identity}", "op": operation})
    answer = json.dumps({"result": json.dumps(result)})
    return [
        event(14, identity, InstanceId="@room@design", Name="op", Input=call),
        event(15, Name=f"call-{identity}", Input=answer),
    ]
