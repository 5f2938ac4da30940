"""A captured event, sent again by somebody else: late, with other content, or after its connection ended.

The service signs the id of a connection only, so each event here has a valid signature.
"""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chat.identity import User
from chat.presence.admission import admission_groups
from chat.rate_limits import REFUSALS_BEFORE_CLOSE, UNUSED
from chat.settings import Settings
from chat.webhook.connection_state import LATEST, ConnectionState, encode_state
from local_azure.observations import StorageObservation
from local_azure.webpubsub import DEFAULT_ACCESS_KEY
from local_azure.webpubsub.faults import Scope, SlowRest
from local_azure.webpubsub.observations import RestCalled
from tests.chat.conftest import event_headers
from tests.chat.functions.test_signed_in import id_of, sign_in
from tests.chat.local_chat import LocalChat, Tab, run_chat
from tests.chat.presence.announced import Observed, arrive, handled, is_handled


async def replay(chat: LocalChat, connection: str, name: str, content: Any, **more: str) -> tuple[int, Any]:
    """Post a user event of a connection; return the status and the answer."""
    kind, url = more.pop("kind", "user"), more.pop("url", chat.url)
    headers = event_headers(kind, name, key=DEFAULT_ACCESS_KEY, connection=connection, **({"userId": "ana"} | more))
    headers["Content-Type"] = "text/plain" if isinstance(content, str) else "application/json"
    body = content if isinstance(content, str) else json.dumps(content)
    async with chat.http.post(f"{url}/eventhandler", headers=headers, data=body.encode()) as response:
        text = await response.text()
        return response.status, json.loads(text) if text else None


