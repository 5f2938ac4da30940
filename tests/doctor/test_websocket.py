"""The client against a real server, and against servers that end early, say nothing or answer nonsense."""

import asyncio
import time
from functools import partial

import pytest
from aiohttp import WSMsgType, web

from doctor.http import Failure, NoAnswer
from doctor.websocket import ConnectionClosed, ConnectionRefused, WebSocket, accept_handshake, connect
from tests.chat.stub_server import a_server
from tests.doctor.fronts import Serve, a_socket_server, closed_address, dripping

SECONDS = 10.0


async def echo(request: web.Request) -> web.StreamResponse:
    """Send each text back."""
    socket = web.WebSocketResponse(protocols=("chat",), max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
    return socket


async def opened(url: str, **options: float) -> WebSocket:
    call = partial(
        connect, url.replace("http", "ws", 1), subprotocols=("chat",), timeout=options.get("seconds", SECONDS)
    )
    return await asyncio.to_thread(call)


def send_and_receive(socket: WebSocket, text: str) -> str:
    socket.send_text(text, SECONDS)
    return socket.receive_text(SECONDS)


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536, 1_000_000])
async def test_a_text_of_any_length_comes_back_from_a_real_server(length: int) -> None:
    text = "ü" * (length // 2) + "x" * (length % 2)
    async with a_server(echo) as url:
        with await opened(url) as socket:
            back = await asyncio.to_thread(send_and_receive, socket, text)
            await asyncio.to_thread(socket.close)

    assert (socket.subprotocol, back) == ("chat", text)


async def test_a_ping_is_answered_with_its_payload_while_waiting_for_a_text() -> None:
    async def ping_first(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await socket.ping(b"are you there")
        answer = await socket.receive()
        await socket.send_str(f"{answer.type.name} {answer.data.decode()}")
        await socket.receive()
        return socket

    async with a_server(ping_first) as url:
        with await opened(url) as socket:
            assert await asyncio.to_thread(socket.receive_text, SECONDS) == "PONG are you there"
            await asyncio.to_thread(socket.close)


async def test_a_connection_ends_with_a_close_frame_and_no_open_socket() -> None:
    ends: asyncio.Queue[int | None] = asyncio.Queue()

    async def note_end(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        ends.put_nowait(socket.close_code)
        return socket

    async with a_server(note_end) as url:
        socket = await opened(url)
        await asyncio.to_thread(socket.close)
        assert await ends.get() == 1000

        with await opened(url) as left:
            # The end of the block ends the connection; the server answers from this same event loop.
            await asyncio.to_thread(left.__exit__, None, None, None)
        assert await ends.get() == 1000

    assert (socket.sock.fileno(), left.sock.fileno()) == (-1, -1)


async def test_the_end_by_the_server_is_told_with_its_code_and_answered() -> None:
    answers: asyncio.Queue[int | None] = asyncio.Queue()

    async def close_after_a_text(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        await socket.close(code=4001, message=b"go away")  # waits for the client's answer
        answers.put_nowait(socket.close_code)
        return socket

    async with a_server(close_after_a_text) as url:
        with await opened(url) as socket:
            with pytest.raises(ConnectionClosed, match="4001 'go away'") as closed:
                await asyncio.to_thread(send_and_receive, socket, "close")
            with pytest.raises(ConnectionClosed):
                socket.send_text("too late", SECONDS)
        assert await answers.get() == 1000

    assert (closed.value.code, socket.sock.fileno()) == (4001, -1)


async def test_a_refused_handshake_has_its_status() -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=401, text="no")

    async with a_server(refuse) as url:
        with pytest.raises(ConnectionRefused) as refused:
            await opened(url)

    assert refused.value.status == 401


async def test_a_redirect_is_not_followed() -> None:
    asked = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with a_server(redirect) as url:
        with pytest.raises(ConnectionRefused):
            await opened(url + "/here")

    assert asked == ["/here"]


def saying(answer: bytes) -> Serve:
    """Return what answers a handshake with these bytes and ends the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    return serve


NONSENSE = {
    "an end without an answer": b"",
    "half an answer": b"HTTP/1.1 101 Switching",
    "another protocol": b"220 mail.example ESMTP\r\n\r\n",
    "an answer without our key": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    "a head without end": b"x" * 100_000,
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE.keys())
async def test_a_server_that_answers_nonsense_is_no_answer(answer: bytes) -> None:
    async with a_socket_server(saying(answer)) as url:
        with pytest.raises(NoAnswer) as problem:
            await opened(url)

    assert problem.value.failure is Failure.BROKEN


async def test_a_server_that_never_answers_ends_after_the_timeout() -> None:
    async def stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    started = time.monotonic()
    async with a_socket_server(stay) as url:
        with pytest.raises(NoAnswer) as problem:
            await opened(url, seconds=0.2)

    assert problem.value.failure is Failure.TIMEOUT
    assert 0.2 <= time.monotonic() - started < SECONDS


async def test_a_server_that_sends_one_byte_after_the_other_ends_after_the_timeout() -> None:
    async with a_socket_server(dripping()) as url:
        with pytest.raises(NoAnswer) as problem:
            await opened(url, seconds=0.3)

    assert problem.value.failure is Failure.TIMEOUT


async def test_where_nothing_listens_the_connection_is_refused() -> None:
    with pytest.raises(NoAnswer) as problem:
        await opened(closed_address())

    assert problem.value.failure is Failure.REFUSED


async def test_a_text_that_does_not_come_is_no_answer() -> None:
    async with a_server(echo) as url:
        with await opened(url) as socket:
            with pytest.raises(NoAnswer) as problem:
                await asyncio.to_thread(socket.receive_text, 0.1)
            await asyncio.to_thread(socket.close)

    assert problem.value.failure is Failure.TIMEOUT


def test_the_answer_to_a_handshake_is_about_its_key() -> None:
    """The example of RFC 6455, section 1.3."""
    head = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat"
    )

    assert accept_handshake(head, "dGhlIHNhbXBsZSBub25jZQ==") == "chat"
    with pytest.raises(NoAnswer):
        accept_handshake(head, "another")


@pytest.mark.parametrize("url", ["http://chat.example", "chat.example", "ws://", "wss://user:password@chat.example"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        connect(url, timeout=SECONDS)
