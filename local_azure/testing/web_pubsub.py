"""Web PubSub for a test: a running service, used from any thread, and what was published through it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from local_azure import webpubsub
from local_azure.faults import Fault
from local_azure.testing.failure_texts import not_published, not_sent
from local_azure.testing.published_messages import PublishedMessage
from local_azure.testing.recordings import RecordsAndReplays
from local_azure.testing.sent_events import SentEvent
from local_azure.testing.threaded_service import ThreadedService, run_in_thread
from local_azure.testing.traffic import Traffic
from local_azure.webpubsub.observations import Audience

WAIT_SECONDS = 5.0
NORMAL_CLOSURE = 1000
RESET = "The test has ended."


class WebPubSub(ThreadedService, RecordsAndReplays):
    """A running service, used from any thread.

    `endpoint` is like `http://127.0.0.1:54321`, `connection_string` is what the official SDKs take. `service` is the
    service itself, with its hubs and faults: it runs in its own thread, so use it through `call` and `run`.

    Where a method has `hub=None`, that is the hub that the fixture or `running` was given, else any hub.
    """

    def __init__(
        self, service: webpubsub.Service, loop: asyncio.AbstractEventLoop, default_hub: str | None = None
    ) -> None:
        super().__init__(loop)
        self.endpoint: str = service.endpoint
        self.connection_string: str = service.connection_string
        self.service = service
        self.default_hub = default_hub
        self._traffic = Traffic()
        service.observations.subscribe(self._traffic.add, each_receiver=False)

    def __repr__(self) -> str:
        return f"<WebPubSub at {self.endpoint}>"

    def set_event_handlers(self, hub: str, handlers: "Sequence[webpubsub.EventHandler]") -> None:
        """Send the hub's events from now on to these handlers, in this order of preference."""
        self.call(lambda: self.service.set_event_handlers(hub, handlers))

    def add_fault(self, fault: Fault | str) -> None:
        """Inject a fault, for example `fail rest 503 operation=send_to_group count=2`.

        Raises `InvalidFault`, which lists the known faults, when the line cannot be parsed.
        """
        self.call(lambda: self.service.faults.add(fault))

    def published(self, group: str, *, hub: str | None = None) -> list[PublishedMessage]:
        """Return the messages that were sent to a group, by clients or by the application, oldest first.

        A message is here whether or not the group had members.
        """
        return self._messages(Audience("group", group), hub)

    def published_to_user(self, user: str, *, hub: str | None = None) -> list[PublishedMessage]:
        """Return the messages that the application sent to a user, oldest first."""
        return self._messages(Audience("user", user), hub)

    def published_to_connection(self, connection_id: str, *, hub: str | None = None) -> list[PublishedMessage]:
        """Return the messages that the application sent to one connection, replies to its events included."""
        return self._messages(Audience("connection", connection_id), hub)

    def published_to_all(self, *, hub: str | None = None) -> list[PublishedMessage]:
        """Return the messages that the application sent to every connection of a hub, oldest first."""
        return self._messages(Audience("all"), hub)

    def wait_until_published(
        self,
        group: str | None = None,
        *,
        user: str | None = None,
        to_all: bool = False,
        hub: str | None = None,
        count: int = 1,
        timeout: float = WAIT_SECONDS,
    ) -> list[PublishedMessage]:
        """Return what was published to a group, to a user or to all, as soon as it is `count` messages or more.

        Raises `NotPublished`, an AssertionError that lists what was published instead, after `timeout` seconds.
        Blocks its thread: a coroutine calls it with `asyncio.to_thread`.
        """
        __tracebackhide__ = True  # pytest shows the caller's line
        audience = _chosen_audience(group, user, to_all)
        found = self._traffic.wait_for(lambda: self._messages(audience, hub), count, timeout)
        if found is None:
            expected = f"to {audience}{self._of_hub(hub)}"
            messages, events = self._traffic.messages(), self._traffic.events()
            raise not_published(expected, count, timeout, self._messages(audience, hub), messages, events)
        return list(found)

    def events(self, name: str | None = None, *, user: str | None = None, hub: str | None = None) -> list[SentEvent]:
        """Return the events that were sent to event handlers, in the order of their first attempts.

        `name` is like `connect` or `message`. An event that no handler matches is not sent.
        """
        wanted = self._hub(hub)
        return [
            event
            for event in self._traffic.events()
            if name in (None, event.name) and user in (None, event.user) and wanted in (None, event.hub)
        ]

    def wait_until_event(
        self,
        name: str,
        *,
        user: str | None = None,
        hub: str | None = None,
        count: int = 1,
        timeout: float = WAIT_SECONDS,
    ) -> list[SentEvent]:
        """Return the answered events of this name as soon as there are `count` or more.

        An event counts when its last attempt has ended, in an answer or in a failure. Raises `NotSent`, an
        AssertionError that lists the events that were sent, after `timeout` seconds. Blocks its thread.
        """
        __tracebackhide__ = True

        def find() -> list[SentEvent]:
            return [event for event in self.events(name, user=user, hub=hub) if event.is_answered]

        found = self._traffic.wait_for(find, count, timeout)
        if found is None:
            expected = f"{name!r}{f' of user {user!r}' if user is not None else ''}{self._of_hub(hub)}"
            raise not_sent(expected, count, timeout, find(), self._traffic.events())
        return list(found)

    def clear(self) -> None:
        """Forget what was published and which events were sent; nothing else changes."""
        self._traffic.clear()

    def reset(self) -> None:
        """Make the service as it was at its start: no connections, groups, faults and records.

        Event handlers are those of the settings again. They are not told that the connections ended.
        """
        self.call(self._reset)

    def _reset(self) -> None:
        service = self.service
        service.replace_hubs({})
        for connection in list(service.hubs.connections()):
            connection.hub.end(connection, RESET, code=NORMAL_CLOSURE)
        service.faults.clear()
        service.replace_hubs(service.settings.hubs)
        self._traffic.clear()

    def _messages(self, audience: Audience, hub: str | None) -> list[PublishedMessage]:
        wanted = self._hub(hub)
        return [
            message
            for message in self._traffic.messages()
            if message.audience == audience and wanted in (None, message.hub)
        ]

    def _hub(self, hub: str | None) -> str | None:
        chosen = self.default_hub if hub is None else hub
        return None if chosen is None else chosen.lower()

    def _of_hub(self, hub: str | None) -> str:
        wanted = self._hub(hub)
        return " of any hub" if wanted is None else f" of hub {wanted!r}"


def _chosen_audience(group: str | None, user: str | None, to_all: bool) -> Audience:
    chosen = [Audience("group", group)] if group is not None else []
    chosen += [Audience("user", user)] if user is not None else []
    chosen += [Audience("all")] if to_all else []
    if len(chosen) != 1:
        raise TypeError(f"name a group, user= or to_all=True, and only one of them; {len(chosen)} were named")
    return chosen[0]


@contextmanager
def running(
    settings: webpubsub.Settings | None = None, *, host: str = "127.0.0.1", port: int = 0, hub: str | None = None
) -> Iterator[WebPubSub]:
    """Run a service in a thread of its own while the context lasts, as the fixture does; for other test runners.

    Port 0 is any free port. `hub` is the one that `published` and `events` look at; None is any.
    Raises `OSError` when the address cannot be bound.
    """

    def wrap(service: webpubsub.Service, loop: asyncio.AbstractEventLoop) -> WebPubSub:
        return WebPubSub(service, loop, hub)

    serving = run_in_thread("web-pubsub", lambda: webpubsub.serve(settings, host=host, port=port), wrap)
    with serving as service:
        yield service
