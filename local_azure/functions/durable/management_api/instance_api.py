"""The management API of orchestration instances: start, status, list, events, terminate, suspend, rewind, purge."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from aiohttp import web

from local_azure.functions.durable.execution.dispatcher import Dispatcher
from local_azure.functions.durable.execution.function_registry import FunctionRegistry
from local_azure.functions.durable.management_api.bodies import history_body, status_body
from local_azure.functions.durable.management_api.requests import (
    continuation_headers,
    read_flag,
    read_instance_filter,
    read_json,
    read_page,
    read_seconds,
)
from local_azure.functions.durable.management_api.responses import (
    ApiError,
    Handler,
    NotSupported,
    error_response,
    json_response,
)
from local_azure.functions.durable.management_api.urls import ManagementUrls
from local_azure.functions.durable.options import DurableOptions
from local_azure.functions.durable.protocol.episode import Ended
from local_azure.functions.durable.protocol.history import Event, EventType, dumps, event
from local_azure.functions.durable.protocol.identifiers import validate_instance_id
from local_azure.functions.durable.protocol.work_items import ReadyWork
from local_azure.functions.durable.storage import instance_store, queries, rewind_store
from local_azure.functions.durable.storage.instance_store import TERMINAL, NewExecution
from local_azure.functions.durable.storage.store import Store

# The longest time that one request may wait for the end of an instance.
LONGEST_WAIT = timedelta(minutes=30)


class InstanceApi:
    """Handlers for `/orchestrators` and `/instances`."""

    def __init__(
        self, store: Store, registry: FunctionRegistry, dispatcher: Dispatcher, options: DurableOptions, hub: str
    ) -> None:
        self._store = store
        self._registry = registry
        self._dispatcher = dispatcher
        self._options = options
        self._hub = hub

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return method, path under the prefix, and handler."""
        instance = "/instances/{id}"
        return [
            ("POST", "/orchestrators/{name}", self.start_instance),
            ("POST", "/orchestrators/{name}/{id}", self.start_instance),
            ("GET", "/instances", self.list_instances),
            ("GET", "/instances/", self.list_instances),
            ("DELETE", "/instances", self.purge_instances),
            ("DELETE", "/instances/", self.purge_instances),
            ("GET", instance, self.read_status),
            ("DELETE", instance, self.purge_instance),
            ("POST", instance + "/raiseEvent/{event}", self.raise_event),
            ("POST", instance + "/terminate", self.terminate_instance),
            ("POST", instance + "/suspend", self.suspend_instance),
            ("POST", instance + "/resume", self.resume_instance),
            ("POST", instance + "/restart", self.restart_instance),
            ("POST", instance + "/rewind", self.rewind_instance),
        ]

    async def start_instance(self, request: web.Request) -> web.Response:
        """202 with the management URLs; with `timeout` (seconds), the result if the instance has ended by then."""
        function = self._registry.orchestrators.find(request.match_info["name"])
        instance_id = validate_instance_id(request.match_info.get("id") or self._options.new_id())
        version = request.query.get("version", self._options.default_version)
        name = str(function.trigger.get("orchestration") or function.name)
        timeout = read_seconds(request.query.get("timeout"))
        await self._start(name, instance_id, await read_json(request), version)
        if timeout is not None:
            return await self._wait(request, instance_id, timeout)
        return self._accepted(request, instance_id)

    async def read_status(self, request: web.Request) -> web.Response:
        """200 when the instance has ended, 202 while it has not, 404 when there is none."""
        instance_id = request.match_info["id"]
        if instance_id.startswith("@"):
            raise NotSupported("the status of an entity as an instance")
        row, history = await self._store.run(partial(_load, instance_id=instance_id))
        if row is None:
            return web.Response(status=404)
        body = status_body(row, show_input=read_flag(request.query, "showInput", default=True))
        if read_flag(request.query, "showHistory"):
            show_output = read_flag(request.query, "showHistoryOutput")
            body["historyEvents"] = history_body(history, show_output=show_output)
        if row["status"] not in TERMINAL:
            location = self._urls(request).status(instance_id)
            return json_response(body, 202, {"Location": location, "Retry-After": "5"})
        is_error = row["status"] == "Failed" and read_flag(request.query, "returnInternalServerErrorOnFailure")
        return json_response(body, 500 if is_error else 200)

    async def list_instances(self, request: web.Request) -> web.Response:
        """200 with the instances that match, oldest first; a header continues after the page."""
        wanted = read_instance_filter(request.query)
        page = read_page(request)
        rows, next_key = await self._store.run(partial(queries.select_instances, wanted=wanted, page=page))
        show_input = read_flag(request.query, "showInput", default=True)
        bodies = [status_body(row, show_input=show_input) for row in rows]
        return json_response(bodies, headers=continuation_headers(next_key))

    async def purge_instance(self, request: web.Request) -> web.Response:
        """200 with the count, 404 when there is no such instance or it has not ended yet."""
        instance_id = request.match_info["id"]

        def work(db: sqlite3.Connection) -> bool:
            row = instance_store.read_instance(db, instance_id)
            if row is None or row["status"] not in TERMINAL:
                return False
            instance_store.purge_instance(db, instance_id)
            return True

        if not await self._store.run(work):
            return error_response(404, "NotFound", f"there is no finished instance '{instance_id}' to purge")
        return json_response({"instancesDeleted": 1})

    async def purge_instances(self, request: web.Request) -> web.Response:
        """200 with the count of finished instances removed, 404 when none matched."""
        wanted = read_instance_filter(request.query)
        if wanted.created_from is None:
            raise ApiError(400, "ArgumentException", "createdTimeFrom is required to purge instances")

        def work(db: sqlite3.Connection) -> int:
            ids = queries.select_finished_instances(db, wanted)
            for instance_id in ids:
                instance_store.purge_instance(db, instance_id)
            return len(ids)

        count = await self._store.run(work)
        if count == 0:
            return error_response(404, "NotFound", "no finished instance matches")
        return json_response({"instancesDeleted": count})

    async def raise_event(self, request: web.Request) -> web.Response:
        """202; 400 unless the body is JSON, 404 for an unknown instance, 410 for one that has ended."""
        if request.content_type != "application/json":
            raise ApiError(400, "ArgumentException", "Only application/json request content is supported")
        raised = event(
            EventType.EVENT_RAISED,
            self._options.clock(),
            Name=request.match_info["event"],
            Input=await read_json(request),
        )
        return await self._change(
            request, lambda db, row, now: instance_store.deliver_event(db, row["id"], None, raised)
        )

    async def terminate_instance(self, request: web.Request) -> web.Response:
        """202, and the instance has the status Terminated with the reason as output; 404, 410."""
        reason = request.query.get("reason")

        def work(db: sqlite3.Connection, row: sqlite3.Row, now: datetime) -> ReadyWork:
            outcome = Ended("Terminated", None if reason is None else dumps(reason))
            events = [
                event(EventType.EXECUTION_TERMINATED, now, Input=dumps(reason)),
                event(EventType.EXECUTION_COMPLETED, now, OrchestrationStatus="Terminated", Result=outcome.output),
            ]
            return instance_store.end_instance(db, row["id"], outcome, events, now)

        return await self._change(request, work)

    async def suspend_instance(self, request: web.Request) -> web.Response:
        """202; events that arrive from now on wait until the instance is resumed; 404, 410."""
        return await self._change(request, _change_status("Suspended", EventType.EXECUTION_SUSPENDED, request))

    async def resume_instance(self, request: web.Request) -> web.Response:
        """202; 404, 410. Resuming an instance that is not suspended changes nothing."""
        change = _change_status("Running", EventType.EXECUTION_RESUMED, request)

        def work(db: sqlite3.Connection, row: sqlite3.Row, now: datetime) -> ReadyWork:
            return change(db, row, now) if row["status"] == "Suspended" else ReadyWork()

        return await self._change(request, work)

    async def restart_instance(self, request: web.Request) -> web.Response:
        """202 with management URLs of the same orchestration with the same input; 400 unknown, 409 still running."""
        instance_id = request.match_info["id"]
        row, _ = await self._store.run(partial(_load, instance_id=instance_id))
        if row is None:
            raise ApiError(
                400, "ArgumentException", f"An orchestration with the instanceId {instance_id} was not found."
            )
        use_new_id = read_flag(request.query, "restartWithNewInstanceId", default=True)
        self._registry.orchestrators.find(row["name"])
        new_id = self._options.new_id() if use_new_id else instance_id
        await self._start(row["name"], new_id, row["input"], row["version"])
        return self._accepted(request, new_id)

    async def rewind_instance(self, request: web.Request) -> web.Response:
        """202, and what failed runs again; 404 for an unknown instance, 412 for one that has not failed."""
        instance_id, reason = request.match_info["id"], request.query.get("reason")
        now = self._options.clock()

        def change(db: sqlite3.Connection) -> tuple[int, str, ReadyWork]:
            row = instance_store.read_instance(db, instance_id)
            if row is None:
                return 404, f"there is no instance '{instance_id}'", ReadyWork()
            if row["status"] != "Failed":
                text = f"the instance '{instance_id}' has the status {row['status']}, and only Failed can be rewound"
                return 412, text, ReadyWork()
            return 202, "", rewind_store.rewind_instance(db, row, reason, now)

        status, text, ready = await self._store.run(change)
        self._dispatcher.dispatch(ready)
        return json_response(text, status) if text else web.Response(status=status)

    async def _start(self, name: str, instance_id: str, input_text: str | None, version: str) -> None:
        new = NewExecution(name, instance_id, self._options.new_id(), input_text, version)
        work = partial(
            instance_store.start_instance,
            new=new,
            now=self._options.clock(),
            replace_running=self._options.replace_running,
        )
        self._dispatcher.dispatch(await self._store.run(work))

    async def _wait(self, request: web.Request, instance_id: str, longest: timedelta) -> web.Response:
        try:
            async with asyncio.timeout(min(longest, LONGEST_WAIT).total_seconds()):
                row = await self._wait_for_end(instance_id)
        except TimeoutError:
            return self._accepted(request, instance_id)
        if row is None:
            return web.Response(status=404)
        if row["status"] == "Completed":
            return json_response(None if row["output"] is None else json.loads(row["output"]))
        body = status_body(row, show_input=True)
        return json_response(body, 500 if row["status"] == "Failed" else 200)

    async def _wait_for_end(self, instance_id: str) -> sqlite3.Row | None:
        while True:
            changed = self._dispatcher.next_change(instance_id)
            row, _ = await self._store.run(partial(_load, instance_id=instance_id))
            if row is None or row["status"] in TERMINAL:
                return row
            await changed.wait()

    async def _change(
        self,
        request: web.Request,
        work: Callable[[sqlite3.Connection, sqlite3.Row, datetime], ReadyWork],
    ) -> web.Response:
        instance_id = request.match_info["id"]
        now = self._options.clock()

        def change(db: sqlite3.Connection) -> tuple[int, ReadyWork]:
            row = instance_store.read_instance(db, instance_id)
            if row is None:
                return 404, ReadyWork()
            return (410, ReadyWork()) if row["status"] in TERMINAL else (202, work(db, row, now))

        status, ready = await self._store.run(change)
        self._dispatcher.dispatch(ready)
        return web.Response(status=status)

    def _accepted(self, request: web.Request, instance_id: str) -> web.Response:
        body = self._urls(request).management(instance_id)
        headers = {"Location": body["statusQueryGetUri"], "Retry-After": "10"}
        return json_response(body, 202, headers)

    def _urls(self, request: web.Request) -> ManagementUrls:
        return ManagementUrls(str(request.url.origin()), self._hub)


def _change_status(
    status: str, kind: EventType, request: web.Request
) -> Callable[[sqlite3.Connection, sqlite3.Row, datetime], ReadyWork]:
    reason = request.query.get("reason")

    def work(db: sqlite3.Connection, row: sqlite3.Row, now: datetime) -> ReadyWork:
        recorded = event(kind, now, Reason=reason)
        return instance_store.set_status(db, row["id"], status, recorded, now)

    return work


def _load(db: sqlite3.Connection, instance_id: str) -> tuple[sqlite3.Row | None, list[Event]]:
    return instance_store.read_instance(db, instance_id), instance_store.load_history(db, instance_id)
