"""The host's side of the Durable extension, for any app with durable functions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from aiohttp import hdrs, web

from local_azure.functions.durable.execution.dispatcher import Dispatcher
from local_azure.functions.durable.execution.function_registry import FunctionRegistry
from local_azure.functions.durable.execution.invocations import Invocations
from local_azure.functions.durable.execution.sdk_timestamps import remembered_timestamps
from local_azure.functions.durable.management_api.entity_api import EntityApi
from local_azure.functions.durable.management_api.instance_api import InstanceApi
from local_azure.functions.durable.management_api.responses import Handler, NotSupported, with_error_responses
from local_azure.functions.durable.management_api.urls import PREFIX, client_binding
from local_azure.functions.durable.options import DurableOptions
from local_azure.functions.durable.storage.store import Store
from local_azure.functions.worker.loading import Invoker, LoadedFunction


class DurableBackend:
    """Runs an app's orchestrators, entities and activities, and answers its durable clients.

    `data` is the folder for the state of the task hub `hub_name`; None keeps it in memory. `base_url` is the host's
    origin, such as `http://127.0.0.1:7071`. Start it before the first request. Stop it before the worker that
    `call` runs functions on: otherwise a call that the worker cancels would be recorded as a failure of the function.
    """

    def __init__(
        self,
        functions: Sequence[LoadedFunction],
        call: Invoker,
        *,
        data: Path | None,
        base_url: str,
        hub_name: str,
        options: DurableOptions | None = None,
    ) -> None:
        options = options or DurableOptions()
        registry = FunctionRegistry(functions)
        self._hub = hub_name
        self._base_url = base_url
        self._while_running = ExitStack()
        self._store = Store(None if data is None else data / f"durable-{_file_name(hub_name)}.sqlite3")
        self._invocations = Invocations(call)
        self._dispatcher = Dispatcher(self._store, registry, self._invocations, options)
        instance_api = InstanceApi(self._store, registry, self._dispatcher, options, hub_name)
        entity_api = EntityApi(self._store, registry, self._dispatcher, options)
        self.routes: list[web.RouteDef] = [
            web.route(method, PREFIX + path, with_error_responses(_require_hub(hub_name, handler)))
            for method, path, handler in [*instance_api.routes(), *entity_api.routes()]
        ]
        self.routes.append(web.route(hdrs.METH_ANY, PREFIX + "/{rest:.*}", with_error_responses(_not_implemented)))

    async def start(self) -> None:
        """Open the state and continue what was unfinished. Raises StoreError when the file cannot be used."""
        await self._store.open()
        self._while_running.enter_context(remembered_timestamps())
        await self._dispatcher.start()

    async def stop(self) -> None:
        """Stop all work and close the state; what was not finished continues at the next start."""
        await self._dispatcher.stop()
        await self._invocations.close_client_session()
        self._while_running.close()
        await self._store.close()

    def client_binding(self, binding: Mapping[str, object]) -> str:
        """Return the JSON text that a `durableClient` binding receives."""
        return client_binding(binding, origin=self._base_url, default_hub=self._hub)

    def check_timers(self) -> None:
        """Fire the timers that are due; only needed with a clock that is set by hand."""
        self._dispatcher.check_timers()


def _require_hub(hub_name: str, handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        named = request.query.get("taskHub") or hub_name
        if named.lower() != hub_name.lower():
            raise NotSupported(f"another task hub ('{named}', while this host serves '{hub_name}')")
        return await handler(request)

    return handle


async def _not_implemented(request: web.Request) -> web.Response:
    raise NotSupported(f"{request.method} {request.path.removeprefix(PREFIX)}")


def _file_name(hub_name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", hub_name)
