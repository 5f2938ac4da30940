"""Connections of our own: used again, given up in time, never used after what may not be over."""

import asyncio
import contextlib
import socket
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from socket import create_server
from urllib.parse import urlsplit

import pytest

from chat import http_connections
from chat.http_connections import CallFailed, Connections
from chat.http_messages import HttpAnswer, encode_request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def a_service(
    serve: Serve, encryption: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Connections, list[int]]]:
    """Serve each connection so; yield a client, and a list that grows by the number of each accepted connection."""
    accepted: list[int] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.append(len(accepted) + 1)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=encryption)
    scheme, host = ("https", "localhost") if encryption else ("http", "127.0.0.1")
    client = Connections(urlsplit(f"{scheme}://{host}:{server.sockets[0].getsockname()[1]}"))
    async with server:  # since Python 3.12 its end waits for that of all connections
        try:
            yield client, accepted
        finally:
            await client.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Return the head of the next request, after its body of as many bytes as its path says was read."""
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.split(b" ")[1][1:] or 0))
    return head


async def answer_always(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await read_request(reader)
        writer.write(OK)


async def never_answer(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def send(client: Connections, body: bytes = b"", seconds: float = 5.0) -> HttpAnswer:
    return await client.call(encode_request("POST", f"/{len(body)}", "host", {}, body), seconds)


async def test_one_connection_carries_one_call_after_the_other() -> None:
    async with a_service(answer_always) as (client, accepted):
        assert [(await send(client)).body for _ in range(3)] == [b"ok"] * 3

    assert accepted == [1]


async def test_calls_at_the_same_time_have_a_connection_each() -> None:
    async with a_service(answer_always) as (client, accepted):
        await asyncio.gather(*(send(client, b"x" * 100_000) for _ in range(5)))
        await asyncio.gather(*(send(client) for _ in range(5)))

    assert len(accepted) == 5


async def test_more_calls_than_connections_wait_for_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "MAX_CONNECTIONS", 2)
    async with a_service(answer_always) as (client, accepted):
        answers = await asyncio.gather(*(send(client) for _ in range(10)))

    assert len(answers) == 10
    assert accepted == [1, 2]


async def test_a_call_that_finds_no_free_connection_in_time_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "MAX_CONNECTIONS", 1)
    async with a_service(never_answer) as (client, _):
        first = asyncio.create_task(send(client))
        await asyncio.sleep(0)
        with pytest.raises(CallFailed, match="all 1 connections are busy") as failure:
            await send(client, seconds=0.05)
        first.cancel()

    assert not failure.value.was_sent


async def test_a_connection_that_the_service_closed_after_an_answer_is_not_used_again() -> None:
    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)

    async with a_service(answer_once) as (client, accepted):
        for _ in range(3):
            await send(client)
            (connection,) = client._idle
            while not connection.is_closing:  # noqa: ASYNC110 (its end is no event that a test can wait for)
                await asyncio.sleep(0)

    assert accepted == [1, 2, 3]


async def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_service(answer_always) as (client, accepted):
        await asyncio.gather(send(client, b"x" * 100_000), send(client, b"x" * 100_000))
        monkeypatch.setattr(http_connections, "KEEP_ALIVE_SECONDS", -1.0)
        await send(client)

        assert accepted == [1, 2, 3]
        assert len(client._open) == 1


async def test_a_connection_is_not_used_again_after_data_that_nobody_asked_for() -> None:
    async def answer_twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await writer.drain()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen")
        await reader.read()

    async with a_service(answer_twice) as (client, accepted):
        assert [(await send(client)).body for _ in range(5)] == [b"ok"] * 5

    assert len(accepted) == 5


async def test_an_idle_connection_is_closed_when_data_come_on_it() -> None:
    was_answered = asyncio.Event()

    async def answer_and_go_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await was_answered.wait()
        writer.write(OK)
        await reader.read()

    async with a_service(answer_and_go_on) as (client, _):
        await send(client)
        was_answered.set()
        async with asyncio.timeout(5):
            while client._open:  # noqa: ASYNC110 (its end is no event that a test can wait for)
                await asyncio.sleep(0)


async def test_a_request_whose_connection_the_service_had_reset_is_sent_on_another() -> None:
    """The system knows of the reset, but the event loop has not seen it: the write fails at once."""
    loop = asyncio.get_running_loop()
    with create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        client = Connections(urlsplit(f"http://127.0.0.1:{listener.getsockname()[1]}"))

        async def accept_and_answer() -> socket.socket:
            accepted, _ = await loop.sock_accept(listener)
            await loop.sock_recv(accepted, 65536)
            await loop.sock_sendall(accepted, OK)
            return accepted

        first, _ = await asyncio.gather(accept_and_answer(), send(client))
        second = asyncio.create_task(accept_and_answer())
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        first.close()

        assert (await send(client)).body == b"ok"
        (await second).close()
        await client.close()


async def test_a_call_that_is_not_answered_in_time_may_have_been_carried_out() -> None:
    async with a_service(never_answer) as (client, accepted):
        with pytest.raises(CallFailed, match="no answer in time") as failure:
            await send(client, seconds=0.05)

        assert failure.value.was_sent
        assert not client._idle
        with pytest.raises(CallFailed):
            await send(client, seconds=0.05)
        assert accepted == [1, 2]


async def test_the_connection_of_a_cancelled_call_is_closed() -> None:
    closed = asyncio.Event()

    async def wait_for_end(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await read_request(reader)
        received.set()
        await reader.read()
        closed.set()

    received = asyncio.Event()
    async with a_service(wait_for_end) as (client, _):
        call = asyncio.create_task(send(client))
        await received.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(closed.wait(), 5)

        assert not client._idle


@pytest.mark.parametrize(
    ("received", "problem"),
    [
        (b"", "the connection was lost"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhalf", "the connection was lost"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "the answer is not valid"),
    ],
)
async def test_a_call_without_a_whole_answer_may_have_been_carried_out(received: bytes, problem: str) -> None:
    async def answer_badly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(received)

    async with a_service(answer_badly) as (client, accepted):
        with pytest.raises(CallFailed, match=problem) as failure:
            await send(client)

    assert failure.value.was_sent
    assert accepted == [1]


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    async def answer_and_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nto the end")

    async with a_service(answer_and_end) as (client, accepted):
        assert [(await send(client)).body for _ in range(2)] == [b"to the end"] * 2

    assert accepted == [1, 2]


async def test_what_is_left_of_a_request_is_not_sent_after_an_early_answer() -> None:
    is_over = asyncio.Event()

    async def refuse_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await is_over.wait()

    async with a_service(refuse_early) as (client, accepted):
        statuses = [(await send(client, b"x" * 20_000_000)).status for _ in range(2)]
        is_over.set()

    assert (statuses, accepted) == ([413, 413], [1, 2])


async def test_calls_under_way_fail_when_the_client_is_closed() -> None:
    received = asyncio.Event()

    async def wait_for_end(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await read_request(reader)
        received.set()
        await reader.read()

    async with a_service(wait_for_end) as (client, _):
        call = asyncio.create_task(send(client))
        await received.wait()
        await client.close()
        with pytest.raises(CallFailed, match="connection was lost"):
            await call


@pytest.mark.parametrize("host", ["nobody.invalid", "127.0.0.1:9", "x" * 64 + ".invalid"])
async def test_a_service_that_cannot_be_reached_was_sent_nothing(host: str) -> None:
    with pytest.raises(CallFailed, match="cannot be reached") as failure:
        await send(Connections(urlsplit(f"http://{host}")))

    assert not failure.value.was_sent


def certificate(folder: Path) -> Path:
    """Make a key and a certificate for `localhost`, which nobody else has signed; return their file."""
    file = folder / "localhost.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-keyout", file, "-out", folder / "c.pem"], check=True, capture_output=True)
    file.write_text(file.read_text() + (folder / "c.pem").read_text())
    return file


async def test_an_encrypted_connection_carries_calls_when_the_certificate_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(file)
    async with a_service(answer_always, server) as (client, accepted):
        with pytest.raises(CallFailed, match="cannot be reached") as failure:
            await send(client)
        assert "CERTIFICATE_VERIFY_FAILED" in repr(failure.value)
        assert not failure.value.was_sent

        trusting = ssl.create_default_context(cafile=file)
        monkeypatch.setattr(http_connections, "_encryption", lambda: trusting)
        assert [(await send(client, b"x" * 100_000)).body for _ in range(3)] == [b"ok"] * 3

    assert accepted == [1]
