"""What does one transaction append? The entries of several requests, and the messages that they change.

Nothing here has input or output. A plan holds only as long as the head's ETag does: every write to a room goes through
its head, so what was read after the head is exact when the transaction succeeds.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from chat.errors import ChatError
from chat.names import ERASED_USER, user_key
from chat.room_log.model import (
    KINDS,
    MAX_MENTIONS,
    DeleteMessage,
    EditMessage,
    Entry,
    EraseUser,
    Head,
    Kind,
    Message,
    MessageRequest,
    NewMessage,
    Request,
    UnknownMessage,
    change_message,
    first_message,
)
from chat.room_log.moderation_acts import Act, Moderate, Moderation, change_rules, is_declined
from chat.room_log.rules import Rules, check_pace, check_reader, check_writer, may_read
from chat.room_log.rules_rows import encode_rules
from chat.value_objects import value_object

# An entity group transaction has at most 100 operations: the head, and at most three for each request.
MAX_REQUESTS = 33
# The users whose last message is known in slow mode. Of more within the pace, the first ones may speak again earlier.
# They are stored in one property, of at most 64 KiB of UTF-16: 33 characters for each of them.
MAX_SPEAKERS = 900


@value_object
class Appended:
    """An entry of the log and its message as it is now.

    `entry` is None for a change that changed nothing. `is_new` is False when an earlier delivery appended the entry.
    `unmentioned` are the users whom the message mentioned before a change, and does not any more.
    """

    entry: Entry | None
    message: Message
    is_new: bool = True
    unmentioned: tuple[str, ...] = ()


@value_object
class Moderated:
    """The entry of an act of moderation, and the room's rules after it.

    `entry` is None for an act that changed nothing. `rules` is None when an earlier delivery appended the entry.
    """

    entry: Entry | None
    rules: Rules | None


Outcome = Appended | Moderated | ChatError


@dataclass(slots=True)
class AppendPlan:
    """One transaction: the head after it, the entries that it inserts, and the messages that it writes.

    `outcomes` has one for each request, in their order. `created` are the messages whose entry is new. `before` is the
    head that it is conditional on.
    """

    before: Head
    head: Head
    outcomes: list[Outcome] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    created: dict[str, Message] = field(default_factory=dict)
    changed: dict[str, Message] = field(default_factory=dict)


def plan_append(
    room: str, head: Head, known: Mapping[str, Message], requests: Sequence[Request], now: int
) -> AppendPlan:
    """Return the transaction that carries out the requests in their order.

    `known` are the messages that the requests name, as far as they are in the log; `now` is our clock in milliseconds.
    """
    plan = AppendPlan(head, head)
    # The outcome of a second request with the same id is the first one's, once that has an entry.
    planned: dict[str, Outcome] = {}
    for request in requests:
        outcome = planned.get(request.id)
        if outcome is None:
            try:
                if isinstance(request, Moderate):
                    outcome = _plan_moderation(plan, room, known, request, now)
                else:
                    outcome = _plan_request(plan, room, known, request, now)
            except ChatError as error:
                outcome = error
            else:
                if outcome.entry is not None:
                    planned[request.id] = outcome
        plan.outcomes.append(outcome)
    return plan


def speaker_key(user: str) -> str:
    """Return a short text that stands for a user in the list of who spoke when."""
    return user_key(user)[:16]


def check_request(head: Head, room: str, request: MessageRequest, at: int) -> None:
    """Raise the ChatError with which the room's rules refuse a request at a time; an erasure is never refused."""
    if isinstance(request, EraseUser):
        return
    rules = head.rules
    check_reader(rules, room, request.user, at, request.joined_seq)
    if isinstance(request, DeleteMessage):  # who may not speak may still take back
        return
    check_writer(rules, request.user, at, admin=request.admin)
    if isinstance(request, NewMessage) and rules.slow:
        check_pace(rules, request.user, head.spoke.get(speaker_key(request.user)), at, admin=request.admin)


def is_admitted(head: Head, room: str, request: Request, now: int) -> bool:
    """Return whether the rules of a head let a request happen, as far as they know without the message it names.

    Where they do not, nothing of the room is read for it: so a refusal costs the same whether or not the room exists.
    """
    at = max(now, head.at + 1)
    try:
        if isinstance(request, Moderate):
            check_reader(head.rules, room, request.user, at, request.joined_seq)
        else:
            check_request(head, room, request, at)
    except ChatError:
        return False
    return True


