"""The answers to `join`, `history` and `since` through the whole chat, also while storage cannot be read."""

from tests.chat.local_chat import Frame, LocalChat, Tab

READS_FAIL = "fail storage 500 operation=get for=60s"


async def ask_since(tab: Tab, seq: int, **more: int) -> Frame:
    await tab.send("since", {"room": "lobby", "seq": seq} | more)
    return await tab.next(type="since")


async def talk(tab: Tab, number: int) -> None:
    for count in range(1, number + 1):
        await tab.ask("message", f"message {count}")


async def test_who_joins_gets_the_newest_messages_and_the_head(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await talk(ana, 3)

    _, joined = await chat.enter("bo", "lobby")

    assert [line["seq"] for line in joined["messages"]] == [1, 2, 3]
    assert (joined["head"], joined["first"], joined["before"], joined["complete"]) == (3, 1, None, True)


async def test_pages_lead_back_to_the_first_message_ever(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await talk(ana, 7)

    seqs: list[int] = []
    before: int | None = None
    while True:
        await ana.send("history", {"room": "lobby", "limit": 3} | ({"before": before} if before else {}))
        page = await ana.next(type="history")
        seqs = [line["seq"] for line in page["messages"]] + seqs
        before = page["before"]
        if before is None:
            break

    assert seqs == [1, 2, 3, 4, 5, 6, 7]


async def test_what_came_since_a_number_is_what_was_published_in_that_order(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    await talk(ana, 2)
    line = await bo.next(message="message 2")
    await ana.ask("edit", {"room": "lobby", "id": line["id"], "message": "the second", "clientId": "e-1"})
    await bo.ask("react", {"room": "lobby", "id": line["id"], "emoji": "👍"})

    run = await ask_since(bo, 1)

    assert [entry["seq"] for entry in run["entries"]] == [2, 3, 4]
    message, edited, reaction = run["entries"]
    assert message == line | {
        "message": "the second",
        "version": 4,
        "editedAt": edited["editedAt"],
        "reactions": {"👍": ["bo"]},
    }
    assert reaction == await bo.next(type="reaction")
    published = await bo.next(type="edited")
    assert edited == published | {"version": 4, "reactions": {"👍": ["bo"]}}
    assert (run["after"], run["head"], run["first"], run["complete"]) == (1, 4, 1, True)


async def test_what_lies_in_a_gap_can_be_asked_for(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await talk(ana, 6)

    run = await ask_since(ana, 2, until=5)

    assert [entry["seq"] for entry in run["entries"]] == [3, 4]
    assert (run["head"], run["complete"]) == (6, True)


async def test_who_has_everything_is_told_so(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await talk(ana, 2)

    run = await ask_since(ana, 2)

    assert (run["entries"], run["head"], run["complete"]) == ([], 2, True)


async def test_a_room_that_was_not_joined_is_not_read(chat: LocalChat) -> None:
    ana = await chat.open("ana")

    for event, data in (("history", {}), ("since", {"seq": 0})):
        await ana.ask(event, {"room": "design"} | data)
        assert (await ana.next(event="error"))["code"] == "not_in_room"


async def test_while_storage_cannot_be_read_every_answer_says_that_it_is_not_complete(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await talk(ana, 2)
    chat.storage.faults.add(READS_FAIL)

    await ana.send("join", {"room": "lobby"})
    await ana.send("history", {"room": "lobby"})
    joined, page, run = await ana.next(type="joined"), await ana.next(type="history"), await ask_since(ana, 1)

    for answer in (joined, page):
        assert (answer["messages"], answer["complete"], answer["head"], answer["before"]) == ([], False, None, None)
    assert (run["entries"], run["complete"], run["head"]) == ([], False, None)
    assert joined["users"] == ["ana"]
    chat.storage.faults.clear()
    assert (await ask_since(ana, 1))["head"] == 2
