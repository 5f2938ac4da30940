"""The service as others start it: in an event loop, as a command, as a fixture of pytest."""

import asyncio
import logging
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from azure.core.exceptions import ServiceResponseError
from azure.data.tables import TableClient, TableServiceClient

from local_azure import tables
from local_azure.pytest_plugin import TableStorage, table_storage, table_storage_settings
from local_azure.tables.__main__ import DEFAULT_PORT
from local_azure.tables.service import KEEP_ALIVE_SECONDS
from tests.local_azure.tables.rest_client import RestClient
from tests.system_parts import needs_posix

ROOT = Path(__file__).resolve().parents[3]

__all__ = ["table_storage", "table_storage_settings"]


@contextmanager
def command(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command; yield the process and its connection string."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local_azure.tables", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        endpoint = process.stdout.readline()
        connection = process.stdout.readline()
        assert endpoint.startswith("Table storage listens on http://127.0.0.1:")
        yield process, connection.removeprefix("Connection string: ").strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_t001_the_short_connection_string_means_the_account_and_the_port_of_the_command() -> None:
    for text in ("UseDevelopmentStorage=true", "usedevelopmentstorage=TRUE"):
        client = TableServiceClient.from_connection_string(text)

        assert client.url == f"http://127.0.0.1:{DEFAULT_PORT}/{tables.DEVELOPMENT_ACCOUNT}"
        assert client.credential.named_key.key == tables.DEVELOPMENT_KEY  # type: ignore[union-attr]


def test_a_fixture_serves_a_blocking_client(table_storage: TableStorage) -> None:
    with TableServiceClient.from_connection_string(table_storage.connection_string) as client:
        client.create_table("rooms")

        assert [table.name for table in client.list_tables()] == ["rooms"]
    assert table_storage.endpoint in table_storage.connection_string


def test_a_fixture_is_empty_for_each_test(table_storage: TableStorage) -> None:
    with TableServiceClient.from_connection_string(table_storage.connection_string) as client:
        assert list(client.list_tables()) == []


async def test_a_service_runs_in_an_event_loop_and_ends_with_the_block() -> None:
    async with tables.serve() as service:
        port = int(re.findall(r":(\d+)/", service.endpoint)[0])
        socket.create_connection(("127.0.0.1", port)).close()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_t011_settings_choose_the_account_and_its_keys() -> None:
    settings = tables.Settings(account="chat", keys=("a2V5", tables.DEVELOPMENT_KEY))
    async with tables.serve(settings) as service:
        other = service.connection_string.replace("AccountKey=a2V5", f"AccountKey={tables.DEVELOPMENT_KEY}")
        for text in (service.connection_string, other):
            client = await asyncio.to_thread(TableClient.from_connection_string, text, "rooms")
            created = await asyncio.to_thread(client.create_table) if text is other else None
            client.close()

        assert created is not None
        assert service.endpoint.endswith("/chat")


@pytest.mark.parametrize("settings", [{"account": "No"}, {"keys": ()}, {"keys": ("no base64!",)}])
def test_settings_that_cannot_be_used_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(tables.SettingsError):
        tables.Settings(**settings)  # type: ignore[arg-type]


@needs_posix("a Ctrl-C for one process alone (POSIX signals)")
def test_the_command_ends_cleanly_when_it_is_interrupted() -> None:
    with command("--port", "0") as (process, _):
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=15) == 0


@pytest.mark.parametrize("data", ["folder", "file.sqlite3"])
def test_t088_what_was_answered_survives_a_kill(tmp_path: Path, data: str) -> None:
    with command("--port", "0", "--data", str(tmp_path / data)) as (process, connection):
        with TableServiceClient.from_connection_string(connection) as client:
            client.create_table("rooms").create_entity({"PartitionKey": "p", "RowKey": "r", "n": 1})
        process.kill()
        process.wait()

    with (
        command("--port", "0", "--data", str(tmp_path / data)) as (_, connection),
        TableClient.from_connection_string(connection, "rooms") as client,
    ):
        assert client.get_entity("p", "r")["n"] == 1


def test_t088_what_was_carried_out_without_an_answer_survives_a_kill(tmp_path: Path) -> None:
    """What is still delayed by a fault when the process is killed is not there."""
    lost = "--fault=cut storage carried-out operation=transaction count=1"
    delayed = "--fault=delay storage 10m operation=insert count=1"
    append = [("create", {"PartitionKey": "p", "RowKey": row}) for row in "ab"]
    with command("--port", "0", "--data", str(tmp_path), lost, delayed) as (process, connection):
        with TableClient.from_connection_string(connection, "rooms") as client:
            client.create_table()
            with pytest.raises(ServiceResponseError):
                client.submit_transaction(append)
            with pytest.raises(ServiceResponseError, match="timed out"):
                client.create_entity({"PartitionKey": "p", "RowKey": "delayed"}, read_timeout=0.2)
        process.kill()
        process.wait()

    with (
        command("--port", "0", "--data", str(tmp_path)) as (_, connection),
        TableClient.from_connection_string(connection, "rooms") as client,
    ):
        assert [entity["RowKey"] for entity in client.list_entities()] == ["a", "b"]


