"""How many deliveries a second reach 1,000 members of a group, and how late they are, beside a bare aiohttp fan-out.

The server has a process to itself and so has the load; the bare server sends the same frames without looking at them.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from bench.load.clients import JSON, MARK, RELIABLE, Client, Server, connect_clients, running_server
from bench.load.servers import GROUP, allow_many_sockets
from bench.rows import Row

CLIENTS = 1000
THROUGHPUT_SECONDS = 3.0
MAX_MESSAGES_ON_THEIR_WAY = 30
LATENCY_MESSAGES = 25
MESSAGES_PER_SECOND = 10
TEXT_BYTES = 100
STAMP_DIGITS = 20
PEER = "bare aiohttp"


@dataclass(frozen=True)
class Measured:
    """Deliveries a second at full speed, and milliseconds from publish to receipt at a modest rate."""

    deliveries_per_second: float
    p50: float
    p99: float


class Publisher:
    """Publishes texts that begin with the time at which they were sent."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, enveloped: bool) -> None:
        self._socket = socket
        self._enveloped = enveloped
        self._ack_id = 0

    async def publish(self) -> None:
        """Send one message and wait until the server says that it has it."""
        text = f"{time.perf_counter_ns():0{STAMP_DIGITS}}".ljust(TEXT_BYTES, ".")
        if self._enveloped:
            self._ack_id += 1
            await self._socket.send_str(
                f'{{"type":"sendToGroup","group":"{GROUP}","dataType":"text","data":"{text}","ackId":{self._ack_id}}}'
            )
        else:
            # The frame that the embedded service makes of it.
            await self._socket.send_str(
                f'{{"type":"message","from":"group","group":"{GROUP}","fromUserId":null,"dataType":"text","data":"{text}"}}'
            )
        await self._socket.receive(timeout=10)


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + 15
    while not condition():
        if time.perf_counter() > deadline:
            raise TimeoutError("the deliveries stopped")
        await asyncio.sleep(0.001)


async def throughput(publisher: Publisher, clients: list[Client]) -> float:
    """Publish as fast as deliveries come in, and return deliveries per second."""
    started = time.perf_counter()
    published = 0

    def few_are_on_their_way() -> bool:
        return published - clients[-1].deliveries < MAX_MESSAGES_ON_THEIR_WAY

    while time.perf_counter() - started < THROUGHPUT_SECONDS:
        await publisher.publish()
        published += 1
        await until(few_are_on_their_way)
    await until(lambda: all(client.deliveries == published for client in clients))
    return published * len(clients) / (time.perf_counter() - started)


async def latencies(publisher: Publisher, clients: list[Client]) -> list[float]:
    """Publish ten messages a second and return the milliseconds that each delivery took."""
    samples: list[float] = []

    def note(data: bytes) -> None:
        sent = data.index(MARK) + len(MARK)
        samples.append((time.perf_counter_ns() - int(data[sent : sent + STAMP_DIGITS])) / 1e6)

    for client in clients:
        client.on_data = note
    for _ in range(LATENCY_MESSAGES):
        await publisher.publish()
        await asyncio.sleep(1 / MESSAGES_PER_SECOND)
    await until(lambda: len(samples) >= LATENCY_MESSAGES * len(clients))
    return samples


async def measure(server: Server, subprotocol: str) -> Measured:
    clients = await connect_clients(server.client_url(member=True), CLIENTS, subprotocol)
    publisher_url = server.client_url(member=False)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(publisher_url, protocols=[JSON], compress=0) as socket,
    ):
        await socket.receive(timeout=10)
        publisher = Publisher(socket, enveloped="connection_string" in server.addresses)
        rate = await throughput(publisher, clients)
        percentiles = statistics.quantiles(await latencies(publisher, clients), n=100)
    for client in clients:
        client.transport.abort()
    return Measured(rate, percentiles[49], percentiles[98])


def measured(which: str, subprotocol: str = JSON) -> Measured:
    with running_server(which) as server:
        return asyncio.run(measure(server, subprotocol))


def main() -> list[Row]:
    allow_many_sockets()
    bare = measured("bare")
    rows = []
    for name, subprotocol in (("json", JSON), ("json.reliable", RELIABLE)):
        ours = measured("ours", subprotocol)
        rows += [
            Row(
                f"deliveries to {CLIENTS:,} {name} clients",
                ours.deliveries_per_second,
                "/s",
                bare.deliveries_per_second,
                PEER,
                lower_is_better=False,
            ),
            Row(f"… at {MESSAGES_PER_SECOND} messages/s: p50", ours.p50, "ms", bare.p50, PEER),
            Row(f"… at {MESSAGES_PER_SECOND} messages/s: p99", ours.p99, "ms", bare.p99, PEER),
        ]
    return rows
