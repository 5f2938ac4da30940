"""The durable backend with the sample app behind it, on a real port, and the SDK's own client in front of it."""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from azure.durable_functions import DurableOrchestrationClient, EntityId, Orchestrator
from azure.durable_functions.models.utils import http_utils

from local_azure.functions.durable import DurableBackend, DurableOptions
from local_azure.functions.durable.execution.background_tasks import SerialRunner
from local_azure.functions.durable.protocol.episode import (
    Answer,
    Decision,
    Execution,
    decide,
    episode_time,
    orchestrator_input,
    parse_answer,
    parse_failure,
)
from local_azure.functions.durable.protocol.history import Event, EventType, event, execution_started, timestamp
from local_azure.functions.durable.protocol.identifiers import EntityId as Entity
from local_azure.functions.durable.protocol.work_items import SubOrchestrationStart, TimerWork
from local_azure.functions.listener import listen
from local_azure.functions.worker.import_scope import app_import_scope
from local_azure.functions.worker.loading import LoadedFunction, load_functions
from local_azure.functions.worker.worker import Worker

APP = Path(__file__).parent / "app"
WAIT_SECONDS = 10.0


@dataclass
class SampleApp:
    """The loaded sample app: its functions, its module, and the worker that runs them."""

    functions: list[LoadedFunction]
    module: ModuleType
    worker: Worker


@dataclass
class Durable:
    """A running backend: its address, the SDK's client, and plain HTTP beside it."""

    backend: DurableBackend
    client: DurableOrchestrationClient
    http: aiohttp.ClientSession
    base: str

    async def finished(self, instance_id: str) -> Any:
        """Return the SDK's status object once the instance is over."""
        return await self.status_when(instance_id, lambda status: status.runtime_status.value in FINISHED)

    async def status_when(self, instance_id: str, accepts: Callable[[Any], bool]) -> Any:
        """Return the SDK's status object once it is acceptable."""

        async def acceptable() -> Any:
            status = await self.client.get_status(instance_id, show_input=True)
            return status if status and accepts(status) else None

        return await eventually(acceptable)

    async def run(self, name: str, client_input: Any = None) -> Any:
        """Start an orchestration and return its final status."""
        return await self.finished(await self.client.start_new(name, client_input=client_input))

    async def state(self, key: str, accepts: Callable[[Any], bool], name: str = "Tally") -> Any:
        """Return the entity's state once it exists and is acceptable."""

        async def acceptable() -> Any:
            read = await self.client.read_entity_state(EntityId(name, key))
            return (read.entity_state,) if read.entity_exists and accepts(read.entity_state) else None

        return (await eventually(acceptable))[0]

    async def eventually(self, question: Callable[[], Awaitable[Any]]) -> Any:
        """Return the first answer that is not None."""
        return await eventually(question)

    async def timer_is_set(self, instance_id: str) -> None:
        """Return once the instance has a timer that has not fired."""

        def open_timers(db: sqlite3.Connection) -> int:
            count: int = db.execute("SELECT count(*) FROM timers WHERE instance_id = ?", (instance_id,)).fetchone()[0]
            return count

        async def is_set() -> Any:
            return await self.backend._store.run(open_timers) or None

        await eventually(is_set)

    async def instance_idle(self, instance_id: str) -> None:
        """Return once no episode of the instance is under way."""
        await self._idle(self.backend._dispatcher._instances, instance_id)

    async def entity_idle(self, name: str, key: str) -> None:
        """Return once the entity has been asked for something and no batch of it is under way."""
        workers = self.backend._dispatcher._entities._runner

        async def is_queued() -> Any:
            rows = await self.backend._store.run(lambda db: db.execute("SELECT 1 FROM entity_requests").fetchall())
            return True if rows else None

        await eventually(is_queued)
        await self._idle(workers, Entity(name, key))

    async def _idle(self, workers: SerialRunner[Any], key: Any) -> None:
        async def is_idle() -> Any:
            return None if key in workers._woken else True

        await eventually(is_idle)

    async def history(self, instance_id: str) -> list[dict[str, Any]]:
        """Return the history as the management API shows it, with outputs."""
        query = {"showHistory": "true", "showHistoryOutput": "true"}
        async with self.http.get(f"{self.base}/instances/{instance_id}", params=query) as response:
            events: list[dict[str, Any]] = (await response.json())["historyEvents"]
            return events


FINISHED = ("Completed", "Failed", "Terminated", "Canceled")


