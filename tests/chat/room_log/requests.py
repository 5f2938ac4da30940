"""Requests to append to a room, and a log in memory that takes them in batches, as a writer does with storage."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from chat.room_log.append_plan import Appended, AppendPlan, Moderated, Outcome, plan_append
from chat.room_log.model import (
    DeleteMessage,
    EditMessage,
    Entry,
    EraseUser,
    Head,
    Message,
    NewMessage,
    Request,
    SetReaction,
)
from chat.room_log.moderation_acts import Act, Moderate, Moderation
from chat.room_log.rules import Role, RoomKind

USERS = ("ana", "bo", "cy")
EMOJIS = ("👍", "🎉", "❤️")

users, texts = st.sampled_from(USERS), st.sampled_from(("one", "two", "three"))
# Few messages, so that requests often name the same one; some name a message that nobody sent.
message_ids = st.sampled_from([f"m{number}" for number in range(5)])
change_ids = st.sampled_from([f"c{number}" for number in range(12)])
requests = st.one_of(
    st.builds(NewMessage, message_ids, users, texts, st.none() | st.just("x"), st.none() | message_ids),
    st.builds(EditMessage, id=change_ids, user=users, target=message_ids, text=texts, admin=st.booleans()),
    st.builds(DeleteMessage, id=change_ids, user=users, target=message_ids, admin=st.booleans()),
    st.builds(EraseUser, id=change_ids, user=st.just("root"), target=message_ids, erased=users),
    st.builds(
        SetReaction, id=change_ids, user=users, target=message_ids, emoji=st.sampled_from(EMOJIS), on=st.booleans()
    ),
)
batches = st.lists(st.lists(requests, min_size=1, max_size=8), max_size=8)
moderations = st.builds(
    Moderation,
    act=st.sampled_from([act for act in Act if act is not Act.UNKNOWN]),
    whom=users,
    until=st.sampled_from((0, 1, 50, 100_000)),
    seconds=st.sampled_from((0, 1, 30)),
    role=st.sampled_from(Role),
    message=message_ids,
    text=st.sampled_from(("", "A title")),
    kind=st.sampled_from(RoomKind),
    reason=st.sampled_from(("", "spam")),
)
acts = st.builds(
    Moderate,
    id=st.sampled_from([f"a{number}" for number in range(12)]),
    user=users,
    moderation=moderations,
    admin=st.booleans(),
    digest=st.sampled_from(("", "d1")),
)
moderated_batches = st.lists(st.lists(st.one_of(requests, acts), min_size=1, max_size=8), max_size=8)
clocks = st.integers(0, 100_000)


@dataclass
class MemoryLog:
    """What storage holds of a room after the plans that were carried out."""

    room: str = "lobby"
    head: Head = field(default_factory=Head)
    entries: dict[str, Entry] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    plans: list[AppendPlan] = field(default_factory=list)
    published: list[tuple[Entry, Message | None]] = field(default_factory=list)

    def append(self, batch: Sequence[Request], now: int = 0) -> list[Outcome]:
        """Carry out a batch in one transaction; a request that is in the log is answered from there."""
        new = [request for request in batch if request.id not in self.entries]
        plan = plan_append(self.room, self.head, self.messages, new, now)
        self.plans.append(plan)
        self.entries |= {entry.id: entry for entry in plan.entries}
        self.messages |= plan.created | plan.changed
        self.head = replace(plan.head, etag=f"etag-{plan.head.seq}" if plan.head.seq else "")
        for outcome in plan.outcomes:
            if isinstance(outcome, Appended | Moderated) and outcome.entry is not None:
                self.published.append((outcome.entry, getattr(outcome, "message", None)))
        planned = iter(plan.outcomes)
        return [next(planned) if request in new else self.find(request.id) for request in batch]

    def find(self, identity: str) -> Appended | Moderated:
        """Return the entry with this id and its message as it is now."""
        entry = self.entries[identity]
        if entry.moderation is not None:
            return Moderated(entry, None)
        return Appended(entry, self.messages[entry.message_id], is_new=False)


def new_message(identity: str, text: str = "hi", user: str = "ana", answers: str | None = None) -> NewMessage:
    return NewMessage(identity, user, text, None, answers)


def edit(identity: str, target: str, text: str, user: str = "ana", *, admin: bool = False) -> EditMessage:
    return EditMessage(id=identity, user=user, target=target, text=text, admin=admin)


def delete(identity: str, target: str, user: str = "ana", *, admin: bool = False) -> DeleteMessage:
    return DeleteMessage(id=identity, user=user, target=target, admin=admin)


def react(identity: str, target: str, emoji: str = "👍", user: str = "ana", *, on: bool = True) -> SetReaction:
    return SetReaction(id=identity, user=user, target=target, emoji=emoji, on=on)


def act(identity: str, act: Act, whom: str = "", *, user: str = "ana", admin: bool = False, **details: Any) -> Moderate:
    return Moderate(id=identity, user=user, moderation=moderation(act, whom, **details), admin=admin)


def moderation(act: Act, whom: str = "", **details: Any) -> Moderation:
    return replace(Moderation(act=act, whom=whom), **details)


def create(user: str = "ana", kind: RoomKind = RoomKind.PUBLIC, whom: str = "") -> Moderate:
    """Return the request that makes a room, with the user as its owner."""
    return act("create", Act.CREATE, whom, user=user, kind=kind)
