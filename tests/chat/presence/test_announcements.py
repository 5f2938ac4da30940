"""Who comes is told once and who goes is told once, whatever happens at the same time."""

import asyncio
import logging

import pytest
from azure.data.tables.aio import TableServiceClient

from chat.gateway import Member
from chat.presence.announcements import RoomMember, decide_departure, is_arrival
from chat.presence.places import Place, Position
from chat.presence.rosters import MAX_CONNECTIONS, roster_of
from local_azure.tables import faults as storage
from local_azure.webpubsub.faults import FailRest, Scope, SlowRest
from tests.chat.local_chat import LocalChat, until
from tests.chat.presence.announced import (
    Observed,
    answered,
    arrive,
    connections,
    handled,
    lines,
    see_everything_until_now,
)

ANA = RoomMember("design", "ana", "c1")
HERE = Place("ana", "design", joined_at=5, is_here=True, news_at=100, etag="1")
ALONE = roster_of([Member("c1", "ana"), Member("c9", "bo")])
WITH_A_SECOND_TAB = roster_of([Member("c1", "ana"), Member("c2", "ana")])
TRUNCATED = roster_of(Member(f"c{number}", f"user-{number}") for number in range(MAX_CONNECTIONS))


def test_the_last_connection_of_a_user_that_is_said_to_be_here_is_a_departure() -> None:
    departure = decide_departure(HERE, ALONE, ANA, 200, unlists=False)

    assert departure.is_news
    assert (departure.place.is_here, departure.place.news_at, departure.place.left_by) == (False, 200, "c1")
    assert departure.place.is_listed
    assert not decide_departure(HERE, ALONE, ANA, 200, unlists=True).place.is_listed


def test_a_departure_that_another_instance_recorded_is_no_news_and_its_own_is_told_again() -> None:
    recorded_by_this, recorded_by_another = HERE.departed(200, "c1"), HERE.departed(200, "c2")

    assert decide_departure(recorded_by_this, ALONE, ANA, 300, unlists=False).is_news
    assert not decide_departure(recorded_by_another, ALONE, ANA, 300, unlists=False).is_news
    assert not decide_departure(Place("ana", "design"), ALONE, ANA, 300, unlists=False).is_news


def test_nobody_departs_while_another_tab_stays_or_in_a_room_that_is_too_large_to_know() -> None:
    for roster in (WITH_A_SECOND_TAB, TRUNCATED, None):
        assert decide_departure(HERE, roster, ANA, 200, unlists=False).place == HERE
        assert not decide_departure(HERE, roster, ANA, 200, unlists=True).is_news
        assert decide_departure(HERE, roster, ANA, 200, unlists=True).place.is_here


def test_an_arrival_is_news_unless_the_room_knows_the_user_and_the_service_another_connection() -> None:
    assert is_arrival(ALONE, ANA, was_here=False)
    assert is_arrival(ALONE, ANA, was_here=True)
    assert is_arrival(WITH_A_SECOND_TAB, ANA, was_here=False)
    assert not is_arrival(WITH_A_SECOND_TAB, ANA, was_here=True)
    assert is_arrival(None, ANA, was_here=True)
    assert not is_arrival(TRUNCATED, ANA, was_here=False)


def test_the_lines_of_a_user_have_growing_times_whatever_the_clocks_say() -> None:
    place = Place("ana", "design", read=Position(7, 3)).arrived(500)

    assert place.departed(400, "c1").news_at == 501
    assert place.departed(400, "c1").arrived(300).news_at == 502
    assert place.departed(900, "c1").news_at == 900


async def test_three_tabs_of_one_user_are_announced_once(chat: LocalChat) -> None:
    watcher = await chat.open("watcher")
    tabs = [await chat.open("ana") for _ in range(3)]
    await watcher.next(event="joined", user="ana")

    for tab in tabs[:2]:
        closing = Observed(chat, handled("disconnected", tab))
        await tab.close()
        await closing()
    await tabs[2].ask("message", "still here")
    await watcher.next(sender="ana")
    assert lines(watcher, "ana") == ["joined"]
    await tabs[2].close()
    await watcher.next(event="left", user="ana")


