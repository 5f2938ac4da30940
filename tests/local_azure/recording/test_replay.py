"""Conversations that are recorded and played again, with an application behind the service."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from local_azure.recording import (
    InvalidRecording,
    RecordingDiffers,
    RecordingFailed,
    ReplayOptions,
    StepKind,
    compare_recordings,
    read_recording,
    record,
    replay,
    replay_remotely,
)
from local_azure.webpubsub import DEFAULT_ACCESS_KEY, ConnectionString, EventHandler, HubSettings, Service, Settings
from local_azure.webpubsub.protocols import webpubsub_pb2 as pb
from local_azure.webpubsub.settings import GroupPresenceEvents
from tests.local_azure.webpubsub.harness import FAST, HUB, RELIABLE_JSON, Application, Client, Harness, Received, until
from tests.local_azure.webpubsub.small_app import SmallApp, small_app
from tests.system_parts import needs

# For what does not come.
QUICK = ReplayOptions(step_seconds=1.0)


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        yield Harness(stack, http)


async def talk(app: SmallApp, texts: tuple[str, ...] = ("tea?", "cake")) -> None:
    """Let ana and bo connect and ana say something; then both leave."""
    ana, bo = await app.connect("ana"), await app.connect("bo", RELIABLE_JSON)
    for number, text in enumerate(texts):
        await ana.ask(text, number)
        assert (await bo.next())["data"] == text
    for user, person in (("bo", bo), ("ana", ana)):
        await person.socket.close()
        await until(lambda user=user: app.names(user)[-1] == "disconnected")  # type: ignore[misc]


@pytest.fixture
async def recording(tmp_path: Path) -> Path:
    """The recording of that conversation."""
    file = tmp_path / "talk.jsonl"
    async with small_app() as app:
        with record(app.service, file):
            await talk(app)
            await wait_for_answers(file)
    return file


async def wait_for_answers(file: Path) -> None:
    """Return when each recorded event has its answer."""

    def has_all() -> bool:
        kinds = [step.kind for step in read_recording(file)]
        return kinds.count(StepKind.EVENT) == kinds.count(StepKind.ANSWER)

    await until(has_all)


def lines_of(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines(keepends=True)


def write_lines(file: Path, lines: list[str]) -> None:
    file.write_text("".join(lines), encoding="utf-8")


def without_times(file: Path) -> list[str]:
    return [re.sub(r'"at": [\d.]+', "", line) for line in lines_of(file)]


@pytest.mark.parametrize("play", ["clients", "events"])
async def test_the_same_application_does_the_same_again(recording: Path, play: Any) -> None:
    async with small_app() as app:
        replayed = await replay(app.service, recording, play=play)

        assert replayed.played > 5
        assert replayed.compared > 8
        assert [event.body for event in app.events if event.name == "message"] == [b"tea?", b"cake"]


async def test_two_recordings_of_one_conversation_are_alike(recording: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.jsonl"
    async with small_app() as app:
        with record(app.service, second):
            await talk(app)
            await wait_for_answers(second)

    assert sorted(without_times(second)) == sorted(without_times(recording))
    compared, differences = compare_recordings(read_recording(recording), read_recording(second))
    assert differences == []
    assert compared == len(read_recording(recording))


@pytest.mark.parametrize("play", ["clients", "events"])
async def test_a_failure_of_the_application_is_told_with_its_step(recording: Path, play: Any) -> None:
    async with small_app() as app:
        app.service.faults.add("fail rest 400 operation=send_to_group count=20")
        with pytest.raises(RecordingDiffers) as differs:
            await replay(app.service, recording, play=play, options=QUICK)

    text = str(differs.value)
    assert "the app calls POST chat/groups/lobby/:send" in text
    assert "status: expected 202, got 400" in text
    assert "the app answers user.message" in text
    assert "status: expected 204, got 500" in text


async def test_another_text_is_told_with_its_line_and_what_is_not_expected_is_told_too(
    recording: Path, tmp_path: Path
) -> None:
    edited = tmp_path / "edited.jsonl"
    lines = lines_of(recording)
    number, line = next(
        (n, text) for n, text in enumerate(lines, 1) if '"step": "receive", "client": "bo"' in text and "tea?" in text
    )
    last = max(n for n, text in enumerate(lines) if '"step": "receive", "client": "ana"' in text)
    lines[number - 1] = line.replace("tea?", "coffee")
    del lines[last]
    write_lines(edited, lines)

    async with small_app() as app:
        with pytest.raises(RecordingDiffers) as differs:
            await replay(app.service, edited)

    changed, added = differs.value.differences
    assert str(changed).startswith(f"line {number}: differs")
    assert 'frame.data: expected "coffee", got "tea?"' in str(changed)
    assert str(added).startswith("not expected\n  + ana receive")


async def test_a_difference_in_an_ignored_field_is_none(recording: Path) -> None:
    write_lines(recording, [line.replace('"data": "cake"', '"data": "x"') for line in lines_of(recording)])
    async with small_app() as app:
        await replay(app.service, recording, options=ReplayOptions(ignored=("data",)))


async def test_clients_are_compared_on_a_service_elsewhere(recording: Path) -> None:
    async with small_app() as app:
        connection = ConnectionString.parse(app.service.connection_string)
        replayed = await replay_remotely(connection, recording)
        assert replayed.compared == sum(
            step.kind in (StepKind.OPEN, StepKind.RECEIVE) for step in read_recording(recording)
        )
    async with small_app() as app:
        app.service.faults.add("fail rest 400 operation=send_to_group count=20")
        connection = ConnectionString.parse(app.service.connection_string)
        with pytest.raises(RecordingDiffers, match=r"bo receive .*tea"):
            await replay_remotely(connection, recording, QUICK)


# --- what else clients and services do -----------------------------------------------------


Story = Callable[[Harness, Service, Application], Coroutine[Any, Any, None]]


async def raw_clients(harness: Harness, service: Service, application: Application) -> None:
    application.answer("message", lambda event: aiohttp.web.Response(body=event.body[::-1], content_type="text/plain"))
    client = await harness.connect(service, "ana", subprotocol=None)
    await client.ws.send_str("tea")
    assert (await client.frame()).data == "aet"
    await client.ws.send_bytes(b"\x00\xff")
    await client.frame()
    await client.ws.close(code=4001)
    await application.wait_for("disconnected")


async def protobuf_clients(harness: Harness, service: Service, application: Application) -> None:
    client = await harness.connect(service, "ana", subprotocol="protobuf.reliable.webpubsub.azure.v1")
    await client.frame()
    joining = pb.UpstreamMessage(join_group_message=pb.JoinGroupMessage(group="room", ack_id=1))
    await client.ws.send_bytes(joining.SerializeToString())
    await client.frame()
    data = pb.MessageData(binary_data=b"\x01\xfe")
    sending = pb.UpstreamMessage(send_to_group_message=pb.SendToGroupMessage(group="room", ack_id=2, data=data))
    await client.ws.send_bytes(sending.SerializeToString())
    await client.frame()
    await client.frame()


async def refused_clients(harness: Harness, service: Service, application: Application) -> None:
    application.answer("connect", lambda _: aiohttp.web.Response(status=403))
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await harness.connect(service, "ana")


async def invalid_frames(harness: Harness, service: Service, application: Application) -> None:
    client = await harness.connect(service, "ana")
    await client.ws.send_str("no json")
    assert (await client.closed())[0] == 1007
    await application.wait_for("disconnected")


async def recovered_clients(harness: Harness, service: Service, application: Application) -> None:
    lost = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON, groups=["room"])
    other = await harness.connect(service, "bo")
    lost.cut()
    await until(lambda: any(each.transport is None for each in service.hubs.hub(HUB).connections()))
    await other.request("sendToGroup", 1, group="room", dataType="text", data="tea")
    back = await harness.recover(service, lost)
    assert await back.data() == "tea"


async def clients_with_ids_and_claims(harness: Harness, service: Service, application: Application) -> None:
    def answer(event: Received) -> aiohttp.web.Response:
        return aiohttp.web.json_response(
            {"about": event.json()["id"], "are": event.json()["id"] == event.json()["same"]}
        )

    application.answer("message", answer)
    client = await harness.connect(service, "ana", groups=["room"], headers={"X-Test": "1"}, room="lobby")
    for number in (1, 2, 1):
        id_ = f"{number}e9f7bb0-7a5c-4a3e-9f41-5a3f6c7f9a10"
        data = {"id": id_, "same": id_}
        await client.send("event", event="message", dataType="json", data=data)
        assert await client.data() == {"about": id_, "are": True}


async def close_everybody(event: Received) -> aiohttp.web.Response:
    """Answer an event after its service has closed all connections of the hub; its address is in the event."""
    path = f"/api/hubs/{HUB}/:closeConnections?reason=bye"
    token = jwt.encode({"aud": f"{event.json()}{path}", "exp": time.time() + 60}, DEFAULT_ACCESS_KEY, "HS256")
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as http, http.post(f"{event.json()}{path}", headers=headers) as answer:
        assert answer.status == 204
    return aiohttp.web.Response()


async def clients_that_are_closed(harness: Harness, service: Service, application: Application) -> None:
    application.answer("leave", close_everybody)
    client = await harness.connect(service, "ana")
    await client.send("event", event="leave", dataType="json", data=service.endpoint)
    assert (await client.closed())[0] == 1000
    await application.wait_for("disconnected")


async def clients_that_invoke_and_join(harness: Harness, service: Service, application: Application) -> None:
    application.answer("sum", lambda event: aiohttp.web.json_response(sum(event.json())))
    client = await harness.connect(service, "ana", groups=["room"])
    for id_, numbers in (("i-1", [1, 2]), ("i-2", [3, 4])):
        target = {"target": "event", "event": "sum", "dataType": "json", "data": numbers}
        await client.send("invoke", invocationId=id_, **target)
        assert (await client.receive())["invocationId"] == id_
    await client.send("joinGroup", group="other", ackId=1)
    await client.receive()
    await application.wait_for("joined", 2)


STORIES: list[Story] = [
    clients_that_invoke_and_join,
    raw_clients,
    protobuf_clients,
    refused_clients,
    invalid_frames,
    recovered_clients,
    clients_with_ids_and_claims,
    clients_that_are_closed,
]


def handler_of(application: Application) -> EventHandler:
    """Return a handler of the application that is told everything."""
    return replace(application.handler(), group_presence_events=GroupPresenceEvents(("joined", "left")))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_what_clients_do_is_recorded_and_done_again(harness: Harness, tmp_path: Path, story: Story) -> None:
    file = tmp_path / "story.jsonl"
    first = await harness.service()
    application = await harness.application()
    first.set_event_handlers(HUB, [handler_of(application)])
    with record(first, file):
        await story(harness, first, application)
        await wait_for_answers(file)
    second = await harness.service()
    second.set_event_handlers(HUB, [handler_of(application)])

    replayed = await replay(second, file)

    assert replayed.compared > 0
    if story in (clients_that_invoke_and_join, raw_clients):
        third = await harness.service()
        third.set_event_handlers(HUB, [handler_of(application)])
        assert (await replay(third, file, play="events")).compared > 3


async def test_what_happens_to_a_client_that_was_there_before_is_recorded_but_cannot_be_played(
    harness: Harness, tmp_path: Path
) -> None:
    file = tmp_path / "late.jsonl"
    service = await harness.service()
    client = await harness.connect(service, "ana")
    with record(service, file):
        await client.request("joinGroup", 1, group="room")

    assert [(step.kind, step.client) for step in read_recording(file)] == [
        (StepKind.SEND, "earlier"),
        (StepKind.RECEIVE, "earlier"),
    ]
    with pytest.raises(InvalidRecording, match="line 2: earlier did not connect before"):
        await replay(service, file)


# --- secrets, and what cannot be written ------------------------------------------------------


async def test_no_key_token_or_signature_is_in_the_file(harness: Harness, tmp_path: Path) -> None:
    file = tmp_path / "secrets.jsonl"
    settings = Settings(hubs={HUB: HubSettings()}, secondary_access_key="s" * 40, times=FAST)
    service = await harness.service(settings)
    application = await harness.application()
    application.answer(
        "message",
        lambda event: aiohttp.web.json_response({"token": event.headers["ce-signature"], "you": event.json()}),
    )
    service.set_event_handlers(HUB, [application.handler()])
    with record(service, file):
        client = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON, code="the-secret-code")
        url = str(client.ws._response.url)
        secrets = [*settings.access_keys, url.partition("access_token=")[2].partition("&")[0], "the-secret-code"]
        secrets.append(client.connected["reconnectionToken"])
        data = {"url": url, "keys": list(settings.access_keys), "header": f"Bearer {'b' * 40}"}
        await client.send("event", event="message", dataType="json", data=data)
        await client.receive()
        await wait_for_answers(file)
    secrets += [request.headers["ce-signature"] for request in application.received if request.event != "validate"]

    text = "".join(lines_of(file))

    assert len(secrets) > 5
    assert [secret for secret in [*secrets, "b" * 40] if secret in text] == []
    assert "***" in text


async def test_a_file_that_cannot_be_opened_is_said(harness: Harness, tmp_path: Path) -> None:
    service = await harness.service()

    with pytest.raises(RecordingFailed, match="No such file or directory"), record(service, tmp_path / "no" / "file"):
        pytest.fail("nothing can be recorded")

    assert not service.observations.follows_receivers


@needs("/dev/full", is_there=Path("/dev/full").exists())
async def test_a_full_disk_ends_the_recording_and_not_the_service(harness: Harness) -> None:
    full = Path("/dev/full")
    service = await harness.service()

    with pytest.raises(RecordingFailed, match="is not complete: No space left on device"), record(service, full):
        await (await harness.connect(service, "ana")).expect_no_message()


async def test_a_recording_costs_nothing_when_it_has_ended(harness: Harness, tmp_path: Path) -> None:
    service = await harness.service()
    with record(service, tmp_path / "a.jsonl"):
        assert service.observations.follows_receivers

    assert not service.observations.follows_receivers
    await asyncio.gather(*(harness.connect(service, "ana") for _ in range(2)))
    assert len(read_recording(tmp_path / "a.jsonl")) == 0
    assert isinstance(await harness.connect(service, "bo"), Client)
