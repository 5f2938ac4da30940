"""Sends events to their handlers: match, validate, send, and store the state and cookies of the response.

The client waits for the response to `connect`, to user events and to invocations. `connected`, `disconnected`, `joined`
and `left` are notifications: they are sent by tasks that belong to this object and end with it.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NoReturn

import aiohttp
from multidict import CIMultiDict

from local_azure.webpubsub.event_handlers.matching import (
    VALIDATE,
    handler_for_presence_event,
    handler_for_system_event,
    handler_for_user_event,
    handler_label,
    handler_url,
    is_heard,
)
from local_azure.webpubsub.event_handlers.presence import PresenceChange, PresenceQueues
from local_azure.webpubsub.event_handlers.requests import (
    ConnectRequest,
    RepeatedEvent,
    UnsendableHeader,
    presence_event,
    signature,
    system_event,
    user_event,
)
from local_azure.webpubsub.event_handlers.responses import (
    CONNECT_FAILED,
    UNCHANGED,
    ConnectRefused,
    ConnectResponse,
    EventFailed,
    NoHandler,
    connection_state,
    parse_connect_response,
    parse_event_response,
)
from local_azure.webpubsub.event_handlers.time_limit import TimeLimit
from local_azure.webpubsub.event_handlers.validation import Validation
from local_azure.webpubsub.event_handlers.webhook_client import WebhookCall, WebhookClient, WebhookFailed
from local_azure.webpubsub.events import Event, EventSource, HandlerResponse
from local_azure.webpubsub.faults.hooks import EventLost, FaultHooks
from local_azure.webpubsub.messages import Payload
from local_azure.webpubsub.observations import Observations
from local_azure.webpubsub.settings import EventHandler, EventListener, HubSettings, Settings, SettingsError

log = logging.getLogger(__name__)

CONNECT = "connect"
CONNECTED = "connected"
DISCONNECTED = "disconnected"
CONNECT_EVENT_ID = 0


class _NotDelivered(Exception):
    """The handler did not respond; the text says why."""


class EventHandlers:
    """The event handlers of all hubs."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float],
        observations: Observations,
        faults: Callable[[], FaultHooks],
        own_token: Callable[[str], str] | None = None,
    ) -> None:
        """`clock` returns monotonic seconds; `faults` returns the current fault hooks.

        `own_token` returns a token of the service's own identity for a resource. Raises `SettingsError` when a handler
        needs one, and the service has no identity.
        """
        self._keys = settings.access_keys
        self._time_limit = TimeLimit(settings.times.handler_timeout_seconds)
        self._own_token = own_token
        self._handlers: dict[str, tuple[EventHandler, ...]] = {}
        self._listeners: dict[str, Sequence[EventListener]] = {}
        self._hubs_with_presence: frozenset[str] = frozenset()
        self.replace_hubs(settings.hubs)
        self._faults = faults
        self._client = WebhookClient(
            retry_waits=settings.times.retry_waits_seconds,
            max_response_bytes=settings.limits.handler_answer_bytes,
            observations=observations,
        )
        self._validation = Validation(self._client, settings.times, clock)
        self._notifications: set[asyncio.Task[None]] = set()
        self._presence = PresenceQueues(
            self._send_presence_event, self._start_notification, settings.limits.waiting_presence_events
        )

    def set_handlers(self, hub: str, handlers: tuple[EventHandler, ...]) -> None:
        """Send the hub's events to these handlers from now on; raises `SettingsError`, see above."""
        self._check_handlers(hub, handlers)
        self._handlers[hub.lower()] = handlers
        self._find_hubs_with_presence()

    def replace_hubs(self, hubs: Mapping[str, HubSettings]) -> None:
        """Take the handlers and listeners of these hubs from now on, and no others; raises `SettingsError`, see above.

        Then nothing is changed.
        """
        for name, hub in hubs.items():
            self._check_handlers(name, hub.event_handlers)
        self._handlers = {name.lower(): tuple(hub.event_handlers) for name, hub in hubs.items()}
        self._find_hubs_with_presence()
        self._listeners = {name.lower(): hub.event_listeners for name, hub in hubs.items() if hub.event_listeners}
        for name in self._listeners:
            log.warning("event listeners get no events: Event Hubs does not run here", extra={"hub": name})

    def _check_handlers(self, hub: str, handlers: Sequence[EventHandler]) -> None:
        if self._own_token is None and any(handler.auth_resource for handler in handlers):
            raise SettingsError(
                f"Hubs:{hub} has an event handler with the Auth type ManagedIdentity, and this service has no "
                f"identity: start it with --identity"
            )

    def _find_hubs_with_presence(self) -> None:
        self._hubs_with_presence = frozenset(
            hub for hub, handlers in self._handlers.items() if any(each.group_presence_events for each in handlers)
        )

    def handlers(self) -> Mapping[str, tuple[EventHandler, ...]]:
        """Return the handlers of each hub that has been given any, by its lower-case name."""
        return self._handlers

    async def connect(self, source: EventSource, request: ConnectRequest) -> ConnectResponse:
        """Ask the handler whether a client may connect; return what its response changes.

        Without a handler for `connect` the client's token alone decides. Raises `ConnectRefused` when the handler
        refuses or does not respond.
        """
        handler = self._system_handler(source, CONNECT)
        if handler is None:
            return UNCHANGED
        make_event = partial(system_event, source, CONNECT, CONNECT_EVENT_ID, request.body())
        try:
            response = await self._send(handler, source, CONNECT, make_event)
        except _NotDelivered:
            raise ConnectRefused(500, CONNECT_FAILED) from None
        changes = parse_connect_response(response)
        _store_state_and_cookies(source, response)
        return changes

    async def user_event(self, source: EventSource, name: str, payload: Payload) -> Payload | None:
        """Send a client's event to the handler; return its reply to the client, if any. Raises `EventFailed`."""
        handler = self._user_handler(source, name)
        if handler is None:
            if is_heard(self._listeners.get(source.hub, ()), name):
                return None  # the cloud service has given it to the listener
            raise NoHandler
        return await self._ask_user_handler(handler, source, name, payload)

    async def invocation(self, source: EventSource, name: str, payload: Payload) -> Payload | None:
        """Send a client's invocation to the handler, as a user event; return its answer, if any. Raises `EventFailed`.

        A listener cannot answer: without a handler it is `NoHandler`.
        """
        handler = self._user_handler(source, name)
        if handler is None:
            raise NoHandler
        return await self._ask_user_handler(handler, source, name, payload)

    def _user_handler(self, source: EventSource, name: str) -> EventHandler | None:
        handler = handler_for_user_event(self._handlers.get(source.hub, ()), name)
        _log_match(source, name, handler)
        return handler

    async def _ask_user_handler(
        self, handler: EventHandler, source: EventSource, name: str, payload: Payload
    ) -> Payload | None:
        make_event = partial(user_event, source, name, source.next_event_id(), payload)
        try:
            response = await self._send(handler, source, name, make_event)
            reply = parse_event_response(response)
        except (_NotDelivered, EventFailed) as error:
            log.warning("user event failed", extra=_log_fields(source, name) | {"reason": str(error)})
            raise EventFailed(str(error), error.status if isinstance(error, EventFailed) else None) from None
        _store_state_and_cookies(source, response)
        return reply

    async def send_again(self, event: RepeatedEvent) -> HandlerResponse:
        """Send an event once more, with a new signature; the response changes nothing of its connection.

        Raises `WebhookFailed`, and `TimeoutError` when the handler does not answer in time.
        """
        headers = event.headers.copy()
        if event.is_signed_again and "ce-signature" in headers:
            headers["ce-signature"] = signature(event.connection_id, tuple(self._keys))
        handlers = self._handlers.get(event.hub, ())
        handler = next((one for one in handlers if handler_label(one) == event.handler), None)
        if handler is not None and not event.has_own_authorization:
            headers = self._with_token(handler, headers)
        source = EventSource(event.hub, event.connection_id, headers.get("WebHook-Request-Origin", ""), event.user_id)
        call = WebhookCall(
            "POST",
            event.url,
            headers,
            event.body,
            source=source,
            event=event.event,
            event_id=event.event_id,
            request_id=event.request_id,
            handler=event.handler,
        )
        return await self._time_limit.run(self._client.send_once(call))

    def connected(self, source: EventSource) -> None:
        """Notify the handler that a client is connected, without waiting."""
        self._notify(source, CONNECTED, {})

    def disconnected(self, source: EventSource, reason: str) -> None:
        """Notify the handler that a logical connection has ended, without waiting."""
        self._notify(source, DISCONNECTED, {"reason": reason})

    def group_changed(self, source: EventSource, name: str, group: str) -> None:
        """Notify the handler, without waiting, that a connection has `joined` or `left` a group."""
        if source.hub in self._hubs_with_presence:
            handler = handler_for_presence_event(self._handlers[source.hub], name, group)
            if handler is not None:
                self._presence.add(PresenceChange(handler, source, name, group, source.next_event_id()))

    def stop_retrying(self) -> None:
        """Let every event end with its current attempt: the service shuts down."""
        self._client.stop_retrying()

    async def close(self, grace_seconds: float) -> None:
        """Let notifications finish within the grace period; then cancel the rest."""
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
        make_event = partial(system_event, source, name, source.next_event_id(), body)
        self._start_notification(self._send_connection_event(handler, source, name, make_event))

    def _start_notification(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._notifications.add(task)
        task.add_done_callback(self._notifications.discard)

    async def _send_connection_event(
        self, handler: EventHandler, source: EventSource, name: str, make_event: Callable[..., Event]
    ) -> None:
        response = await self._send_notification(handler, source, name, make_event)
        if response is not None:
            _store_cookies(source, response)

    async def _send_presence_event(self, change: PresenceChange) -> None:
        make_event = partial(presence_event, change.source, change.name, change.event_id, change.group)
        await self._send_notification(change.handler, change.source, change.name, make_event)

    async def _send_notification(
        self, handler: EventHandler, source: EventSource, name: str, make_event: Callable[..., Event]
    ) -> HandlerResponse | None:
        """Return the response if it is a success; else the log says why it is none."""
        try:
            response = await self._send(handler, source, name, make_event)
        except _NotDelivered as error:
            log.warning("event not delivered", extra=_log_fields(source, name) | {"reason": str(error)})
            return None
        except Exception:
            log.exception("event not delivered", extra=_log_fields(source, name))
            return None
        if response.is_success:
            return response
        log.warning("event not delivered", extra=_log_fields(source, name) | {"reason": f"status {response.status}"})
        return None

    def _system_handler(self, source: EventSource, name: str) -> EventHandler | None:
        handler = handler_for_system_event(self._handlers.get(source.hub, ()), name)
        _log_match(source, name, handler)
        return handler

    async def _send(
        self, handler: EventHandler, source: EventSource, name: str, make_event: Callable[..., Event]
    ) -> HandlerResponse:
        """Return the handler's response, whatever its status; raises `_NotDelivered`."""
        try:
            event = make_event(keys=self._keys, now=datetime.now(UTC))
            return await self._time_limit.run(self._send_if_accepted(handler, event))
        except TimeoutError:
            raise _NotDelivered(f"no answer within {self._time_limit.seconds} s") from None
        except EventLost:
            _not_delivered("lost by a fault")
        except (WebhookFailed, UnsendableHeader) as error:
            _not_delivered(str(error))

    async def _send_if_accepted(self, handler: EventHandler, event: Event) -> HandlerResponse:
        source, label = event.source, handler_label(handler)
        if not await self._validation.accepts(handler_url(handler, source.hub, VALIDATE), source, label):
            raise _NotDelivered("the handler has not accepted our origin")
        call = WebhookCall(
            "POST",
            handler_url(handler, source.hub, event.name),
            self._with_token(handler, event.headers),
            event.body,
            source=source,
            event=event.type,
            event_id=event.id,
            request_id=event.request_id,
            handler=label,
        )
        return await self._faults().webhook(event, partial(self._client.send, call))

    def _with_token(self, handler: EventHandler, headers: CIMultiDict[str]) -> CIMultiDict[str]:
        """Return the headers, with a token of the service's identity where the handler asks for one."""
        if not handler.auth_resource or self._own_token is None:
            return headers
        with_token = headers.copy()
        with_token["Authorization"] = f"Bearer {self._own_token(handler.auth_resource)}"
        return with_token


def _not_delivered(why: str) -> NoReturn:
    raise _NotDelivered(why) from None


def _store_state_and_cookies(source: EventSource, response: HandlerResponse) -> None:
    """Store what a successful response to `connect` or a user event sets for the connection."""
    state = connection_state(response)
    if state is not None:
        source.state = state
    _store_cookies(source, response)


def _store_cookies(source: EventSource, response: HandlerResponse) -> None:
    cookies = response.headers.getall("Set-Cookie", ())
    if not cookies:
        return
    if source.cookies is None:
        source.cookies = aiohttp.CookieJar(unsafe=True)  # "unsafe": also for hosts that are IP addresses
    source.cookies.update_cookies_from_headers(cookies, response.url)


def _log_fields(source: EventSource, name: str) -> dict[str, object]:
    return {"hub": source.hub, "event": name, "connection": source.connection_id, "user": source.user_id}


def _log_match(source: EventSource, name: str, handler: EventHandler | None) -> None:
    if handler is None:
        log.info("no event handler matches", extra=_log_fields(source, name))
    elif log.isEnabledFor(logging.DEBUG):  # the call itself is logged with the handler
        pattern = ",".join(handler.system_events) if name in handler.system_events else handler.event_pattern
        fields = _log_fields(source, name) | {"handler": handler_label(handler), "pattern": pattern}
        log.debug("event handler matches", extra=fields)
