"""Several instances of the app, one service and one storage: what one instance told, the others know."""

import asyncio
import random
import time
from contextlib import AsyncExitStack

from local_azure.observations import StorageObservation
from local_azure.webpubsub.observations import RestCalled
from tests.chat.instances import run_instances
from tests.chat.local_chat import HUB, LocalChat, Tab, until
from tests.chat.presence.announced import arrive, connections, lines, post_end, see_everything_until_now


async def test_leaving_here_coming_there_and_leaving_here_again_is_told_each_time(chat: LocalChat) -> None:
    async with chat.another_instance() as other:
        ana, _ = await chat.enter("ana", "design")
        bo, _ = await chat.enter("bo", "design")

        await bo.ask("leave", {"room": "design"})
        chat.deliver("connect", "connected", "disconnected", url=other)
        await bo.ask("join", {"room": "design"})
        chat.deliver("connect", "connected", "disconnected")
        await bo.ask("leave", {"room": "design"})
        await see_everything_until_now(ana, "design")

    assert lines(ana, "bo", "design") == ["joined", "left", "joined", "left"]


async def test_three_tabs_closed_at_once_leave_once_on_three_instances(chat: LocalChat) -> None:
    async with AsyncExitStack() as stack:
        urls = [chat.url] + [await stack.enter_async_context(chat.another_instance()) for _ in range(2)]
        watcher = await arrive(chat, "watcher")
        tabs = [await arrive(chat, "ana") for _ in range(3)]
        chat.deliver("connect", "connected")
        await asyncio.gather(*(tab.close() for tab in tabs))
        await until(lambda: connections(chat, "lobby") == {watcher.connection_id})

        ends = [post_end(chat, url, "ana", tab.connection_id) for url, tab in zip(urls, tabs, strict=True)]
        assert await asyncio.gather(*ends) == [204] * 3

        await see_everything_until_now(watcher)
    assert lines(watcher, "ana") == ["joined", "left"]


async def test_two_tabs_that_come_and_go_on_two_instances_are_one_user(chat: LocalChat) -> None:
    async with run_instances(chat, 2):
        ana, _ = await chat.enter("ana", "design")
        first, _ = await chat.enter("bo", "design")
        second, _ = await chat.enter("bo", "design")
        await first.ask("leave", {"room": "design"})
        await see_everything_until_now(ana, "design")
        assert lines(ana, "bo", "design") == ["joined"]

        await second.close()
        await ana.next(event="left", user="bo", room="design")

    assert lines(ana, "bo", "design") == ["joined", "left"]


class Quiet:
    """How long the app has not asked the service who is here, and not used the rows of users."""

    def __init__(self, chat: LocalChat) -> None:
        """Begin to look."""
        self.last = time.monotonic()
        chat.service.observations.subscribe(self._see_service)
        chat.storage.observations.subscribe(self._see_storage)

    def _see_service(self, seen: object) -> None:
        if isinstance(seen, RestCalled) and not seen.path.endswith("/:send"):
            self.last = time.monotonic()

    def _see_storage(self, seen: StorageObservation) -> None:
        if seen.table == "ChatUsers":
            self.last = time.monotonic()

    def seconds(self) -> float:
        """Return for how many seconds it was quiet."""
        return time.monotonic() - self.last


async def come_and_go(chat: LocalChat, user: str, chance: random.Random) -> None:
    """Join, leave, close and kill tabs at random, and never wait for what the others see."""
    tabs: list[tuple[Tab, bool]] = []
    for _ in range(18):
        step = chance.random()
        if not tabs or (step < 0.3 and len(tabs) < 2):
            tab = await chat.open(user)
            tabs.append((tab, True))
            await tab.send("join", {"room": "design"})
        elif step < 0.7:
            tab, joined = tabs.pop(chance.randrange(len(tabs)))
            do = tab.ask if chance.random() < 0.5 else tab.send
            await do("leave" if joined else "join", {"room": "design"})
            tabs.append((tab, not joined))
        else:
            tab, _ = tabs.pop(chance.randrange(len(tabs)))
            if chance.random() < 0.5:
                tab.kill()
            else:
                await tab.close()


async def test_after_random_coming_and_going_on_three_instances_the_lines_say_who_is_here(chat: LocalChat) -> None:
    users = [f"user-{number}" for number in range(6)]
    chance = random.Random(9)
    async with run_instances(chat, 3):
        watcher, _ = await chat.enter("watcher", "design")
        for operation in ("list_members", "send_to_group", "connection_exists"):
            chat.service.faults.add(f"slow rest 15ms operation={operation} count={chance.randrange(30, 90)}")
        for operation in ("insert", "merge", "query", "get"):
            chat.storage.faults.add(f"delay storage 10ms operation={operation} table=ChatUsers count=60")

        quiet = Quiet(chat)
        await asyncio.gather(*(come_and_go(chat, user, random.Random(user)) for user in users))
        await until(lambda: quiet.seconds() > 0.5)
        await see_everything_until_now(watcher, "design")

    members = chat.service.hubs.hub(HUB).group_members("room.design")
    told = {user: lines(watcher, user, "design") for user in users}
    assert {user for user in users if told[user][-1:] == ["joined"]} == {each.user_id for each in members} - {"watcher"}
    assert all(events[:1] != ["left"] for events in told.values())
    assert sum(events.count("left") for events in told.values()) > len(users)  # there was something to get wrong
