"""Run an app's functions as the Python worker does.

The app has one event loop for its whole life, on a thread of its own: its clients and locks may be module globals
(H-056), and a blocking call in an `async def` stops only the app, as in Azure, never the host. Functions written with
`def` run in a thread pool of PYTHON_THREADPOOL_THREAD_COUNT threads.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from local_azure.functions.worker.invocation_context import (
    Context,
    Out,
    TraceContext,
    invocation_local,
    read_trace_context,
)
from local_azure.functions.worker.loading import LoadedFunction
from local_azure.functions.worker.loop_calls import LoopCalls
from local_azure.functions.worker.signatures import RETURN_BINDING
from local_azure.random_uuid import random_uuid

THREADS_SETTING = "PYTHON_THREADPOOL_THREAD_COUNT"
# Long enough for a client to close its connections, short enough for a person who has pressed Ctrl-C.
STOP_SECONDS = 3.0

log = logging.getLogger("local_azure.functions")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Raised:
    """An exception of a function, passed as a value; if it were raised, it would end the event loop or thread pool."""

    error: BaseException


def raised_by_function(error: BaseException) -> bool:
    """Return whether the function raised an error from `Worker.invoke`, even one that would end a process.

    Otherwise the host's own task is being cancelled.
    """
    task = asyncio.current_task()
    is_from_host = isinstance(error, GeneratorExit) or (
        isinstance(error, asyncio.CancelledError) and task is not None and bool(task.cancelling())
    )
    return not is_from_host


ClientBinding = Callable[[Mapping[str, object]], str]


def reject_client_binding(binding: Mapping[str, object]) -> str:
    """Raise LookupError: the app has no durable functions, so it has no durable client to bind."""
    raise LookupError(f"no durable functions are served, so {binding.get('name')!r} cannot be bound")


class StorageBindings(Protocol):
    """Reads the input bindings of functions and writes their output bindings."""

    def has_bindings(self, function: LoadedFunction) -> bool:
        """Return whether the function has such a binding."""

    async def read_inputs(self, function: LoadedFunction, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Return the inputs by name; `arguments` are those of the call, the trigger's among them."""

    async def write_outputs(
        self, function: LoadedFunction, arguments: Mapping[str, object], outputs: Mapping[str, object]
    ) -> None:
        """Write the values that the function set its outputs to, by name."""


