"""For whom is not a member, a private room does not exist: it answers as a room that never was."""

import re
import time
from dataclasses import dataclass, replace
from functools import partial

from local_azure.webpubsub.observations import RestCalled
from tests.chat.local_chat import HIGH_LIMITS, HUB, JSON, Frame, LocalChat, Tab, run_chat, until
from tests.chat.rooms.probes import (
    Channel,
    JsonChannel,
    PlainChannel,
    Probe,
    ReplayChannel,
    Requests,
    Target,
    ask_all,
    connect_protobuf,
    event_probes,
    group_probes,
    message_probes,
)

NEVER = Target("~n3v3rwasaroomwiththisname", "kF2-vQ8hT4mB9xLpZ0cWrY6u", "k7oq2xg4hbzd-3m5n7p2q4r6s7t2u4v6w")
RELIABLE = "json.reliable.webpubsub.azure.v1"
MEMBER = "Bo B"
MARKS = ("Marked title", "marked words")


@dataclass
class Setting:
    """A private room of ana and bo, and what others once knew of it."""

    chat: LocalChat
    ana: Tab
    target: Target
    expired: str


async def make_link(owner: Tab, room: str, seconds: int) -> Frame:
    await owner.ask("link", {"room": room, "for": seconds})
    return await owner.next(type="link")


async def make_room(chat: LocalChat) -> Setting:
    """Let ana create a private room where she talks with bo, and where removed was a member."""
    ana, bo, removed = [await chat.open(user) for user in ("ana", MEMBER, "removed")]
    await ana.ask("create", {"kind": "private", "title": MARKS[0]})
    room = (await ana.next(type="joined", kind="private"))["room"]
    expired = await make_link(ana, room, 1)
    link = await make_link(ana, room, 3600)
    for tab in (bo, removed):
        await tab.ask("accept", {"room": room, "secret": link["secret"]})
        await tab.next(type="joined", room=room)
    await ana.ask("message", {"room": room, "message": MARKS[1]})
    line = await bo.next(message=MARKS[1])
    await bo.ask("react", {"room": room, "id": line["id"], "emoji": "👍"})
    await ana.ask("invite", {"room": room, "user": "uninvited"})
    await ana.ask("uninvite", {"room": room, "user": "uninvited"})
    await ana.ask("remove", {"room": room, "user": "removed"})
    await removed.next(type="removed")
    await removed.close()
    opened = time.time()
    await until(lambda: time.time() > opened + 1)  # the first link's time is over
    return Setting(chat, ana, Target(room, link["secret"], line["id"]), expired["secret"])


async def open_channel(chat: LocalChat, user: str, kind: str) -> Channel:
    """Connect in one of the ways that there are; the connection is in no room, so it is sent answers only."""
    if kind.startswith("protobuf"):
        channel = await connect_protobuf(chat, user, kind)
        await channel.ask(Probe("", "leave", {"room": "lobby"}), NEVER)
        return channel
    if kind == "plain":
        tab = await chat.open(user, subprotocol=None)
        [connection] = chat.service.hubs.hub(HUB).user_connections(user)
        return PlainChannel(tab, connection.id)
    tab = await chat.open(user, subprotocol=JSON if kind == "replay" else kind)
    if kind == "replay":
        return ReplayChannel(chat, user, tab.connection_id)
    await tab.ask("leave", {"room": "lobby"})
    return JsonChannel(tab, tab.connection_id)


CASES = [
    ("stranger", JSON),
    ("stranger", RELIABLE),
    ("stranger", "protobuf.webpubsub.azure.v1"),
    ("stranger", "protobuf.reliable.webpubsub.azure.v1"),
    ("passerby", "plain"),
    ("stranger", "replay"),
    ("removed", JSON),
    ("removed", "replay"),
    ("uninvited", JSON),
    ("uninvited", "replay"),
    ("late", JSON),
]
"""Who asks, and how. `late` has a link whose time is over; `replay` says that the connection has joined the room."""


def probes_of(user: str, kind: str, target: Target) -> list[Probe]:
    """Return the questions that can be asked in a way; not every combination has messages and commands."""
    events, messages = list(event_probes(target, MEMBER)), list(message_probes(target, MEMBER))
    if kind == "plain":  # sends text only, and to the lobby
        asked = [probe for probe in messages if target.room in probe.data["message"]]
        return [probe for probe in asked if not probe.title.startswith(("/me", "/who"))]
    asked = [*events, *messages] if (user, kind) in (("stranger", JSON), ("removed", "replay")) else events
    return asked if kind == "replay" else [*asked, *group_probes(target)]


async def test_a_private_room_answers_who_is_no_member_as_a_room_that_never_was() -> None:
    async with run_chat() as chat:
        setting, requests, asked = await make_room(chat), Requests(chat), 0
        leaks: list[tuple[object, ...]] = []
        for user, kind in CASES:
            channel = await open_channel(chat, user, kind)
            await until(partial(requests.is_connected, channel.connection))
            target = setting.target if user != "late" else replace(setting.target, secret=setting.expired)
            if user in ("stranger", "passerby", "uninvited"):
                target = replace(target, secret="a" * 24)
            probes = probes_of(user, kind, target), probes_of(user, kind, NEVER)
            there = await ask_all(channel, probes[0], target, requests)
            nowhere = await ask_all(channel, probes[1], NEVER, requests)
            asked += len(there)
            for probe, one, other in zip(probes[0], there, nowhere, strict=True):
                if one.answers != other.answers or any(mark in answer for answer in one.answers for mark in MARKS):
                    leaks.append((user, kind, probe.title, one.answers, other.answers))
                caused = requests.caused_by(one, target), requests.caused_by(other, NEVER)
                if caused[0] != caused[1]:
                    leaks.append((user, kind, probe.title, *caused))
        print(f"{asked} questions by who is no member, {len(leaks)} leaks")

    assert leaks == []
    assert asked >= 500


