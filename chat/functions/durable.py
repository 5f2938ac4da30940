"""What happens later and what is remembered: entities, orchestrations and their activities (Durable Functions).

Orchestrators are replayed, so they decide nothing themselves: time comes from their context, effects from activities.
"""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.durable_functions as df

from chat import directory, frames
from chat.gateway import gateway
from chat.logs import log
from chat.memory import CARE, DIRECTORY, DIRECTORY_KEY, REMINDER, ROOM
from chat.messages import Line, milliseconds
from chat.names import REMINDER_USER, room_group
from chat.presence import read_roster
from chat.reminders import reminder_from
from chat.room_state import apply_operation, pack_line, pack_log, unpack_log
from chat.settings import current_settings

bp = df.Blueprint()
Flow = Generator[Any, Any, Any]

# A reminder is said within about five minutes of an outage's end; a room is looked at once in six hours.
RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=10_000, max_number_of_attempts=30)
CARE_INTERVAL = timedelta(hours=6)


@bp.entity_trigger(context_name="context", entity_name=ROOM)
def room_entity(context: df.DurableEntityContext) -> None:
    """Remember what was said in one room. `activity` tells when it was last used, `close` forgets an unused one."""
    memory = unpack_log(context.get_state(dict))
    match context.operation_name:
        case "activity":
            context.set_result(memory.active_at)
        case "close":
            idle = memory.active_at <= int(context.get_input()["before"])
            context.set_result(idle)
            if idle:  # after the result, which would make the entity exist again
                context.destruct_on_exit()
        case operation:
            context.set_state(pack_log(apply_operation(memory, operation, context.get_input())))
            # Without a result of its own, an operation would report the one before it in its batch.
            context.set_result(None)


@bp.entity_trigger(context_name="context", entity_name=DIRECTORY)
def directory_entity(context: df.DurableEntityContext) -> None:
    """Remember which rooms were entered."""
    known = context.get_state(dict)
    context.set_state(directory.apply_operation(known, context.operation_name, context.get_input()))
    context.set_result(None)


@bp.orchestration_trigger(context_name="context", orchestration=REMINDER)
def remind_when_due(context: df.DurableOrchestrationContext) -> Flow:
    """Wait until a reminder is due, then say it in its room."""
    content = context.get_input()
    reminder = reminder_from(content)
    yield context.create_timer(reminder.due)
    yield context.call_activity_with_retry("say_reminder", RETRY, content)
    context.signal_entity(df.EntityId(ROOM, reminder.room), "say", pack_line(reminder_line(content)))
    return "said"


@bp.activity_trigger(input_name="content")
async def say_reminder(content: dict) -> None:  # type: ignore[type-arg]  # the worker takes plain classes only
    """Say a reminder in its room. It may run twice; the line has one id."""
    service = await gateway(current_settings())
    line = reminder_line(content)
    await service.publish(room_group(line.room), frames.chat_line(line))
    log.info("reminder said", extra={"room": line.room, "user": content["user"]})


def reminder_line(content: dict[str, Any]) -> Line:
    """Return what a reminder says; its time is when it was due."""
    reminder = reminder_from(content)
    text = f"{reminder.user}: {reminder.text}"
    return Line(reminder.message_id, reminder.room, REMINDER_USER, text, milliseconds(reminder.due))


@bp.orchestration_trigger(context_name="context", orchestration=CARE)
def care_for_room(context: df.DurableOrchestrationContext) -> Flow:
    """Forget a room once it has stood empty and silent for the set time; until then look again and again."""
    room = context.get_input()["room"]
    entity = df.EntityId(ROOM, room)
    now = context.current_utc_datetime
    active_at = yield context.call_entity(entity, "activity")
    look = yield context.call_activity_with_retry("look_into_room", RETRY, room)
    idle = timedelta(seconds=look["idleSeconds"])
    before = milliseconds(now - idle)
    if look["people"] == 0 and active_at <= before:
        closed = yield context.call_entity(entity, "close", {"before": before})
        # Somebody may have come in between; then this goes on.
        look = yield context.call_activity_with_retry("look_into_room", RETRY, room)
        if closed and look["people"] == 0:
            context.signal_entity(df.EntityId(DIRECTORY, DIRECTORY_KEY), "closed", {"room": room, "at": before})
            return "closed"
    due = datetime.fromtimestamp(active_at / 1000, UTC) + idle
    yield context.create_timer(max(now + timedelta(seconds=1), min(due, now + CARE_INTERVAL)))
    context.continue_as_new({"room": room})
    return None


@bp.activity_trigger(input_name="room")
async def look_into_room(room: str) -> dict:  # type: ignore[type-arg]
    """Return how many people are in a room now, and for how long an empty one is kept, in seconds."""
    settings = current_settings()
    here = await read_roster(await gateway(settings), room)
    return {"people": len(here.users), "idleSeconds": settings.room_idle_seconds}
