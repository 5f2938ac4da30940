"""Publishing by hand: the token, the address, the body, and what is tried again."""

import asyncio
import json
import time
from collections.abc import Callable

import jwt
import pytest
from aiohttp import ClientSession, web

from chat.correlation import REQUEST_ID
from chat.entra_tokens import EntraTokens, app_credential
from chat.errors import ServiceUnavailable
from chat.gateway import SCOPE, Gateways
from chat.publishing import (
    TOKEN_SECONDS,
    TOKEN_STEP_SECONDS,
    Publisher,
    authorize_with_key,
    encode_frame,
    sign_token,
)
from chat.settings import Settings
from local_azure import webpubsub
from tests.chat.identity_endpoint import serve_identity
from tests.chat.stub_server import Answer, a_server, cut

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
URL = "http://localhost/api/hubs/chat/groups/room.lobby/:send"


def test_a_token_is_one_that_others_can_read() -> None:
    assert jwt.decode(sign_token(URL, KEY, 2_000_000_000), KEY, ["HS256"], audience=URL) == {
        "aud": URL,
        "exp": 2_000_000_000,
    }


@pytest.mark.parametrize("frame", [{"text": "o'é😀\n"}, {"n": [1, 2.5, None, True]}, {"text": "half \ud83d of one"}])
def test_a_frame_is_read_as_it_was(frame: dict[str, object]) -> None:
    assert json.loads(encode_frame(frame)) == frame


def test_text_is_sent_as_itself_because_the_service_counts_bytes() -> None:
    assert encode_frame({"text": "é"}) == '{"text":"é"}'.encode()


@pytest.mark.parametrize("group", ["room.lobby", "room.é 😀", "a?c#d%20+&", "room.:send", "x" * 200])
async def test_any_group_can_be_sent_to(group: str) -> None:
    async with webpubsub.serve() as service, ClientSession() as http:
        settings = Settings({"WebPubSubConnectionString": service.connection_string, "WebPubSubHub": "Chat_1"})
        gateway = await Gateways().get(settings)
        async with http.ws_connect(await gateway.client_url("ana", [group], minutes=1)) as socket:
            await Publisher(service.endpoint, "Chat_1", authorize_with_key(KEY)).publish(group, {"text": "hé"}, None, 5)
            assert await socket.receive_json() == {"text": "hé"}


async def test_the_request_is_what_the_service_documents() -> None:
    seen: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        seen.append(request)
        return web.Response(status=202)

    async with a_server(answer) as address:
        publisher = Publisher(address, "chat", authorize_with_key(KEY))
        await publisher.publish("room.a b", {}, "it's+1", 5)
        await publisher.publish("room.a b", {}, None, 5)

    first, second = seen
    path = "/api/hubs/chat/groups/room.a%20b/:send"
    assert first.raw_path == f"{path}?api-version=2024-12-01&excluded=it%27s%2B1"
    assert second.raw_path == f"{path}?api-version=2024-12-01"
    assert first.headers["Content-Type"] == "application/json"
    claims = jwt.decode(first.headers["Authorization"].removeprefix("Bearer "), KEY, ["HS256"], audience=address + path)
    assert TOKEN_SECONDS <= claims["exp"] - time.time() <= TOKEN_SECONDS + TOKEN_STEP_SECONDS


def failing(failures: list[Callable[[web.Request], web.Response]], calls: list[web.Request]) -> Answer:
    """Answer the first calls so, and take the message of the next."""

    async def answer(request: web.Request) -> web.Response:
        calls.append(request)
        return failures[len(calls) - 1](request) if len(calls) <= len(failures) else web.Response(status=202)

    return answer


@pytest.mark.parametrize(
    "failure",
    [lambda _: web.Response(status=429), lambda _: web.Response(status=500), lambda _: web.Response(status=503), cut],
)
async def test_what_fails_is_tried_twice_more_as_the_same_request(
    failure: Callable[[web.Request], web.Response],
) -> None:
    calls: list[web.Request] = []

    async with a_server(failing([failure] * 2, calls)) as address:
        await Publisher(address, "chat", authorize_with_key(KEY)).publish("room.lobby", {}, None, 5)

    assert len(calls) == 3
    assert len({call.headers[REQUEST_ID] for call in calls}) == 1


@pytest.mark.parametrize(
    ("status", "tries"), [(500, 3), (429, 3), (401, 1), (400, 1), (404, 1), (413, 1), (200, 1), (302, 1)]
)
async def test_what_is_not_taken_in_the_end_is_an_error(status: int, tries: int) -> None:
    calls: list[web.Request] = []

    async with a_server(failing([lambda _: web.Response(status=status)] * 5, calls)) as address:
        with pytest.raises(ServiceUnavailable, match=f"did not take the message: {status}"):
            await Publisher(address, "chat", authorize_with_key(KEY)).publish("room.lobby", {}, None, 5)

    assert len(calls) == tries


async def test_a_connection_that_is_always_lost_is_an_error_after_three_tries() -> None:
    calls: list[web.Request] = []

    async with a_server(failing([cut] * 5, calls)) as address:
        with pytest.raises(ServiceUnavailable, match="did not take the message"):
            await Publisher(address, "chat", authorize_with_key(KEY)).publish("room.lobby", {}, None, 5)

    assert len(calls) == 3


async def test_all_tries_end_with_the_limit_of_the_call() -> None:
    loop = asyncio.get_running_loop()
    calls: list[web.Request] = []

    def busy(_: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "9"})

    async with a_server(failing([busy] * 3, calls)) as address:
        started = loop.time()
        with pytest.raises(ServiceUnavailable, match="429"):
            await Publisher(address, "chat", authorize_with_key(KEY)).publish("room.lobby", {}, None, 2)

    assert loop.time() - started < 2
    assert len(calls) == 1


async def test_an_identity_sends_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[web.Request] = []

    async with serve_identity(monkeypatch) as identity, a_server(failing([], calls)) as address:
        tokens = EntraTokens(SCOPE, lambda: app_credential("client", is_managed=False))
        publisher = Publisher(address, "chat", lambda _, seconds: tokens.get(seconds))
        for _ in range(2):
            await publisher.publish("room.lobby", {}, None, 5)
        identity.status = 400

    assert [call.headers["Authorization"] for call in calls] == ["Bearer token-1"] * 2
    assert [asked["resource"] for asked in identity.asked] == ["https://webpubsub.azure.com"]


async def test_without_a_token_of_the_identity_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[web.Request] = []

    async with serve_identity(monkeypatch) as identity, a_server(failing([], calls)) as address:
        identity.status = 400
        tokens = EntraTokens(SCOPE, lambda: app_credential("client", is_managed=True))
        with pytest.raises(ServiceUnavailable, match="did not take the message"):
            await Publisher(address, "chat", lambda _, seconds: tokens.get(seconds)).publish("r", {}, None, 5)

    assert calls == []
