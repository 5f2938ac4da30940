"""The tutorial's two clients at socket level: one negotiates and opens a plain WebSocket, one connects directly."""

import pytest
from aiohttp import WSServerHandshakeError

from local_azure.webpubsub import Settings
from local_azure.webpubsub.settings import HubSettings
from tests.chat.local_chat import HUB, Frame, LocalChat, run_chat

ANYONE = Settings(hubs={HUB: HubSettings(anonymous_connect_policy="allow")})


def direct_url(chat: LocalChat, user: str | None) -> str:
    query = f"?id={user}" if user is not None else ""
    return chat.service.endpoint.replace("http", "ws") + f"/client/hubs/{HUB}{query}"


def page_output(frame: Frame) -> str:
    """What the tutorial's page prints; a missing message would read as undefined."""
    return f"[{frame.get('type') or ''}][{frame.get('from') or ''}] {frame['message']}"


async def test_a_negotiated_and_a_direct_plain_client_chat_with_each_other() -> None:
    async with run_chat(service_settings=ANYONE) as chat:
        ana = await chat.open("ana", subprotocol=None)
        bo = await chat.dial(direct_url(chat, "bo"))

        assert page_output(await ana.next(type="system")) == "[system][] bo joined"
        await ana.send("message", "hello")
        assert page_output(await bo.next(sender="ana")) == "[][ana] hello"
        assert page_output(await ana.next()) == "[][ana] hello"
        await bo.send("message", "hi ana")
        assert page_output(await ana.next()) == "[][bo] hi ana"
        await bo.close()
        assert page_output(await ana.next(type="system")) == "[system][] bo left"


async def test_a_plain_client_is_never_sent_what_only_rich_clients_understand() -> None:
    async with run_chat(service_settings=ANYONE) as chat:
        plain = await chat.dial(direct_url(chat, "plain"))
        rich = await chat.open("rich")
        await rich.ask("message", {"message": "teh", "clientId": "m-1"})
        line = await rich.next(sender="rich")
        await rich.ask("typing", {"room": "lobby"})
        await rich.ask("edit", {"room": "lobby", "id": line["id"], "message": "the"})
        await rich.ask("react", {"room": "lobby", "id": line["id"], "emoji": "👍", "on": True})
        await rich.ask("delete", {"room": "lobby", "id": line["id"]})
        await rich.ask("join", {"room": "design"})
        await rich.ask("message", {"room": "design", "message": "elsewhere"})
        await rich.ask("message", {"room": "lobby", "message": "last"})
        await plain.next(message="last")

        assert sorted(map(page_output, plain.frames)) == ["[][rich] teh", "[system][] rich joined"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("", "message_empty"),
        ("x" * 4097, "message_too_long"),
        ("x" * 900_000, "message_too_long"),
        ("a\0b", "invalid_message"),
        ("/join design", "rich_client_needed"),
        ("/nonsense", "unknown_command"),
    ],
)
async def test_a_refused_event_of_a_plain_client_is_answered_and_its_connection_stays(
    chat: LocalChat, sent: str, code: str
) -> None:
    plain = await chat.open("ana", subprotocol=None)

    await plain.send("message", sent)

    refusal = await plain.next(type="system", event="error")
    assert refusal["code"] == code
    assert refusal["message"]
    await plain.send("message", "still here")
    assert (await plain.next(sender="ana"))["message"] == "still here"


async def test_a_binary_message_of_a_plain_client_is_refused_with_a_text(chat: LocalChat) -> None:
    plain = await chat.open("ana", subprotocol=None)

    await plain.socket.send_bytes(b"\x00\x01")

    assert (await plain.next(event="error"))["code"] == "binary_not_supported"
    await plain.send("message", "still here")
    await plain.next(sender="ana")


async def test_a_command_of_a_plain_client_is_answered_to_it_alone(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana", subprotocol=None), await chat.open("bo", subprotocol=None)

    await ana.send("message", "/help")

    assert "/remind" in (await ana.next(type="system", event="notice"))["message"]
    await ana.send("message", "//not a command")
    assert (await bo.next(sender="ana"))["message"] == "/not a command"
    assert [frame for frame in bo.frames if frame.get("event") != "joined"] == []


@pytest.mark.parametrize(("user", "status"), [(None, 401), ("", 401), ("x" * 65, 400), ("system", 400)])
async def test_a_direct_client_must_name_its_user(user: str | None, status: int) -> None:
    async with run_chat(service_settings=ANYONE) as chat:
        with pytest.raises(WSServerHandshakeError) as refusal:
            await chat.dial(direct_url(chat, user))

        assert refusal.value.status == status


async def test_under_easyauth_a_direct_client_is_refused() -> None:
    async with run_chat(service_settings=ANYONE, ChatAuth="easyauth") as chat:
        with pytest.raises(WSServerHandshakeError) as refusal:
            await chat.dial(direct_url(chat, "ana"))

        assert refusal.value.status == 401


async def test_without_a_setting_for_who_may_connect_nobody_may() -> None:
    async with run_chat(service_settings=ANYONE, ChatAuth="") as chat:
        with pytest.raises(WSServerHandshakeError) as refusal:
            await chat.dial(direct_url(chat, "ana"))

        assert refusal.value.status == 503
        assert "ChatAuth" in str(await chat.get("/negotiate?id=ana", status=503))


async def test_a_client_that_offers_only_unknown_subprotocols_is_refused(chat: LocalChat) -> None:
    url = (await chat.get("/negotiate?id=ana"))["url"]

    with pytest.raises(WSServerHandshakeError) as refusal:
        await chat.dial(url, subprotocol="chat.example.v7")

    assert refusal.value.status == 400


@pytest.mark.parametrize("subprotocol", ["json.webpubsub.azure.v1", "json.reliable.webpubsub.azure.v1"])
async def test_both_json_subprotocols_reach_the_same_handlers(chat: LocalChat, subprotocol: str) -> None:
    rich, plain = await chat.open("rich", subprotocol=subprotocol), await chat.open("plain", subprotocol=None)

    await rich.ask("message", "as text")
    await rich.ask("message", {"message": "as json"})

    assert (await plain.next(sender="rich"))["message"] == "as text"
    assert (await plain.next(sender="rich"))["message"] == "as json"
    await plain.send("message", "back")
    assert (await rich.next(sender="plain"))["message"] == "back"
