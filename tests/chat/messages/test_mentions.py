"""Mentions reach those who have the room in their list, once, until they are read or taken back; nobody else."""

from collections.abc import Iterable
from typing import Any

import pytest

from chat.messages.mentions import is_named, typed_ids
from chat.presence.places import MAX_UNREAD_MENTIONS, PlaceStore, Position
from chat.room_list.store import TABLE as ROOM_LIST
from chat.settings import Settings
from chat.table_storage.client import TableClients
from local_azure.observations import StorageCalled
from local_azure.tables import faults as storage
from local_azure.webpubsub.observations import RestCalled
from tests.chat.conftest import in_module_loop
from tests.chat.functions.test_signed_in import id_of, sign_in
from tests.chat.local_chat import Frame, LocalChat, Tab, run_chat

ROOM = {"room": "design"}


async def enter_all(chat: LocalChat, users: Iterable[str], room: str = "design") -> list[Tab]:
    return [(await chat.enter(user, room))[0] for user in users]


async def say(tab: Tab, text: str, **more: Any) -> Frame:
    """Say something in the room `design` and return its chat line as the sender is sent it."""
    await tab.ask("message", ROOM | {"message": text} | more)
    return await tab.next(room="design", message=text)


async def unread_mentions(tab: Tab, room: str = "design") -> list[int]:
    await tab.send("places", {})
    places = (await tab.next(type="places"))["rooms"]
    return next(list(place["mentioned"]) for place in places if place["room"] == room)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("@ana", "ana", True),
        ("hi (@ana)!", "ana", True),
        ("@ana's", "ana", True),
        ("@Ana Maria, hi", "Ana Maria", True),
        ("_@ana_", "ana", True),
        ("@anabel", "ana", False),
        ("@ana_maria", "ana", False),
        ("@ana-maria", "ana", False),
        ("@ana- maria", "ana", True),
        ("me@ana", "ana", False),
        ("@@ana", "ana", False),
        ("ana", "ana", False),
        ("@a.b*", "a.b*", True),
    ],
)
def test_a_text_names_a_user_by_an_at_sign_and_the_whole_name(text: str, name: str, *, expected: bool) -> None:
    assert is_named(text, name) is expected


def test_what_is_typed_after_an_at_sign_may_be_an_id_with_or_without_what_follows_it() -> None:
    assert list(dict.fromkeys(typed_ids("@ana, and (@bo's) x@cy @🦊!"))) == [
        "ana,",
        "ana",
        "bo's)",
        "bo's",
        "bo",
        "🦊!",
        "🦊",
    ]


async def test_a_mentioned_user_is_told_on_all_connections_also_where_the_room_is_not_joined(chat: LocalChat) -> None:
    ana, bo = await enter_all(chat, ["ana", "bo"])
    phone = await chat.open("bo")

    line = await say(ana, "@bo, look  \n here")

    assert line["mentions"] == ["bo"]
    told = {name: line[name] for name in ("room", "id", "seq", "from", "user", "sentAt")}
    for tab in (bo, phone):
        assert await tab.next(type="mentioned") == told | {"type": "mentioned", "message": "@bo, look here"}
    assert await unread_mentions(phone) == [1]
    assert [frame for frame in ana.seen if frame.get("type") == "mentioned"] == []


async def test_only_who_has_the_room_in_the_list_is_mentioned_and_never_the_sender(chat: LocalChat) -> None:
    ana, bo, cy = await enter_all(chat, ["ana", "bo", "cy"])
    stranger, _ = await chat.enter("dee", "other")
    await cy.ask("leave", ROOM)

    line = await say(ana, "@ana @bo @cy @dee @nobody", mentions=["bo", "cy", "dee", "nobody", "ana"])

    assert line["mentions"] == ["bo"]
    for tab in (cy, stranger):
        await tab.ask("places", {})
        assert [frame for frame in tab.seen if frame.get("type") == "mentioned"] == []
    await bo.next(type="mentioned")


