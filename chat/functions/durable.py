"""What happens later and what is stored: entities, orchestrations and their activities (Durable Functions).

Orchestrators are replayed, so they decide nothing themselves: time comes from their context, effects from activities.
The names of entities, orchestrations and activities are stored with everything that is running: they never change.
"""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.durable_functions as df

from chat import frames
from chat.commands.reminder_store import REMINDER_ORCHESTRATION
from chat.commands.reminders import decode_reminder
from chat.functions.process_state import process_state
from chat.lines import Line, milliseconds
from chat.logs import log
from chat.names import REMINDER_USER, room_group
from chat.room_log.codec import apply_operation, decode_log, encode_line, encode_log
from chat.room_log.store import ROOM_ENTITY
from chat.rooms import directory
from chat.rooms.directory import DIRECTORY_ENTITY, DIRECTORY_KEY, EXPIRE_ORCHESTRATION
from chat.rooms.presence import read_roster
from chat.settings import current_settings

bp = df.Blueprint()
OrchestrationSteps = Generator[Any, Any, Any]

SEND_REMINDER, COUNT_MEMBERS = "say_reminder", "look_into_room"
# A reminder is sent within about five minutes after an outage; a room is checked once in six hours.
RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=10_000, max_number_of_attempts=30)
CHECK_INTERVAL = timedelta(hours=6)


@bp.entity_trigger(context_name="context", entity_name=ROOM_ENTITY)
def room_entity(context: df.DurableEntityContext) -> None:
    """Keep one room's log. `activity` returns when it was last used, `close` deletes an unused one."""
    room_log = decode_log(context.get_state(dict))
    match context.operation_name:
        case "activity":
            context.set_result(room_log.active_at)
        case "close":
            idle = room_log.active_at <= int(context.get_input()["before"])
            context.set_result(idle)
            if idle:  # after the result, which would make the entity exist again
                context.destruct_on_exit()
        case operation:
            context.set_state(encode_log(apply_operation(room_log, operation, context.get_input())))
            # Without a result of its own, an operation would report the one before it in its batch.
            context.set_result(None)


@bp.entity_trigger(context_name="context", entity_name=DIRECTORY_ENTITY)
def directory_entity(context: df.DurableEntityContext) -> None:
    """Keep the list of rooms that were entered."""
    known = context.get_state(dict)
    context.set_state(directory.apply_operation(known, context.operation_name, context.get_input()))
    context.set_result(None)


@bp.orchestration_trigger(context_name="context", orchestration=REMINDER_ORCHESTRATION)
def remind_when_due(context: df.DurableOrchestrationContext) -> OrchestrationSteps:
    """Wait until a reminder is due, then send it to its room."""
    content = context.get_input()
    reminder = decode_reminder(content)
    yield context.create_timer(reminder.due)
    yield context.call_activity_with_retry(SEND_REMINDER, RETRY, content)
    context.signal_entity(df.EntityId(ROOM_ENTITY, reminder.room), "say", encode_line(reminder_line(content)))
    return "said"


@bp.activity_trigger(input_name="content", activity=SEND_REMINDER)
async def send_reminder(content: dict) -> None:  # type: ignore[type-arg]  # the worker takes plain classes only
    """Send a reminder to its room. It may run twice; the message has one id."""
    gateway = await process_state().gateways.get(current_settings())
    line = reminder_line(content)
    await gateway.publish(room_group(line.room), frames.chat_line(line))
    log.info("reminder sent", extra={"room": line.room, "user": content["user"]})


def reminder_line(content: dict[str, Any]) -> Line:
    """Return a reminder's message; its time is when it was due."""
    reminder = decode_reminder(content)
    text = f"{reminder.user}: {reminder.text}"
    return Line(reminder.message_id, reminder.room, REMINDER_USER, text, milliseconds(reminder.due))


@bp.orchestration_trigger(context_name="context", orchestration=EXPIRE_ORCHESTRATION)
def expire_idle_room(context: df.DurableOrchestrationContext) -> OrchestrationSteps:
    """Delete a room's log once the room was empty and unused for the set time; until then check it again and again."""
    room = context.get_input()["room"]
    entity = df.EntityId(ROOM_ENTITY, room)
    now = context.current_utc_datetime
    active_at = yield context.call_entity(entity, "activity")
    counted = yield context.call_activity_with_retry(COUNT_MEMBERS, RETRY, room)
    idle = timedelta(seconds=counted["idleSeconds"])
    before = milliseconds(now - idle)
    if counted["people"] == 0 and active_at <= before:
        closed = yield context.call_entity(entity, "close", {"before": before})
        # Somebody may have joined in between; then the room stays.
        counted = yield context.call_activity_with_retry(COUNT_MEMBERS, RETRY, room)
        if closed and counted["people"] == 0:
            context.signal_entity(df.EntityId(DIRECTORY_ENTITY, DIRECTORY_KEY), "closed", {"room": room, "at": before})
            return "closed"
    due = datetime.fromtimestamp(active_at / 1000, UTC) + idle
    yield context.create_timer(max(now + timedelta(seconds=1), min(due, now + CHECK_INTERVAL)))
    context.continue_as_new({"v": directory.VERSION, "room": room})
    return None


@bp.activity_trigger(input_name="room", activity=COUNT_MEMBERS)
async def count_members(room: str) -> dict:  # type: ignore[type-arg]
    """Return how many people are in a room now, and how long an empty one is kept, in seconds."""
    settings = current_settings()
    roster = await read_roster(await process_state().gateways.get(settings), room)
    return {"people": len(roster.users), "idleSeconds": settings.room_idle_seconds}
