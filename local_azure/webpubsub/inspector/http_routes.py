"""The HTTP routes of the inspector: its page, a stream of what happens (server-sent events), and changes of faults.

It shows message contents, so it is available on this machine only: see `local_azure.local_requests`.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from aiohttp import hdrs, web

from local_azure.faults import FaultRegistry, forms_of
from local_azure.faults.http_api import PATH as FAULTS_PATH
from local_azure.faults.http_api import FaultApi
from local_azure.local_requests import SAFE_HEADERS, json_response, refusal, refuse_other_hosts, refuse_other_pages
from local_azure.observations import Publisher, StorageObservation
from local_azure.webpubsub.event_handlers import EventHandlers
from local_azure.webpubsub.faults import FaultInjector
from local_azure.webpubsub.hub import Hubs
from local_azure.webpubsub.inspector.recorder import Recorder
from local_azure.webpubsub.inspector.snapshot import snapshot
from local_azure.webpubsub.observations import Observations
from local_azure.webpubsub.settings import Settings

# What is needed only when somebody looks is imported then: most starts of the service end before that.
if TYPE_CHECKING:
    from local_azure.webpubsub.inspector.event_buffer import EventBuffer
    from local_azure.webpubsub.inspector.recorder_routes import RecorderRoutes
    from local_azure.webpubsub.inspector.redaction import Redactor

PAGE = Path(__file__).parent / "page"
POLL_SECONDS = 0.1
STATE_SECONDS = 0.5
MAX_BATCH = 500
# A page that is opened gets the newest entries; it asks for older ones.
FIRST_ENTRIES = 2000
# An effect is not further from its cause than so many entries.
TRACE_ENTRIES = 2000

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Inspector:
    """The inspector of one service."""

    def __init__(
        self,
        settings: Settings,
        hubs: Hubs,
        observations: Observations,
        handlers: EventHandlers,
        faults: Callable[[], FaultInjector],
    ) -> None:
        self._settings = settings
        self._hubs = hubs
        self._observations = observations
        self._handlers = handlers
        self._storage_faults: list[FaultRegistry] = []
        self._fault_api = FaultApi(lambda: [faults(), *self._storage_faults])
        self._recorder = Recorder(
            observations, self._make_buffer, enabled=settings.recorder.enabled, max_bytes=settings.recorder.max_bytes
        )
        self._closing = asyncio.Event()
        self._run = uuid4().hex

    def routes(self) -> list[web.RouteDef]:
        """Return the routes: the page at the root, and everything it requests below `/inspector/`."""
        ask, change, recorder = _for_local_host, _for_own_page, self._ask_recorder
        entries, entry = "/inspector/entries", "/inspector/entries/{id:[0-9]{1,15}}"
        return [
            web.get(entries, ask(recorder(lambda routes: routes.list_entries)), allow_head=False),
            web.delete(entries, change(recorder(lambda routes: routes.clear))),
            web.get(f"{entry}/curl", ask(recorder(lambda routes: routes.show_curl)), allow_head=False),
            web.get("/inspector/recorder", ask(recorder(lambda routes: routes.show_recorder)), allow_head=False),
            web.get("/inspector/export", ask(recorder(lambda routes: routes.export)), allow_head=False),
            web.post("/inspector/import", change(recorder(lambda routes: routes.import_entries))),
            web.post("/inspector/replay", change(recorder(lambda routes: routes.replay))),
            web.get("/", _for_local_host(self._page)),
            web.get("/inspector/stream", _for_local_host(self._stream), allow_head=False),
            web.get(entry, _for_local_host(self._entry), allow_head=False),
            web.get("/inspector/meter", _for_local_host(self._meter), allow_head=False),
            web.route("*", FAULTS_PATH, self._fault_api.answer),
            web.route("*", f"{FAULTS_PATH}/{{id:[a-z0-9-]{{1,40}}}}", self._fault_api.answer),
            web.get("/inspector/{name:[a-z_]{1,40}\\.(?:css|js|svg)}", _for_local_host(self._page)),
        ]

    def show_storage(self, observations: Publisher[StorageObservation], faults: FaultRegistry) -> None:
        """Show the calls of a storage too, each in the trace of the event whose request id it has, and its faults."""
        self._recorder.add_source(observations.subscribe)
        self._storage_faults.append(faults)

    async def close(self, _application: object = None) -> None:
        """End every stream: the service shuts down."""
        self._closing.set()
        self._recorder.stop()

    async def _page(self, request: web.Request) -> web.StreamResponse:
        file = _page_files().get(request.match_info.get("name", "index.html"))
        if file is None:
            raise web.HTTPNotFound
        return web.FileResponse(file, headers=SAFE_HEADERS | {hdrs.CONTENT_TYPE: CONTENT_TYPES[file.suffix]})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Send entries and the current state to a page until it is closed."""
        response = web.StreamResponse(headers=SAFE_HEADERS | {hdrs.CONTENT_TYPE: "text/event-stream"})
        await response.prepare(request)
        hello = {"run": self._run, "forms": forms_of(self._fault_api.kinds())}
        with self._recorder.recording():
            try:
                await response.write(_event("hello", hello))
                await self._send_updates(request, response)
            except ConnectionError:
                pass  # the page was closed
        return response

    async def _send_updates(self, request: web.Request, response: web.StreamResponse) -> None:
        loop = asyncio.get_running_loop()
        buffer = await self._recorder.look()
        change, state, state_due = buffer.change_before_newest(FIRST_ENTRIES), b"", 0.0
        generation = self._recorder.generation
        while not self._closing.is_set() and request.transport is not None and not request.transport.is_closing():
            if generation != self._recorder.generation:
                generation = self._recorder.generation
                await response.write(_event("cleared", {}))
            changed = (await self._recorder.look()).changed_since(change)
            entries = changed[:MAX_BATCH]
            if entries:
                change = entries[-1].change
                await response.write(_event("entries", [entry.summary() for entry in entries]))
            if loop.time() >= state_due:
                state_due = loop.time() + STATE_SECONDS
                current = _event("state", self._snapshot())
                if current != state:
                    state = current
                    await response.write(state)
            if len(changed) <= MAX_BATCH:
                await self._wait_for_next_poll()

    async def _wait_for_next_poll(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._closing.wait()
        except TimeoutError:
            pass

    async def _entry(self, request: web.Request) -> web.StreamResponse:
        """Answer one entry with its payload, and the trace that it belongs to."""
        from local_azure.webpubsub.inspector.traces import find_trace

        buffer = await self._recorder.look()
        entry = buffer.entry(int(request.match_info["id"]))
        if entry is None:
            return refusal(404, "gone", "this entry is no longer kept")
        trace = find_trace(entry, buffer.around(entry, TRACE_ENTRIES))
        steps = [step.entry.summary() | {"depth": step.depth, "inferred": step.inferred} for step in trace.steps]
        return json_response({"entry": entry.details(), "steps": steps, "note": trace.note})

    async def _meter(self, _request: web.Request) -> web.StreamResponse:
        """Answer what the run would cost."""
        # Imported here: most runs do not ask.
        from local_azure.meter.prices import read_examples
        from local_azure.meter.report import make_report, to_json

        meter = self._observations.meter
        return json_response(to_json(make_report(meter, meter.prices or read_examples())))

    def _ask_recorder(self, choose: "Callable[[RecorderRoutes], _Handler]") -> _Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            return await choose(self._recorder_routes())(request)

        return answer

    def _recorder_routes(self) -> "RecorderRoutes":
        from local_azure.webpubsub.inspector.recorder_routes import RecorderRoutes

        return RecorderRoutes(self._recorder, self._redactor(), self._handlers.send_again)

    def _make_buffer(self) -> "EventBuffer":
        from local_azure.webpubsub.inspector.event_buffer import EventBuffer

        return EventBuffer(self._redactor(), self._settings.access_keys)

    def _redactor(self) -> "Redactor":
        from local_azure.webpubsub.inspector.redaction import Redactor

        return Redactor(self._settings.access_keys)

    def _snapshot(self) -> dict[str, object]:
        return snapshot(self._hubs, self._settings, self._handlers.handlers(), self._fault_api.documents())


@cache
def _page_files() -> dict[str, Path]:
    """Return the files of the page by name; no other file is served."""
    return {file.name: file for file in PAGE.iterdir() if file.suffix in CONTENT_TYPES}


def _for_local_host(handler: _Handler) -> _Handler:
    """Refuse requests whose Host header does not name this machine."""

    async def checked(request: web.Request) -> web.StreamResponse:
        refused = refuse_other_hosts(request)
        return await handler(request) if refused is None else refused

    return checked


def _for_own_page(handler: _Handler) -> _Handler:
    """Refuse also what a page of another site asks to change."""

    async def checked(request: web.Request) -> web.StreamResponse:
        refused = refuse_other_pages(request)
        return await handler(request) if refused is None else refused

    return _for_local_host(checked)


def _event(name: str, data: object) -> bytes:
    return f"retry: 1000\nevent: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
