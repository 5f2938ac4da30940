"""An event handler whose answers the test decides."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from local_azure.pytest_plugin import WebPubSub
from local_azure.webpubsub import EventHandler, GroupPresenceEvents
from tests.interop.listening import HUB


@dataclass(frozen=True)
class Event:
    """One CloudEvent as the webhook got it."""

    name: str
    body: bytes
    headers: dict[str, str]

    @property
    def connection_id(self) -> str:
        return self.headers["ce-connectionid"]


@dataclass
class Webhook:
    """An event handler that keeps the events it received and answers as the test says (204 otherwise)."""

    url: str = ""
    events: list[Event] = field(default_factory=list)
    answers: dict[str, Callable[[Event], web.Response]] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return the events' names in order of arrival."""
        return [event.name for event in self.events]

    async def receive(self, request: web.Request) -> web.Response:
        """Answer the validation and every event."""
        if request.method == "OPTIONS":
            return web.Response(headers={"WebHook-Allowed-Origin": "*"})
        headers = {name.lower(): value for name, value in request.headers.items()}
        event = Event(request.match_info["event"], await request.read(), headers)
        self.events.append(event)
        answer = self.answers.get(event.name)
        return answer(event) if answer else web.Response(status=204)


def handle_everything(service: WebPubSub, url_template: str, presence: GroupPresenceEvents | None = None) -> None:
    """Send every event of the hub to one URL; of groups only those that `presence` names."""
    handler = EventHandler(
        url_template, ("connect", "connected", "disconnected"), event_pattern="*", group_presence_events=presence
    )
    service.set_event_handlers(HUB, [handler])
