"""Appending to one room from one process: one transaction at a time, which carries what waited meanwhile.

A lost race tries again with the new head. While other instances append too, that is read together with each
transaction, so that a lost race costs one round trip. After an answer that was lost, the index rows tell whether the
transaction was carried out: an entry's id is inserted only once. They also tell a second delivery of a request that
would be refused by now.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field

from chat.correlation import CAUSE, Cause
from chat.errors import ChatError, StorageUnavailable
from chat.logs import cause_of, log
from chat.room_log.append_plan import (
    MAX_REQUESTS,
    Appended,
    AppendPlan,
    Moderated,
    Outcome,
    is_admitted,
    plan_append,
)
from chat.room_log.contention import LONGEST_TURN_SECONDS, Contention
from chat.room_log.model import Head, Message, MessageRequest, Request
from chat.room_log.moderation_acts import Moderate
from chat.room_log.store import AlreadyAppended, HeadMoved, RoomStore

# How long a request may wait for its entry to be stored, and one try of a transaction.
APPEND_SECONDS = 5.0
TRY_SECONDS = 2.5
# The pause while a row that retention removed is still in the index.
REMOVAL_PAUSE_SECONDS = 0.01
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.03, 0.5
MAX_RECENT = 256
# So many waiting requests are carried by one transaction; of more, so many or half.
UNDIVIDED = 16


@dataclass(slots=True)
class _Pending:
    """A request, the future of its outcome, until when it may be tried (monotonic seconds), and what caused it."""

    request: Request
    outcome: "asyncio.Future[Appended | Moderated]"
    until: float
    cause: Cause | None

    def finish(self, outcome: Outcome) -> None:
        """Set the outcome, unless the caller no longer waits for it."""
        if self.outcome.done():
            return
        if isinstance(outcome, ChatError):
            self.outcome.set_exception(outcome)
        else:
            self.outcome.set_result(outcome)


@dataclass(slots=True)
class RoomWriter:
    """Appends to one room.

    `head` and `recent` (messages by id) are what this process last saw of the room: exact together, because every
    write changes the head, and a transaction fails when the head is another one.
    """

    room: str
    store: RoomStore
    before_first: Callable[[str], Awaitable[None]]
    clock: Callable[[], float] = time.time
    append_seconds: float = APPEND_SECONDS
    head: Head | None = None
    recent: dict[str, Message] = field(default_factory=dict)
    _queue: deque[_Pending] = field(default_factory=deque)
    _task: "asyncio.Task[None] | None" = None
    _others: Contention = field(default_factory=Contention)
    _head_read: "asyncio.Task[Head] | None" = None  # sent together with the last transaction

    @property
    def is_idle(self) -> bool:
        """Whether no request waits or is being carried out."""
        return self._task is None or self._task.done()

    async def append(self, request: MessageRequest) -> Appended:
        """Return the request's entry once it is stored.

        Raises StorageUnavailable, or the ChatError that refuses the request.
        """
        outcome = await self._carry(request)
        if isinstance(outcome, Moderated):
            raise TypeError("an act of moderation has the id of a message or a change")
        return outcome

    async def moderate(self, request: Moderate) -> Moderated:
        """Return the entry of an act of moderation once it is stored; raises as `append` does."""
        outcome = await self._carry(request)
        if isinstance(outcome, Appended):
            raise TypeError("a message or a change has the id of an act of moderation")
        return outcome

    async def _carry(self, request: Request) -> Appended | Moderated:
        outcome: asyncio.Future[Appended | Moderated] = asyncio.get_running_loop().create_future()
        pending = _Pending(request, outcome, time.monotonic() + self.append_seconds, CAUSE.get())
        self._queue.append(pending)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        return await pending.outcome

    async def _work(self) -> None:
        while self._queue:
            if (wait := self._others.next_turn - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            batch: list[_Pending] = []
            try:
                await self._carry_out(batch)
                if self._head_read is not None:  # not needed: but to cancel it would close its connection
                    await asyncio.wait((self._head_read,), timeout=LONGEST_TURN_SECONDS)
            except Exception as problem:  # a defect: its callers are told, the next requests go on
                self._forget()
                for pending in batch:
                    if not pending.outcome.done():
                        pending.outcome.set_exception(problem)
            except asyncio.CancelledError:  # the event loop ends
                for pending in (*batch, *self._queue):
                    pending.outcome.cancel()
                raise
            finally:
                self._drop_head_read()

    async def _carry_out(self, batch: list[_Pending]) -> None:
        """Carry out what waits; `batch` is filled with it. What comes while a try fails is taken along."""
        waiting: list[_Pending] = []
        pause, races_lost = FIRST_PAUSE_SECONDS, 0
        refused = ""  # the ETag with which the last race was lost
        looked_up: set[str] = set()  # the ids of requests whose entry may be in the log
        is_head_fresh = False  # what the requests are judged by was read during this call, after they came
        while waiting := [pending for pending in (*waiting, *self._take(len(waiting))) if not pending.outcome.done()]:
            batch[:] = waiting
            # The calls are those of the oldest request: the task may have begun with another one, long ago.
            CAUSE.set(waiting[0].cause)
            wait = 0.0
            try:
                if looked_up and not (waiting := await self._settle(waiting, looked_up)):
                    continue
                if self.head is None:
                    self.head, is_head_fresh = await self._read_head(refused)
                plan = await self._plan(self.head, [pending.request for pending in waiting])
                judged = judged_ids(plan, [pending.request.id for pending in waiting])
                if judged and not is_head_fresh:
                    self._forget()
                    continue
                if judged - looked_up:  # a second delivery may be refused by now
                    looked_up |= judged
                    continue
                if plan.entries:
                    await self._commit(plan, waiting, races_lost)
                for pending, outcome in zip(waiting, plan.outcomes, strict=True):
                    pending.finish(outcome)
                return
            except HeadMoved:
                self._forget()
                races_lost, refused = races_lost + 1, plan.before.etag
                wait = self._others.lose(races_lost, jitter(), time.monotonic())
            except AlreadyAppended as found:
                # Looked for before: its entry was removed, and its index row is about to be.
                wait = REMOVAL_PAUSE_SECONDS * jitter() if found.id in looked_up else 0.0
                looked_up.add(found.id)
            except StorageUnavailable as problem:
                if problem.may_have_happened:
                    looked_up |= {pending.request.id for pending in waiting}
                self._forget()
                self._drop_head_read()
                wait, pause = pause * (0.5 + jitter() / 2), min(pause * 2, LONGEST_PAUSE_SECONDS)
                give_up(waiting, problem, time.monotonic() + wait)
            if wait:
                give_up(waiting, None, time.monotonic() + wait)
                await asyncio.sleep(wait)

    async def _plan(self, head: Head, requests: Sequence[Request]) -> AppendPlan:
        now = round(self.clock() * 1000)
        known = self.recent.keys() | {request.id for request in requests}
        missing = {
            request.target
            for request in requests
            if request.target not in known and request.target is not None and is_admitted(head, self.room, request, now)
        }
        found = await asyncio.gather(*(self.store.find_message(self.room, target) for target in sorted(missing)))
        self.recent |= {message.id: message for message in found if message is not None}
        return plan_append(self.room, head, self.recent, requests, now)

    async def _read_head(self, refused: str) -> tuple[Head, bool]:
        """Return the head, and whether it was read now.

        The one that was read together with a transaction is older than the requests that came meanwhile; and it may be
        the head that the transaction was refused with.
        """
        reading, self._head_read = self._head_read, None
        head = await reading if reading is not None else None
        is_fresh = head is None or head.etag == refused
        if head is None or is_fresh:
            head = await self.store.read_head(self.room)
        self._others.see_head(head.etag, time.monotonic())
        return head, is_fresh

    def _drop_head_read(self) -> None:
        """End a read whose answer is not needed; after this, asyncio does not log how it failed."""
        if self._head_read is not None:
            self._head_read.cancel()
            self._head_read = None

    async def _commit(self, plan: AppendPlan, waiting: Sequence[_Pending], races_lost: int) -> None:
        if not plan.head.etag:
            await self.before_first(self.room)
        began = time.monotonic()
        left = max(pending.until for pending in waiting) - began
        self._drop_head_read()
        self._others.begin(began)
        if self._others.is_noticed(began):
            # It begins when this task waits for the transaction, so it is sent after that.
            self._head_read = asyncio.create_task(self.store.read_head(self.room))
        etag = await self.store.commit(self.room, plan, max(0.1, min(TRY_SECONDS, left)))
        now = time.monotonic()
        self._others.win(etag, races_lost, now)
        if self._others.is_noticed(now):
            # At the next turn the head is another one: to read it costs less than to lose.
            self._forget()
            return
        head = plan.head
        self.head = Head(head.seq, head.messages, head.at, head.first, etag, head.rules, head.spoke)
        self.recent |= plan.created | plan.changed
        for identity in list(self.recent)[: max(0, len(self.recent) - MAX_RECENT)]:
            del self.recent[identity]

    async def _settle(self, waiting: list[_Pending], identities: Collection[str]) -> list[_Pending]:
        """Finish those of the requests with these ids whose entry the log has, and return the others."""
        searched = [pending for pending in waiting if pending.request.id in identities]
        found = await asyncio.gather(*(self.store.find(self.room, pending.request.id) for pending in searched))
        for pending, there in zip(searched, found, strict=True):
            if there is not None:
                entry, message = there
                pending.finish(Moderated(entry, None) if message is None else Appended(entry, message, is_new=False))
        return [pending for pending in waiting if not pending.outcome.done()]

    def _take(self, number: int) -> list[_Pending]:
        """Return what waits, as far as a transaction that has so many requests can carry it.

        Of many that wait, half is taken: while these are published, the next transaction carries the others. Where
        others append too, turns are few, and all is taken.
        """
        is_contended = self._others.is_noticed(time.monotonic())
        wanted = len(self._queue) if is_contended else max(UNDIVIDED, len(self._queue) // 2)
        return [self._queue.popleft() for _ in range(min(len(self._queue), wanted, MAX_REQUESTS - number))]

    def _forget(self) -> None:
        self.head = None
        self.recent.clear()


def jitter() -> float:
    """Return a number from 0 to 1, so that instances that lost one race do not meet in the next."""
    return random.random()  # noqa: S311 - the pause is no secret


def judged_ids(plan: AppendPlan, identities: Sequence[str]) -> set[str]:
    """Return the ids of the requests that a plan refuses or that change nothing: that may be so no longer."""
    outcomes = zip(identities, plan.outcomes, strict=True)
    return {identity for identity, outcome in outcomes if isinstance(outcome, ChatError) or outcome.entry is None}


def give_up(waiting: Sequence[_Pending], problem: StorageUnavailable | None, now: float) -> None:
    """Fail the requests whose time is over at `now` (monotonic seconds)."""
    for pending in waiting:
        if pending.until <= now and not pending.outcome.done():
            error = StorageUnavailable("storage did not take the entry in time")
            error.__cause__ = problem
            log.warning("an append was given up", extra={"cause": cause_of(error)})
            pending.finish(error)
