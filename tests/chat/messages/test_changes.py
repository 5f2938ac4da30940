"""A change is an entry of the log: published with all that its message is now, and the same however often it comes."""

from typing import Any

import pytest

from chat.message_ids import derived_id
from tests.chat.local_chat import Frame, LocalChat, Tab

UNKNOWN = derived_id("ana", "a message that nobody sent")


async def say(tab: Tab, text: str) -> Frame:
    await tab.send("message", {"message": text})
    return await tab.next(message=text)


async def change(tab: Tab, event: str, line: Frame, **fields: Any) -> None:
    await tab.ask(event, {"room": "lobby", "id": line["id"]} | fields)


async def test_every_change_has_the_next_number_and_a_later_time(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    line = await say(ana, "one")

    await change(ana, "edit", line, message="two")
    await change(ana, "react", line, emoji="👍")
    await change(ana, "delete", line)

    frames = [await ana.next(type=kind) for kind in ("edited", "reaction", "deleted")]
    assert [frame["seq"] for frame in frames] == [line["seq"] + number for number in (1, 2, 3)]
    assert all(frame["version"] == frame["seq"] and frame["messageSeq"] == line["seq"] for frame in frames)
    times = [line["sentAt"], *(frame["at"] for frame in frames)]
    assert times == sorted(set(times))
    assert (frames[0]["editedAt"], frames[2]["deletedAt"]) == (frames[0]["at"], frames[2]["at"])


async def test_a_change_carries_everything_that_may_have_changed(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    quoted = await say(ana, "tea?")
    await bo.send("message", {"message": "yes", "replyTo": quoted["id"]})
    line = await ana.next(message="yes")
    await change(ana, "react", line, emoji="👍", clientId="r-1")
    await change(bo, "edit", line, message="yes, please", clientId="e-1")

    reaction, edited = await ana.next(type="reaction"), await ana.next(type="edited")

    assert (reaction["emoji"], reaction["user"], reaction["on"], reaction["by"]) == ("👍", "ana", True, "ana")
    assert (reaction["message"], reaction["clientId"], "editedAt" in reaction) == ("yes", "r-1", False)
    assert (edited["message"], edited["by"], edited["clientId"]) == ("yes, please", "bo", "e-1")
    assert reaction["reactions"] == edited["reactions"] == {"👍": ["ana"]}
    assert (
        reaction["replyTo"]
        == edited["replyTo"]
        == {
            "id": quoted["id"],
            "from": "ana",
            "user": "ana",
            "message": "tea?",
        }
    )


async def test_a_deleted_message_has_nothing_left_but_its_place(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    first = await say(ana, "tea?")
    await ana.send("message", {"message": "me", "replyTo": first["id"]})
    line = await ana.next(message="me")
    await change(ana, "edit", line, message="me too")
    await change(ana, "react", line, emoji="👍")
    await change(ana, "delete", line)

    deleted = await ana.next(type="deleted")

    assert deleted["message"] == ""
    assert {"reactions", "replyTo", "editedAt"} & set(deleted) == set()
    await ana.send("history", {"room": "lobby"})
    shown = (await ana.next(type="history"))["messages"][-1]
    expected = {"id", "room", "from", "user", "message", "sentAt", "seq", "version", "deletedAt"}
    assert (set(shown), shown["message"], shown["version"]) == (expected, "", deleted["seq"])


async def test_a_change_sent_again_with_its_client_id_is_the_same_entry(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    line = await say(ana, "teh")
    await change(ana, "edit", line, message="the", clientId="e-1")
    await change(ana, "edit", line, message="tea", clientId="e-2")

    await change(ana, "edit", line, message="the", clientId="e-1")

    first, second, again = [await ana.next(type="edited") for _ in range(3)]
    assert (again["seq"], again["at"], again["clientId"]) == (first["seq"], first["at"], "e-1")
    assert (again["message"], again["version"]) == ("tea", second["seq"])
    assert (await say(ana, "next"))["seq"] == second["seq"] + 1


@pytest.mark.parametrize(
    ("event", "fields"), [("delete", {}), ("react", {"emoji": "👍"}), ("edit", {"message": "the same"})]
)
async def test_a_change_that_changes_nothing_publishes_the_state_and_has_no_entry(
    chat: LocalChat, event: str, fields: Frame
) -> None:
    ana = await chat.open("ana")
    line = await say(ana, "hello")
    kind = {"delete": "deleted", "react": "reaction", "edit": "edited"}[event]
    await change(ana, event, line, **fields)
    first = await ana.next(type=kind)

    await change(ana, event, line, **fields)

    again = await ana.next(type=kind)
    assert {name: value for name, value in again.items() if name != "at"} == {
        name: value for name, value in first.items() if name != "at"
    }
    assert (await say(ana, "next"))["seq"] == first["seq"] + 1


@pytest.mark.parametrize("event", ["edit", "delete"])
async def test_the_message_of_another_user_cannot_be_changed(chat: LocalChat, event: str) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    line = await say(ana, "mine")

    await change(bo, event, line, message="yours")

    assert (await bo.next(event="error"))["code"] == "not_yours"
    assert (await say(ana, "next"))["seq"] == line["seq"] + 1


@pytest.mark.parametrize(("event", "fields"), [("edit", {"message": "x"}), ("delete", {}), ("react", {"emoji": "👍"})])
async def test_a_message_that_is_not_there_cannot_be_changed(chat: LocalChat, event: str, fields: Frame) -> None:
    ana = await chat.open("ana")

    await change(ana, event, {"id": UNKNOWN}, clientId="c-1", **fields)

    refusal = await ana.next(event="error")
    assert (refusal["code"], refusal["room"], refusal["clientId"]) == ("unknown_message", "lobby", "c-1")


@pytest.mark.parametrize(("event", "fields"), [("edit", {"message": "x"}), ("react", {"emoji": "👍"})])
async def test_a_deleted_message_is_changed_no_more(chat: LocalChat, event: str, fields: Frame) -> None:
    ana = await chat.open("ana")
    line = await say(ana, "hello")
    await change(ana, "delete", line)

    await change(ana, event, line, **fields)

    assert (await ana.next(event="error"))["code"] == "unknown_message"