async def test_tabs_closed_together_are_announced_once(chat: LocalChat) -> None:
    watcher = await chat.open("watcher")
    tabs = [await chat.open("ana") for _ in range(3)]
    await watcher.next(event="joined", user="ana")
    ends = [Observed(chat, handled("disconnected", tab)) for tab in tabs]

    await asyncio.gather(*(tab.close() for tab in tabs))
    await asyncio.gather(*(end() for end in ends))

    await see_everything_until_now(watcher)
    assert lines(watcher, "ana") == ["joined", "left"]


async def test_joining_a_room_again_is_not_announced(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo, _ = await chat.enter("bo", "design")

    await bo.ask("join", {"room": "design"})
    await see_everything_until_now(ana, "design")

    assert lines(ana, "bo", "design") == ["joined"]


async def test_leaving_and_coming_back_at_once_is_told_each_time(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo, _ = await chat.enter("bo", "design")

    for event in ("leave", "join", "leave", "join", "leave"):
        await bo.ask(event, {"room": "design"})
    await see_everything_until_now(ana, "design")

    assert lines(ana, "bo", "design") == ["joined", "left"] * 3


async def test_a_tab_that_is_closed_before_it_is_a_member_is_not_announced(
    chat: LocalChat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ana, _ = await chat.enter("ana", "design")
    bo = await arrive(chat, "bo")
    chat.service.faults.add(SlowRest(0.3, scope=Scope(operation="add_connection_to_group"), count=2))
    adding = Observed(chat, answered("PUT", bo.connection_id))

    await bo.send("join", {"room": "design"})
    bo.kill()

    assert (await adding()).status == 404
    await until(lambda: "a connection ended while it joined" in caplog.text)
    await see_everything_until_now(ana, "design")
    assert lines(ana, "bo", "design") == []


async def test_a_tab_whose_end_is_handled_before_its_arrival_is_recorded_leaves_again(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo = await arrive(chat, "bo")
    chat.storage.faults.add(storage.Delay(0.5, scope=storage.Scope(operation="insert", table="ChatUsers"), count=1))
    ending = Observed(chat, handled("disconnected", bo))

    await bo.send("join", {"room": "design"})
    await until(lambda: chat.storage.faults.active() == [])
    bo.kill()

    await ending()
    await ana.next(event="left", user="bo", room="design")
    await see_everything_until_now(ana, "design")
    assert lines(ana, "bo", "design") == ["joined", "left"]


async def test_a_tab_that_is_closed_after_its_existence_was_checked_leaves_again(chat: LocalChat) -> None:
    """Its end names only the rooms of its last answer; this one is found in the user's rows."""
    ana, _ = await chat.enter("ana", "design")
    bo = await arrive(chat, "bo")
    slow = Scope(operation="send_to_group", group="room.design")
    chat.service.faults.add(SlowRest(0.3, scope=slow, count=1))
    checking, ending = Observed(chat, answered("HEAD", bo.connection_id)), Observed(chat, handled("disconnected", bo))

    await bo.send("join", {"room": "design"})
    assert (await checking()).status == 200
    bo.kill()

    await ending()
    await ana.next(event="left", user="bo", room="design")
    await ana.next(event="joined", user="bo", room="design")  # published later, with the earlier time
    assert lines(ana, "bo", "design") == ["joined", "left"]


async def test_who_comes_back_while_the_departure_is_recorded_does_not_leave(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo, _ = await chat.enter("bo", "design")
    again = await arrive(chat, "bo")
    ending = Observed(chat, handled("disconnected", bo))
    chat.storage.faults.add(storage.Delay(0.5, scope=storage.Scope(operation="merge", table="ChatUsers"), count=1))

    await bo.close()
    await until(lambda: chat.storage.faults.active() == [])
    await again.ask("join", {"room": "design"})
    await ending()

    await see_everything_until_now(ana, "design")
    assert lines(ana, "bo", "design") == ["joined", "joined"]
    await again.close()
    await ana.next(event="left", user="bo", room="design")


async def test_a_connected_event_that_is_late_announces_nobody(chat: LocalChat) -> None:
    watcher = await chat.open("watcher")
    chat.service.faults.add("delay webhook 300ms event=connected user=bo count=1")

    bo = await chat.open("bo")
    ending, connecting = Observed(chat, handled("disconnected", bo)), Observed(chat, handled("connected", bo))
    bo.kill()
    await ending()
    await connecting()

    await see_everything_until_now(watcher)
    assert lines(watcher, "bo") == []


async def test_a_tab_that_is_closed_while_its_connected_event_is_handled_leaves_again(chat: LocalChat) -> None:
    watcher = await chat.open("watcher")
    await arrive(chat, "ana")
    chat.storage.faults.add(storage.Delay(0.5, scope=storage.Scope(operation="insert", table="ChatUsers"), count=1))

    bo = await chat.open("bo")
    connecting, ending = Observed(chat, handled("connected", bo)), Observed(chat, handled("disconnected", bo))
    await until(lambda: chat.storage.faults.active() == [])
    bo.kill()

    await ending()
    await connecting()
    await see_everything_until_now(watcher)
    assert lines(watcher, "bo") == ["joined", "left"]


async def test_who_left_while_the_app_was_down_is_announced_at_the_next_arrival(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo, _ = await chat.enter("bo", "design")
    chat.deliver("connect", "connected")
    bo.kill()
    await until(lambda: bo.connection_id not in connections(chat, "design"))
    await ana.send("roster", {"room": "design"})
    await until(lambda: is_told(chat, ["ana"]))
    chat.deliver("connect", "connected", "disconnected")

    again, _ = await chat.enter("bo", "design")
    await again.close()

    await ana.next(event="left", user="bo", room="design")
    assert lines(ana, "bo", "design") == ["joined", "joined", "left"]


async def is_told(chat: LocalChat, users: list[str]) -> bool:
    return await chat.roster("design") == users


async def test_a_departure_that_could_not_be_published_is_told_when_its_event_is_delivered_again(
    chat: LocalChat,
) -> None:
    watcher, ana = await arrive(chat, "watcher"), await arrive(chat, "ana")
    chat.service.faults.add(FailRest(503, scope=Scope(operation="send_to_group"), count=3))  # the tries of one delivery

    await ana.close()

    await watcher.next(event="left", user="ana")
    assert chat.service.faults.active() == []


async def test_while_storage_fails_who_comes_and_goes_is_told_by_the_roster(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo = await arrive(chat, "bo")
    chat.storage.faults.add(storage.Fail(500, scope=storage.Scope(table="ChatUsers"), for_seconds=60))

    await bo.send("join", {"room": "design"})
    joined = await bo.next(type="joined")
    await ana.next(event="joined", user="bo", room="design")
    await bo.close()

    await ana.next(event="left", user="bo", room="design")
    assert (joined["users"], joined["complete"], joined["unread"], joined["read"]) == (["ana", "bo"], False, None, None)


async def test_nothing_is_left_of_a_user_that_was_only_in_the_lobby(chat: LocalChat) -> None:
    watcher = await chat.open("watcher")
    plain = await chat.open("ana", subprotocol=None)
    await watcher.next(event="joined", user="ana")
    (plain.connection_id,) = connections(chat, "lobby") - {watcher.connection_id}
    ending = Observed(chat, handled("disconnected", plain))

    await plain.close()
    await watcher.next(event="left", user="ana")
    await ending()

    async with TableServiceClient.from_connection_string(chat.storage.connection_string) as client:
        rows = client.get_table_client("ChatUsers").list_entities()
        assert [row["user"] async for row in rows] == ["watcher"]