def mentionable(users: tuple[str, ...], rules: Rules, room: str, authors: Collection[str], at: int) -> tuple[str, ...]:
    """Return those of the users who may read the room and did not write the message, at most ten."""
    others = (user for user in users if user not in authors and may_read(rules, room, user, at))
    return tuple(islice(others, MAX_MENTIONS))


def with_speaker(head: Head, user: str, at: int) -> Mapping[str, int]:
    """Return who spoke when, after a message; what is older than the pace of slow mode is left out."""
    if not head.rules.slow:
        return head.spoke
    recent = {key: time for key, time in head.spoke.items() if time > at - head.rules.slow * 1000}
    recent.pop(speaker_key(user), None)
    return dict([*recent.items(), (speaker_key(user), at)][-MAX_SPEAKERS:])


def _plan_moderation(
    plan: AppendPlan, room: str, known: Mapping[str, Message], request: Moderate, now: int
) -> Moderated:
    head = plan.head
    seq, at = head.seq + 1, max(now, head.at + 1)
    is_outside = request.moderation.act in (Act.CREATE, Act.ACCEPT, Act.ERASE) or is_declined(head.rules, request)
    if not is_outside:
        check_reader(head.rules, room, request.user, at, request.joined_seq)
    target = request.target
    if target is not None:
        pinned = plan.created.get(target) or plan.changed.get(target) or known.get(target)
        if pinned is None or pinned.deleted_at is not None:
            raise UnknownMessage(target)
    rules = change_rules(head.rules, request, room, seq, at)
    if rules == head.rules and seq > 1:
        return Moderated(None, rules)
    encode_rules(rules)  # raises TooManyRules when they do not fit
    entry = Entry(
        seq=seq,
        kind=Kind.MODERATE,
        id=request.id,
        user=request.user,
        at=at,
        count=head.messages,
        message_id=request.id,
        message_seq=seq,
        client_id=request.client_id,
        moderation=stored_act(request),
    )
    plan.head = replace(head, seq=seq, at=at, rules=rules, spoke=head.spoke if rules.slow else {})
    plan.entries.append(entry)
    return Moderated(entry, rules)


def stored_act(request: Moderate) -> Moderation:
    """Return an act as the log keeps it: an erasure does not keep whom it erased."""
    if request.moderation.act is Act.ERASE:
        return replace(request.moderation, whom=ERASED_USER)
    return request.moderation


def _plan_request(
    plan: AppendPlan, room: str, known: Mapping[str, Message], request: MessageRequest, now: int
) -> Appended:
    head = plan.head
    # Times grow with the numbers, whatever the clocks of the instances say.
    seq, at = head.seq + 1, max(now, head.at + 1)
    check_request(head, room, request, at)
    if not isinstance(request, NewMessage) and request.admin and head.rules.is_members_only:
        request = replace(request, admin=False)
    target = request.target
    current = None if target is None else plan.created.get(target) or plan.changed.get(target) or known.get(target)
    if isinstance(request, DeleteMessage) and head.rules.is_moderator(request.user):
        request = replace(request, moderator=True)
    if isinstance(request, NewMessage | EditMessage) and request.mentions:
        authors = {request.user, *([current.sender] if current and isinstance(request, EditMessage) else [])}
        request = replace(request, mentions=mentionable(request.mentions, head.rules, room, authors, at))
    if isinstance(request, NewMessage):
        message = first_message(request, current, seq, at, head.messages + 1)
        plan.created[message.id] = message
    else:
        message = change_message(current, request, seq, at)
        if message is current:
            return Appended(None, message)
        (plan.created if message.id in plan.created else plan.changed)[message.id] = message
    entry = Entry(
        seq=seq,
        kind=KINDS[type(request)],
        id=request.id,
        user=request.user,
        at=at,
        count=message.count if isinstance(request, NewMessage) else head.messages,
        message_id=message.id,
        message_seq=message.seq,
        client_id=request.client_id,
        emoji=getattr(request, "emoji", ""),
        on=getattr(request, "on", True),
        reason="" if message.sender == request.user else getattr(request, "reason", ""),
    )
    spoke = with_speaker(head, request.user, at) if isinstance(request, NewMessage) else head.spoke
    plan.head = Head(seq, entry.count, at, head.first, head.etag, head.rules, spoke)
    plan.entries.append(entry)
    was_mentioned = current.mentions if current and not isinstance(request, NewMessage) else ()
    unmentioned = tuple(user for user in was_mentioned if user not in message.mentions)
    return Appended(entry, message, unmentioned=unmentioned)