class Worker:
    """The thread, event loop and thread pool that belong to one app.

    Use `start` and `stop` once each. `client_binding` returns the JSON text for a durableClient binding, from which the
    SDK makes its client. `storage_bindings` is set when the app has functions with such bindings.
    """

    def __init__(self) -> None:
        self.client_binding: ClientBinding = reject_client_binding
        self.storage_bindings: StorageBindings | None = None
        self._loop = asyncio.new_event_loop()
        self._to_app = LoopCalls(self._loop)
        self._to_host: LoopCalls | None = None
        self._thread = threading.Thread(target=self._run_loop, name="functions-app", daemon=True)
        self._pool: ThreadPoolExecutor | None = None
        self._is_stopping = False

    def start(self) -> None:
        """Start the app's thread. Its settings must be in the environment: they size the thread pool."""
        self._pool = ThreadPoolExecutor(_thread_count(), thread_name_prefix="functions-sync")
        self._thread.start()

    async def run(self, work: Callable[[], T]) -> T:
        """Run a plain function, such as the app's import, on the app's running event loop, as the worker does."""

        async def call() -> T:
            return work()

        return await self._on_app_loop(call())

    async def run_coroutine(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the app's event loop; it is cancelled when the caller is."""
        return await self._on_app_loop(work)

    async def invoke(
        self,
        function: LoadedFunction,
        arguments: Mapping[str, object],
        *,
        invocation_id: str | None = None,
        trace: TraceContext | None = None,
    ) -> object:
        """Run the function and return what it returned; whatever it raises is raised here.

        Arguments are by binding name and already converted. The rest is filled in: `context`, `Out` parameters and
        durable clients.

        Raises RuntimeError when the function has no binding for its return value and returned one, BindingError when a
        storage binding fails.
        """
        invocation_id = invocation_id or random_uuid()
        complete = self._complete_arguments(function, arguments)
        storage = self.storage_bindings
        if storage is not None and not storage.has_bindings(function):
            storage = None
        if storage is not None:
            complete |= await storage.read_inputs(function, arguments)
        if function.signature.requires_context:
            trace = trace or read_trace_context({})
            complete["context"] = Context(invocation_id, function.name, function.directory, trace)
        if function.signature.is_async:
            result = await self._on_app_loop(_call_async(function, complete, invocation_id))
        else:
            assert self._pool is not None, "the worker has not been started"
            work = partial(_call_sync, function, complete, invocation_id)
            result = await asyncio.wrap_future(self._pool.submit(work))
        if isinstance(result, _Raised):
            raise result.error
        if result is not None and function.signature.returns is None:
            raise RuntimeError(f"function {function.name} has no $return binding, but returned a value")
        if storage is not None:
            await storage.write_outputs(function, arguments, _output_values(function, complete, result))
        return result

    async def stop(self) -> bool:
        """Cancel what the app still runs and end its thread; return False when something of it would not stop."""
        assert self._pool is not None, "the worker has not been started"
        self._pool.shutdown(wait=False, cancel_futures=True)
        try:
            await asyncio.wait_for(self._on_app_loop(self._cancel_tasks()), STOP_SECONDS)
        except TimeoutError:
            log.warning("The app's event loop is blocked or ignores cancellation; the host no longer waits for it.")
            return False
        # Clients that an app left open are not an error: the platform ends a worker without notice.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        self._is_stopping = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join, STOP_SECONDS)
        return not any(thread.is_alive() for thread in getattr(self._pool, "_threads", ()))

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            while not self._is_stopping:
                log.error("The app stopped its event loop, which all its functions run on; the host runs it again.")
                self._loop.run_forever()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()

    async def _cancel_tasks(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _on_app_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the coroutine on the app's loop; it is cancelled when the caller is."""
        loop = asyncio.get_running_loop()
        if self._to_host is None or self._to_host.loop is not loop:
            self._to_host = LoopCalls(loop)
        call: _Call[T] = _Call(work, loop.create_future(), self._to_host)
        self._to_app.call(call.start, self._loop)
        try:
            return await call.result
        except asyncio.CancelledError:
            self._to_app.call(call.cancel)
            raise

    def _complete_arguments(self, function: LoadedFunction, arguments: Mapping[str, object]) -> dict[str, object]:
        complete = dict(arguments)
        for name in function.signature.outputs:
            complete.setdefault(name, Out())
        for binding in function.bindings:
            if binding["type"] == "durableClient" and binding["name"] not in complete:
                complete[str(binding["name"])] = self.client_binding(binding)
        return complete


class _Call(Generic[T]):
    """One coroutine on the app's loop, and the future on the host's loop that gets its result.

    `start` and `cancel` are called on the app's loop.
    """

    def __init__(self, work: Coroutine[Any, Any, T], result: asyncio.Future[T], to_host: LoopCalls) -> None:
        self.result = result
        self._work = work
        self._to_host = to_host
        self._task: asyncio.Task[T] | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._task = loop.create_task(self._work)
        self._task.add_done_callback(self._report)

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _report(self, task: asyncio.Task[T]) -> None:
        self._to_host.call(_copy_outcome, task, self.result)


def _copy_outcome(task: asyncio.Task[T], result: asyncio.Future[T]) -> None:
    if result.done():  # cancelled: nobody waits
        return
    if task.cancelled():
        result.cancel()
    elif (error := task.exception()) is not None:
        result.set_exception(error)
    else:
        result.set_result(task.result())


async def _call_async(function: LoadedFunction, arguments: dict[str, object], invocation_id: str) -> object:
    invocation_local.invocation_id = invocation_id
    try:
        return await function.user_function(**arguments)  # type: ignore[misc]
    except (SystemExit, KeyboardInterrupt, asyncio.CancelledError) as error:
        if raised_by_function(error):
            return _Raised(error)
        raise  # the host is stopping


def _call_sync(function: LoadedFunction, arguments: dict[str, object], invocation_id: str) -> object:
    invocation_local.invocation_id = invocation_id
    try:
        return function.user_function(**arguments)
    except (SystemExit, KeyboardInterrupt, asyncio.CancelledError) as error:
        return _Raised(error)
    finally:
        invocation_local.invocation_id = None


def _output_values(function: LoadedFunction, arguments: Mapping[str, object], result: object) -> dict[str, object]:
    """Return what the function set its outputs to: by `Out` parameters, and by what it returned.

    Without a binding for the return value, a returned object sets the outputs that it names, as in the host.
    """
    values: dict[str, object] = {}
    for name in function.signature.outputs:
        out = arguments[name]
        assert isinstance(out, Out)
        values[name] = out.get()
    if any(binding["name"] == RETURN_BINDING for binding in function.bindings):
        values[RETURN_BINDING] = result
    elif isinstance(result, dict):
        values |= result
    return values


def _thread_count() -> int | None:
    """Return the thread pool's size, None for Python's default, which the worker uses too."""
    value = os.environ.get(THREADS_SETTING)
    if not value:
        return None
    if value.isascii() and value.isdigit() and int(value) >= 1:
        return int(value)
    log.warning("%s must be a whole number of at least 1, not %r; using the default.", THREADS_SETTING, value)
    return None
