"""The inspector over HTTP: its page, a stream of what happens (server-sent events), and faults to add and to lift.

It shows what people say, so it answers to this machine alone: it is mounted only where the service listens on
loopback, the Host header must name this machine (another name may be a rebound DNS entry), and what changes something
must come from the page itself or from no page at all.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

from aiohttp import hdrs, web
from yarl import URL

from local_azure.webpubsub.fault_switchboard import FORMS, FaultSwitchboard, InvalidFault
from local_azure.webpubsub.hub import Hubs
from local_azure.webpubsub.inspector.chains import chain_of
from local_azure.webpubsub.inspector.contents import Contents
from local_azure.webpubsub.inspector.journal import Journal
from local_azure.webpubsub.inspector.recording import Recording
from local_azure.webpubsub.inspector.snapshot import Handlers, snapshot
from local_azure.webpubsub.observations import Observations
from local_azure.webpubsub.settings import Settings

PAGE = Path(__file__).parent / "page"
TICK_SECONDS = 0.1
STATE_SECONDS = 0.5
MAX_BATCH = 500

THIS_MACHINE = frozenset(("localhost", "127.0.0.1", "::1"))
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
SAFE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_loopback(host: str) -> bool:
    """Return whether an address to listen on can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Inspector:
    """The routes of the inspector and what stands behind them."""

    def __init__(
        self,
        settings: Settings,
        hubs: Hubs,
        observations: Observations,
        handlers: Callable[[], Handlers],
        faults: Callable[[], FaultSwitchboard],
    ) -> None:
        self._settings = settings
        self._hubs = hubs
        self._handlers = handlers
        self._faults = faults
        self._recording = Recording(observations, Journal(Contents(settings.access_keys)))
        self._closing = asyncio.Event()
        self._run = uuid4().hex

    def routes(self) -> list[web.RouteDef]:
        """Return the page at the root and everything it asks for below `/inspector/`."""
        return [
            web.get("/", _guarded(self._page)),
            web.get("/inspector/stream", _guarded(self._stream), allow_head=False),
            web.get("/inspector/entries/{id:[0-9]{1,15}}", _guarded(self._entry), allow_head=False),
            web.post("/inspector/faults", _guarded(_changing(self._add_fault))),
            web.delete("/inspector/faults/{id:[a-z0-9-]{1,40}}", _guarded(_changing(self._remove_fault))),
            web.get("/inspector/{name:[a-z_]{1,40}\\.(?:css|js|svg)}", _guarded(self._page)),
        ]

    async def close(self, _application: object = None) -> None:
        """End every stream: the service shuts down."""
        self._closing.set()
        self._recording.stop()

    async def _page(self, request: web.Request) -> web.StreamResponse:
        file = _page_files().get(request.match_info.get("name", "index.html"))
        if file is None:
            raise web.HTTPNotFound
        return web.FileResponse(file, headers=SAFE_HEADERS | {hdrs.CONTENT_TYPE: CONTENT_TYPES[file.suffix]})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Tell a page what has happened and what is now, until it goes away."""
        response = web.StreamResponse(headers=SAFE_HEADERS | {hdrs.CONTENT_TYPE: "text/event-stream"})
        await response.prepare(request)
        hello = {"run": self._run, "forms": FORMS}
        with self._recording.watched() as journal:
            try:
                await response.write(_event("hello", hello))
                await self._tell(request, response, journal)
            except ConnectionError:
                pass  # the page was closed
        return response

    async def _tell(self, request: web.Request, response: web.StreamResponse, journal: Journal) -> None:
        loop = asyncio.get_running_loop()
        change, state, state_due = 0, b"", 0.0
        while not self._closing.is_set() and request.transport is not None and not request.transport.is_closing():
            entries = sorted(journal.changed_since(change), key=lambda entry: entry.change)[:MAX_BATCH]
            if entries:
                change = entries[-1].change
                await response.write(_event("entries", [entry.summary() for entry in entries]))
            if loop.time() >= state_due:
                state_due = loop.time() + STATE_SECONDS
                now = _event("state", self._snapshot())
                if now != state:
                    state = now
                    await response.write(state)
            if len(entries) < MAX_BATCH:
                await self._tick()

    async def _tick(self) -> None:
        try:
            async with asyncio.timeout(TICK_SECONDS):
                await self._closing.wait()
        except TimeoutError:
            pass

    async def _entry(self, request: web.Request) -> web.StreamResponse:
        """Answer one entry with its payload, and the chain of cause and effect that it belongs to."""
        journal = self._recording.journal
        entry = journal.entry(int(request.match_info["id"]))
        if entry is None:
            return _refusal(404, "gone", "this entry is no longer kept")
        chain = chain_of(entry, journal)
        steps = [step.entry.summary() | {"depth": step.depth, "inferred": step.inferred} for step in chain.steps]
        return _json({"entry": entry.details(), "steps": steps, "note": chain.note})

    async def _add_fault(self, request: web.Request) -> web.StreamResponse:
        """Put the fault of the body's line in force: `{"fault": "drop webhook count=1"}`."""
        line = await _line(request)
        if line is None:
            return _refusal(400, "invalid_body", 'the body must be like {"fault": "drop webhook count=1"}')
        try:
            armed = self._faults().add(line)
        except InvalidFault as error:
            return _refusal(400, "invalid_fault", str(error))
        return _json({"id": armed.id}, status=201)

    async def _remove_fault(self, request: web.Request) -> web.StreamResponse:
        if not self._faults().remove(request.match_info["id"]):
            return _refusal(404, "not_in_force", "this fault is not in force any more")
        return web.Response(status=204, headers=SAFE_HEADERS)

    def _snapshot(self) -> dict[str, object]:
        return snapshot(self._hubs, self._settings, self._handlers(), self._faults())


@cache
def _page_files() -> dict[str, Path]:
    """Return the files of the page by name; no other file can be asked for."""
    return {file.name: file for file in PAGE.iterdir() if file.suffix in CONTENT_TYPES}


def _guarded(handler: _Handler) -> _Handler:
    """Answer only those who dialled this machine by its own name."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        if _host_name(request.host) not in THIS_MACHINE:
            return _refusal(403, "wrong_host", "the inspector answers to localhost, 127.0.0.1 and [::1] only")
        return await handler(request)

    return guarded


def _changing(handler: _Handler) -> _Handler:
    """Let only the inspector's own page change something, or a program that is no page: it sends no Origin."""

    async def changing(request: web.Request) -> web.StreamResponse:
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and origin != f"{request.scheme}://{request.host}":
            return _refusal(403, "wrong_origin", "only the inspector's own page may change something")
        if request.method == hdrs.METH_POST and request.content_type != "application/json":
            return _refusal(415, "wrong_content_type", "the body must be application/json")
        return await handler(request)

    return changing


def _host_name(host: str) -> str | None:
    try:
        return URL(f"//{host}").host
    except ValueError:
        return None


async def _line(request: web.Request) -> str | None:
    try:
        document = json.loads(await request.read())
    except (ValueError, RecursionError):
        return None
    line = document.get("fault") if isinstance(document, dict) else None
    return line if isinstance(line, str) else None


def _event(name: str, data: object) -> bytes:
    return f"retry: 1000\nevent: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def _json(document: object, *, status: int = 200) -> web.Response:
    return web.json_response(document, status=status, headers=SAFE_HEADERS | {"Cache-Control": "no-store"})


def _refusal(status: int, code: str, message: str) -> web.Response:
    return _json({"code": code, "message": message}, status=status)
