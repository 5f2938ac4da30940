"""Run the queued operations of entities: one batch at a time for each entity.

A batch's new state and the removal of its operations from the queue are one transaction.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from functools import partial

from local_azure.functions.durable.execution.background_tasks import SerialRunner
from local_azure.functions.durable.execution.function_registry import FunctionRegistry, UnknownFunction
from local_azure.functions.durable.execution.invocations import Invocations
from local_azure.functions.durable.options import DurableOptions
from local_azure.functions.durable.protocol.entity_batch import BatchOutcome, entity_input, parse_batch_answer
from local_azure.functions.durable.protocol.identifiers import EntityId
from local_azure.functions.durable.protocol.work_items import Batch, ReadyWork
from local_azure.functions.durable.storage import entity_store, instance_store
from local_azure.functions.durable.storage.store import Store

log = logging.getLogger(__name__)


class EntityRunner:
    """Runs the batches of all entities."""

    def __init__(
        self,
        store: Store,
        registry: FunctionRegistry,
        invocations: Invocations,
        options: DurableOptions,
        dispatch: Callable[[ReadyWork], None],
    ) -> None:
        self._store = store
        self._registry = registry
        self._invocations = invocations
        self._options = options
        self._dispatch = dispatch
        self._runner: SerialRunner[EntityId] = SerialRunner(self._run, options.max_entities)
        # How many operations at the head of a queue run one by one, because a batch with one of them failed.
        self._one_by_one: dict[EntityId, int] = {}
        self._failures: dict[EntityId, int] = {}
        self._retries: set[asyncio.TimerHandle] = set()

    def wake(self, entity: EntityId) -> None:
        """Run the operations that are in the entity's queue."""
        self._runner.wake(entity)

    async def stop(self) -> None:
        """Cancel all work; a batch that was not committed stays in its queue."""
        for retry in self._retries:
            retry.cancel()
        await self._runner.stop()

    async def _run(self, entity: EntityId) -> None:
        try:
            function = self._registry.find_entity(entity)
        except UnknownFunction as error:
            log.warning("entity waits for its function", extra={"entity": entity.name, "why": str(error)})
            return
        batch = await self._load_next_batch(entity)
        while batch is not None:
            try:
                answer = await self._invocations.call_entity(function, entity_input(batch))
                outcome = parse_batch_answer(batch, answer, self._options.clock())
            except Exception:
                log.exception("entity batch failed", extra={"entity": entity.name, "operations": len(batch.queued)})
                if not self._retry_after_failure(batch):
                    return
                batch = await self._load_next_batch(entity)
            else:
                batch = await self._commit(batch, outcome)

    async def _load_next_batch(self, entity: EntityId) -> Batch | None:
        load = partial(entity_store.load_next_batch, entity=entity, limit=self._limit(entity))
        return await self._store.run_until_stored(load)

    async def _commit(self, batch: Batch, outcome: BatchOutcome) -> Batch | None:
        """Commit the batch and return the next one, in one transaction."""
        entity = batch.entity
        for operation, message in outcome.errors:
            log.error("entity operation failed: %s", message, extra={"entity": entity.name, "operation": operation})
        self._failures.pop(entity, None)
        left = self._one_by_one.pop(entity, 0) - len(batch.queued)
        if left > 0:
            self._one_by_one[entity] = left
        limit, now = self._limit(entity), self._options.clock()

        def work(db: sqlite3.Connection) -> tuple[ReadyWork, Batch | None]:
            entity_store.commit_batch(db, batch, exists=outcome.exists, state=outcome.state, now=now)
            ready = ReadyWork()
            for reply in outcome.replies:
                delivered = instance_store.deliver_event(db, reply.instance_id, reply.execution_id, reply.event)
                ready.instances |= delivered.instances
            return ready, entity_store.load_next_batch(db, entity, limit)

        ready, following = await self._store.run_until_stored(work)
        self._dispatch(ready)
        return following

    def _limit(self, entity: EntityId) -> int:
        return 1 if entity in self._one_by_one else self._options.max_entity_batch

    def _retry_after_failure(self, batch: Batch) -> bool:
        """Prepare the retry of a batch that raised as a whole; return whether it may start at once.

        The operations of a batch are retried one by one, a single operation after a delay. As in the extension, an
        operation is retried until it succeeds.
        """
        entity = batch.entity
        if len(batch.queued) > 1:
            self._one_by_one[entity] = len(batch.queued)
            return True
        failures = self._failures[entity] = self._failures.get(entity, 0) + 1
        options = self._options
        delay = min(options.first_retry_seconds * 2 ** (failures - 1), options.longest_retry_seconds)
        self._wake_later(entity, delay)
        return False

    def _wake_later(self, entity: EntityId, delay: float) -> None:
        def wake() -> None:
            self._retries.discard(handle)
            self._runner.wake(entity)

        handle = asyncio.get_running_loop().call_later(delay, wake)
        self._retries.add(handle)
