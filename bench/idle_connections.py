"""How much memory an idle connection costs, beside a bare aiohttp WebSocket server."""

import asyncio

from bench.load.clients import connect_clients, running_server
from bench.load.servers import allow_many_sockets
from bench.rows import Row

CONNECTIONS = 2000
WARM_UP = 50


async def kib_per_connection(which: str) -> float:
    """Return what each of 2,000 idle connections adds to the server's memory, in KiB."""
    with running_server(which) as server:
        url = server.client_url(member=True)
        # The first connections load code and fill pools that all others share.
        clients = await connect_clients(url, WARM_UP)
        before = server.resident_kib()
        clients += await connect_clients(url, CONNECTIONS)
        after = server.resident_kib()
        for client in clients:
            client.transport.abort()
    return (after - before) / CONNECTIONS


def main() -> list[Row]:
    allow_many_sockets()
    ours = asyncio.run(kib_per_connection("ours"))
    bare = asyncio.run(kib_per_connection("bare"))
    return [Row("memory of an idle connection", ours, "KiB", bare, "bare aiohttp")]
