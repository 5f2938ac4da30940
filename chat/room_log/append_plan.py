"""What does one transaction append? The entries of several requests, and the messages that they change.

Nothing here has input or output. A plan holds only as long as the head's ETag does: every write to a room goes through
its head, so what was read after the head is exact when the transaction succeeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chat.errors import ChatError
from chat.room_log.model import (
    KINDS,
    Entry,
    Head,
    Message,
    NewMessage,
    Request,
    change_message,
    first_message,
)

# An entity group transaction has at most 100 operations: the head, and at most three for each request.
MAX_REQUESTS = 33


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry of the log and its message as it is now.

    `entry` is None for a change that changed nothing. `is_new` is False when an earlier delivery appended the entry.
    """

    entry: Entry | None
    message: Message
    is_new: bool = True


Outcome = Appended | ChatError


@dataclass(slots=True)
class AppendPlan:
    """One transaction: the head after it, the entries that it inserts, and the messages that it writes.

    `outcomes` has one for each request, in their order. `created` are the messages whose entry is new.
    """

    head: Head
    outcomes: list[Outcome] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    created: dict[str, Message] = field(default_factory=dict)
    changed: dict[str, Message] = field(default_factory=dict)


def plan_append(head: Head, known: Mapping[str, Message], requests: Sequence[Request], now: int) -> AppendPlan:
    """Return the transaction that carries out the requests in their order.

    `known` are the messages that the requests name, as far as they are in the log; `now` is our clock in milliseconds.
    """
    plan = AppendPlan(head)
    # The outcome of a second request with the same id is the first one's, once that has an entry.
    planned: dict[str, Outcome] = {}
    for request in requests:
        outcome = planned.get(request.id)
        if outcome is None:
            try:
                outcome = _plan_request(plan, known, request, now)
            except ChatError as error:
                outcome = error
            else:
                if outcome.entry is not None:
                    planned[request.id] = outcome
        plan.outcomes.append(outcome)
    return plan


def _plan_request(plan: AppendPlan, known: Mapping[str, Message], request: Request, now: int) -> Appended:
    head = plan.head
    # Times grow with the numbers, whatever the clocks of the instances say.
    seq, at = head.seq + 1, max(now, head.at + 1)
    target = request.target
    current = None if target is None else plan.created.get(target) or plan.changed.get(target) or known.get(target)
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
    )
    plan.head = Head(seq, entry.count, at, head.first, head.etag)
    plan.entries.append(entry)
    return Appended(entry, message)
