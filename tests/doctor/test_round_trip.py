"""A message that goes round the real chat, and each hop that can fail, made to fail by real means."""

import asyncio
import json
from functools import partial
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from doctor.findings import Finding
from doctor.round_trip import CODES, HOPS, check_round_trip
from doctor.symptoms import Symptom
from local_azure import functions
from tests.chat.local_chat import HUB, ROOT, LocalChat, until
from tests.chat.stub_server import a_server
from tests.doctor.fronts import a_front, closed_address, verdicts

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHECKS = [f"round_trip.{hop}" for hop in HOPS]


async def go_round(url: str, *, seconds: float = 20.0) -> list[Finding]:
    return await asyncio.to_thread(partial(check_round_trip, url, timeout=seconds))


def failing_at(hop: str, verdict: str = "wrong") -> dict[str, str]:
    """Return the verdicts where the hops before one are ok, and those after it were not reached."""
    position = HOPS.index(hop)
    return (
        dict.fromkeys(CHECKS[:position], "ok")
        | {CHECKS[position]: verdict}
        | dict.fromkeys(CHECKS[position + 1 :], "cannot tell")
    )


async def test_a_message_goes_round_and_each_hop_has_its_time(chat: LocalChat) -> None:
    findings = await go_round(chat.url)

    assert verdicts(findings) == dict.fromkeys(CHECKS, "ok")
    times = [finding.milliseconds for finding in findings]
    assert all(time is not None and 0 < time < 20_000 for time in times)
    assert HUB in findings[0].seen


async def test_nothing_of_a_round_is_in_a_list_and_its_message_is_deleted(chat: LocalChat) -> None:
    reader = await chat.open("reader")
    await reader.send("message", {"room": "lobby", "message": "a text of somebody"})

    findings = await go_round(chat.url)

    assert "a text of somebody" not in str(findings)
    room = findings[2].seen.removeprefix("joined ")
    await reader.send("join", {"room": room})
    joined = await reader.next(type="joined", room=room)
    assert [(line["message"], "deletedAt" in line) for line in joined["messages"]] == [("", True)]
    await until(lambda: is_alone(chat, "lobby"))
    assert room not in json.dumps(await chat.get("/rooms"))


async def is_alone(chat: LocalChat, room: str) -> bool:
    return [user for user in await chat.roster(room) if user.startswith("doctor")] == []


async def test_a_hub_without_a_handler_is_found_when_the_room_is_joined(chat: LocalChat) -> None:
    chat.service.set_event_handlers(HUB, [])
    try:
        findings = await go_round(chat.url)
    finally:
        chat.deliver("connect", "connected", "disconnected")

    assert verdicts(findings) == failing_at("join")
    assert (findings[2].symptom, "no handler" in findings[2].fix) == (Symptom.NO_EVENT_COMES, True)


async def test_a_handler_of_user_events_that_fails_is_found_when_the_room_is_joined(chat: LocalChat) -> None:
    async def fail(request: web.Request) -> web.Response | None:
        return web.Response(status=500) if request.path == "/eventhandler/join" else None

    async with a_front(chat.url, fail) as webhook:
        chat.deliver("connect", "connected", "disconnected", url=webhook)
        try:
            findings = await go_round(chat.url)
        finally:
            chat.deliver("connect", "connected", "disconnected")

    assert verdicts(findings) == failing_at("join")


async def test_a_webhook_that_the_service_cannot_use_is_found_when_connecting(chat: LocalChat) -> None:
    chat.deliver("connect", "connected", "disconnected", url=closed_address())
    try:
        findings = await go_round(chat.url)
    finally:
        chat.deliver("connect", "connected", "disconnected")

    assert verdicts(findings) == failing_at("connect")
    assert (findings[1].symptom, "webhook.validation" in findings[1].fix) == (Symptom.EVENTS_FAIL, True)


async def test_an_app_that_signs_tokens_with_another_key_is_found_when_connecting(chat: LocalChat) -> None:
    endpoint = chat.service.connection_string.partition(";")[0]
    settings = dict(chat.settings) | {"WebPubSubConnectionString": f"{endpoint};AccessKey={'a' * 44};Version=1.0;"}
    async with functions.serve(ROOT, settings=settings) as host:
        findings = await go_round(host.url)

    assert verdicts(findings) == failing_at("connect")
    assert findings[1].symptom == Symptom.REST_REFUSED


