"""The calls of an action that the estimate counts are those that the running chat makes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from cost.events import ACTIONS, events_of_day
from cost.usage import Usage
from local_azure.observations import StorageCalled, StorageObservation
from local_azure.webpubsub.observations import Observation, RestCalled
from tests.chat.local_chat import Tab, run_chat

# A process writes it in the background, at most once a minute for a room, and asks the service who is there.
BACKGROUND_TABLE = "ChatRoomList"
LOBBY = {"room": "lobby"}
PATIENCE_SECONDS = 20.0
# Events that publish or ask nothing of the service.
PUBLISHING: dict[str, tuple[str, dict[str, Any]]] = {
    "message": ("message", {"message": "tea?"}),
    "typing": ("typing", LOBBY),
    "read": ("read", LOBBY | {"seq": 1}),
    "history": ("history", LOBBY),
}


@dataclass
class CountedChat:
    """A chat in which a room is in use, one of its people, and the calls that it makes.

    `questions` are the paths of the service's REST interface that were read, `sent` is how often something was sent.
    """

    ana: Tab
    storage: int = 0
    sent: int = 0
    questions: set[str] = field(default_factory=set)

    def note_storage(self, seen: StorageObservation) -> None:
        if isinstance(seen, StorageCalled) and seen.table != BACKGROUND_TABLE:
            self.storage += 1

    def note_service(self, seen: Observation) -> None:
        if isinstance(seen, RestCalled):
            path = seen.path.partition("?")[0]
            self.sent += path.endswith(":send")
            self.questions |= set() if path.endswith(":send") else {path}

    async def expect_calls(self, event: str, data: Mapping[str, Any], *, storage: float, sent: int = 0) -> None:
        """Repeat an event until it makes these calls; it never makes more.

        It makes fewer while a head is known that was read within the last second.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                self.storage = self.sent = 0
                await self.ana.ask(event, data)
                if (self.storage, self.sent) == (storage, sent):
                    return
                assert self.storage <= storage
                assert self.sent <= sent

    async def expect_questions(self, event: str, data: Mapping[str, Any], number: int) -> None:
        """Repeat an event until so much was asked of the service; never is it asked anything else.

        Each answer is shared for a second.
        """
        self.questions.clear()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.questions) < number:
                await self.ana.ask(event, data)
        assert len(self.questions) == number


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chat() -> AsyncIterator[CountedChat]:
    async with run_chat() as running:
        ana, bo = await running.open("ana"), await running.open("bo")
        for tab in (ana, bo):
            await tab.ask("join", LOBBY)
        await ana.ask("message", {"message": "tea", "clientId": "m-1"})
        counted = CountedChat(ana)
        running.storage.observations.subscribe(counted.note_storage)
        running.service.observations.subscribe(counted.note_service)
        yield counted
        await ana.close()
        await bo.close()


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("name", PUBLISHING)
async def test_an_action_makes_the_calls_that_are_counted_for_it(chat: CountedChat, name: str) -> None:
    action = ACTIONS[name]

    await chat.expect_calls(*PUBLISHING[name], storage=action.storage_calls, sent=action.service_calls)


@pytest.mark.parametrize("name", ["join", "roster"])
async def test_who_is_there_and_who_is_away_are_asked_as_counted(chat: CountedChat, name: str) -> None:
    await chat.expect_calls(name, LOBBY, storage=ACTIONS[name].storage_calls)

    await chat.expect_questions(name, LOBBY, ACTIONS[name].service_calls)


async def test_a_mention_makes_as_many_calls_more(chat: CountedChat) -> None:
    message, mention = ACTIONS["message"], ACTIONS["mention"]
    storage, sent = message.storage_calls + mention.storage_calls, message.service_calls + mention.service_calls

    await chat.expect_calls("message", {"message": "@bo tea?"}, storage=storage, sent=sent)


async def test_places_read_each_room_of_the_user(chat: CountedChat) -> None:
    (counted,) = (event for event in events_of_day(Usage(rooms_joined=1)) if event.name == "places")

    await chat.expect_calls("places", {}, storage=counted.storage_calls / counted.count)


async def test_a_search_of_a_short_room_reads_the_head_and_one_range(chat: CountedChat) -> None:
    """The estimate counts the most that a search of a long room may read."""
    await chat.expect_calls("search", {"text": "tea", **LOBBY}, storage=2)

    assert ACTIONS["search"].storage_calls > 2
