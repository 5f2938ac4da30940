"""Members report messages; moderators read the queue of what is reported, and resolve it."""

import json

from chat.errors import NotInRoom
from chat.frames import Frame
from chat.handler_context import Answer, Services
from chat.logs import log
from chat.messages.parse import parse_message_id, parse_reason
from chat.names import room_name
from chat.room_log.entry_frames import chat_line
from chat.room_log.model import Message, UnknownMessage
from chat.room_log.reader import ANSWER_BYTES
from chat.rooms.act_fields import Fields
from chat.rooms.report_store import Report, ReportedMessage, ReportStore
from chat.times import timestamp
from chat.webhook.events import UserEvent

# So many reported messages are in one answer: those with the most reports.
QUEUE_LENGTH = 50


async def report_message(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Keep that a member reports a message; one report of a message by a user counts once.

    Raises what is wrong with the fields, NotInRoom, what the room's rules refuse, UnknownMessage, TooManyReports or
    StorageUnavailable.
    """
    room = event.joined_room(room_name(fields.get("room")))
    identity = parse_message_id(fields.get("id"))
    reason = parse_reason(fields.get("reason"), is_required=True)
    head = await services.rooms.read_head(room)
    services.reading(event, room)(head.rules)
    message = await services.rooms.store.find_message(room, identity)
    if message is None or message.deleted_at is not None:
        raise UnknownMessage(identity)
    report = Report(event.sender, services.now, reason)
    await report_store(services).add(ReportedMessage(room, identity, message.seq), report)
    log.info("a message was reported", extra={"room": room, "user": event.sender, "message_id": identity})
    return Answer()


async def list_reports(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Answer a moderator with the open reports of a room, those of the most reported messages first.

    Raises what is wrong with the fields, NotInRoom, what the room's rules refuse, or StorageUnavailable.
    """
    room = await moderated_room(event, fields, services)
    queue = await report_store(services).read_queue(room)
    queue.sort(key=lambda reported: (-len(reported.reports), reported.reports[0].at, reported.message))
    listed = queue[:QUEUE_LENGTH]
    messages = await services.rooms.store.read_messages(room, sorted(reported.seq for reported in listed))
    frames = [report_frame(room, reported, messages.get(reported.seq)) for reported in listed]
    frame = {"type": "reports", "room": room, "reports": fitting(frames), "open": len(queue)}
    return Answer(await services.profiles.add_names(frame))


async def resolve_reports(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Remove a message's reports from the queue, whatever was done about it; raises as `list_reports` does."""
    room = await moderated_room(event, fields, services)
    identity = parse_message_id(fields.get("id"))
    await report_store(services).remove(room, identity)
    log.info("reports were resolved", extra={"room": room, "user": event.sender, "message_id": identity})
    return Answer()


async def moderated_room(event: UserEvent, fields: Fields, services: Services) -> str:
    """Return the room that a moderator asks about; raises what the room's rules refuse, or NotInRoom."""
    room = room_name(fields.get("room"))
    if room not in event.origin.state.rooms:
        raise NotInRoom(room)
    head = await services.rooms.read_head(room)
    services.moderating(event, room)(head.rules)
    return room


def report_store(services: Services) -> ReportStore:
    """Return the reports in the storage that has the rooms' logs."""
    return ReportStore(services.rooms.store.tables)


def report_frame(room: str, reported: ReportedMessage, message: Message | None) -> Frame:
    """Return a reported message as moderators are told it; `message` is null where retention has removed it."""
    reports = [
        {"user": report.user, "at": timestamp(report.at), "reason": report.reason} for report in reported.reports
    ]
    return {"id": reported.message, "message": chat_line(room, message) if message else None, "reports": reports}


def fitting(frames: list[Frame]) -> list[Frame]:
    """Return the first frames that fit into one answer, at least one."""
    size, kept = 0, list[Frame]()
    for frame in frames:
        size += len(json.dumps(frame))
        if kept and size > ANSWER_BYTES:
            break
        kept.append(frame)
    return kept