async def test_a_service_that_refuses_the_app_is_found_when_a_message_is_published(chat: LocalChat) -> None:
    chat.service.faults.add("fail rest 403 operation=sendToGroup for=60s")
    try:
        findings = await go_round(chat.url)
    finally:
        chat.service.faults.clear()

    assert verdicts(findings) == failing_at("send")
    assert (findings[3].symptom, "service_unavailable" in findings[3].seen) == (Symptom.REST_REFUSED, True)


async def test_where_people_sign_in_nothing_can_be_told(chat: LocalChat) -> None:
    async with functions.serve(ROOT, settings=dict(chat.settings) | {"ChatAuth": "easyauth"}) as host:
        signed_in = await go_round(host.url)

    async def sign_in(request: web.Request) -> web.Response | None:
        return web.Response(status=302, headers={"Location": "https://login.example/authorize?state=s3cret"})

    async with a_front(chat.url, sign_in) as url:
        walled = await go_round(url)

    assert verdicts(signed_in) == verdicts(walled) == dict.fromkeys(CHECKS, "cannot tell")
    assert "ChatAuth=easyauth" in signed_in[0].seen
    assert "s3cret" not in str(walled)


async def test_an_app_where_nobody_may_connect_is_found(chat: LocalChat) -> None:
    async with functions.serve(ROOT, settings=dict(chat.settings) | {"ChatAuth": " "}) as host:
        findings = await go_round(host.url)

    assert verdicts(findings) == failing_at("negotiate")
    assert (findings[0].symptom, "ChatAuth" in findings[0].fix) == (Symptom.SETTING, True)


@pytest.mark.parametrize(
    ("status", "symptom"), [(404, Symptom.EVERY_ADDRESS_404), (500, Symptom.EVENTS_FAIL), (503, Symptom.EVENTS_FAIL)]
)
async def test_an_address_that_does_not_lead_to_the_app_is_found(status: int, symptom: Symptom) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status)

    async with a_server(answer) as url:
        findings = await go_round(url)

    assert verdicts(findings) == failing_at("negotiate")
    assert findings[0].symptom == symptom


async def test_an_address_where_nothing_listens_is_found() -> None:
    findings = await go_round(closed_address())

    assert verdicts(findings) == failing_at("negotiate")


async def test_a_service_that_cannot_be_reached_from_here_is_found(chat: LocalChat) -> None:
    closed = closed_address().replace("http", "ws")

    async def elsewhere(request: web.Request) -> web.Response | None:
        if request.path != "/negotiate":
            return None
        return web.json_response({"url": f"{closed}/client/hubs/{HUB}?access_token=s3cret", "user": "doctor"})

    async with a_front(chat.url, elsewhere) as url:
        findings = await go_round(url)

    assert verdicts(findings) == failing_at("connect")
    assert findings[1].symptom == Symptom.CONNECTIONS_REFUSED
    assert "s3cret" not in str(findings)


# A service that answers as a test says, for what the local one does not do: it is sent events, and a test answers them.
LINE = {"id": "m1", "from": "doctor", "message": "", "sentAt": "2026-01-31T12:00:00.000Z", "seq": 1}
Event = dict[str, Any]


class AScriptedService:
    """Connects everybody and answers events as a chat does; `answers` has others for some: frames, or a code to close.

    An event whose answer is None is neither answered nor acknowledged.
    """

    def __init__(self, **answers: list[Event] | int | None) -> None:
        self.answers = answers
        self.events: list[Event] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/session":
            return web.json_response({"auth": "open"})
        if request.path == "/negotiate":
            return web.json_response({"url": f"ws://{request.host}/client/hubs/{HUB}"})
        socket = web.WebSocketResponse(protocols=("json.webpubsub.azure.v1",))
        await socket.prepare(request)
        await socket.send_json({"type": "system", "event": "connected", "connectionId": "c1"})
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self.answer_event(socket, message.json())
        return socket

    async def answer_event(self, socket: web.WebSocketResponse, event: Event) -> None:
        self.events.append(event)
        data = event["data"]
        line = LINE | {"room": data["room"]}
        known: dict[str, list[Event]] = {
            "join": [{"type": "joined", "clientId": data["clientId"]}],
            "message": [line],
            "history": [{"type": "history", "clientId": data["clientId"], "messages": [line]}],
        }
        answers = self.answers.get(event["event"], known.get(event["event"], []))
        if isinstance(answers, int):
            await socket.close(code=answers)
            return
        if answers is None:
            return
        for frame in answers:
            await socket.send_json(
                {"type": "message", "from": "server", "data": frame | {"clientId": data["clientId"]}}
            )
        await socket.send_json({"type": "ack", "ackId": event["ackId"], "success": True})


