"""Users count once over their tabs, and what the service reports is what is shown."""

import asyncio
from pathlib import Path

from chat.gateway import Member
from chat.presence.rosters import MAX_CONNECTIONS, ROSTER_LENGTH, roster_of
from local_azure.webpubsub.observations import RestCalled
from tests.app_copy import copy_app, run_app
from tests.chat.local_chat import LocalChat, until


def test_a_user_counts_once_over_all_tabs() -> None:
    roster = roster_of([Member("c1", "bo"), Member("c2", "ana"), Member("c3", "ana"), Member("c4", None)])

    assert (roster.users, roster.connections) == (("ana", "bo"), 4)
    assert roster.has_other_connection("ana", "c2")
    assert not roster.has_other_connection("bo", "c1")
    assert roster.has_connection("bo", "c1")
    assert not roster.has_connection("bo", "c2")


def test_the_roster_of_a_large_room_is_bounded() -> None:
    roster = roster_of(Member(f"c{number}", f"user-{number:04}") for number in range(MAX_CONNECTIONS))

    assert len(roster.first) == ROSTER_LENGTH
    assert roster.is_truncated
    assert not roster_of(Member(f"c{number}", "ana") for number in range(MAX_CONNECTIONS - 1)).is_truncated


async def test_the_count_of_a_large_room_is_told_as_a_lower_bound(tmp_path: Path) -> None:
    copy_app(tmp_path)
    module = tmp_path / "chat" / "presence" / "rosters.py"
    module.write_text(module.read_text().replace("MAX_CONNECTIONS = 1000", "MAX_CONNECTIONS = 2"))
    async with run_app(tmp_path) as chat:
        ana, bo = await chat.open("ana"), await chat.open("bo")
        await ana.ask("join", {"room": "garden"})
        await bo.ask("join", {"room": "garden"})

        assert "atLeast" not in await ana.next(type="joined", room="garden")
        assert (await bo.next(type="joined", room="garden"))["atLeast"]
        await bo.ask("roster", {"room": "garden"})
        assert (await bo.next(type="roster"))["atLeast"]
        assert (await chat.get("/rooms/garden"))["atLeast"]
        assert all(room["atLeast"] for room in (await chat.get("/rooms"))["rooms"])
        await bo.ask("message", "/who")
        assert "2 or more in garden" in (await bo.next(event="notice"))["message"]


def test_a_roster_is_in_alphabetical_order_whatever_the_case() -> None:
    roster = roster_of([Member("c1", "bo"), Member("c2", "Zoe"), Member("c3", "Ana"), Member("c4", "ana")])

    assert roster.users == ("Ana", "ana", "bo", "Zoe")
    assert roster.with_user("Cy").users == ("Ana", "ana", "bo", "Cy", "Zoe")
    assert roster.with_user("bo") is roster


async def has_roster(chat: LocalChat, users: list[str], room: str = "lobby") -> bool:
    return await chat.roster(room) == users


async def test_a_killed_socket_is_gone_from_the_roster(chat: LocalChat) -> None:
    watcher = await chat.open("watcher")
    ana = await chat.open("ana")
    await watcher.next(event="joined", user="ana")

    ana.kill()

    await watcher.next(event="left", user="ana")
    await until(lambda: has_roster(chat, ["watcher"]))


async def test_after_a_lost_disconnected_event_the_next_roster_is_right(chat: LocalChat) -> None:
    chat.deliver("connect", "connected")
    watcher, _ = await chat.enter("watcher", "lobby")
    ana, _ = await chat.enter("ana", "design")

    ana.kill()

    await until(lambda: has_roster(chat, ["watcher"]))
    await until(lambda: has_roster(chat, [], "design"))
    await watcher.send("roster", {"room": "lobby"})
    assert (await watcher.next(type="roster"))["users"] == ["watcher"]
    await watcher.send("join", {"room": "lobby"})
    assert (await watcher.next(type="joined", room="lobby", count=1))["users"] == ["watcher"]
    await watcher.send("message", "/who")
    assert (await watcher.next(event="notice"))["message"] == "1 in lobby: watcher"


async def test_the_roster_of_a_room_is_told_with_the_end_of_its_log_to_those_in_it_only(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo = await chat.open("bo")
    await ana.ask("message", {"room": "design", "message": "first"})
    await ana.ask("message", {"room": "design", "message": "second"})

    await ana.send("roster", {"room": "design"})
    await bo.send("roster", {"room": "design"})

    roster = await ana.next(type="roster")
    assert (roster["users"], roster["count"], roster["head"], roster["first"]) == (["ana"], 1, 2, 1)
    assert (await bo.next(event="error"))["code"] == "not_in_room"


async def test_many_who_ask_for_a_roster_at_once_cost_one_question_to_the_service(chat: LocalChat) -> None:
    tabs = [(await chat.enter(f"user-{number}", "design"))[0] for number in range(10)]
    questions: list[str] = []
    chat.service.observations.subscribe(
        lambda seen: questions.append(seen.path) if isinstance(seen, RestCalled) and seen.method == "GET" else None
    )

    await asyncio.gather(*(tab.send("roster", {"room": "design"}) for tab in tabs for _ in range(5)))
    answers = [await tab.next(type="roster") for tab in tabs for _ in range(5)]
    answers += [await chat.get("/rooms/design")]

    assert {len(answer["users"]) for answer in answers} == {10}
    assert len(questions) <= 2  # the second one if it took more than a second


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
