"""The durable functions of earlier versions, as far as their running instances need them to end.

Version 1 kept rooms and the list of rooms in entities, and had an orchestration for each room. Nothing here starts one.
The functions can be removed when no app of that version has run for a day.
"""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.durable_functions as df

from chat.times import milliseconds

bp = df.Blueprint()

RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=10_000, max_number_of_attempts=30)
CHECK_INTERVAL = timedelta(hours=6)


@bp.entity_trigger(context_name="context", entity_name="room")
def room_entity(context: df.DurableEntityContext) -> None:
    """Answer what a room's orchestration asks; what is still sent to the entity changes nothing."""
    state = context.get_state(dict) or {}
    context.set_result(int(state.get("activeAt", 0)) if context.operation_name == "activity" else None)


@bp.entity_trigger(context_name="context", entity_name="directory")
def directory_entity(context: df.DurableEntityContext) -> None:
    """Take what is still sent to the list of rooms; nothing reads it any more."""
    context.set_result(None)


@bp.orchestration_trigger(context_name="context", orchestration="room_care")
def expire_idle_room(context: df.DurableOrchestrationContext) -> Generator[Any, Any, str]:
    """End. What an instance did before must be replayed step by step as version 1 did it; then it does no more."""
    room, now = context.get_input()["room"], context.current_utc_datetime
    entity = df.EntityId("room", room)
    active_at = yield context.call_entity(entity, "activity")
    counted = yield context.call_activity_with_retry("look_into_room", RETRY, room)
    if "idleSeconds" not in counted:
        return "ended"
    idle = timedelta(seconds=counted["idleSeconds"])
    before = milliseconds(now - idle)
    if counted["people"] == 0 and active_at <= before:
        yield context.call_entity(entity, "close", {"before": before})
        yield context.call_activity_with_retry("look_into_room", RETRY, room)
    due = datetime.fromtimestamp(active_at / 1000, UTC) + idle
    yield context.create_timer(max(now + timedelta(seconds=1), min(due, now + CHECK_INTERVAL)))
    return "ended"


@bp.activity_trigger(input_name="room", activity="look_into_room")
def count_members(room: str) -> dict:  # type: ignore[type-arg]  # the worker takes plain classes only
    """Tell an orchestration of version 1 that it is not needed any more."""
    return {"room": room, "ended": True}
