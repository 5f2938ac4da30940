"""Run what is due, as soon as it is due: episodes, activities, entity batches, timers.

Nothing polls: every transaction returns the work that it made ready, and that work is started. All of it can be
cancelled at any moment; what was not committed is run again after a restart.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from datetime import datetime
from functools import partial

from local_azure.functions.durable.execution.background_tasks import BackgroundTasks, SerialRunner
from local_azure.functions.durable.execution.entity_runner import EntityRunner
from local_azure.functions.durable.execution.function_registry import FunctionRegistry, UnknownFunction
from local_azure.functions.durable.execution.http_call import HttpCalls
from local_azure.functions.durable.execution.invocations import Invocations
from local_azure.functions.durable.options import DurableOptions
from local_azure.functions.durable.protocol.episode import (
    Answer,
    Execution,
    decide,
    episode_time,
    failure_text,
    orchestrator_input,
)
from local_azure.functions.durable.protocol.history import EventType, event
from local_azure.functions.durable.protocol.replay import HTTP_ACTIVITY, ReplayError
from local_azure.functions.durable.protocol.work_items import ActivityWork, ReadyWork
from local_azure.functions.durable.storage import episode_store, work_store
from local_azure.functions.durable.storage.episode_store import PendingEpisode
from local_azure.functions.durable.storage.store import Store
from local_azure.functions.worker.loading import LoadedFunction

log = logging.getLogger(__name__)

# The clock that timeouts use stops while a laptop sleeps, so the time is read again after this long.
LONGEST_WAIT_SECONDS = 30.0


class Dispatcher:
    """Starts and cancels every task of the backend."""

    def __init__(
        self, store: Store, registry: FunctionRegistry, invocations: Invocations, options: DurableOptions
    ) -> None:
        self._store = store
        self._registry = registry
        self._invocations = invocations
        self._options = options
        self._http = HttpCalls(options)
        self._instances: SerialRunner[str] = SerialRunner(self._run_instance, options.max_orchestrators)
        self._entities = EntityRunner(store, registry, invocations, options, self.dispatch)
        self._activity_slots = asyncio.Semaphore(options.max_activities)
        self._tasks = BackgroundTasks()
        self._timers_changed = asyncio.Event()
        self._changed: dict[str, asyncio.Event] = {}

    async def start(self) -> None:
        """Start everything that the store holds unfinished, and the timers."""
        self._tasks.start(self._run_timers(), "durable timers")
        self.dispatch(await self._store.run(work_store.load_unfinished_work))

    async def stop(self) -> None:
        """Cancel every task and wait until it has ended."""
        await self._tasks.cancel()
        await self._instances.stop()
        await self._entities.stop()
        await self._http.close()

    def dispatch(self, ready: ReadyWork) -> None:
        """Start the work that a transaction made ready."""
        for instance_id in ready.instances:
            self._instances.wake(instance_id)
        for entity in ready.entities:
            self._entities.wake(entity)
        for work in ready.activities:
            self._tasks.start(self._run_activity(work), f"durable activity {work.name}")
        for instance_id in ready.changed:
            if (changed := self._changed.pop(instance_id, None)) is not None:
                changed.set()
        if ready.has_timers:
            self._timers_changed.set()

    def check_timers(self) -> None:
        """Fire what is due by now; only tests that set a clock of their own need to call this."""
        self._timers_changed.set()

    def next_change(self, instance_id: str) -> asyncio.Event:
        """Return an event that is set when the instance's status has changed next."""
        return self._changed.setdefault(instance_id, asyncio.Event())

    async def _run_instance(self, instance_id: str) -> None:
        load = partial(episode_store.load_pending_episode, instance_id=instance_id)
        while (pending := await self._store.run_until_stored(load)) is not None:
            try:
                function = self._registry.orchestrators.find(pending.execution.name)
            except UnknownFunction as error:
                log.warning("orchestration waits for its function", extra={"instance": instance_id, "why": str(error)})
                return
            await self._run_episode(pending, function)

    async def _run_episode(self, pending: PendingEpisode, function: LoadedFunction) -> None:
        options, execution = self._options, pending.execution
        at = episode_time(options.clock(), pending.history, pending.arrived)
        new_events = [event(EventType.ORCHESTRATOR_STARTED, at), *pending.arrived]
        history = pending.history + new_events
        text = orchestrator_input(
            execution, history, longest_timer=options.longest_timer, timer_interval=options.timer_interval
        )
        try:
            answer = await self._invocations.call_orchestrator(function, text)
        except ReplayError as error:
            answer = Answer(None, error=str(error))
        decision = decide(
            execution,
            history,
            answer,
            at=at,
            new_id=options.new_id,
            missing_reason=self._registry.missing_reason,
        )
        self._log_outcome(execution, answer, decision.blocked_on)
        commit = partial(
            episode_store.commit_episode,
            pending=pending,
            new_events=[*new_events, *decision.events],
            decision=decision,
            now=at,
            next_execution_id=options.new_id(),
            default_version=options.default_version,
        )
        self.dispatch(await self._store.run_until_stored(commit))

    def _log_outcome(self, execution: Execution, answer: Answer, blocked_on: str | None) -> None:
        if answer.error is not None:
            log.error(failure_text(execution.name, answer.error), extra={"instance": execution.instance_id})
        if blocked_on is not None:
            log.warning(
                "%s continued, but the host still waits for %s, as the Durable extension would: this instance may stay "
                "Running for ever. The cause is an event that came before its wait, or a task that was awaited twice.",
                execution.name,
                blocked_on,
                extra={"instance": execution.instance_id},
            )

    async def _run_activity(self, work: ActivityWork) -> None:
        async with self._activity_slots:
            try:
                if work.name == HTTP_ACTIVITY:
                    result = await self._http.perform(work.input_text)
                else:
                    result = await self._invocations.call_activity(
                        self._registry.activities.find(work.name), work.input_text
                    )
            except UnknownFunction as error:
                log.warning("activity waits for its function", extra={"instance": work.instance_id, "why": str(error)})
                return
            except Exception as error:
                log.exception("activity failed", extra={"instance": work.instance_id, "activity": work.name})
                result_event = event(
                    EventType.TASK_FAILED,
                    self._options.clock(),
                    TaskScheduledId=work.task_id,
                    Reason=f"Activity function '{work.name}' failed: {error}",
                    Details="".join(traceback.format_exception_only(error)).strip(),
                )
            else:
                now = self._options.clock()
                result_event = event(EventType.TASK_COMPLETED, now, TaskScheduledId=work.task_id, Result=result)
        finish = partial(work_store.finish_activity, work=work, result=result_event)
        self.dispatch(await self._store.run_until_stored(finish))

    async def _run_timers(self) -> None:
        while True:
            self._timers_changed.clear()
            now = self._options.clock()
            ready, following = await self._store.run_until_stored(partial(work_store.fire_timers, now=now))
            self.dispatch(ready)
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
