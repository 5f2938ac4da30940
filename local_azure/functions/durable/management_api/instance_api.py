"""The part of the management API that starts, asks, tells and ends orchestration instances."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from aiohttp import web

from local_azure.functions.durable.execution.dispatcher import Dispatcher
from local_azure.functions.durable.execution.function_registry import Catalog
from local_azure.functions.durable.management_api.responses import (
    Handler,
    NotImplementedHere,
    Refusal,
    error_response,
    json_response,
)
from local_azure.functions.durable.management_api.urls import Urls
from local_azure.functions.durable.options import Options
from local_azure.functions.durable.protocol.episode import Ended
from local_azure.functions.durable.protocol.history import Event, EventType, dumps, event
from local_azure.functions.durable.protocol.identifiers import checked_instance_id
from local_azure.functions.durable.storage import instance_store, queries
from local_azure.functions.durable.storage.instance_store import TERMINAL, Start, Wakes
from local_azure.functions.durable.storage.queries import InstanceFilter, Page
from local_azure.functions.durable.storage.store import Store

CONTINUATION_HEADER = "x-ms-continuation-token"
# How long a caller may ask to wait for an instance's end, in one request.
LONGEST_WAIT = timedelta(minutes=30)


class InstanceApi:
    """Handlers for `/orchestrators` and `/instances`."""

    def __init__(self, store: Store, catalog: Catalog, dispatcher: Dispatcher, options: Options, hub: str) -> None:
        self._store = store
        self._catalog = catalog
        self._dispatcher = dispatcher
        self._options = options
        self._hub = hub

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return method, path under the prefix, and handler."""
        instance = "/instances/{id}"
        return [
            ("POST", "/orchestrators/{name}", self.start),
            ("POST", "/orchestrators/{name}/{id}", self.start),
            ("GET", "/instances", self.list),
            ("GET", "/instances/", self.list),
            ("DELETE", "/instances", self.purge_matching),
            ("DELETE", "/instances/", self.purge_matching),
            ("GET", instance, self.status),
            ("DELETE", instance, self.purge),
            ("POST", instance + "/raiseEvent/{event}", self.raise_event),
            ("POST", instance + "/terminate", self.terminate),
            ("POST", instance + "/suspend", self.suspend),
            ("POST", instance + "/resume", self.resume),
            ("POST", instance + "/restart", self.restart),
            ("POST", instance + "/rewind", self.rewind),
        ]

    async def start(self, request: web.Request) -> web.Response:
        """202 with the management URLs; with `timeout` (seconds), what the instance came to by then."""
        function = self._catalog.orchestrators.find(request.match_info["name"])
        instance_id = checked_instance_id(request.match_info.get("id") or self._options.new_id())
        version = request.query.get("version", self._options.default_version)
        name = str(function.trigger.get("orchestration") or function.name)
        timeout = _seconds(request.query.get("timeout"))
        await self._start(name, instance_id, await read_json(request), version)
        if timeout is not None:
            return await self._wait(request, instance_id, timeout)
        return self._accepted(request, instance_id)

    async def status(self, request: web.Request) -> web.Response:
        """200 when the instance is over, 202 while it is not, 404 when there is none."""
        instance_id = request.match_info["id"]
        if instance_id.startswith("@"):
            raise NotImplementedHere("the status of an entity as an instance")
        row, history = await self._store.run(partial(_load, instance_id=instance_id))
        if row is None:
            return web.Response(status=404)
        body = queries.status_body(row, show_input=_flag(request.query, "showInput", default=True))
        if _flag(request.query, "showHistory"):
            show_output = _flag(request.query, "showHistoryOutput")
            body["historyEvents"] = queries.history_body(history, show_output=show_output)
        if row["status"] not in TERMINAL:
            location = self._urls(request).status(instance_id)
            return json_response(body, 202, {"Location": location, "Retry-After": "5"})
        is_error = row["status"] == "Failed" and _flag(request.query, "returnInternalServerErrorOnFailure")
        return json_response(body, 500 if is_error else 200)

    async def list(self, request: web.Request) -> web.Response:
        """200 with the instances that match, oldest first; a header continues where the page ends."""
        wanted = InstanceFilter.from_query(request.query)
        page = Page.from_request(request.query, request.headers.get(CONTINUATION_HEADER))
        rows, token = await self._store.run(partial(queries.instance_page, wanted=wanted, page=page))
        show_input = _flag(request.query, "showInput", default=True)
        bodies = [queries.status_body(row, show_input=show_input) for row in rows]
        return json_response(bodies, headers={CONTINUATION_HEADER: token} if token else None)

    async def purge(self, request: web.Request) -> web.Response:
        """200 with the count, 404 when there is no such instance or it is not over yet."""
        instance_id = request.match_info["id"]

        def work(db: sqlite3.Connection) -> bool:
            row = instance_store.row(db, instance_id)
            if row is None or row["status"] not in TERMINAL:
                return False
            instance_store.purge(db, instance_id)
            return True

        if not await self._store.run(work):
            return error_response(404, "NotFound", f"there is no finished instance '{instance_id}' to purge")
        return json_response({"instancesDeleted": 1})

    async def purge_matching(self, request: web.Request) -> web.Response:
        """200 with the count of finished instances removed, 404 when none matched."""
        wanted = InstanceFilter.from_query(request.query)
        if wanted.created_from is None:
            raise Refusal(400, "ArgumentException", "createdTimeFrom is required to purge instances")

        def work(db: sqlite3.Connection) -> int:
            ids = queries.finished_instances(db, wanted)
            for instance_id in ids:
                instance_store.purge(db, instance_id)
            return len(ids)

        count = await self._store.run(work)
        if count == 0:
            return error_response(404, "NotFound", "no finished instance matches")
        return json_response({"instancesDeleted": count})

    async def raise_event(self, request: web.Request) -> web.Response:
        """202; 400 unless the body is JSON, 404 for an unknown instance, 410 for one that is over."""
        if request.content_type != "application/json":
            raise Refusal(400, "ArgumentException", "Only application/json request content is supported")
        raised = event(
            EventType.EVENT_RAISED,
            self._options.clock(),
            Name=request.match_info["event"],
            Input=await read_json(request),
        )
        return await self._change(request, lambda db, row, now: instance_store.deliver(db, row["id"], None, raised))

    async def terminate(self, request: web.Request) -> web.Response:
        """202, and the instance has the status Terminated with the reason as output; 404, 410."""
        reason = request.query.get("reason")

        def work(db: sqlite3.Connection, row: sqlite3.Row, now: datetime) -> Wakes:
            outcome = Ended("Terminated", None if reason is None else dumps(reason))
            events = [
                event(EventType.EXECUTION_TERMINATED, now, Input=dumps(reason)),
                event(EventType.EXECUTION_COMPLETED, now, OrchestrationStatus="Terminated", Result=outcome.output),
            ]
            return instance_store.end(db, row["id"], outcome, events, now)

        return await self._change(request, work)

    async def suspend(self, request: web.Request) -> web.Response:
        """202: what arrives from now on waits until the instance is resumed; 404, 410."""
        return await self._change(request, _status_change("Suspended", EventType.EXECUTION_SUSPENDED, request))

    async def resume(self, request: web.Request) -> web.Response:
        """202; 404, 410. Resuming an instance that is not suspended changes nothing."""
        change = _status_change("Running", EventType.EXECUTION_RESUMED, request)

        def work(db: sqlite3.Connection, row: sqlite3.Row, now: datetime) -> Wakes:
            return change(db, row, now) if row["status"] == "Suspended" else Wakes()

        return await self._change(request, work)

    async def restart(self, request: web.Request) -> web.Response:
        """202 with management URLs of the same orchestration with the same input; 400 unknown, 409 still running."""
        instance_id = request.match_info["id"]
        row, _ = await self._store.run(partial(_load, instance_id=instance_id))
        if row is None:
            raise Refusal(
                400, "ArgumentException", f"An orchestration with the instanceId {instance_id} was not found."
            )
        fresh = _flag(request.query, "restartWithNewInstanceId", default=True)
        self._catalog.orchestrators.find(row["name"])
        new_id = self._options.new_id() if fresh else instance_id
        await self._start(row["name"], new_id, row["input"], row["version"])
        return self._accepted(request, new_id)

    async def rewind(self, request: web.Request) -> web.Response:
        """501 for a failed instance; 404 for an unknown one, 410 for one that ended otherwise."""

        def work(db: sqlite3.Connection, row: sqlite3.Row, now: datetime) -> Wakes:
            return Wakes()

        response = await self._change(request, work, gone=("Completed", "Terminated", "Canceled"))
        if response.status == 202:
            raise NotImplementedHere("rewind")
        return response

    async def _start(self, name: str, instance_id: str, input_text: str | None, version: str) -> None:
        new = Start(name, instance_id, self._options.new_id(), input_text, version)
        work = partial(
            instance_store.start, new=new, now=self._options.clock(), replace_running=self._options.replace_running
        )
        self._dispatcher.wake(await self._store.run(work))

    async def _wait(self, request: web.Request, instance_id: str, longest: timedelta) -> web.Response:
        try:
            async with asyncio.timeout(min(longest, LONGEST_WAIT).total_seconds()):
                row = await self._ended(instance_id)
        except TimeoutError:
            return self._accepted(request, instance_id)
        if row is None:
            return web.Response(status=404)
        if row["status"] == "Completed":
            return json_response(None if row["output"] is None else json.loads(row["output"]))
        body = queries.status_body(row, show_input=True)
        return json_response(body, 500 if row["status"] == "Failed" else 200)

    async def _ended(self, instance_id: str) -> sqlite3.Row | None:
        while True:
            changed = self._dispatcher.next_change(instance_id)
            row, _ = await self._store.run(partial(_load, instance_id=instance_id))
            if row is None or row["status"] in TERMINAL:
                return row
            await changed.wait()

    async def _change(
        self,
        request: web.Request,
        work: Callable[[sqlite3.Connection, sqlite3.Row, datetime], Wakes],
        gone: tuple[str, ...] = TERMINAL,
    ) -> web.Response:
        instance_id = request.match_info["id"]
        now = self._options.clock()

        def change(db: sqlite3.Connection) -> tuple[int, Wakes]:
            row = instance_store.row(db, instance_id)
            if row is None:
                return 404, Wakes()
            return (410, Wakes()) if row["status"] in gone else (202, work(db, row, now))

        status, wakes = await self._store.run(change)
        self._dispatcher.wake(wakes)
        return web.Response(status=status)

    def _accepted(self, request: web.Request, instance_id: str) -> web.Response:
        body = self._urls(request).management(instance_id)
        headers = {"Location": body["statusQueryGetUri"], "Retry-After": "10"}
        return json_response(body, 202, headers)

    def _urls(self, request: web.Request) -> Urls:
        return Urls(str(request.url.origin()), self._hub)


def _status_change(
    status: str, kind: EventType, request: web.Request
) -> Callable[[sqlite3.Connection, sqlite3.Row, datetime], Wakes]:
    reason = request.query.get("reason")

    def work(db: sqlite3.Connection, row: sqlite3.Row, now: datetime) -> Wakes:
        note = event(kind, now, Reason=reason)
        return instance_store.set_status(db, row["id"], status, note, now)

    return work


async def read_json(request: web.Request) -> str | None:
    """Return the body's JSON text in compact form, None for an empty body. Raises Refusal (400)."""
    text = await request.text()
    if not text.strip():
        return None
    try:
        return dumps(json.loads(text))
    except ValueError as error:
        raise Refusal(400, "JsonReaderException", f"Invalid JSON content: {error}") from None


def _load(db: sqlite3.Connection, instance_id: str) -> tuple[sqlite3.Row | None, list[Event]]:
    return instance_store.row(db, instance_id), instance_store.load_history(db, instance_id)


def _flag(query: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    value = query.get(name)
    return default if value is None else value.lower() == "true"


def _seconds(text: str | None) -> timedelta | None:
    if not text:
        return None
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        raise Refusal(400, "ArgumentException", f"timeout is not a number of seconds: '{text}'") from None