async def go_round_scripted(service: AScriptedService, *, seconds: float = 20.0) -> list[Finding]:
    async with a_server(service.answer) as url:
        return await go_round(url, seconds=seconds)


@pytest.mark.parametrize(
    ("status", "symptom"),
    [
        (401, Symptom.REST_REFUSED),
        (403, Symptom.CONNECTIONS_REFUSED),
        (404, Symptom.CONNECTIONS_REFUSED),
        (429, Symptom.CONNECTIONS_REFUSED),
        (500, Symptom.EVENTS_FAIL),
    ],
)
async def test_what_a_refused_handshake_means_is_said_by_its_status(status: int, symptom: Symptom) -> None:
    service = AScriptedService()

    async def refuse(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status) if "Upgrade" in request.headers else await service.answer(request)

    async with a_server(refuse) as url:
        findings = await go_round(url)

    assert verdicts(findings) == failing_at("connect")
    assert (findings[1].symptom, f": {status}" in findings[1].seen) == (symptom, True)


@pytest.mark.parametrize(
    ("code", "status", "verdict", "symptom"),
    [
        ("not_configured", 503, "wrong", Symptom.SETTING),
        ("service_unavailable", 503, "wrong", Symptom.REST_REFUSED),
        ("too_many_connections", 429, "cannot tell", ""),
    ],
)
async def test_what_the_app_says_instead_of_where_to_connect_is_shown(
    code: str, status: int, verdict: str, symptom: str
) -> None:
    async def refuse(request: web.Request) -> web.Response:
        if request.path == "/session":
            return web.json_response({"auth": "open"})
        return web.json_response({"error": {"code": code, "message": "not now"}}, status=status)

    async with a_server(refuse) as url:
        findings = await go_round(url)

    assert verdicts(findings) == failing_at("negotiate", verdict)
    assert (findings[0].symptom, code in findings[0].seen) == (symptom, True)


async def test_a_connection_that_is_closed_at_the_first_message_is_found() -> None:
    findings = await go_round_scripted(AScriptedService(message=1011))

    assert verdicts(findings) == failing_at("send")
    assert (findings[3].symptom, "1011" in findings[3].seen) == (Symptom.CLOSED_AT_FIRST_MESSAGE, True)


async def test_an_event_that_nobody_answers_is_found_when_the_time_is_over() -> None:
    findings = await go_round_scripted(AScriptedService(join=None), seconds=1.0)

    assert verdicts(findings) == failing_at("join")
    assert "no answer in time" in findings[2].seen


async def test_a_message_that_does_not_come_back_is_found_and_its_room_left() -> None:
    service = AScriptedService(message=[])

    findings = await go_round_scripted(service, seconds=1.0)

    assert verdicts(findings) == failing_at("receive")
    assert [event["event"] for event in service.events] == ["join", "message", "leave"]


async def test_a_history_without_the_message_is_found_and_the_message_deleted() -> None:
    service = AScriptedService(history=[{"type": "history", "messages": [LINE | {"id": "m0"}]}])

    findings = await go_round_scripted(service)

    assert verdicts(findings) == failing_at("history")
    assert findings[5].symptom == Symptom.STORAGE
    assert [event["event"] for event in service.events] == ["join", "message", "history", "delete", "leave"]
    assert service.events[3]["data"]["id"] == "m1"


@pytest.mark.parametrize("code", CODES)
async def test_a_refusal_that_is_about_the_app_names_what_is_wrong(code: str) -> None:
    """Storage that fails takes the app five seconds to say: it tries again."""
    refusal = {"type": "system", "event": "error", "code": code, "message": "not now"}

    findings = await go_round_scripted(AScriptedService(message=[refusal]))

    assert verdicts(findings) == failing_at("send")
    assert findings[3].symptom == CODES[code][0]


async def test_a_refusal_that_is_about_the_message_says_nothing_of_the_app() -> None:
    refusal = {"type": "system", "event": "error", "code": "message_refused", "message": "not in this house"}

    findings = await go_round_scripted(AScriptedService(message=[refusal]))

    assert verdicts(findings) == failing_at("send", "cannot tell")
    assert "message_refused" in findings[3].seen


async def test_what_cannot_be_tidied_up_is_said() -> None:
    findings = await go_round_scripted(AScriptedService(delete=1001))

    assert verdicts(findings) == dict.fromkeys(CHECKS, "ok")
    assert "not tidied up" in findings[5].seen
