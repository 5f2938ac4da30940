"""What happens later: orchestrations and their activities (Durable Functions).

Orchestrators are replayed, so they decide nothing themselves: time comes from their context, effects from activities.
The names of orchestrations and activities are stored with everything that is running: they never change.
"""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from chat.commands.reminder_store import REMINDER_ORCHESTRATION
from chat.commands.reminders import decode_reminder
from chat.commands.waiting_reminders import WaitingReminders
from chat.errors import ChatError
from chat.functions.process_state import process_state
from chat.logs import log, or_none
from chat.names import room_group
from chat.room_log.entry_frames import chat_line
from chat.room_log.model import Form, NewMessage
from chat.settings import Auth, current_settings

bp = df.Blueprint()
OrchestrationSteps = Generator[Any, Any, Any]

SEND_REMINDER = "say_reminder"
# A reminder is sent within about five minutes after an outage.
RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=10_000, max_number_of_attempts=30)


@bp.orchestration_trigger(context_name="context", orchestration=REMINDER_ORCHESTRATION)
def remind_when_due(context: df.DurableOrchestrationContext) -> OrchestrationSteps:
    """Wait until a reminder is due, then send it to its room."""
    content = context.get_input()
    reminder = decode_reminder(content)
    yield context.create_timer(reminder.due)
    yield context.call_activity_with_retry(SEND_REMINDER, RETRY, content)
    return "said"


@bp.activity_trigger(input_name="content", activity=SEND_REMINDER)
async def send_reminder(content: dict) -> None:  # type: ignore[type-arg]  # the worker takes plain classes only
    """Send a reminder to its room, unless its rules refuse the user. It may run twice; the message has one id."""
    settings, process, reminder = current_settings(), process_state(), decode_reminder(content)
    gateway, rooms = await process.gateways.get(settings), await process.room_logs(settings)
    message = NewMessage(reminder.message_id, reminder.user, reminder.line, form=Form.REMINDER)
    outcome = "reminder sent"
    try:
        appended = await rooms.append(reminder.room, message)
    except ChatError as refusal:
        if refusal.status >= 500:
            raise
        outcome = f"reminder refused: {refusal.code}"
    else:
        room_list = await process.room_list(settings)
        room_list.note_message(reminder.room, appended.message.sent_at, appended.message.count)
        await gateway.publish(room_group(reminder.room), chat_line(reminder.room, appended.message))
    if settings.auth is Auth.OPEN:  # else it has no row
        removing = WaitingReminders(await process.tables.get(settings)).remove(reminder)
        await or_none(removing, "a reminder still counts as waiting", reminder.room)
    log.info(outcome, extra={"room": reminder.room, "user": reminder.user})
