"""The part of the management API that signals, reads and lists entities."""

from __future__ import annotations

import json
import sqlite3
from functools import partial

from aiohttp import web

from local_azure.functions.durable.execution.dispatcher import Dispatcher
from local_azure.functions.durable.execution.function_registry import Catalog
from local_azure.functions.durable.management_api.instance_api import CONTINUATION_HEADER, read_json
from local_azure.functions.durable.management_api.responses import Handler, json_response
from local_azure.functions.durable.options import Options
from local_azure.functions.durable.protocol.history import dumps, from_microseconds
from local_azure.functions.durable.protocol.identifiers import EntityId, checked_entity_id
from local_azure.functions.durable.protocol.work_items import EntityRequest
from local_azure.functions.durable.storage import entity_store, queries
from local_azure.functions.durable.storage.instance_store import Wakes
from local_azure.functions.durable.storage.queries import Page
from local_azure.functions.durable.storage.store import Store

EMPTY_KEY = "$"


class EntityApi:
    """Handlers for `/entities`."""

    def __init__(self, store: Store, catalog: Catalog, dispatcher: Dispatcher, options: Options) -> None:
        self._store = store
        self._catalog = catalog
        self._dispatcher = dispatcher
        self._options = options

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return method, path under the prefix, and handler."""
        entity = "/entities/{name}/{key:.+}"
        return [
            ("POST", entity, self.signal),
            ("DELETE", entity, self.delete),
            ("GET", entity, self.read),
            ("GET", "/entities/{name}", self.list),
            ("GET", "/entities/{name}/", self.list),
            ("GET", "/entities", self.list),
            ("GET", "/entities/", self.list),
        ]

    async def signal(self, request: web.Request) -> web.Response:
        """202 once the operation is in the entity's queue; 400 for a bad id, an unknown entity, invalid JSON."""
        operation = request.query.get("op", "")
        if request.content_type == "application/json":
            input_text = await read_json(request)
        else:
            text = await request.text()
            input_text = dumps(text) if text else None
        await self._enqueue(self._entity(request), operation, input_text)
        return web.Response(status=202)

    async def delete(self, request: web.Request) -> web.Response:
        """202: signals the operation `delete`."""
        await self._enqueue(self._entity(request), "delete", None)
        return web.Response(status=202)

    async def read(self, request: web.Request) -> web.Response:
        """200 with the state's JSON text, 404 when the entity does not exist."""
        entity = self._entity(request)
        state = await self._store.run(partial(entity_store.read_state, entity=entity))
        if state is None:
            return web.Response(status=404)
        return web.Response(text=state[0] or "null", content_type="application/json", charset="utf-8")

    async def list(self, request: web.Request) -> web.Response:
        """200 with the entities that exist, their state with `fetchState=true`; a header continues the page."""
        since = queries.read_time(request.query, "lastOperationTimeFrom")
        until = queries.read_time(request.query, "lastOperationTimeTo")
        page = Page.from_request(request.query, request.headers.get(CONTINUATION_HEADER))
        name = request.match_info.get("name")
        rows, token = await self._store.run(
            partial(queries.entity_page, name=name, since=since, until=until, page=page)
        )
        fetch_state = request.query.get("fetchState", "").lower() == "true"
        bodies = [_describe(row, fetch_state=fetch_state) for row in rows]
        return json_response(bodies, headers={CONTINUATION_HEADER: token} if token else None)

    def _entity(self, request: web.Request) -> EntityId:
        key = request.match_info["key"]
        entity = checked_entity_id(request.match_info["name"], "" if key == EMPTY_KEY else key)
        self._catalog.entity(entity)
        return entity

    async def _enqueue(self, entity: EntityId, operation: str, input_text: str | None) -> None:
        request = EntityRequest(entity, operation, input_text, self._options.new_id())
        await self._store.run(partial(entity_store.enqueue, request=request))
        self._dispatcher.wake(Wakes(entities={entity}))


def _describe(row: sqlite3.Row, *, fetch_state: bool) -> dict[str, object]:
    body: dict[str, object] = {
        "entityId": {"name": row["name"], "key": row["key"]},
        "lastOperationTime": from_microseconds(row["updated"]).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    if fetch_state:
        body["state"] = json.loads(row["state"] or "null")
    return body
