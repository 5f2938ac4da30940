"""What is written to a handler's connection, and which responses are understood."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.http import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from local_azure.webpubsub.event_handlers.http_exchange import HttpExchange, ResponseTooLong
from tests.local_azure.webpubsub.harness import until

LIMIT = 1000
DONE = b"HTTP/1.1 204 No Content\r\n\r\n"
NO_HEADERS = CIMultiDict[str]()


class RawServer:
    """Answers each request on a connection with the same bytes, and keeps what it received."""

    def __init__(self) -> None:
        self.answer = DONE
        self.closes = False
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = URL()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with_body = b"content-length: "
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                if with_body in request.lower():
                    length = request.lower().partition(with_body)[2].partition(b"\r\n")[0]
                    request += await reader.readexactly(int(length))
                self.requests.append(request)
                writer.write(self.answer)
                if self.closes:
                    return
        except asyncio.IncompleteReadError:
            pass  # the client has closed the connection
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    raw = RawServer()
    listening = await asyncio.start_server(raw.serve, "127.0.0.1", 0)
    async with listening:
        raw.url = URL(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/")
        yield raw


@pytest.fixture
async def exchange() -> AsyncIterator[HttpExchange]:
    exchange = HttpExchange(LIMIT)
    yield exchange
    await exchange.close()


async def test_the_request_has_the_given_headers_and_no_others(server: RawServer, exchange: HttpExchange) -> None:
    url = server.url / "a%2Fb" % {"code": "c"}
    await exchange.send("POST", url, CIMultiDict({"ce-type": "x", "ce-userId": "ána"}), b"body")

    host = f"Host: 127.0.0.1:{url.port}\r\n".encode()
    head = b"POST " + url.raw_path_qs.encode() + b" HTTP/1.1\r\n" + host
    assert server.requests == [head + "ce-type: x\r\nce-userId: ána\r\nContent-Length: 4\r\n\r\nbody".encode()]


async def test_a_request_without_a_body_has_no_content_length(server: RawServer, exchange: HttpExchange) -> None:
    await exchange.send("OPTIONS", server.url, NO_HEADERS, None)
    await exchange.send("POST", server.url, NO_HEADERS, b"")

    assert [b"Content-Length: 0" in request for request in server.requests] == [False, True]


async def test_credentials_of_the_url_become_basic_authorization(server: RawServer, exchange: HttpExchange) -> None:
    await exchange.send("POST", server.url.with_user("ana").with_password("secret"), NO_HEADERS, b"")

    assert b"Authorization: Basic YW5hOnNlY3JldA==\r\n" in server.requests[0]


async def test_requests_one_after_the_other_share_a_connection(server: RawServer, exchange: HttpExchange) -> None:
    for _ in range(3):
        await exchange.send("POST", server.url, NO_HEADERS, b"{}")
    await asyncio.gather(*(exchange.send("POST", server.url, NO_HEADERS, b"{}") for _ in range(2)))

    assert (len(server.requests), server.connections) == (5, 2)


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", 200, b"hi"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 500, b""),
        (b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", 302, b""),
    ],
)
async def test_a_response_is_read_to_its_end_and_its_connection_is_used_again(
    server: RawServer, exchange: HttpExchange, answer: bytes, status: int, body: bytes
) -> None:
    server.answer = answer
    for _ in range(2):
        response = await exchange.send("POST", server.url, NO_HEADERS, b"{}")
        assert (response.status, response.body) == (status, body)

    assert server.connections == 1


async def test_a_response_without_a_length_ends_with_its_connection(server: RawServer, exchange: HttpExchange) -> None:
    server.answer, server.closes = b"HTTP/1.1 200 OK\r\n\r\nhello", True

    assert (await exchange.send("POST", server.url, NO_HEADERS, b"")).body == b"hello"


async def test_a_response_may_have_a_header_of_many_kilobytes(server: RawServer, exchange: HttpExchange) -> None:
    server.answer = b"HTTP/1.1 204 No Content\r\nce-connectionState: " + b"s" * 60_000 + b"\r\n\r\n"

    response = await exchange.send("POST", server.url, NO_HEADERS, b"")

    assert len(response.headers["CE-ConnectionState"]) == 60_000


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", aiohttp.ServerDisconnectedError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", aiohttp.ClientPayloadError),
        (b"this is no HTTP\r\n\r\n", HttpProcessingError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001, ResponseTooLong),
    ],
)
async def test_after_an_unusable_response_the_next_request_has_a_new_connection(
    server: RawServer, exchange: HttpExchange, answer: bytes, error: type[Exception]
) -> None:
    server.answer, server.closes = answer, True
    with pytest.raises(error):
        await exchange.send("POST", server.url, NO_HEADERS, b"{}")
    server.answer, server.closes = DONE, False

    assert (await exchange.send("POST", server.url, NO_HEADERS, b"{}")).status == 204
    assert server.connections == 2


async def test_a_cancelled_request_does_not_give_its_response_to_the_next_one(
    server: RawServer, exchange: HttpExchange
) -> None:
    server.answer = b""
    first = asyncio.create_task(exchange.send("POST", server.url, NO_HEADERS, b"first"))
    await until(lambda: bool(server.requests))
    first.cancel()
    await asyncio.wait({first})
    server.answer = DONE

    assert (await exchange.send("POST", server.url, NO_HEADERS, b"second")).status == 204
    assert server.connections == 2


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\rb", "a\0b"])
async def test_a_header_cannot_add_another_one(server: RawServer, exchange: HttpExchange, value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        await exchange.send("POST", server.url, CIMultiDict({"ce-type": value}), b"")

    assert server.connections == 0