def failed_command(*arguments: str) -> tuple[int, str]:
    """Run the command, which must end by itself; return its exit status and its standard error."""
    program = [sys.executable, "-m", "local_azure.tables", *arguments]
    ran = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    return ran.returncode, ran.stderr


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        status, message = failed_command("--port", str(port))

    assert status == 1
    assert message.startswith(f"error: port {port} of 127.0.0.1 is taken, perhaps by another storage emulator; ")


def test_data_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "tables.sqlite3").write_text("no database" * 100)

    status, message = failed_command("--port", "0", "--data", str(tmp_path))

    assert status == 2
    assert re.fullmatch(r"error: .* is not a database .*\n", message)


async def test_t089_a_connection_may_be_idle_for_a_minute() -> None:
    """The pause itself is not waited for: the limit is set, and a connection carries several rest."""
    async with tables.serve() as service:
        port = int(re.findall(r":(\d+)/", service.endpoint)[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(re.findall(rb"Content-Length: (\d+)", head)[0]))
        writer.close()

    assert KEEP_ALIVE_SECONDS >= 60


async def test_a_client_that_waits_for_permission_to_send_its_body_gets_it() -> None:
    async with tables.serve() as service:
        port = int(re.findall(r":(\d+)/", service.endpoint)[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = b'{"TableName": "rooms"}'
        writer.write(
            b"POST /devstoreaccount1/Tables HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n"
            b"Accept: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        )

        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert (await reader.readline()).startswith(b"HTTP/1.1 201")
        writer.close()


async def test_a_slow_client_does_not_hold_up_the_others() -> None:
    async with tables.serve() as service, aiohttp.ClientSession() as session:
        port = int(re.findall(r":(\d+)/", service.endpoint)[0])
        _, slow = await asyncio.open_connection("127.0.0.1", port)
        slow.write(
            b"POST /devstoreaccount1/Tables HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        await slow.drain()
        rest = RestClient(session, service.endpoint, "rooms")

        created = await rest.call("POST", "Tables", {"TableName": "rooms"})
        slow.close()

        assert created.status == 201


async def test_t045_a_body_without_a_length_is_refused_as_soon_as_it_is_too_large() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(80):
            yield b"x" * 65_536

    headers = {"Authorization": "Bearer x", "Accept": "application/json"}
    async with (
        tables.serve() as service,
        aiohttp.ClientSession() as session,
        session.post(f"{service.endpoint}/Tables", data=chunks(), headers=headers) as answer,
    ):
        assert answer.status == 413


@pytest.mark.parametrize("body", [b"Content-Length: 100\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"])
async def test_a_client_that_goes_away_within_its_body_is_no_failure(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "local_azure.tables")
    async with tables.serve() as service, aiohttp.ClientSession() as session:
        port = int(re.findall(r":(\d+)/", service.endpoint)[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /devstoreaccount1/Tables HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n" + body)
        await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await reader.read()

        assert (await RestClient(session, service.endpoint, "x").call("GET", "Tables")).status == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET /devstoreaccount1/Tables HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"GET http://127.0.0.1/devstoreaccount1/Tables?%ff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /devstoreaccount1 HTTP/1.1\r\nHost: x\r\nAuthorization: SharedKey\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_refused_and_the_service_goes_on(data: bytes) -> None:
    async with tables.serve() as service, aiohttp.ClientSession() as session:
        port = int(re.findall(r":(\d+)/", service.endpoint)[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        status = await reader.readline()
        writer.close()

        assert status.split()[1].startswith(b"4")
        assert (await RestClient(session, service.endpoint, "x").call("GET", "Tables")).status == 200


def test_t090_a_call_costs_the_service_less_than_the_sdk(table_storage: TableStorage) -> None:
    """CPU of the client's thread and of the service's event loop, which other processes do not change."""
    with TableClient.from_connection_string(table_storage.connection_string, "rooms") as client:
        client.create_table()
        client_before, service_before = time.thread_time(), table_storage.call(time.thread_time)
        for number in range(50):
            client.upsert_entity({"PartitionKey": "p", "RowKey": "r", "n": number})
            client.submit_transaction([("create", {"PartitionKey": "p", "RowKey": f"{number}-{n}"}) for n in range(3)])
        service = table_storage.call(time.thread_time) - service_before

        assert service < time.thread_time() - client_before
