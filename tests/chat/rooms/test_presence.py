"""Users count once over their tabs, and what the service reports is what is shown."""

import asyncio
from typing import Any

import pytest

from chat.errors import ServiceUnavailable
from chat.gateway import Gateways, Member
from chat.recent_announcements import RecentAnnouncements
from chat.rooms.presence import MAX_CONNECTIONS, ROSTER_LENGTH, Announcer, Roster, roster_of
from chat.settings import Settings
from chat.webhook.connection_state import ConnectionState, decode_state, encode_state
from local_azure.webpubsub import DEFAULT_ACCESS_KEY
from tests.chat.conftest import event_headers
from tests.chat.local_chat import LocalChat, until


def test_a_user_counts_once_over_all_tabs() -> None:
    members = [Member("c1", "bo"), Member("c2", "ana"), Member("c3", "ana"), Member("c4", None)]

    assert roster_of(members) == Roster(("ana", "bo"), 4)
    assert "ana" in roster_of(members, without="c2")
    assert "bo" not in roster_of(members, without="c1")


def test_the_roster_of_a_large_room_is_bounded() -> None:
    roster = roster_of(Member(f"c{number}", f"user-{number:04}") for number in range(MAX_CONNECTIONS))

    assert len(roster.first) == ROSTER_LENGTH
    assert roster.is_truncated
    assert not roster_of(Member(f"c{number}", "ana") for number in range(MAX_CONNECTIONS - 1)).is_truncated


def test_a_roster_is_in_alphabetical_order_whatever_the_case() -> None:
    roster = roster_of([Member("c1", "bo"), Member("c2", "Zoe"), Member("c3", "Ana"), Member("c4", "ana")])

    assert roster.users == ("Ana", "ana", "bo", "Zoe")
    assert roster.with_user("Cy").users == ("Ana", "ana", "bo", "Cy", "Zoe")


async def test_what_could_not_be_published_is_announced_at_the_next_delivery() -> None:
    """The service delivers the event again after an error."""
    unreachable = Settings({"WebPubSubConnectionString": f"Endpoint=http://127.0.0.1:9;AccessKey={DEFAULT_ACCESS_KEY}"})
    announcer = Announcer(await Gateways().get(unreachable), RecentAnnouncements())

    for _ in range(2):
        with pytest.raises(ServiceUnavailable):
            await announcer.announce_joined("lobby", "ana", 1_769_860_800_000, "c1")

    assert announcer.recent.claim("lobby", "ana", "joined")


def announcements(frames: list[dict[str, Any]], user: str) -> list[str]:
    return [frame["event"] for frame in frames if frame.get("user") == user and frame.get("type") == "system"]


async def test_three_tabs_of_one_user_are_announced_once(chat: LocalChat) -> None:
    watcher = await chat.open("watcher")
    tabs = [await chat.open("ana") for _ in range(3)]
    await watcher.next(event="joined", user="ana")

    assert await chat.roster("lobby") == ["ana", "watcher"]
    for tab in tabs[:2]:
        await tab.close()
    await tabs[2].ask("message", "still here")
    await watcher.next(sender="ana")
    assert announcements(watcher.frames, "ana") == []
    await tabs[2].close()
    await watcher.next(event="left", user="ana")
    await until(lambda: has_roster(chat, ["watcher"]))


async def has_roster(chat: LocalChat, users: list[str]) -> bool:
    return await chat.roster("lobby") == users


def event_of(user: str, name: str) -> dict[str, str]:
    state = encode_state(ConnectionState(user=user, arrived=True))
    return event_headers("sys", name, key=DEFAULT_ACCESS_KEY, connection="another-tab", connectionState=state)


async def test_a_closed_tab_is_not_announced_while_another_is_open(chat: LocalChat) -> None:
    """The event is posted here, so that its handling is over when the answer comes."""
    watcher = await chat.open("watcher")
    ana = await chat.open("ana")
    await watcher.next(event="joined", user="ana")

    async with chat.http.post(f"{chat.url}/eventhandler", headers=event_of("ana", "disconnected")) as response:
        assert response.status == 204

    await ana.ask("message", "still here")
    await watcher.next(sender="ana")
    assert announcements(watcher.frames, "ana") == []


async def test_a_second_tab_is_not_the_arrival_of_its_user(chat: LocalChat) -> None:
    await chat.open("ana")
    arrived = []
    for user in ("ana", "bo"):
        body = {"query": {"id": [user]}, "subprotocols": []}
        async with chat.http.post(f"{chat.url}/eventhandler", headers=event_of("", "connect"), json=body) as response:
            arrived.append(decode_state(response.headers["ce-connectionState"]).arrived)

    assert arrived == [False, True]


async def test_tabs_closed_together_are_announced_once(chat: LocalChat) -> None:
    watcher = await chat.open("watcher")
    tabs = [await chat.open("ana") for _ in range(3)]

    await asyncio.gather(*(tab.close() for tab in tabs))

    await watcher.next(event="left", user="ana")
    await until(lambda: has_roster(chat, ["watcher"]))
    await chat.open("ana")
    for _ in range(2):  # what comes after the second one comes after any further announcement
        await watcher.next(event="joined", user="ana")
    assert announcements(watcher.frames, "ana") == []


async def test_a_killed_socket_is_gone_from_the_roster(chat: LocalChat) -> None:
    watcher = await chat.open("watcher")
    ana = await chat.open("ana")
    await watcher.next(event="joined", user="ana")

    ana.kill()

    await watcher.next(event="left", user="ana")
    assert await chat.roster("lobby") == ["watcher"]


async def test_after_a_lost_disconnected_event_the_next_roster_is_right(chat: LocalChat) -> None:
    chat.deliver("connect", "connected")
    watcher, _ = await chat.enter("watcher", "lobby")
    ana, _ = await chat.enter("ana", "design")

    ana.kill()

    await until(lambda: has_roster(chat, ["watcher"]))
    assert await chat.roster("design") == []
    await watcher.send("join", {"room": "lobby"})
    assert (await watcher.next(type="joined", room="lobby", count=1))["users"] == ["watcher"]
    await watcher.send("message", "/who")
    assert (await watcher.next(event="notice"))["message"] == "1 in lobby: watcher"


async def test_joining_a_room_again_is_not_announced(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo, _ = await chat.enter("bo", "design")

    await bo.ask("join", {"room": "design"})
    await bo.ask("message", {"room": "design", "message": "hi"})
    await ana.next(sender="bo")

    assert announcements([frame for frame in ana.frames if frame["room"] == "design"], "bo") == ["joined"]


async def test_of_a_large_room_the_first_hundred_users_are_named_and_all_are_counted(chat: LocalChat) -> None:
    """With two tabs each of some, more connections than one page of the service's list holds."""
    chat.deliver("connect")  # no event for each of so many
    names = [f"user-{number:03}" for number in range(ROSTER_LENGTH + 3)]
    for start in range(0, len(names), 20):
        await asyncio.gather(*(chat.open(name) for name in [*names[start : start + 20], *names[start : start + 20]]))

    answer = await chat.get("/rooms/lobby")
    assert answer == {"room": "lobby", "count": len(names), "users": names[:ROSTER_LENGTH]}
    late = await chat.open("zoe")
    await late.send("join", {"room": "lobby"})
    joined = await late.next(type="joined")
    assert (joined["count"], joined["users"]) == (len(names) + 1, names[:ROSTER_LENGTH])
