"""A room with a given log in storage, written in large transactions."""

from collections.abc import Sequence

from chat.room_log.append_plan import MAX_REQUESTS, Appended, plan_append
from chat.room_log.model import Head, Message, Request
from chat.room_log.rows import encode_head, entry_key, index_key
from chat.room_log.store import TABLE, RoomStore
from tests.chat.room_log.conftest import ROOM
from tests.chat.room_log.requests import edit, new_message, react

NOW = 1_769_860_800_000


async def write_room(store: RoomStore, requests: Sequence[Request]) -> dict[str, Message]:
    """Append all requests to an empty room, and return its messages as they are then."""
    head, messages = Head(), dict[str, Message]()
    for begin in range(0, len(requests), MAX_REQUESTS):
        plan = plan_append("lobby", head, messages, requests[begin : begin + MAX_REQUESTS], NOW)
        assert all(isinstance(outcome, Appended) and outcome.entry for outcome in plan.outcomes)
        etag = await store.commit(ROOM, plan, 5.0)
        head = Head(plan.head.seq, plan.head.messages, plan.head.at, plan.head.first, etag)
        messages |= plan.created | plan.changed
    return messages


def new_messages(number: int, text: str = "hi") -> list[Request]:
    """Return requests of so many messages: m1, m2 …"""
    return [new_message(f"m{count}", text) for count in range(1, number + 1)]


def changed_messages(messages: int, changes: int) -> list[Request]:
    """Return requests of messages, each followed by so many changes of it."""
    requests: list[Request] = []
    for count in range(1, messages + 1):
        requests.append(new_message(f"m{count}"))
        for change in range(changes):
            identity = f"c{count}-{change}"
            target = f"m{count}"
            is_edit = change % 2 == 0
            requests.append(
                edit(identity, target, f"text {change}") if is_edit else react(identity, target, user=identity)
            )
    return requests


async def remove_before(store: RoomStore, first: int, requests: Sequence[Request]) -> None:
    """Remove the entries below a number, as retention does: the head says so first."""
    head = await store.read_head(ROOM)
    await store.tables.replace(TABLE, encode_head(ROOM, Head(head.seq, head.messages, head.at, first)), head.etag)
    for seq in range(1, first):
        await store.tables.delete(TABLE, ROOM, entry_key(seq))
        await store.tables.delete(TABLE, ROOM, index_key(requests[seq - 1].id))
