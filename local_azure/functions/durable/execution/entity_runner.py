"""Perform the operations that wait for entities: one batch at a time per entity, committed with its queue."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from functools import partial

from local_azure.functions.durable.execution.background_tasks import SerialWorkers
from local_azure.functions.durable.execution.function_registry import Catalog, UnknownFunction
from local_azure.functions.durable.execution.invocations import Invocations
from local_azure.functions.durable.options import Options
from local_azure.functions.durable.protocol.entity_batch import Applied, apply, entity_input
from local_azure.functions.durable.protocol.identifiers import EntityId
from local_azure.functions.durable.storage import entity_store, instance_store
from local_azure.functions.durable.storage.entity_store import Batch
from local_azure.functions.durable.storage.instance_store import Wakes
from local_azure.functions.durable.storage.store import Store

log = logging.getLogger(__name__)


class EntityRunner:
    """Owns the work of all entities."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        invocations: Invocations,
        options: Options,
        announce: Callable[[Wakes], None],
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._invocations = invocations
        self._options = options
        self._announce = announce
        self._workers: SerialWorkers[EntityId] = SerialWorkers(self._run, options.max_entities)
        # How many operations at the head of a queue go one by one, because a batch with one of them failed.
        self._one_by_one: dict[EntityId, int] = {}
        self._failures: dict[EntityId, int] = {}
        self._retries: set[asyncio.TimerHandle] = set()

    def wake(self, entity: EntityId) -> None:
        """See to it that the entity's queue is looked at after this call."""
        self._workers.wake(entity)

    async def stop(self) -> None:
        """Cancel all work; a batch that was not committed stays in its queue."""
        for retry in self._retries:
            retry.cancel()
        await self._workers.stop()

    async def _run(self, entity: EntityId) -> None:
        try:
            function = self._catalog.entity(entity)
        except UnknownFunction as error:
            log.warning("entity waits for its function", extra={"entity": entity.name, "why": str(error)})
            return
        batch = await self._take(entity)
        while batch is not None:
            try:
                answer = await self._invocations.entity(function, entity_input(batch))
                applied = apply(batch, answer, self._options.clock())
            except Exception:
                log.exception("entity batch failed", extra={"entity": entity.name, "operations": len(batch.queued)})
                if not self._goes_on_after_failure(batch):
                    return
                batch = await self._take(entity)
            else:
                batch = await self._commit(batch, applied)

    async def _take(self, entity: EntityId) -> Batch | None:
        return await self._store.run(partial(entity_store.take_batch, entity=entity, limit=self._limit(entity)))

    async def _commit(self, batch: Batch, applied: Applied) -> Batch | None:
        """Commit the batch and return the next one, in one transaction."""
        entity = batch.entity
        for operation, message in applied.errors:
            log.error("entity operation failed: %s", message, extra={"entity": entity.name, "operation": operation})
        self._failures.pop(entity, None)
        left = self._one_by_one.pop(entity, 0) - len(batch.queued)
        if left > 0:
            self._one_by_one[entity] = left
        limit, now = self._limit(entity), self._options.clock()

        def work(db: sqlite3.Connection) -> tuple[Wakes, Batch | None]:
            entity_store.commit_batch(db, batch, exists=applied.exists, state=applied.state, now=now)
            wakes = Wakes()
            for reply in applied.replies:
                told = instance_store.deliver(db, reply.instance_id, reply.execution_id, reply.event)
                wakes.instances |= told.instances
            return wakes, entity_store.take_batch(db, entity, limit)

        wakes, following = await self._store.run(work)
        self._announce(wakes)
        return following

    def _limit(self, entity: EntityId) -> int:
        return 1 if entity in self._one_by_one else self._options.max_entity_batch

    def _goes_on_after_failure(self, batch: Batch) -> bool:
        """After a batch that raised as a whole: go on one by one, or wait when it was a single operation.

        Nothing is given up: like the extension, the operation is tried again until it succeeds.
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
            self._workers.wake(entity)

        handle = asyncio.get_running_loop().call_later(delay, wake)
        self._retries.add(handle)
