"""The management API of entities: signal, read, list."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from local_azure.functions.durable.execution.dispatcher import Dispatcher
from local_azure.functions.durable.execution.function_registry import FunctionRegistry
from local_azure.functions.durable.management_api.bodies import entity_body
from local_azure.functions.durable.management_api.requests import (
    continuation_headers,
    read_flag,
    read_json,
    read_page,
    read_time,
)
from local_azure.functions.durable.management_api.responses import Handler, json_response
from local_azure.functions.durable.options import DurableOptions
from local_azure.functions.durable.protocol.history import dumps
from local_azure.functions.durable.protocol.identifiers import EntityId, validate_entity_id
from local_azure.functions.durable.protocol.work_items import EntityRequest, ReadyWork
from local_azure.functions.durable.storage import entity_store, queries
from local_azure.functions.durable.storage.store import Store

EMPTY_KEY = "$"


class EntityApi:
    """Handlers for `/entities`."""

    def __init__(
        self, store: Store, registry: FunctionRegistry, dispatcher: Dispatcher, options: DurableOptions
    ) -> None:
        self._store = store
        self._registry = registry
        self._dispatcher = dispatcher
        self._options = options

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return method, path under the prefix, and handler."""
        entity = "/entities/{name}/{key:.+}"
        return [
            ("POST", entity, self.signal_entity),
            ("DELETE", entity, self.delete_entity),
            ("GET", entity, self.read_entity),
            ("GET", "/entities/{name}", self.list_entities),
            ("GET", "/entities/{name}/", self.list_entities),
            ("GET", "/entities", self.list_entities),
            ("GET", "/entities/", self.list_entities),
        ]

    async def signal_entity(self, request: web.Request) -> web.Response:
        """202 once the operation is in the entity's queue; 400 for a bad id, an unknown entity, invalid JSON."""
        operation = request.query.get("op", "")
        if request.content_type == "application/json":
            input_text = await read_json(request)
        else:
            text = await request.text()
            input_text = dumps(text) if text else None
        await self._enqueue(self._entity(request), operation, input_text)
        return web.Response(status=202)

    async def delete_entity(self, request: web.Request) -> web.Response:
        """202: signals the operation `delete`."""
        await self._enqueue(self._entity(request), "delete", None)
        return web.Response(status=202)

    async def read_entity(self, request: web.Request) -> web.Response:
        """200 with the state's JSON text, 404 when the entity does not exist."""
        entity = self._entity(request)
        state = await self._store.run(partial(entity_store.read_state, entity=entity))
        if state is None:
            return web.Response(status=404)
        return web.Response(text=state[0] or "null", content_type="application/json", charset="utf-8")

    async def list_entities(self, request: web.Request) -> web.Response:
        """200 with the entities that exist, their state with `fetchState=true`; a header continues after the page."""
        since = read_time(request.query, "lastOperationTimeFrom")
        until = read_time(request.query, "lastOperationTimeTo")
        page = read_page(request)
        name = request.match_info.get("name")
        rows, next_key = await self._store.run(
            partial(queries.select_entities, name=name, since=since, until=until, page=page)
        )
        with_state = read_flag(request.query, "fetchState")
        bodies = [entity_body(row, with_state=with_state) for row in rows]
        return json_response(bodies, headers=continuation_headers(next_key))

    def _entity(self, request: web.Request) -> EntityId:
        key = request.match_info["key"]
        entity = validate_entity_id(request.match_info["name"], "" if key == EMPTY_KEY else key)
        self._registry.find_entity(entity)
        return entity

    async def _enqueue(self, entity: EntityId, operation: str, input_text: str | None) -> None:
        request = EntityRequest(entity, operation, input_text, self._options.new_id())
        await self._store.run(partial(entity_store.enqueue_request, request=request))
        self._dispatcher.dispatch(ReadyWork(entities={entity}))
