"""From an event to its handler and back: match, validate, send, and keep what the answer leaves behind.

`connect` and user events are waited for. `connected` and `disconnected` are only told, in tasks that belong to this
object and end with it.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import NoReturn

import aiohttp

from local_azure.webpubsub.event_handlers.answers import (
    CONNECT_FAILED,
    UNCHANGED,
    Answer,
    ConnectAnswer,
    ConnectRefused,
    EventFailed,
    connect_answer,
    event_answer,
    new_state,
)
from local_azure.webpubsub.event_handlers.calls import Call, CallFailed, WebhookClient
from local_azure.webpubsub.event_handlers.matching import (
    VALIDATE,
    handler_for_system_event,
    handler_for_user_event,
    handler_label,
    handler_url,
)
from local_azure.webpubsub.event_handlers.requests import (
    ConnectRequest,
    Event,
    UnsendableHeader,
    system_event,
    user_event,
)
from local_azure.webpubsub.event_handlers.source import EventSource
from local_azure.webpubsub.event_handlers.validation import Validation
from local_azure.webpubsub.faults import EventLost, Faults
from local_azure.webpubsub.messages import Payload
from local_azure.webpubsub.observations import Observations
from local_azure.webpubsub.settings import EventHandler, Settings

log = logging.getLogger(__name__)

CONNECT = "connect"
CONNECTED = "connected"
DISCONNECTED = "disconnected"
CONNECT_EVENT_ID = 0


class _NotDelivered(Exception):
    """No answer was had from the handler; the text says why."""


class EventHandlers:
    """The webhooks of all hubs."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float],
        observations: Observations,
        faults: Callable[[], Faults],
    ) -> None:
        """`clock` tells monotonic seconds; `faults` returns the fault seam as it is now."""
        self._keys = settings.access_keys
        self._timeout = settings.times.handler_timeout_seconds
        self._handlers = {name: tuple(hub.event_handlers) for name, hub in settings.hubs.items()}
        self._faults = faults
        self._client = WebhookClient(
            retry_waits=settings.times.retry_waits_seconds,
            max_answer_bytes=settings.limits.handler_answer_bytes,
            observations=observations,
        )
        self._validation = Validation(self._client, settings.times, clock)
        self._notifications: set[asyncio.Task[None]] = set()

    def set_handlers(self, hub: str, handlers: tuple[EventHandler, ...]) -> None:
        """Send the hub's events to these handlers from now on."""
        self._handlers[hub.lower()] = handlers

    def handlers(self) -> Mapping[str, tuple[EventHandler, ...]]:
        """Return the handlers of each hub that has been given any, by its lower-case name."""
        return self._handlers

    async def connect(self, source: EventSource, request: ConnectRequest) -> ConnectAnswer:
        """Ask whether a client may connect; raises `ConnectRefused` when the answer is no, or there is none.

        Without a handler for `connect` the client's token alone decides.
        """
        handler = self._system_handler(source, CONNECT)
        if handler is None:
            return UNCHANGED
        make = partial(system_event, source, CONNECT, CONNECT_EVENT_ID, request.body())
        try:
            answer = await self._tell(handler, source, CONNECT, make)
        except _NotDelivered:
            raise ConnectRefused(500, CONNECT_FAILED) from None
        changes = connect_answer(answer)
        _keep(source, answer)
        return changes

    async def user_event(self, source: EventSource, name: str, payload: Payload) -> Payload | None:
        """Tell the handler what a client sent; return its reply to the sender, if any. Raises `EventFailed`."""
        handler = handler_for_user_event(self._handlers.get(source.hub, ()), name)
        _log_match(source, name, handler)
        if handler is None:
            raise EventFailed("no event handler matches")
        make = partial(user_event, source, name, source.next_event_id(), payload)
        try:
            answer = await self._tell(handler, source, name, make)
            reply = event_answer(answer)
        except (_NotDelivered, EventFailed) as error:
            log.warning("user event failed", extra=_fields(source, name) | {"reason": str(error)})
            raise EventFailed(str(error)) from None
        _keep(source, answer)
        return reply

    def connected(self, source: EventSource) -> None:
        """Tell the handler that a client is connected, without waiting."""
        self._notify(source, CONNECTED, {})

    def disconnected(self, source: EventSource, reason: str) -> None:
        """Tell the handler that a logical connection is over, without waiting."""
        self._notify(source, DISCONNECTED, {"reason": reason})

    def stop_retrying(self) -> None:
        """Let every event end with its present attempt: the service shuts down."""
        self._client.stop_retrying()

    async def close(self, grace_seconds: float) -> None:
        """Let what is being told finish within the grace; then drop the rest."""
        if self._notifications:
            await asyncio.wait(self._notifications, timeout=grace_seconds)
        for task in self._notifications:
            task.cancel()
        await asyncio.gather(*self._notifications, return_exceptions=True)
        await self._validation.close()
        await self._client.close()

    def _notify(self, source: EventSource, name: str, data: dict[str, str]) -> None:
        handler = self._system_handler(source, name)
        if handler is None:
            return
        body = json.dumps(data, separators=(",", ":")).encode()
        make = partial(system_event, source, name, source.next_event_id(), body)
        task = asyncio.create_task(self._tell_only(handler, source, name, make))
        self._notifications.add(task)
        task.add_done_callback(self._notifications.discard)

    async def _tell_only(
        self, handler: EventHandler, source: EventSource, name: str, make: Callable[..., Event]
    ) -> None:
        try:
            answer = await self._tell(handler, source, name, make)
        except _NotDelivered as error:
            log.warning("event not delivered", extra=_fields(source, name) | {"reason": str(error)})
            return
        except Exception:
            log.exception("event not delivered", extra=_fields(source, name))
            return
        if answer.is_success:
            _keep_cookies(source, answer)
        else:
            log.warning("event not delivered", extra=_fields(source, name) | {"reason": f"status {answer.status}"})

    def _system_handler(self, source: EventSource, name: str) -> EventHandler | None:
        handler = handler_for_system_event(self._handlers.get(source.hub, ()), name)
        _log_match(source, name, handler)
        return handler

    async def _tell(self, handler: EventHandler, source: EventSource, name: str, make: Callable[..., Event]) -> Answer:
        """Return the handler's answer, whatever its status; raises `_NotDelivered`."""
        label = handler_label(handler)
        try:
            event = make(keys=self._keys, now=datetime.now(UTC))
            async with asyncio.timeout(self._timeout):
                if not await self._validation.accepts(handler_url(handler, source.hub, VALIDATE), source, label):
                    raise _NotDelivered("the handler has not accepted our origin")
                call = Call(
                    "POST",
                    handler_url(handler, source.hub, name),
                    event.headers,
                    event.body,
                    source=source,
                    event=event.type,
                    event_id=event.id,
                    request_id=event.request_id,
                    handler=label,
                )
                return await self._faults().webhook(event, partial(self._client.send, call))
        except TimeoutError:
            raise _NotDelivered(f"no answer within {self._timeout} s") from None
        except EventLost:
            _not_delivered("lost by a fault")
        except (CallFailed, UnsendableHeader) as error:
            _not_delivered(str(error))


def _not_delivered(why: str) -> NoReturn:
    raise _NotDelivered(why) from None


def _keep(source: EventSource, answer: Answer) -> None:
    """Remember what a successful answer to a blocking event leaves with the connection."""
    state = new_state(answer)
    if state is not None:
        source.state = state
    _keep_cookies(source, answer)


def _keep_cookies(source: EventSource, answer: Answer) -> None:
    if not answer.cookies:
        return
    if source.cookies is None:
        source.cookies = aiohttp.CookieJar(unsafe=True)  # "unsafe": also for hosts that are IP addresses
    source.cookies.update_cookies(answer.cookies, answer.url)


def _fields(source: EventSource, name: str) -> dict[str, object]:
    return {"hub": source.hub, "event": name, "connection": source.connection_id, "user": source.user_id}


def _log_match(source: EventSource, name: str, handler: EventHandler | None) -> None:
    fields = _fields(source, name)
    if handler is None:
        log.info("no event handler matches", extra=fields)
    else:
        pattern = ",".join(handler.system_events) if name in handler.system_events else handler.event_pattern
        log.info("event handler matches", extra=fields | {"handler": handler_label(handler), "pattern": pattern})
