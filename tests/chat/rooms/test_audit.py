"""What moderators read: the acts with their reasons, page by page, and the rules with until when and by whom."""

from typing import Any

from chat.room_log.moderation_acts import Act
from tests.chat.functions.test_signed_in import sign_in
from tests.chat.local_chat import Frame, LocalChat, Tab, run_chat
from tests.chat.room_log.requests import act
from tests.chat.rooms.moderated import append_acts, make_room, own_room, refusal, say

ROOM = "design"


async def audit(tab: Tab, **fields: Any) -> Frame:
    await tab.ask("audit", {"room": ROOM} | fields)
    return await tab.next(type="audit")


async def test_the_audit_has_who_did_what_to_whom_and_why_the_newest_first(chat: LocalChat) -> None:
    ana, mo, bo = await own_room(chat, ROOM, "mo", "bo")
    line = await say(bo, ROOM, "rude words")
    own = await say(mo, ROOM, "typo")
    await mo.ask("mute", {"room": ROOM, "user": "bo", "for": 600, "reason": "rude"})
    await mo.ask("delete", {"room": ROOM, "id": line["id"], "reason": "rude words"})
    await mo.ask("delete", {"room": ROOM, "id": own["id"]})
    await ana.ask("kick", {"room": ROOM, "user": "bo"})
    await say(ana, ROOM, "so much for that")

    answer = await audit(mo)

    acts = [(each["act"], each["by"], each.get("user"), each.get("reason")) for each in answer["acts"]]
    assert acts == [
        ("kick", "ana", "bo", None),
        ("delete", "mo", "bo", "rude words"),
        ("mute", "mo", "bo", "rude"),
        ("role", "ana", "mo", None),
        ("create", "ana", None, None),
    ]
    assert answer["acts"][1]["messageId"] == line["id"]
    assert (answer["before"], answer["first"], answer["head"]) == (None, 1, 9)
    numbers = [each["seq"] for each in answer["acts"]]
    assert numbers == sorted(numbers, reverse=True)


async def test_the_pages_of_the_audit_have_every_act_once(chat: LocalChat) -> None:
    await make_room(chat, ROOM)
    mutes = [act(f"a{number}", Act.MUTE, f"user {number}") for number in range(25)]
    await append_acts(chat, ROOM, *mutes)
    ana, _ = await chat.enter("ana", ROOM)
    for number in range(5):
        await say(ana, ROOM, f"between {number}")
    await append_acts(chat, ROOM, *[act(f"b{number}", Act.KICK, f"user {number}") for number in range(5)])

    pages: list[list[int]] = []
    before = None
    while True:
        answer = await audit(ana, limit=7, **({} if before is None else {"before": before}))
        pages.append([each["seq"] for each in answer["acts"]])
        before = answer["before"]
        if before is None:
            break

    assert [seq for page in pages for seq in page] == [*range(36, 31, -1), *range(26, 0, -1)]
    assert {len(page) for page in pages[:-1]} == {7}


async def test_the_rules_tell_until_when_by_whom_and_why(chat: LocalChat) -> None:
    ana, mo = await own_room(chat, ROOM, "mo")
    line = await say(ana, ROOM, "pin me")
    await mo.ask("mute", {"room": ROOM, "user": "bo", "for": 600, "reason": "rude"})
    await ana.ask("ban", {"room": ROOM, "user": "cy"})
    await mo.ask("kick", {"room": ROOM, "user": "cy"})
    await ana.ask("mute", {"room": ROOM, "user": "dee"})
    await ana.ask("unmute", {"room": ROOM, "user": "dee"})
    await mo.ask("slow", {"room": ROOM, "seconds": 30})
    await mo.ask("close", {"room": ROOM})
    await mo.ask("pin", {"room": ROOM, "id": line["id"]})

    await mo.ask("rules", {"room": ROOM})

    rules = await mo.next(type="rules")
    (muted,), (banned,) = rules["muted"], rules["banned"]
    assert (muted["user"], muted["by"], muted["reason"], muted["until"] > muted["at"]) == ("bo", "mo", "rude", True)
    assert (banned["user"], banned["by"], banned["until"], "reason" in banned) == ("cy", "ana", None, False)
    assert (rules["owner"], rules["moderators"], rules["slow"], rules["closed"]) == ("ana", ["mo"], 30, True)
    assert (rules["pinned"], rules["kind"], rules["invited"]) == ([line["id"]], "public", [])


async def test_an_admin_moderates_any_public_room_and_nobody_acts_on_an_admin() -> None:
    async with run_chat(ChatAuth="easyauth", ChatAdmins="id-of-root, aad:id-of-root, root") as chat:
        root, bo = await sign_in(chat, "root"), await sign_in(chat, "bo")
        await bo.ask("join", {"room": ROOM})
        bo_id = (await bo.next(type="joined", room=ROOM))["user"]
        await root.ask("join", {"room": ROOM})
        root_id = (await root.next(type="joined", room=ROOM))["user"]

        assert await refusal(bo, "kick", {"room": ROOM, "user": root_id}) == "not_allowed"
        await root.ask("mute", {"room": ROOM, "user": bo_id, "for": 60, "reason": "spam"})
        assert await refusal(bo, "message", {"room": ROOM, "message": "hello"}) == "muted"
        assert [each["act"] for each in (await audit(root))["acts"]] == ["mute"]
        assert await refusal(bo, "audit", {"room": ROOM}) == "not_allowed"


async def test_in_open_mode_a_room_that_was_made_by_joining_has_no_moderator(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "tea")

    assert await refusal(ana, "kick", {"room": "tea", "user": "bo"}) == "not_allowed"
    assert await refusal(ana, "audit", {"room": "tea"}) == "not_allowed"
