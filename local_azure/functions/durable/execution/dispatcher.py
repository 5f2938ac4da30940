"""Do what is due, as soon as it is: episodes, activities, entity batches, timers.

Nothing polls: every transaction says who has something to do now, and they are woken. All of it can be cancelled at any
moment; what was not committed is done again after a restart.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from datetime import datetime
from functools import partial

from local_azure.functions.durable.execution.background_tasks import SerialWorkers, Tasks
from local_azure.functions.durable.execution.entity_runner import EntityRunner
from local_azure.functions.durable.execution.function_registry import Catalog, UnknownFunction
from local_azure.functions.durable.execution.http_call import HttpCalls
from local_azure.functions.durable.execution.invocations import Invocations
from local_azure.functions.durable.options import Options
from local_azure.functions.durable.protocol.episode import (
    Answer,
    decide,
    episode_time,
    failure_text,
    orchestrator_input,
)
from local_azure.functions.durable.protocol.history import EventType, event
from local_azure.functions.durable.protocol.replay import HTTP_ACTIVITY, ReplayError
from local_azure.functions.durable.protocol.work_items import ActivityWork
from local_azure.functions.durable.storage import episode_store, work_store
from local_azure.functions.durable.storage.episode_store import Turn
from local_azure.functions.durable.storage.instance_store import Wakes
from local_azure.functions.durable.storage.store import Store

log = logging.getLogger(__name__)

# A sleeping laptop stops the clock that timeouts use, so the time is looked at now and then.
LONGEST_WAIT_SECONDS = 30.0


class Dispatcher:
    """Owns every task of the backend."""

    def __init__(self, store: Store, catalog: Catalog, invocations: Invocations, options: Options) -> None:
        self._store = store
        self._catalog = catalog
        self._invocations = invocations
        self._options = options
        self._http = HttpCalls(options)
        self._instances: SerialWorkers[str] = SerialWorkers(self._run_instance, options.max_orchestrators)
        self._entities = EntityRunner(store, catalog, invocations, options, self.wake)
        self._activity_slots = asyncio.Semaphore(options.max_activities)
        self._tasks = Tasks()
        self._timers_changed = asyncio.Event()
        self._changed: dict[str, asyncio.Event] = {}

    async def start(self) -> None:
        """Take up everything that the store holds unfinished, and begin to watch the clock."""
        self._tasks.start(self._run_timers(), "durable timers")
        self.wake(await self._store.run(work_store.unfinished))

    async def stop(self) -> None:
        """Cancel every task and wait until it has ended."""
        await self._tasks.cancel()
        await self._instances.stop()
        await self._entities.stop()
        await self._http.close()

    def wake(self, wakes: Wakes) -> None:
        """Start what a transaction made possible."""
        for instance_id in wakes.instances:
            self._instances.wake(instance_id)
        for entity in wakes.entities:
            self._entities.wake(entity)
        for work in wakes.activities:
            self._tasks.start(self._run_activity(work), f"durable activity {work.name}")
        for instance_id in wakes.changed:
            if (changed := self._changed.pop(instance_id, None)) is not None:
                changed.set()
        if wakes.has_timers:
            self._timers_changed.set()

    def look_at_clock(self) -> None:
        """Notice that the clock was set; only tests with a clock of their own need it."""
        self._timers_changed.set()

    def next_change(self, instance_id: str) -> asyncio.Event:
        """Return an event that is set when the instance's status has changed next."""
        return self._changed.setdefault(instance_id, asyncio.Event())

    async def _run_instance(self, instance_id: str) -> None:
        while (turn := await self._store.run(partial(episode_store.take_turn, instance_id=instance_id))) is not None:
            try:
                function = self._catalog.orchestrators.find(turn.execution.name)
            except UnknownFunction as error:
                log.warning("orchestration waits for its function", extra={"instance": instance_id, "why": str(error)})
                return
            options = self._options
            at = episode_time(options.clock(), turn.history, turn.arrived)
            new_events = [event(EventType.ORCHESTRATOR_STARTED, at), *turn.arrived]
            history = turn.history + new_events
            text = orchestrator_input(
                turn.execution, history, longest_timer=options.longest_timer, timer_interval=options.timer_interval
            )
            try:
                answer = await self._invocations.orchestrator(function, text)
            except ReplayError as error:
                answer = Answer(None, error=str(error))
            decision = decide(
                turn.execution,
                history,
                answer,
                at=at,
                new_id=options.new_id,
                missing=self._catalog.missing,
            )
            self._report(turn, answer, decision.stuck)
            commit = partial(
                episode_store.commit_episode,
                turn=turn,
                new_events=[*new_events, *decision.events],
                decision=decision,
                now=at,
                next_execution_id=options.new_id(),
                default_version=options.default_version,
            )
            self.wake(await self._store.run(commit))

    def _report(self, turn: Turn, answer: Answer, stuck: str | None) -> None:
        execution = turn.execution
        if answer.error is not None:
            log.error(failure_text(execution.name, answer.error), extra={"instance": execution.instance_id})
        if stuck is not None:
            log.warning(
                "%s went on, but the host still waits for %s, as the Durable extension would: this instance may stay "
                "Running for ever. An event that came before its wait, or a task that was awaited twice, leads here.",
                execution.name,
                stuck,
                extra={"instance": execution.instance_id},
            )

    async def _run_activity(self, work: ActivityWork) -> None:
        async with self._activity_slots:
            try:
                if work.name == HTTP_ACTIVITY:
                    result = await self._http.perform(work.input_text)
                else:
                    result = await self._invocations.activity(self._catalog.activities.find(work.name), work.input_text)
            except UnknownFunction as error:
                log.warning("activity waits for its function", extra={"instance": work.instance_id, "why": str(error)})
                return
            except Exception as error:
                log.exception("activity failed", extra={"instance": work.instance_id, "activity": work.name})
                done = event(
                    EventType.TASK_FAILED,
                    self._options.clock(),
                    TaskScheduledId=work.task_id,
                    Reason=f"Activity function '{work.name}' failed: {error}",
                    Details="".join(traceback.format_exception_only(error)).strip(),
                )
            else:
                now = self._options.clock()
                done = event(EventType.TASK_COMPLETED, now, TaskScheduledId=work.task_id, Result=result)
        self.wake(await self._store.run(partial(work_store.finish_activity, work=work, result=done)))

    async def _run_timers(self) -> None:
        while True:
            self._timers_changed.clear()
            now = self._options.clock()
            wakes, following = await self._store.run(partial(work_store.fire_timers, now=now))
            self.wake(wakes)
            await self._wait_for_timers(following)

    async def _wait_for_timers(self, following: datetime | None) -> None:
        timeout = LONGEST_WAIT_SECONDS
        if following is not None:
            left = (following - self._options.clock()).total_seconds()
            timeout = min(max(left, 0.0), LONGEST_WAIT_SECONDS)
        try:
            async with asyncio.timeout(timeout):
                await self._timers_changed.wait()
        except TimeoutError:
            pass
