"""What the tests of presence look at: the lines that a room was told, and what the service did meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Any

from chat.webhook.connection_state import ConnectionState, encode_state
from local_azure.webpubsub import DEFAULT_ACCESS_KEY
from local_azure.webpubsub.observations import Observation, RestCalled, WebhookCalled
from tests.chat.conftest import event_headers
from tests.chat.local_chat import HUB, WAIT_SECONDS, Frame, LocalChat, Tab


def lines(tab: Tab, user: str, room: str = "lobby") -> list[str]:
    """Return what the tab was told of a user's coming and going in a room, in the order of the lines' times."""
    seen = [frame for frame in tab.seen if is_line(frame, user, room)]
    return [frame["event"] for frame in sorted(seen, key=lambda frame: str(frame["at"]))]


def is_line(frame: Frame, user: str, room: str) -> bool:
    return (
        frame.get("type") == "system"
        and frame["event"] in ("joined", "left")
        and (frame["user"], frame["room"]) == (user, room)
    )


async def see_everything_until_now(tab: Tab, room: str = "lobby") -> None:
    """Read what a tab was sent before this: a message comes after it."""
    await tab.ask("message", {"room": room, "message": "all seen", "clientId": f"seen-{len(tab.seen)}"})
    await tab.next(message="all seen")


class Observed:
    """A future for the first observation of the service that matches."""

    def __init__(self, chat: LocalChat, matches: Callable[[Any], bool]) -> None:
        """Begin to look."""
        self._found: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._matches = matches
        chat.service.observations.subscribe(self._see)

    def _see(self, observation: Observation) -> None:
        if not self._found.done() and self._matches(observation):
            self._found.set_result(observation)

    async def __call__(self) -> Any:
        """Wait for it."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._found


async def post_end(chat: LocalChat, url: str, user: str, connection_id: str, *rooms: str) -> int:
    """Deliver the end of a connection to an instance of the app, and return the answer's status."""
    state = encode_state(ConnectionState(user=user, rooms=rooms or ("lobby",)))
    headers = event_headers(
        "sys", "disconnected", key=DEFAULT_ACCESS_KEY, connection=connection_id, connectionState=state
    )
    async with chat.http.post(f"{url}/eventhandler", headers=headers) as response:
        return response.status


def connections(chat: LocalChat, room: str) -> set[str]:
    """Return the connections that the service has in a room's group."""
    return {connection.id for connection in chat.service.hubs.hub(HUB).group_members(f"room.{room}")}


def handled(event: str, tab: Tab) -> Callable[[Any], bool]:
    """Return what recognises that an event of a tab was handled."""
    return lambda seen: is_handled(seen, event) and seen.connection_id == tab.connection_id


def is_handled(seen: object, event: str) -> bool:
    return isinstance(seen, WebhookCalled) and seen.event.rpartition(".")[2] == event


async def arrive(chat: LocalChat, user: str) -> Tab:
    """Connect, and wait until the app has handled that."""
    connecting = Observed(chat, lambda seen: is_handled(seen, "connected") and seen.user_id == user)
    tab = await chat.open(user)
    await connecting()
    return tab


def answered(method: str, part: str) -> Callable[[Any], bool]:
    """Return what recognises that the service answered a REST call whose path has this part."""
    return lambda seen: isinstance(seen, RestCalled) and seen.method == method and part in seen.path
