"""Slash commands of moderation do what the events of the same names do."""

from typing import Any

from tests.chat.local_chat import LocalChat
from tests.chat.rooms.moderated import own_room, refusal, say

ROOM = "design"


COMMANDS: list[tuple[str, dict[str, Any]]] = [
    ("/mute bo 10m spam and more", {"act": "mute", "user": "bo"}),
    ("/mute @bo", {"act": "mute", "user": "bo", "until": None}),
    ('/mute "bo the great" 1h30m', {"act": "mute", "user": "bo the great"}),
    ("/kick bo enough of it", {"act": "kick", "user": "bo"}),
    ("/kick bo 10m is a reason", {"act": "kick", "user": "bo"}),
    ("/ban bo 1d why", {"act": "ban", "user": "bo"}),
    ("/ban bo rude words", {"act": "ban", "user": "bo", "until": None}),
    ("/CLOSE", {"act": "close"}),
    ("/slow 30s", {"act": "slow", "seconds": 30}),
    ("/slow 35", {"act": "slow", "seconds": 35}),
    ("/slow 2m", {"act": "slow", "seconds": 120}),
]


async def test_a_command_does_what_the_event_does(chat: LocalChat) -> None:
    (ana,) = await own_room(chat, ROOM)

    for number, (text, told) in enumerate(COMMANDS):
        await ana.ask("message", {"room": ROOM, "message": text, "clientId": f"c-{number}"})

        frame = await ana.next(type="moderation")
        assert {name: frame.get(name, "missing") for name in told} == told, text
        assert frame["clientId"] == f"c-{number}"


async def test_commands_undo_what_commands_did(chat: LocalChat) -> None:
    ana, bo = await own_room(chat, ROOM, "bo")
    line = await say(bo, ROOM, "pin me")
    done = []

    for text, more in [
        ("/mute bo", {}),
        ("/unmute bo", {}),
        ("/ban bo", {}),
        ("/unban bo", {}),
        ("/close", {}),
        ("/open", {}),
        ("/slow 5s", {}),
        ("/slow off", {}),
        ("/pin", {"replyTo": line["id"]}),
        (f"/unpin {line['id']}", {}),
    ]:
        await ana.ask("message", {"room": ROOM, "message": text} | more)
        done.append((await ana.next(type="moderation"))["act"])

    assert done == ["mute", "unmute", "ban", "unban", "close", "open", "slow", "slow", "pin", "unpin"]
    await ana.ask("rules", {"room": ROOM})
    rules = await ana.next(type="rules")
    assert (rules["banned"], rules["muted"], rules["closed"], rules["slow"], rules["pinned"]) == ([], [], False, 0, [])


async def test_a_command_that_is_wrong_says_what(chat: LocalChat) -> None:
    (ana,) = await own_room(chat, ROOM)

    for text, code in [
        ("/mute", "invalid_message"),
        ("/mute bo 99999w", "invalid_reminder"),
        ("/slow", "invalid_message"),
        ("/slow never", "invalid_message"),
        ("/slow 7h", "invalid_message"),
        ("/pin", "invalid_message"),
        ("/pin m1", "invalid_message"),
        ("/ban ana", "not_allowed"),
    ]:
        assert await refusal(ana, "message", {"room": ROOM, "message": text}) == code, text
