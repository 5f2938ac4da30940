"""Requests that no client of ours makes, sent to the running host byte for byte: none is a 5xx."""

import asyncio
import base64

import pytest

from tests.chat.conftest import event_headers, in_module_loop
from tests.chat.local_chat import LocalChat, run_chat
from tests.local_azure.functions.apps import Answer, send

NAME_LIMIT = 255
"""The longest name of a file on the usual file systems, in bytes."""
NESTED = base64.urlsafe_b64encode(b'{"alg":' * 800).decode()


async def request(chat: LocalChat, method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Answer:
    return await asyncio.to_thread(send, chat.url, method, target, headers, body)


@pytest.mark.parametrize(
    "path",
    [
        "/" + "x" * (NAME_LIMIT - 2) + ".js",
        "/" + "x" * 4000 + ".js",
        "/" + "/".join(["x" * 200] * 25) + ".js",
        "/%c3%bf" * 100 + ".js",
        "/%ff.js",
        "//[/x.js",
    ],
)
@in_module_loop
async def test_a_path_that_no_file_can_have_is_not_found(shared_chat: LocalChat, path: str) -> None:
    assert (await request(shared_chat, "GET", path)).status == 404


@pytest.mark.parametrize("host", ["[", "[::1", "]", "[x]", "a b", "a/b", "a@b", "a:b", "a:1:2", "\xff", "a?id=bo"])
@in_module_loop
async def test_a_host_that_cannot_be_one_is_refused_on_every_path(shared_chat: LocalChat, host: str) -> None:
    for path in ("/negotiate?id=ana", "/", "/rooms", "/session", "/admin/host/status", "/eventhandler"):
        assert (await request(shared_chat, "GET", path, ("Host", host))).status == 400, path


@pytest.mark.parametrize("host", ["", "localhost", "chat.example:7071", "127.0.0.1:80", "[::1]:7071", "[::1]"])
@in_module_loop
async def test_a_host_that_can_be_one_is_served(shared_chat: LocalChat, host: str) -> None:
    assert (await request(shared_chat, "GET", "/negotiate?id=ana", ("Host", host))).status == 200


@pytest.mark.parametrize(
    "token", ["\xff", "\xff.\xff.\xff", "a.b.c\xff", "\xc3\xa9.e30.x", "x" * 8000, "e30.e30.e30", f"{NESTED}.e30.x"]
)
async def test_a_bearer_that_is_no_token_is_not_trusted(token: str) -> None:
    async with run_chat(
        ChatWebhookTrust="identity",
        ChatWebhookAuthority="http://127.0.0.1:9",
        ChatWebhookTenant="tenant",
        ChatWebhookAudience="audience",
        ChatWebhookIdentity="identity",
    ) as chat:
        headers = (*event_headers("sys", "connect").items(), ("Authorization", f"Bearer {token}"))
        answer = await request(chat, "POST", "/eventhandler", *headers, body=b"{}")

    assert (answer.status, answer.json()["error"]["code"]) == (401, "untrusted_event")


@pytest.mark.parametrize(
    "target",
    [
        "/rooms?limit=%C2%B2",
        "/rooms?limit=%D9%A3",
        "/rooms?limit=" + "9" * 5000,
        "/rooms/%ED%A0%80",
        "/negotiate?id=%ED%A0%80",
        "/runtime/webhooks/durabletask/instances?top=%C2%B2",
        "/runtime/webhooks/durabletask/instances?top=" + "9" * 5000,
        "/runtime/webhooks/durabletask/instances?createdTimeFrom=%C2%B2",
    ],
)
@in_module_loop
async def test_a_parameter_of_other_digits_or_broken_bytes_is_refused(shared_chat: LocalChat, target: str) -> None:
    assert (await request(shared_chat, "GET", target)).status == 400


@pytest.mark.parametrize("path", ["/negotiate", "/runtime/webhooks/durabletask/orchestrators/reminder"])
@in_module_loop
async def test_a_body_nested_too_deeply_is_refused(shared_chat: LocalChat, path: str) -> None:
    assert (await request(shared_chat, "POST", path, body=b"[" * 4000)).status == 400
    assert (await request(shared_chat, "POST", path, body=b'{"a":' * 800)).status == 400


@pytest.mark.parametrize("time", ["10\u017f", "10\u017fec", "at 17:30\u017f", "¹m"])
@in_module_loop
async def test_a_letter_or_digit_that_only_looks_like_one_is_no_duration(shared_chat: LocalChat, time: str) -> None:
    ana = await shared_chat.open("ana")

    await ana.send("message", f"/remind {time} tea")

    assert (await ana.next(type="system", event="error"))["code"] == "invalid_reminder"
