"""The event handler of the cases: one HTTP server that keeps each case's requests apart and answers as the case says.

A client of a case has the case's key in its URL and in its user id; the handler learns from the `connect` event which
connection is whose.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from conformance.expectations import Differs

VALIDATE = "validate"
ALLOW_ALL = {"WebHook-Allowed-Origin": "*"}
SHUTDOWN_SECONDS = 0.1
MAX_BODY_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Event:
    """One request; `raw_headers` are the bytes that were sent, `aborted` is set when its sender left."""

    method: str
    path: str
    headers: Mapping[str, str]
    raw_headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    aborted: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        """The event's name, `validate` for a request without one."""
        return self.headers.get("ce-eventName", VALIDATE)

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    def raw_header(self, name: str) -> bytes | None:
        """Return a header's bytes."""
        return next((value for key, value in self.raw_headers if key.decode().lower() == name.lower()), None)


Answer = Callable[[Event], web.Response | Awaitable[web.Response]]


class CaseEvents:
    """The requests of one case, and what they are answered: 204 unless the case says otherwise."""

    def __init__(self, wait_seconds: float) -> None:
        self.received: list[Event] = []
        self._wait_seconds = wait_seconds
        self._answers: dict[str, Answer] = {}
        self._changed = asyncio.Condition()

    def answer(self, name: str, answer: Answer) -> None:
        """Answer the events with this name by calling the function."""
        self._answers[name.lower()] = answer

    def respond(self, name: str, **response: Any) -> None:
        """Answer the events with this name with a response like this."""
        self.answer(name, lambda event: web.Response(**response))

    def of(self, name: str) -> list[Event]:
        """Return the events with this name so far."""
        return [event for event in self.received if event.name.lower() == name.lower()]

    async def wait_for(self, name: str, count: int = 1) -> list[Event]:
        """Return the events with this name as soon as there are so many; raises `Differs` when too few come."""
        try:
            async with asyncio.timeout(self._wait_seconds), self._changed:
                await self._changed.wait_for(lambda: len(self.of(name)) >= count)
        except TimeoutError:
            names = [event.name for event in self.received]
            raise Differs(f"{count} of the event {name}", f"within {self._wait_seconds:g} seconds {names}") from None
        return self.of(name)

    async def one(self, name: str) -> Event:
        """Return the first event with this name."""
        return (await self.wait_for(name))[0]

    async def take(self, event: Event) -> web.Response:
        """Store a request and return its answer."""
        async with self._changed:
            self.received.append(event)
            self._changed.notify_all()
        answer = self._answers.get(event.name.lower())
        if answer is None:
            return web.Response(status=204)
        try:
            response = answer(event)
            return response if isinstance(response, web.Response) else await response
        except asyncio.CancelledError:
            event.aborted.set()
            raise


class EventHandler:
    """The server. `validations` are the requests that asked for permission, of all cases together."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.validations: list[Event] = []
        self._cases: dict[str, CaseEvents] = {}
        self._keys: dict[str, str] = {}

    def add_case(self, key: str, wait_seconds: float) -> CaseEvents:
        """Return the place of a case's events."""
        return self._cases.setdefault(key, CaseEvents(wait_seconds))

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a request of the target."""
        body = await request.read()
        event = Event(request.method, request.path_qs, request.headers, request.raw_headers, body)
        if event.name == VALIDATE:
            self.validations.append(event)
            return _validation_answer(event)
        events = self._cases.get(self._key_of(event))
        # A request of an earlier run, or of somebody else.
        return web.Response(status=204) if events is None else await events.take(event)

    def _key_of(self, event: Event) -> str:
        connection = event.headers.get("ce-connectionId", "")
        if connection not in self._keys:
            keys = event.json().get("query", {}).get("case", []) if event.name == "connect" else []
            user = event.headers.get("ce-userId", "").partition("-")[0]
            self._keys[connection] = keys[0] if keys else user
        return self._keys[connection]


def _validation_answer(event: Event) -> web.Response:
    """Answer as the path of the URL asks: each hub of the cases has its own."""
    kind = event.path.strip("/").partition("/")[0]
    origin = event.headers.get("WebHook-Request-Origin", "")
    response = web.Response()
    if kind == "origin":
        response.headers["WebHook-Allowed-Origin"] = origin.upper()
    elif kind == "two-lines":
        response.headers.add("WebHook-Allowed-Origin", "other.example")
        response.headers.add("WebHook-Allowed-Origin", origin)
    elif kind == "list":
        response.headers["WebHook-Allowed-Origin"] = f"other.example, {origin}"
    elif kind == "get" and event.method == "OPTIONS":
        response = web.Response(status=404)
    elif kind != "no-header":
        response.headers.update(ALLOW_ALL)
    return response


@asynccontextmanager
async def serve_events(url: str, host: str, port: int) -> AsyncIterator[EventHandler]:
    """Listen for events while the block lasts; raises `OSError` when the address is not available."""
    handler = EventHandler(url)
    application = web.Application(client_max_size=MAX_BODY_BYTES)
    application.router.add_route("*", "/{path:.*}", handler.serve)
    runner = web.AppRunner(
        application, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS, handler_cancellation=True, handle_signals=False
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield handler
    finally:
        await runner.cleanup()
