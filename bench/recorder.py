"""What the inspector's recorder costs a message, and a delivery to many: CPU time of the service, with it off and on.

One process has both services, which take turns, so the machine's state is the same for both. A message is what a
client of a chat sends: an event to the handler, which sends it to the group of one member by REST, and the ack. The
handler and the clients are in this process.
"""

import asyncio
import json
import statistics
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import Any

import aiohttp
from aiohttp import web
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

from bench.fan_out import until
from bench.load.clients import JSON, Client, Server, connect_clients, running_server
from bench.load.servers import GROUP, HUB, allow_many_sockets
from bench.rows import Row

ROUNDS = 60
MESSAGES = 25
MEMBERS = 300
FANNED_OUT = 10
TEXT = "x" * 100
PEER = "without the recorder"

Act = Callable[[str], Awaitable[None]]


class Chat:
    """The handler of both services: it sends each text to the group of the service that the event is from."""

    def __init__(self) -> None:
        self.clients: dict[str, WebPubSubServiceClient] = {}
        self.names: dict[str, str] = {}  # of the services, by the id of a connection

    async def receive(self, request: web.Request) -> web.Response:
        """Handle an event, or a validation request."""
        if request.method == "OPTIONS":
            return web.Response(headers={"WebHook-Allowed-Origin": "*"})
        body = await request.read()
        client = self.clients[self.names[request.headers["ce-connectionId"]]]
        await client.send_to_group("own", body.decode(), content_type="text/plain")
        return web.Response(status=204)


def have_received(members: list[Client], messages: int) -> bool:
    """Return whether each member has so many messages."""
    return all(member.deliveries >= messages for member in members)


async def connect(session: aiohttp.ClientSession, url: str) -> tuple[aiohttp.ClientWebSocketResponse, str]:
    """Return a client's socket, and its connection id."""
    socket = await session.ws_connect(url, protocols=[JSON], compress=0)
    hello: dict[str, Any] = await socket.receive_json(timeout=10)
    return socket, hello["connectionId"]


async def compare(server: Server, acts: dict[str, Act]) -> tuple[float, float]:
    """Return the CPU microseconds of each act, as the medians of rounds in turns: without and with the recorder."""
    used: dict[str, list[float]] = {"off": [], "on": []}
    for number in range(ROUNDS):
        for name in ("off", "on") if number % 2 else ("on", "off"):
            before = server.cpu_seconds()
            await acts[name](name)
            if number >= 2:  # the first rounds load code and fill caches
                used[name].append((server.cpu_seconds() - before) * 1e6)
    return statistics.median(used["off"]), statistics.median(used["on"])


async def measure() -> list[Row]:
    chat = Chat()
    application = web.Application()
    application.router.add_route("*", "/eventhandler/{event}", chat.receive)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    handler = f"http://127.0.0.1:{runner.addresses[0][1]}/eventhandler/{{event}}"
    with running_server("recorders", handler) as server:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            rows = await _measure(server, chat, session)
    await runner.cleanup()
    return rows


async def _measure(server: Server, chat: Chat, session: aiohttp.ClientSession) -> list[Row]:
    senders: dict[str, aiohttp.ClientWebSocketResponse] = {}
    for name, connection_string in server.addresses.items():
        client = chat.clients[name] = WebPubSubServiceClient.from_connection_string(connection_string, HUB)
        token = await client.get_client_access_token(groups=["own"], roles=["webpubsub.sendToGroup"])
        senders[name], connection_id = await connect(session, token["url"])
        chat.names[connection_id] = name

    ack_ids = count(1)

    async def send_messages(name: str) -> None:
        for _ in range(MESSAGES):
            frame = {"type": "event", "event": "message", "dataType": "text", "data": TEXT, "ackId": next(ack_ids)}
            await senders[name].send_str(json.dumps(frame))
            for _ in range(2):  # the message and the ack
                await senders[name].receive(timeout=10)

    off, on = await compare(server, {"off": send_messages, "on": send_messages})
    rows = [Row("a message, CPU of the service", on / MESSAGES, "µs", off / MESSAGES, PEER)]

    members: dict[str, list[Client]] = {}
    for name, client in chat.clients.items():
        token = await client.get_client_access_token(groups=[GROUP])
        members[name] = await connect_clients(token["url"], MEMBERS)

    async def fan_out(name: str) -> None:
        wanted = members[name][-1].deliveries
        for _ in range(FANNED_OUT):
            frame = {"type": "sendToGroup", "group": GROUP, "dataType": "text", "data": TEXT}
            await senders[name].send_str(json.dumps(frame))
            wanted += 1
            await until(partial(have_received, members[name], wanted))

    off, on = await compare(server, {"off": fan_out, "on": fan_out})
    rows.append(
        Row(f"a message to {MEMBERS} members, CPU of the service", on / FANNED_OUT, "µs", off / FANNED_OUT, PEER)
    )
    for client in chat.clients.values():
        await client.close()
    return rows


def main() -> list[Row]:
    allow_many_sockets()
    return asyncio.run(measure())
