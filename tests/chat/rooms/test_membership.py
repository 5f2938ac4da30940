"""A room's messages stay in it; who joins later gets the roster and the history."""

import asyncio
from pathlib import Path

import pytest

from local_azure.webpubsub.faults import FailRest, Scope
from local_azure.webpubsub.observations import RestCalled
from tests.chat.local_chat import HUB, JSON, LocalChat, run_chat, until


async def wait_until_stored(chat: LocalChat, room: str, count: int) -> None:
    """Wait until a room's log has this many messages: signals arrive later than the answer."""
    reader = await chat.open("reader")
    await reader.ask("join", {"room": room})

    async def is_stored() -> bool:
        await reader.send("history", {"room": room})
        return len((await reader.next(type="history"))["messages"]) >= count

    await until(is_stored)
    await reader.ask("leave", {"room": room})
    await reader.close()


async def test_a_room_is_sent_no_message_of_another(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo, _ = await chat.enter("bo", "support")
    await ana.ask("message", {"room": "design", "message": "only for design"})
    await bo.ask("message", {"room": "support", "message": "only for support"})
    cy, joined = await chat.enter("cy", "design")
    await cy.ask("leave", {"room": "design"})

    assert joined["users"] == ["ana", "cy"]
    await ana.next(sender="ana")
    await bo.next(sender="bo")
    assert (await ana.next(event="joined", user="cy"))["room"] == "lobby"
    assert (await ana.next(event="joined", user="cy"))["room"] == "design"
    assert (await ana.next(event="left", user="cy"))["room"] == "design"
    await bo.ask("message", {"room": "support", "message": "last"})
    await bo.next(message="last")
    assert {frame["room"] for frame in bo.frames} == {"lobby"}
    assert await chat.roster("support") == ["bo"]


async def test_a_third_person_is_sent_the_roster_and_the_history(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo, _ = await chat.enter("bo", "design")
    await ana.ask("message", {"room": "design", "message": "first", "clientId": "m-1"})
    await bo.ask("message", {"room": "design", "message": "second"})
    await wait_until_stored(chat, "design", 2)

    _, joined = await chat.enter("cy", "design")

    assert joined["users"] == ["ana", "bo", "cy"]
    assert joined["count"] == 3
    assert [(line["from"], line["message"]) for line in joined["messages"]] == [("ana", "first"), ("bo", "second")]
    assert joined["messages"][0]["clientId"] == "m-1"
    assert (joined["before"], joined["complete"], joined["admin"]) == (None, True, False)


async def test_after_a_full_restart_the_history_is_still_there(tmp_path: Path) -> None:
    async with run_chat(tmp_path) as chat:
        ana, _ = await chat.enter("ana", "design")
        await ana.ask("message", {"room": "design", "message": "before"})
        live = await ana.next(sender="ana")
        await wait_until_stored(chat, "design", 1)

    async with run_chat(tmp_path) as chat:
        _, joined = await chat.enter("ana", "design")

    assert joined["messages"] == [live]


async def test_new_messages_do_not_shift_the_pages_of_the_history(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    for number in range(7):
        await ana.ask("message", {"message": str(number)})
    await wait_until_stored(chat, "lobby", 7)

    await ana.send("history", {"room": "lobby", "limit": 3})
    newest = await ana.next(type="history")
    await ana.ask("message", {"message": "meanwhile"})
    await ana.send("history", {"room": "lobby", "limit": 3, "before": newest["before"]})
    older = await ana.next(type="history")
    await ana.send("history", {"room": "lobby", "limit": 3, "before": older["before"]})
    oldest = await ana.next(type="history")

    pages = [[line["message"] for line in page["messages"]] for page in (oldest, older, newest)]
    assert pages == [["0"], ["1", "2", "3"], ["4", "5", "6"]]
    assert oldest["before"] is None


async def test_a_message_sent_again_is_one_message(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await ana.ask("message", {"message": "hello", "clientId": "m-1"})
    await ana.ask("message", {"message": "hello", "clientId": "m-1"})
    await ana.ask("message", {"message": "other", "clientId": "m-2"})
    await wait_until_stored(chat, "lobby", 2)

    first, again = await ana.next(message="hello"), await ana.next(message="hello")
    await ana.send("history", {"room": "lobby"})
    page = await ana.next(type="history")

    assert first["id"] == again["id"]
    assert [line["message"] for line in page["messages"]] == ["hello", "other"]
    assert page["messages"][0]["sentAt"] == first["sentAt"]


async def test_changes_are_seen_live_and_in_the_history(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    await ana.ask("message", {"message": "teh"})
    await ana.ask("message", {"message": "oops"})
    edited, deleted = await bo.next(message="teh"), await bo.next(message="oops")
    await ana.ask("edit", {"room": "lobby", "id": edited["id"], "message": "the"})
    await bo.ask("react", {"room": "lobby", "id": edited["id"], "emoji": "👍", "on": True})
    await ana.ask("delete", {"room": "lobby", "id": deleted["id"]})

    assert (await bo.next(type="edited", id=edited["id"]))["message"] == "the"
    assert (await ana.next(type="reaction"))["user"] == "bo"
    assert (await bo.next(type="deleted", id=deleted["id"]))["by"] == "ana"

    async def remembered() -> bool:
        await bo.send("history", {"room": "lobby"})
        lines = (await bo.next(type="history"))["messages"]
        return [(line["message"], line.get("reactions"), "deletedAt" in line) for line in lines] == [
            ("the", {"👍": ["bo"]}, False),
            ("", None, True),
        ]

    await until(remembered)


async def test_nobody_changes_a_message_of_another_user(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    await ana.ask("message", {"message": "mine"})
    line = await bo.next(sender="ana")

    await bo.ask("edit", {"room": "lobby", "id": line["id"], "message": "yours"})
    await bo.ask("delete", {"room": "lobby", "id": line["id"]})

    assert [(await bo.next(event="error"))["code"] for _ in range(2)] == ["not_yours", "not_yours"]
    await bo.ask("message", {"message": "last"})
    await ana.next(message="last")
    assert not [frame for frame in ana.frames if frame.get("type") in ("edited", "deleted")]


async def test_the_sender_is_the_connections_user_whatever_the_payload_says(chat: LocalChat) -> None:
    ana = await chat.open("ana")

    await ana.ask("message", {"message": "hi", "from": "bo", "user": "bo", "id": "x"})

    assert (await ana.next(message="hi"))["from"] == "ana"


@pytest.mark.parametrize(
    ("event", "data", "code"),
    [
        ("message", {"room": "design", "message": "x"}, "not_in_room"),
        ("message", {"message": ""}, "message_empty"),
        ("typing", {"room": "design"}, "not_in_room"),
        ("typing", "lobby", "invalid_message"),
        ("leave", {"room": "design"}, "not_in_room"),
        ("join", {"room": "a/b"}, "invalid_name"),
        ("join", {}, "invalid_name"),
        ("history", {"room": "lobby", "before": "yesterday"}, "invalid_message"),
        ("history", {"room": "lobby", "limit": 101}, "invalid_message"),
        ("history", {"room": "design"}, "not_in_room"),
        ("edit", {"room": "lobby", "id": "x", "message": "y"}, "invalid_message"),
        ("react", {"room": "lobby", "id": "k7oq2xg4hbzd-3m5n7p2q4r6s7t2u4v6w", "emoji": "a b"}, "invalid_message"),
        ("dance", {"room": "lobby"}, "unknown_event"),
    ],
)
async def test_what_cannot_be_done_is_answered_to_the_sender_alone(
    chat: LocalChat, event: str, data: object, code: str
) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")

    await ana.ask(event, data)

    assert (await ana.next(event="error"))["code"] == code
    await ana.ask("message", {"message": "last", "clientId": "m-9"})
    await bo.next(message="last")
    assert [frame for frame in bo.frames if frame.get("event") != "joined"] == []


async def test_a_refusal_repeats_the_client_id_of_what_it_refuses(chat: LocalChat) -> None:
    ana = await chat.open("ana")

    await ana.ask("message", {"room": "design", "message": "x", "clientId": "m-1"})

    refusal = await ana.next(event="error")
    assert (refusal["room"], refusal["clientId"]) == ("design", "m-1")


async def test_a_connection_may_be_in_twenty_rooms(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    for number in range(19):
        await ana.ask("join", {"room": f"room-{number}"})

    await ana.ask("join", {"room": "one-more"})

    assert (await ana.next(event="error"))["code"] == "too_many_rooms"
    await ana.next(type="joined", room="room-7")
    await ana.ask("join", {"room": "room-7"})
    await ana.next(type="joined", room="room-7")  # one of the twenty can be joined again
    assert [frame for frame in ana.frames if frame.get("event") == "error"] == []
    await ana.ask("leave", {"room": "room-3"})
    await ana.ask("join", {"room": "one-more"})
    await ana.next(type="joined", room="one-more")


async def test_plain_text_goes_to_the_room_entered_last(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")

    await ana.ask("message", "where am I?")
    await ana.ask("leave", {"room": "design"})
    await ana.ask("message", "and now?")

    assert (await ana.next(message="where am I?"))["room"] == "design"
    assert (await ana.next(message="and now?"))["room"] == "lobby"


async def test_typing_is_shown_to_the_others_at_most_every_two_seconds(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")

    for _ in range(5):
        await ana.ask("typing", {"room": "lobby"})
    await ana.ask("message", {"message": "done"})
    await bo.next(message="done")

    assert [frame for frame in bo.frames if frame.get("type") == "typing"] == [
        {"type": "typing", "room": "lobby", "user": "ana"}
    ]
    assert not [frame for frame in ana.frames if frame.get("type") == "typing"]


async def test_typing_in_turns_in_two_rooms_has_the_same_limit(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo, _ = await chat.enter("bo", "design")

    for room in ("lobby", "design") * 3:
        await ana.ask("typing", {"room": room})
    await ana.ask("message", {"room": "design", "message": "done"})
    await bo.next(message="done")

    assert len([frame for frame in bo.frames if frame.get("type") == "typing"]) == 1


async def test_many_requests_for_the_rooms_at_once_ask_the_service_once(chat: LocalChat) -> None:
    await chat.enter("ana", "design")
    requests: list[str] = []
    chat.service.observations.subscribe(
        lambda seen: requests.append(seen.path) if isinstance(seen, RestCalled) and "room.lobby" in seen.path else None
    )

    answers = await asyncio.gather(*(chat.get("/rooms") for _ in range(20)))

    assert all(answer == answers[0] for answer in answers)
    assert len(requests) <= 2  # the second is that of the orchestration which looks after the lobby


async def test_the_list_of_rooms_shows_public_rooms_with_people_in_them(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    await chat.enter("bo", "design")
    await chat.enter("cy", "_secret")
    empty, _ = await chat.enter("dee", "empty")
    await empty.ask("leave", {"room": "empty"})

    async def listed() -> bool:
        rooms = (await chat.get("/rooms"))["rooms"]
        return bool(rooms == [{"room": "lobby", "count": 4}, {"room": "design", "count": 2}])

    await until(listed)
    await ana.send("message", "/rooms")
    assert (await ana.next(event="notice"))["message"] == "lobby (4)\ndesign (2)"


async def test_commands_enter_and_leave_rooms_like_events(chat: LocalChat) -> None:
    ana = await chat.open("ana")

    await ana.send("message", "/join #Design")
    await ana.next(type="joined", room="design")
    await ana.send("message", "/who")
    assert (await ana.next(event="notice"))["message"] == "1 in design: ana"
    await ana.send("message", "/me waves")
    assert (await ana.next(sender="ana"))["message"] == "* ana waves"
    await ana.send("message", "/leave")
    await ana.next(type="left", room="design")


async def test_everyone_in_a_room_of_many_tabs_reads_one_order(chat: LocalChat) -> None:
    tabs = [await chat.open(f"user-{number}", subprotocol=JSON) for number in range(4)]
    for round_number in range(5):
        for number, tab in enumerate(tabs):
            await tab.send("message", {"message": f"{number}-{round_number}"})
    orders = []
    for tab in tabs:
        lines = [await tab.next(message=f"{number}-{turn}") for number in range(4) for turn in range(5)]
        orders.append([line["message"] for line in sorted(lines, key=lambda line: (line["sentAt"], line["id"]))])

    assert all(order == orders[0] for order in orders)
    for number in range(4):
        assert [text for text in orders[0] if text.startswith(f"{number}-")] == [
            f"{number}-{turn}" for turn in range(5)
        ]


@pytest.mark.parametrize("group", ["room.design", "rich.design"])
async def test_a_join_that_fails_leaves_no_half_membership(chat: LocalChat, group: str) -> None:
    bo, _ = await chat.enter("bo", "design")
    ana = await chat.open("ana")
    failing = Scope(operation="add_connection_to_group", group=group)
    chat.service.faults.add(FailRest(503, scope=failing, count=3))  # the tries of one call

    await ana.ask("join", {"room": "design"})

    assert (await ana.next(event="error"))["code"] == "service_unavailable"
    assert chat.service.faults.active() == []
    for name in ("room.design", "rich.design"):
        members = chat.service.hubs.hub(HUB).group_members(name)
        assert [connection.user_id for connection in members] == ["bo"]
    await ana.ask("join", {"room": "design"})
    assert (await ana.next(type="joined", room="design"))["users"] == ["ana", "bo"]
    await bo.next(event="joined", user="ana", room="design")


async def test_a_join_that_was_carried_out_but_failed_is_undone(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    failing = Scope(operation="add_connection_to_group", group="rich.design")
    chat.service.faults.add(FailRest(503, carried_out=True, scope=failing, count=3))

    await ana.ask("join", {"room": "design"})

    assert (await ana.next(event="error"))["code"] == "service_unavailable"
    for name in ("room.design", "rich.design"):
        assert list(chat.service.hubs.hub(HUB).group_members(name)) == []