async def test_an_id_that_the_text_does_not_name_mentions_nobody_and_a_name_with_spaces_needs_one(
    chat: LocalChat,
) -> None:
    ana, _, _ = await enter_all(chat, ["ana", "bo", "Cy Lind"])

    assert "mentions" not in await say(ana, "@somebody, hello", mentions=["bo", "Cy Lind"])
    assert "mentions" not in await say(ana, "@Cy Lind, hello")
    assert (await say(ana, "hello @Cy Lind!", mentions=["Cy Lind"]))["mentions"] == ["Cy Lind"]


async def test_a_message_mentions_ten_users_at_most(chat: LocalChat) -> None:
    names = [f"user{number}" for number in range(12)]
    ana, *_ = await enter_all(chat, ["ana", *names])

    line = await say(ana, " ".join(f"@{name}" for name in names))

    assert line["mentions"] == names[:10]


@pytest.mark.parametrize("mentions", ["bo", [1], [""], [None], ["x" * 129], ["bo"] * 11, {"bo": 1}])
@pytest.mark.parametrize("event", ["message", "edit"])
@in_module_loop
async def test_mentions_that_are_no_list_of_ids_are_refused(
    shared_chat: LocalChat, event: str, mentions: object
) -> None:
    ana = await shared_chat.open("ana")
    await ana.ask("message", "first")
    identity = (await ana.next(sender="ana"))["id"]

    await ana.ask(event, {"room": "lobby", "id": identity, "message": "@bo", "mentions": mentions, "clientId": "m-1"})

    refusal = await ana.next(event="error")
    assert (refusal["code"], refusal["clientId"]) == ("invalid_message", "m-1")


async def test_reading_up_to_a_message_ends_the_mentions_up_to_it_on_every_device(chat: LocalChat) -> None:
    ana, bo = await enter_all(chat, ["ana", "bo"])
    phone = await chat.open("bo")
    for number in range(3):
        await say(ana, f"@bo {number}")

    await bo.ask("read", ROOM | {"seq": 2})

    assert (await phone.next(type="read"))["mentioned"] == [3]
    assert await unread_mentions(phone) == [3]
    _, joined = await chat.enter("bo", "design")
    assert (joined["unread"], joined["mentioned"]) == (1, [3])


async def test_an_edit_adds_and_takes_back_mentions_and_a_deletion_takes_back_all(chat: LocalChat) -> None:
    ana, bo, cy = await enter_all(chat, ["ana", "bo", "cy"])
    line = await say(ana, "@bo hello")

    await ana.ask("edit", ROOM | {"id": line["id"], "message": "@cy hello"})

    edited = await ana.next(type="edited")
    assert edited["mentions"] == ["cy"]
    taken = {"type": "unmentioned", "room": "design", "id": line["id"], "seq": 1}
    assert await bo.next(type="unmentioned") == taken
    assert (await cy.next(type="mentioned"))["seq"] == 1
    assert (await unread_mentions(bo), await unread_mentions(cy)) == ([], [1])
    await ana.ask("react", ROOM | {"id": line["id"], "emoji": "👍"})
    assert (await ana.next(type="reaction"))["mentions"] == ["cy"]
    await ana.ask("delete", ROOM | {"id": line["id"]})
    assert "mentions" not in await ana.next(type="deleted")
    assert await cy.next(type="unmentioned") == taken
    assert await unread_mentions(cy) == []


async def test_a_message_that_is_delivered_twice_mentions_once_and_not_again_after_it_was_read(chat: LocalChat) -> None:
    ana, bo = await enter_all(chat, ["ana", "bo"])
    for _ in range(2):
        await ana.ask("message", ROOM | {"message": "@bo", "clientId": "m-1"})
    await bo.ask("read", ROOM | {"seq": 1})
    await ana.ask("message", ROOM | {"message": "@bo", "clientId": "m-1"})

    assert await unread_mentions(bo) == []
    assert [frame["seq"] for frame in bo.seen if frame.get("type") == "mentioned"] == [1]


