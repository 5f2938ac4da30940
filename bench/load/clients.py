"""Many cheap clients in this process, and the server's process beside it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from azure.messaging.webpubsubservice import WebPubSubServiceClient

from bench.load.frames import client_frame
from bench.load.servers import GROUP, HUB

ROOT = Path(__file__).resolve().parents[2]
JSON = "json.webpubsub.azure.v1"
RELIABLE = "json.reliable.webpubsub.azure.v1"
# What every delivery of the measurements has once.
MARK = b'"data":"'
# The official clients acknowledge once a second, or at once when 300 messages came.
DELIVERIES_PER_ACK = 300
DIALS_AT_ONCE = 50


class Server:
    """A server process: where it is, and how much memory it has."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.addresses: Mapping[str, str] = self._answer()

    def _answer(self) -> dict[str, str]:
        assert self._process.stdout
        answer: dict[str, str] = json.loads(self._process.stdout.readline())
        return answer

    def resident_kib(self) -> int:
        """Ask the server for its resident memory in KiB."""
        return int(self._ask()["resident_kib"])

    def cpu_seconds(self) -> float:
        """Ask the server for the CPU time that it has used."""
        return float(self._ask()["cpu_seconds"])

    def _ask(self) -> dict[str, str]:
        assert self._process.stdin
        self._process.stdin.write("memory\n")
        self._process.stdin.flush()
        return self._answer()

    def client_url(self, *, member: bool) -> str:
        """Return the WebSocket URL of a member of the group, or of one who publishes to it."""
        if "connection_string" not in self.addresses:
            return f"{self.addresses['endpoint']}/client/hubs/{HUB}{'' if member else '?publisher='}".replace(
                "http", "ws"
            )
        with WebPubSubServiceClient.from_connection_string(self.addresses["connection_string"], HUB) as sdk:
            groups = [GROUP] if member else []
            return str(sdk.get_client_access_token(groups=groups, roles=["webpubsub.sendToGroup"])["url"])


@contextmanager
def running_server(which: str, *arguments: str) -> Iterator[Server]:
    """Run one of `bench.load.servers` while the block lasts."""
    command = [sys.executable, "-m", "bench.load.servers", which, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Server(process)
        finally:
            process.kill()


class Client(asyncio.Protocol):
    """A WebSocket client that does next to nothing: it counts deliveries, and acknowledges them where it must."""

    def __init__(self, url: str, subprotocol: str) -> None:
        parts = urlsplit(url)
        self._request = (
            f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
        )
        self._acknowledges = subprotocol == RELIABLE
        self._acknowledged = 0
        self._tail = b""
        self.on_data: Callable[[bytes], None] | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.deliveries = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request.encode())

    def data_received(self, data: bytes) -> None:
        if not self.ready.done():
            self._shake_hands(data)
            return
        if self.on_data:
            self.on_data(data)
        # A mark may come in two parts.
        data = self._tail + data
        self._tail = data[1 - len(MARK) :]
        self.deliveries += data.count(MARK)
        if self._acknowledges and self.deliveries - self._acknowledged >= DELIVERIES_PER_ACK:
            self._acknowledge()

    def _shake_hands(self, data: bytes) -> None:
        self._tail += data
        # The first frame says `connected`; only then is the connection a member of its group.
        if self._tail.endswith(b"}"):
            assert self._tail.startswith(b"HTTP/1.1 101"), self._tail[:200]
            self._tail = b""
            self.ready.set_result(None)

    def _acknowledge(self) -> None:
        # Sequence ids start at 1 and count up by one, so the last one is the number of deliveries.
        self._acknowledged = self.deliveries
        text = f'{{"type":"sequenceAck","sequenceId":{self.deliveries}}}'.encode()
        self.transport.write(client_frame(text))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(f"the server closed: {self._tail[:200]!r}"))


async def connect_clients(url: str, count: int, subprotocol: str = JSON) -> list[Client]:
    """Connect so many clients; each is a member of the group when this returns."""
    return await connect_clients_of(Client, url, count, subprotocol)


ClientKind = TypeVar("ClientKind", bound=Client)


async def connect_clients_of(kind: type[ClientKind], url: str, count: int, subprotocol: str) -> list[ClientKind]:
    """Connect so many clients of a kind."""
    loop = asyncio.get_running_loop()
    parts = urlsplit(url)
    host, port = str(parts.hostname), parts.port or 80
    dialling = asyncio.Semaphore(DIALS_AT_ONCE)

    async def connect() -> ClientKind:
        async with dialling:
            _, client = await loop.create_connection(lambda: kind(url, subprotocol), host, port)
            await client.ready
            return client

    return await asyncio.gather(*[connect() for _ in range(count)])