async def test_how_often_one_may_ask_does_not_tell_which_rooms_there_are() -> None:
    async with run_chat(ChatRateLimits=f"{HIGH_LIMITS}, create=1/6") as chat:
        setting = await make_room(chat)
        codes = []
        for user, room in (("stranger", setting.target.room), ("passerby", NEVER.room)):
            tab = await chat.open(user)
            for _ in range(12):
                await tab.ask("join", {"room": room})
            codes.append([frame["code"] for frame in tab.frames if frame.get("event") == "error"])

    assert codes[0] == codes[1]
    assert set(codes[0]) == {"unknown_room"}


HTTP = [
    ("GET", "/rooms/{}"),
    ("HEAD", "/rooms/{}"),
    ("POST", "/rooms/{}"),
    ("GET", "/rooms/{}/"),
    ("GET", "/rooms/{}?limit=1"),
    ("GET", "/rooms/%7e{0[1:]}"),
    ("GET", "/rooms?room={}"),
    ("GET", "/{}"),
    ("GET", "/session?room={}"),
    ("GET", "/negotiate?id=stranger&room={}&group=room.{}"),
    ("POST", "/manage/rooms/{}/export"),
    ("GET", "/manage/rooms/{}/export"),
    ("GET", "/manage/jobs/export-{}"),
    ("GET", "/manage/jobs/{}/lines"),
    ("GET", "/eventhandler/{}"),
]


async def test_over_http_nobody_is_told_of_a_private_room() -> None:
    async with run_chat() as chat:
        room = (await make_room(chat)).target.room
        paths: list[str] = []
        chat.service.observations.subscribe(
            lambda seen: paths.append(seen.path) if isinstance(seen, RestCalled) else None
        )

        for method, path in HTTP:
            answers = []
            for name in (room, NEVER.room):
                url = chat.url + path.replace("{0[1:]}", name[1:]).replace("{}", name)
                async with chat.http.request(method, url) as response:
                    text = (await response.text()).replace(name, "ROOM")
                    answers.append((response.status, re.sub(r"access_token=[^\"]*", "TOKEN", text)))
            assert answers[0] == answers[1], path
            assert not any(mark in answers[0][1] for mark in MARKS)

        assert (await chat.get(f"/rooms/{room}", status=404))["error"]["code"] == "unknown_room"
        assert not [path for path in paths if room in path]
        listed = await chat.get("/rooms")
    assert room not in [row["room"] for row in listed["rooms"]]


async def test_nothing_that_happens_in_a_private_room_reaches_who_is_no_member() -> None:
    async with run_chat() as chat:
        setting = await make_room(chat)
        ana, room, line = setting.ana, setting.target.room, setting.target.message
        bo, others = await chat.open(MEMBER), [await chat.open(user) for user in ("stranger", "removed", "uninvited")]
        await bo.ask("join", {"room": room})
        for tab in others:
            await tab.ask("join", {"room": room})
            await tab.next(event="error", code="unknown_room")
        acts: dict[str, Frame] = {
            "typing": {},
            "message": {"message": "again"},
            "edit": {"id": line, "message": MARKS[1]},
            "react": {"id": line, "emoji": "👍"},
            "read": {"seq": 2},
            "rename": {"title": MARKS[0]},
            "link": {},
            "invite": {"user": "somebody"},
            "role": {"user": MEMBER, "role": "moderator"},
            "delete": {"id": line},
        }
        for event, more in acts.items():
            await ana.ask(event, {"room": room} | more)
        await bo.ask("leave", {"room": room})
        await ana.ask("message", {"room": "lobby", "message": "the end"})

        for tab in others:
            await tab.next(message="the end")
            told = [frame for frame in tab.seen if room in str(frame) or any(mark in str(frame) for mark in MARKS)]
            assert [frame.get("code") for frame in told] == ["unknown_room"]


async def test_a_connection_that_joined_before_the_removal_is_no_way_in() -> None:
    async with run_chat() as chat:
        ana, bo = await chat.open("ana"), await chat.open("bo")
        await ana.ask("create", {"kind": "private", "title": MARKS[0]})
        room = (await ana.next(type="joined", kind="private"))["room"]
        await ana.ask("invite", {"room": room, "user": "bo"})
        await bo.ask("accept", {"room": room})
        await bo.next(type="joined", room=room)
        await ana.ask("message", {"room": room, "message": MARKS[1]})
        line = await bo.next(message=MARKS[1])
        await ana.ask("remove", {"room": room, "user": "bo"})
        await bo.next(type="removed", room=room)
        bo.frames = []

        target = Target(room, "a" * 24, line["id"])
        probes = [*event_probes(target, "ana"), *message_probes(target, "ana")]
        for probe in probes:
            if probe.event != "leave" and not str(probe.data.get("message")).startswith("/leave"):
                await bo.ask(probe.event, probe.data)

        content = [frame for frame in bo.frames if frame.get("event") not in ("error", "notice")]
        assert not [frame for frame in content if frame.get("room") == room]
        assert not [frame for frame in bo.frames if any(mark in str(frame) for mark in MARKS)]
        await ana.ask("since", {"room": room, "seq": line["seq"]})
        entries = (await ana.next(type="since"))["entries"]
        assert [entry["act"] for entry in entries] == ["remove"]