async def test_who_was_removed_from_a_private_room_or_is_only_invited_is_not_mentioned_there(chat: LocalChat) -> None:
    ana, bo, cy = [await chat.open(user) for user in ("ana", "bo", "cy")]
    await ana.ask("create", {"kind": "private", "title": "Plans"})
    room = (await ana.next(type="joined", kind="private"))["room"]
    await ana.ask("invite", {"room": room, "user": "bo"})
    await ana.ask("invite", {"room": room, "user": "cy"})
    await bo.ask("accept", {"room": room})

    await ana.ask("message", {"room": room, "message": "@bo @cy"})
    assert (await ana.next(room=room, message="@bo @cy"))["mentions"] == ["bo"]
    await ana.ask("remove", {"room": room, "user": "bo"})
    await ana.ask("message", {"room": room, "message": "@bo again"})

    assert "mentions" not in await ana.next(room=room, message="@bo again")
    await cy.ask("places", {})
    assert [frame for frame in cy.seen if frame.get("type") == "mentioned"] == []


async def test_a_user_has_at_most_a_hundred_unread_mentions_in_a_room(chat: LocalChat) -> None:
    ana, bo = await enter_all(chat, ["ana", "bo"])
    settings = Settings({"AzureWebJobsStorage": chat.storage.connection_string})
    store = PlaceStore(await TableClients().get(settings))
    place = await store.read("bo", "design")
    for seq in range(1000, 1000 + MAX_UNREAD_MENTIONS):
        place = place.mentioned(seq)
    await store.save(place)

    await say(ana, "@bo one more")

    assert len(await unread_mentions(bo)) == MAX_UNREAD_MENTIONS
    assert [frame for frame in bo.seen if frame.get("type") == "mentioned"] == []
    assert (await store.read("bo", "design")).read_up_to(Position(2000, 1)).mentions == ()


async def test_a_message_without_an_at_sign_costs_one_transaction_and_one_publication(chat: LocalChat) -> None:
    ana, _ = await enter_all(chat, ["ana", "bo"])
    await say(ana, "the first one may read more")
    await say(ana, "hello @bo, who has arrived by now")
    calls: list[str] = []

    def note(seen: object) -> None:
        # The list of rooms is written in the background, at a time of its own.
        if isinstance(seen, StorageCalled) and seen.table != f"Chat{ROOM_LIST}":
            calls.append(f"storage {seen.method} {seen.operation}")
        elif isinstance(seen, RestCalled):
            calls.append(f"service {seen.method} {seen.path.rpartition('/')[2]}")

    chat.storage.observations.subscribe(note)
    chat.service.observations.subscribe(note)

    await say(ana, "plain", mentions=["bo"])
    plain, calls[:] = sorted(calls), []
    await say(ana, "hello @bo")

    assert plain == ["service POST :send", "storage POST transaction"]
    more = ["service POST :send", "storage GET get", "storage GET get", "storage PATCH merge"]
    assert sorted(calls) == sorted(plain + more)


async def test_while_places_cannot_be_read_or_written_the_message_is_sent_all_the_same(chat: LocalChat) -> None:
    ana, bo = await enter_all(chat, ["ana", "bo"])
    chat.storage.faults.add(storage.Fail(500, scope=storage.Scope(table="ChatUsers"), for_seconds=60))

    line = await say(ana, "@bo, hello")

    assert "mentions" not in line
    assert [frame for frame in ana.frames if frame.get("event") == "error"] == []
    chat.storage.faults.clear()
    assert await unread_mentions(bo) == []


async def test_where_a_name_is_no_id_it_is_mentioned_by_the_id_that_was_picked_and_told_with_its_name() -> None:
    async with run_chat(ChatAuth="easyauth") as chat:
        ana, bo = await sign_in(chat, "Ana"), await sign_in(chat, "Bo Lind")
        for tab in (ana, bo):
            await tab.ask("join", ROOM)

        assert "mentions" not in await say(ana, "@Bo Lind, hello")
        assert "mentions" not in await say(ana, "@Cy, hello", mentions=[id_of("Bo Lind")])
        line = await say(ana, "@Bo Lind, hello again", mentions=[id_of("Bo Lind")])
        by_id = await say(ana, f"@{id_of('Bo Lind')}")

        assert (line["mentions"], line["names"]) == ([id_of("Bo Lind")], {id_of("Bo Lind"): "Bo Lind"})
        assert by_id["mentions"] == [id_of("Bo Lind")]
        assert (await bo.next(type="mentioned"))["from"] == "Ana"
        await bo.send("history", ROOM)
        assert (await bo.next(type="history"))["names"] == {id_of("Bo Lind"): "Bo Lind"}