def code_of(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


async def said(chat: LocalChat) -> list[str]:
    """Return what the lobby's log has."""
    reader = await chat.open("reader")
    await reader.send("history", {"room": "lobby"})
    return [line["message"] for line in (await reader.next(type="history"))["messages"]]


class Questions:
    """The questions whether a connection exists and whose it is, as the service saw them."""

    def __init__(self, chat: LocalChat) -> None:
        self.paths: list[str] = []
        chat.service.observations.subscribe(self._see)

    def _see(self, seen: object) -> None:
        if isinstance(seen, RestCalled) and seen.method in ("HEAD", "GET"):
            self.paths.append(seen.path.partition("/hubs/")[2].partition("/")[2])


async def test_an_event_of_an_ended_connection_is_refused_whatever_it_says(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await ana.ask("message", "hello")
    ended = Observed(chat, handled("disconnected", ana))
    await ana.close()
    await ended()

    for content in ("hello", "something else", {"room": "lobby", "message": "/remind 1m tea"}):
        assert code_of(await replay(chat, ana.connection_id, "message", content)) == (401, "untrusted_event")

    assert await said(chat) == ["hello"]


async def test_a_connection_that_ended_while_its_beginning_was_handled_is_not_believed(chat: LocalChat) -> None:
    chat.service.faults.add(SlowRest(0.3, scope=Scope(operation="send_to_group"), count=1))
    is_found = Observed(chat, lambda seen: isinstance(seen, RestCalled) and (seen.method, seen.status) == ("HEAD", 200))
    began = Observed(chat, lambda seen: is_handled(seen, "connected"))
    ana = await chat.open("ana")
    await is_found()
    ended = Observed(chat, handled("disconnected", ana))
    await ana.close()
    await asyncio.gather(began(), ended())

    assert code_of(await replay(chat, ana.connection_id, "message", "hello")) == (401, "untrusted_event")


async def test_the_service_is_asked_once_about_a_connection(chat: LocalChat) -> None:
    connection, questions = await chat.unannounced_connection(), Questions(chat)

    for text in ("one", "two", "three"):
        assert (await replay(chat, connection, "message", text, id=text))[0] == 204

    names = [f"groups/{group}/connections" for group in admission_groups(User("ana", "ana"), Settings(chat.settings))]
    assert questions.paths == [names[0], f"connections/{connection}"]


async def test_the_service_is_not_asked_about_a_connection_whose_beginning_this_process_saw(chat: LocalChat) -> None:
    ana, questions = await arrive(chat, "ana"), Questions(chat)

    await ana.ask("message", "hello")
    await ana.ask("typing", {"room": "lobby"})

    assert questions.paths == []


async def test_many_replays_of_an_unknown_connection_share_one_question(chat: LocalChat) -> None:
    questions = Questions(chat)

    answers = await asyncio.gather(*(replay(chat, "0" * 32, "message", f"m{number}") for number in range(30)))

    assert {code_of(answer) for answer in answers} == {(401, "untrusted_event")}
    assert len(questions.paths) == 2  # its user's group, and whether it exists


async def test_the_beginning_and_the_end_of_a_connection_are_no_question(chat: LocalChat) -> None:
    questions = Questions(chat)

    assert (await replay(chat, "0" * 32, "connect", {"query": {"id": ["ana"]}}, kind="sys"))[0] == 200
    assert (await replay(chat, "0" * 32, "disconnected", {}, kind="sys"))[0] == 204

    assert not any("0" * 32 in path for path in questions.paths)


async def test_an_event_of_another_user_in_a_known_connection_is_refused(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await ana.ask("message", "hello")

    assert code_of(await replay(chat, ana.connection_id, "message", "I am bo", userId="bo")) == (401, "untrusted_event")

    await ana.ask("message", "still here")
    assert await said(chat) == ["hello", "still here"]


async def test_no_event_is_another_users_also_in_a_process_that_has_not_seen_the_connection() -> None:
    async with run_chat(ChatAuth="easyauth", ChatAdmins=id_of("Bo")) as chat:
        ana, bo = await sign_in(chat, "Ana"), await sign_in(chat, "Bo")
        await ana.ask("message", "hello")
        line = await bo.next(message="hello")
        for attributes in (
            {"userId": id_of("Bo"), "connectionState": ""},
            {"connectionState": encode_state(ConnectionState(id_of("Bo"), name="Bo"))},
        ):
            async with chat.another_instance() as url:
                for subprotocol in ("", "json.webpubsub.azure.v1"):
                    more = attributes | {"subprotocol": subprotocol}
                    data = {"room": "lobby", "id": line["id"]}
                    answer = await replay(chat, ana.connection_id, "delete", data, url=url, **more)
                    assert code_of(answer) == (401, "untrusted_event")

        await ana.ask("message", "still here")
        await bo.next(message="still here")


async def test_forged_events_mute_nobody() -> None:
    async with run_chat(ChatAuth="easyauth") as chat:
        ana, bo = await sign_in(chat, "Ana"), await sign_in(chat, "Bo")
        muted = replace(UNUSED, muted_until=LATEST - 1, mutes=1)
        state = encode_state(ConnectionState(id_of("Bo"), usage=muted))
        for number in range(REFUSALS_BEFORE_CLOSE + 5):
            answer = await replay(chat, ana.connection_id, "message", str(number), connectionState=state)
            assert code_of(answer) == (401, "untrusted_event")

        await bo.ask("message", "hello")
        await ana.next(message="hello")
        assert (await sign_in(chat, "Bo")).connection_id


async def test_a_forged_beginning_gives_nobody_another_name() -> None:
    async with run_chat(ChatAuth="easyauth") as chat:
        ana, bo = await sign_in(chat, "Ana"), await sign_in(chat, "Bo")
        state = encode_state(ConnectionState(id_of("Bo"), name="Mallory"))
        async with chat.another_instance() as url:
            answer = await replay(chat, ana.connection_id, "connected", {}, kind="sys", url=url, connectionState=state)
            assert answer[0] == 204

        async with chat.another_instance() as url:  # which has read no name yet
            chat.deliver("connect", "connected", "disconnected", url=url)
            await bo.send("roster", {"room": "lobby"})
            assert (await bo.next(type="roster"))["names"] == {id_of("Ana"): "Ana", id_of("Bo"): "Bo"}
            chat.deliver("connect", "connected", "disconnected")


async def test_while_the_service_does_not_answer_no_event_is_trusted() -> None:
    unreachable = f"Endpoint=http://127.0.0.1:9;AccessKey={DEFAULT_ACCESS_KEY};"
    async with run_chat(WebPubSubConnectionString=unreachable) as chat:
        calls: list[StorageObservation] = []
        chat.storage.observations.subscribe(calls.append)
        status, answer = await replay(chat, "0" * 32, "message", {"message": "hello", "clientId": "m-1"})

        assert (status, answer["code"], answer["clientId"]) == (200, "service_unavailable", "m-1")
        assert calls == []


@pytest.mark.parametrize("age", [3600, 301, -301, -3600])
async def test_an_event_whose_time_is_far_from_ours_is_refused(chat: LocalChat, age: int) -> None:
    ana = await chat.open("ana")

    for kind, name in (("user", "message"), ("sys", "connect"), ("sys", "connected"), ("sys", "disconnected")):
        answer = await replay(chat, ana.connection_id, name, {}, kind=kind, time=ago(age))
        assert code_of(answer) == (401, "untrusted_event"), name
        assert "ChatEventMaxAgeSeconds" in answer[1]["error"]["message"]

    assert await said(chat) == []


@pytest.mark.parametrize("age", [0, 280, -280])
async def test_clocks_may_differ_by_some_minutes_either_way(chat: LocalChat, age: int) -> None:
    ana = await chat.open("ana")

    assert (await replay(chat, ana.connection_id, "message", "hello", time=ago(age)))[0] == 204


async def test_the_age_of_events_is_a_setting_and_zero_takes_any() -> None:
    async with run_chat(ChatEventMaxAgeSeconds="0") as chat:
        ana = await chat.open("ana")
        assert (await replay(chat, ana.connection_id, "message", "hello", time=ago(10_000_000)))[0] == 204

    async with run_chat(ChatEventMaxAgeSeconds="10") as chat:
        ana = await chat.open("ana")
        assert (await replay(chat, ana.connection_id, "message", "hello", time=ago(20)))[0] == 401


def ago(seconds: int) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


async def test_a_repeated_message_is_answered_from_the_log(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    for text in ("first", "second"):
        assert (await replay(chat, ana.connection_id, "message", text, id="7"))[0] == 204

    lines = [await bo.next(sender="ana") for _ in range(2)]

    assert lines[0] == lines[1]
    assert await said(chat) == ["first"]


async def test_a_repeated_action_is_answered_from_the_log(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    for text in ("/me waves", "/me shouts"):
        assert (await replay(chat, ana.connection_id, "message", text, id="7"))[0] == 204

    assert await said(chat) == ["* ana waves"]


async def test_a_repeated_change_is_answered_from_the_log(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await ana.ask("message", "hello")
    named = {"room": "lobby", "id": (await ana.next(sender="ana"))["id"]}
    for number, (name, first, second) in enumerate(
        [
            ("edit", {"message": "one"}, {"message": "two"}),
            ("react", {"emoji": "👍"}, {"emoji": "👎"}),
            ("delete", {}, {}),
        ]
    ):
        frames = []
        for content in (first, second):
            status, _ = await replay(chat, ana.connection_id, name, named | content, id=f"change-{number}")
            assert status == 204
            frames.append(await ana.next(id=named["id"]))
        assert frames[0] == frames[1]

    assert await head(ana) == 4


async def head(tab: Tab) -> int:
    await tab.send("since", {"room": "lobby", "seq": 0})
    return int((await tab.next(type="since"))["head"])


async def test_a_repeated_join_changes_nothing(chat: LocalChat) -> None:
    """The line that tells of it may be told again (docs/protocol.md), for the first one may be lost."""
    ana = await chat.open("ana")
    answers = []
    for _ in range(2):
        attributes = {"id": "7", "subprotocol": "json.webpubsub.azure.v1"}
        answers.append((await replay(chat, ana.connection_id, "join", {"room": "design"}, **attributes))[1])

    await ana.send("places", {})
    places = await ana.next(type="places")

    assert [(answer["users"], answer["count"], answer["head"]) for answer in answers] == [(["ana"], 1, 0)] * 2
    assert [place["room"] for place in places["rooms"]] == ["design"]


async def test_a_repeated_reminder_is_set_once(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    for text in ("/remind 1h tea", "/remind 2h coffee"):
        _, answer = await replay(chat, ana.connection_id, "message", text, id="7")
        assert answer["message"].startswith("reminder 1 is set")

    await ana.send("message", "/reminders")
    listed = (await ana.next(type="system", event="notice"))["message"]

    assert (listed.count("\n"), "tea" in listed) == (0, True)


async def test_where_another_proof_comes_with_each_event_the_service_is_not_asked() -> None:
    async with run_chat(ChatWebhookTrust="functionkey") as chat:
        questions = Questions(chat)

        assert (await replay(chat, "0" * 32, "message", "hello"))[0] == 204

        assert questions.paths == []
