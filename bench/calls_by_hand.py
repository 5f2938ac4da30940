"""What a call of storage and of Web PubSub costs the app, by hand and through the official SDK.

CPU time of this process; the services run in processes of their own. One call at a time, the median of the rounds.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient as SdkTableClient

from bench.rows import Row
from chat.gateway import Gateways
from chat.settings import Settings
from chat.table_storage.addresses import key_range
from chat.table_storage.client import TableClients
from chat.table_storage.operations import Properties, Upsert

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
CALLS = 50
KEY = "Connection string: "

Call = Callable[[int], Awaitable[object]]


@contextmanager
def service(module: str) -> Iterator[str]:
    """Run a local service in a process of its own; yield its connection string."""
    command = [sys.executable, "-m", module, "--port", "0"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
    )
    assert process.stdout is not None
    try:
        yield next(line.removeprefix(KEY).strip() for line in process.stdout if line.startswith(KEY))
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


async def cpu_milliseconds(call: Call) -> float:
    """Return the CPU time of one call, in milliseconds."""
    for number in range(20):
        await call(number)
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for number in range(CALLS):
            await call(number)
        rounds.append((time.process_time() - started) / CALLS * 1000)
    return statistics.median(rounds)


def entity(number: int) -> Properties:
    """Return an entity as large as a short message."""
    keys = {"PartitionKey": "lobby", "RowKey": f"{number:010}"}
    return {
        **keys,
        "text": "x" * 100,
        "seq": number,
        "sender": "ana",
        "sentAt": "2026-01-31T12:00:00Z",
        "deleted": False,
    }


async def compare_storage(connection_string: str) -> list[Row]:
    """Measure writes, reads and transactions."""
    ours = await TableClients().get(Settings({"AzureWebJobsStorage": connection_string}))
    async with SdkTableClient.from_connection_string(connection_string, "Sdk") as sdk:
        await sdk.create_table()

        def our_transaction(count: int) -> Call:
            return lambda _: ours.transaction("Rows", [Upsert(entity(n)) for n in range(count)])

        def sdk_transaction(count: int) -> Call:
            mode = {"mode": UpdateMode.MERGE}
            return lambda _: sdk.submit_transaction([("upsert", dict(entity(n)), mode) for n in range(count)])

        async def sdk_page(_: int) -> None:
            await anext(sdk.query_entities("PartitionKey eq 'lobby'", results_per_page=50).by_page())

        row = entity(1)["RowKey"]
        calls: dict[str, tuple[Call, Call]] = {
            "upsert": (lambda n: ours.upsert("Rows", entity(n)), lambda n: sdk.upsert_entity(dict(entity(n)))),
            "get": (lambda _: ours.get("Rows", "lobby", str(row)), lambda _: sdk.get_entity("lobby", str(row))),
            "transaction of 3": (our_transaction(3), sdk_transaction(3)),
            "transaction of 30": (our_transaction(30), sdk_transaction(30)),
            "page of 50": (lambda _: ours.query("Rows", key_range("lobby"), top=50), sdk_page),
        }
        return [await compare(f"table storage: {name}", *pair) for name, pair in calls.items()]


async def compare_publishing(connection_string: str) -> list[Row]:
    """Measure one publication to a group."""
    gateway = await Gateways().get(Settings({"WebPubSubConnectionString": connection_string}))
    frame = {"id": "m-1", "room": "lobby", "from": "ana", "message": "x" * 100, "sentAt": 1, "seq": 1}

    def by_sdk(_: int) -> Awaitable[object]:
        return gateway.client.send_to_group("room.lobby", frame, content_type="application/json")

    return [await compare("publish to a group", lambda _: gateway.publish("room.lobby", frame), by_sdk)]


async def compare(what: str, ours: Call, sdk: Call) -> Row:
    """Measure one call in both ways."""
    return Row(f"{what}, CPU", await cpu_milliseconds(ours), "ms", await cpu_milliseconds(sdk), "the official SDK")


def main() -> list[Row]:
    """Measure both services in turn."""
    with service("local_azure.tables") as connection_string:
        rows = asyncio.run(compare_storage(connection_string))
    with service("local_azure.webpubsub") as connection_string:
        return rows + asyncio.run(compare_publishing(connection_string))