async def eventually(question: Callable[[], Awaitable[Any]]) -> Any:
    """Return the first answer that is not None."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (answer := await question()) is None:
        assert time.monotonic() < deadline, "nothing was returned in time"
        await asyncio.sleep(0.002)
    return answer


@pytest.fixture(scope="session")
def sample() -> Iterator[SampleApp]:
    worker = Worker()
    worker.start()
    with app_import_scope(APP):
        functions = load_functions(APP)
        module = sys.modules["function_app"]
    yield SampleApp(functions, module, worker)
    asyncio.run(worker.stop())


Serve = Callable[..., AbstractAsyncContextManager[Durable]]


@pytest.fixture
def serve(sample: SampleApp) -> Serve:
    """Return a context manager that runs a backend with the given options and data folder."""

    @asynccontextmanager
    async def serving(
        data: Path | None = None, functions: list[LoadedFunction] | None = None, **options: Any
    ) -> AsyncIterator[Durable]:
        listener = listen("127.0.0.1", 0)
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        backend = DurableBackend(
            sample.functions if functions is None else functions,
            sample.worker.invoke,
            data=data,
            base_url=origin,
            hub_name="TestHub",
            options=DurableOptions(**options),
        )
        try:
            await backend.start()
        except BaseException:
            listener.close()
            raise
        application = web.Application()
        application.add_routes(backend.routes)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        client = DurableOrchestrationClient(backend.client_binding({"type": "durableClient", "name": "client"}))
        async with aiohttp.ClientSession() as http:
            yield Durable(backend, client, http, f"{origin}/runtime/webhooks/durabletask")
        # The SDK keeps one session for the process, bound to the loop of this test.
        await http_utils._close_session()
        await runner.cleanup()
        await backend.stop()

    return serving


@pytest.fixture
async def durable(serve: Serve) -> AsyncIterator[Durable]:
    async with serve() as running:
        yield running


class Drive:
    """One orchestrator function, driven without a host: the SDK's wrapper and the pure core are called in turn."""

    def __init__(self, orchestrator: Callable[..., Any], client_input: Any = None) -> None:
        self.handle = Orchestrator.create(orchestrator)
        self.execution = Execution("inst-1", "e1", orchestrator.__name__)
        self.now = datetime(2026, 8, 24, 10, tzinfo=UTC)
        self.history: list[Event] = []
        self.answers: list[Answer] = []
        self.input_text = None if client_input is None else json.dumps(json.dumps(client_input))
        self._ids = itertools.count(1)

    def start(self) -> Decision:
        """Run the first episode."""
        return self.episode(
            execution_started(
                self.now,
                name=self.execution.name,
                version="",
                instance_id=self.execution.instance_id,
                execution_id=self.execution.execution_id,
                input_text=self.input_text,
            )
        )

    def episode(self, *arrived: Event) -> Decision:
        """Run an episode for the events that arrived."""
        self.now = episode_time(self.now + timedelta(seconds=1), self.history, arrived)
        self.history += [event(EventType.ORCHESTRATOR_STARTED, self.now), *arrived]
        text = orchestrator_input(
            self.execution, self.history, longest_timer=timedelta(days=6), timer_interval=timedelta(days=3)
        )
        try:
            self.answers.append(parse_answer(self.handle(text)))
        except Exception as error:
            self.answers.append(parse_failure(str(error)))
        decision = decide(
            self.execution,
            self.history,
            self.answers[-1],
            at=self.now,
            new_id=lambda: f"id-{next(self._ids)}",
            missing_reason=lambda _work: None,
        )
        self.history += decision.events
        return decision

    def completed(self, task_id: int, result: Any = None) -> Event:
        """Return the event of a finished activity."""
        return event(EventType.TASK_COMPLETED, self.now, TaskScheduledId=task_id, Result=json.dumps(result))

    def failed(self, task_id: int, reason: str) -> Event:
        """Return the event of a failed activity."""
        return event(EventType.TASK_FAILED, self.now, TaskScheduledId=task_id, Reason=reason, Details="details")

    def fired(self, timer: TimerWork) -> Event:
        """Return the event of a timer that came due."""
        fire_at = timestamp(timer.fire_at)
        return event(EventType.TIMER_FIRED, timer.fire_at, TimerId=timer.timer_id, FireAt=fire_at)

    def child_completed(self, child: SubOrchestrationStart) -> Event:
        """Return the event of a sub-orchestration that returned its input."""
        result = json.loads(child.input_text)
        return event(EventType.SUB_ORCHESTRATION_COMPLETED, self.now, TaskScheduledId=child.task_id, Result=result)

    def raised(self, name: str, data: Any = None) -> Event:
        """Return the event that a client raised."""
        return event(EventType.EVENT_RAISED, self.now, Name=name, Input=json.dumps(data))


class ManualClock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 8, 24, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def drive() -> type[Drive]:
    return Drive
