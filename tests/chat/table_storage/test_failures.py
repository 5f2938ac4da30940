"""What the client tells of storage that fails: whether a write may have happened, and what is tried again."""

import asyncio
import base64
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from chat.correlation import CAUSE, REQUEST_ID, Cause
from chat.errors import StorageUnavailable
from chat.settings import Settings
from chat.table_storage.client import TableClient, TableClients
from chat.table_storage.connection import Identity, StorageConnection
from chat.table_storage.operations import Insert
from chat.trace_context import new_trace
from tests.chat.identity_endpoint import serve_identity
from tests.chat.stub_server import a_server, cut

KEY = base64.b64encode(b"key").decode()
ENTITY = {"PartitionKey": "p", "RowKey": "r"}
Write = Callable[[TableClient], Awaitable[object]]
WRITES: list[Write] = [
    lambda client: client.insert("Rooms", ENTITY),
    lambda client: client.upsert("Rooms", ENTITY),
    lambda client: client.replace("Rooms", ENTITY, "etag"),
    lambda client: client.delete("Rooms", "p", "r", "etag"),
    lambda client: client.transaction("Rooms", [Insert(ENTITY)]),
]


async def client_of(address: str) -> TableClient:
    text = f"AccountName=acct;AccountKey={KEY};TableEndpoint={address}/acct"
    return await TableClients().get(Settings({"AzureWebJobsStorage": text}))


async def accept(_: web.Request) -> web.Response:
    return web.Response(status=204)


def error(status: int, code: str, **headers: str) -> web.Response:
    content = {"odata.error": {"code": code, "message": {"lang": "en-US", "value": f"{code}\nTime: now"}}}
    return web.json_response(content, status=status, headers=headers)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("status", "code", "may_have_happened"),
    [
        (503, "ServerBusy", False),
        (429, "TooManyRequests", False),
        (400, "InvalidInput", False),
        (403, "AuthenticationFailed", False),
        (404, "", False),
        (409, "TableBeingDeleted", False),
        (408, "RequestTimeout", True),
        (500, "InternalError", True),
        (500, "OperationTimedOut", True),
        (502, "", True),
        (503, "", True),
        (504, "", True),
    ],
)
async def test_a_write_that_is_answered_with_an_error_is_sent_once(
    write: Write, status: int, code: str, may_have_happened: bool
) -> None:
    calls: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        calls.append(request.method)
        return error(status, code) if code else web.Response(status=status, text="<html>error</html>")

    async with a_server(answer) as address:
        with pytest.raises(StorageUnavailable, match=f"storage answered {status}") as failure:
            await write(await client_of(address))

    assert failure.value.may_have_happened is may_have_happened
    assert len(calls) == 1


@pytest.mark.parametrize("write", WRITES)
async def test_a_write_whose_connection_is_lost_may_have_happened_and_is_not_sent_again(write: Write) -> None:
    calls: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        calls.append(request.method)
        await request.read()
        return web.json_response({"value": []}) if len(calls) == 1 else cut(request)

    async with a_server(answer) as address:
        client = await client_of(address)
        # A connection that was used before: HTTP libraries are quick to send again on such a one.
        await client.query("Rooms", "")
        with pytest.raises(StorageUnavailable, match="connection was lost") as failure:
            await write(client)

    assert failure.value.may_have_happened
    assert len(calls) == 2


async def test_a_write_without_an_answer_in_time_may_have_happened() -> None:
    given_up = asyncio.Event()

    async def late(_: web.Request) -> web.Response:
        await given_up.wait()
        return web.Response(status=204)

    async with a_server(late) as address:
        client = await client_of(address)
        with pytest.raises(StorageUnavailable, match="no answer in time") as failure:
            await client.insert("Rooms", ENTITY, seconds=0.5)
        with pytest.raises(StorageUnavailable, match="no answer in time"):
            await client.get("Rooms", "p", "r", seconds=0.5)
        given_up.set()

    assert failure.value.may_have_happened


@pytest.mark.parametrize("write", WRITES)
async def test_a_write_to_storage_that_cannot_be_reached_has_certainly_not_happened(write: Write) -> None:
    async with a_server(accept) as address:
        client = await client_of(address)

    with pytest.raises(StorageUnavailable, match="cannot be reached") as failure:
        await write(client)
    assert not failure.value.may_have_happened


async def test_a_call_without_time_is_not_sent() -> None:
    client = await client_of("http://127.0.0.1:9")

    with pytest.raises(StorageUnavailable, match="no time is left") as failure:
        await client.insert("Rooms", ENTITY, seconds=0)
    assert not failure.value.may_have_happened


@pytest.mark.parametrize("failure", ["busy", "error", "cut"])
async def test_a_read_is_tried_three_times(failure: str) -> None:
    calls: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        calls.append(request.path)
        if len(calls) % 3 == 0:
            return web.json_response({"value": [], "n": 1})
        return {"busy": lambda: error(503, "ServerBusy"), "error": lambda: error(500, "InternalError")}.get(
            failure, lambda: cut(request)
        )()

    async with a_server(answer) as address:
        client = await client_of(address)
        found = await client.get("Rooms", "p", "r")
        page = await client.query("Rooms", "")

    assert found is not None
    assert found["n"] == 1
    assert page.entities == []
    assert len(calls) == 6


async def test_a_read_that_always_fails_is_an_error_after_three_tries() -> None:
    calls: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        calls.append(request.path)
        return error(500, "InternalError") if request.path.endswith(")") else cut(request)

    async with a_server(answer) as address:
        client = await client_of(address)
        with pytest.raises(StorageUnavailable, match="500 InternalError") as failure:
            await client.get("Rooms", "p", "r")

    assert not failure.value.may_have_happened
    assert len(calls) == 3


async def test_a_read_that_storage_refuses_is_not_tried_again() -> None:
    calls: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        calls.append(request.path)
        return error(403, "AuthenticationFailed")

    async with a_server(answer) as address:
        with pytest.raises(StorageUnavailable, match="403"):
            await (await client_of(address)).get("Rooms", "p", "r")

    assert len(calls) == 1


async def test_a_busy_service_that_wants_more_time_than_there_is_is_not_asked_again() -> None:
    calls: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        calls.append(request.path)
        return error(503, "ServerBusy", **{"Retry-After": "30"})

    async with a_server(answer) as address:
        with pytest.raises(StorageUnavailable, match="503 ServerBusy"):
            await (await client_of(address)).get("Rooms", "p", "r")

    assert len(calls) == 1


@pytest.mark.parametrize("body", ["", "<html>", '{"value": 1}', "[]"])
async def test_an_answer_that_is_not_as_documented_is_an_error(body: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=202 if request.method == "POST" else 200, text=body)

    async with a_server(answer) as address:
        client = await client_of(address)
        with pytest.raises(StorageUnavailable, match="as documented") as read:
            await client.query("Rooms", "")
        with pytest.raises(StorageUnavailable, match="as documented") as write:
            await client.transaction("Rooms", [Insert(ENTITY)])

    assert (read.value.may_have_happened, write.value.may_have_happened) == (False, True)


@pytest.mark.parametrize(("status", "code"), [(409, "TableBeingDeleted"), (403, "AuthorizationPermissionMismatch")])
async def test_a_table_that_cannot_be_made_is_an_error_and_the_write_has_not_happened(status: int, code: str) -> None:
    calls: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        calls.append(request.path)
        return error(status, code) if request.path.endswith("/Tables") else error(404, "TableNotFound")

    async with a_server(answer) as address:
        client = await client_of(address)
        for _ in range(2):
            with pytest.raises(StorageUnavailable, match=code) as failure:
                await client.insert("Rooms", ENTITY)
            assert not failure.value.may_have_happened

    assert calls == ["/acct/ChatRooms", "/acct/Tables"] * 2


async def test_a_table_that_is_absent_after_it_was_made_is_an_error() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=204) if request.path.endswith("/Tables") else error(404, "TableNotFound")

    async with a_server(answer) as address:
        with pytest.raises(StorageUnavailable, match="404 TableNotFound") as failure:
            await (await client_of(address)).insert("Rooms", ENTITY)

    assert not failure.value.may_have_happened


async def test_a_caller_that_is_cancelled_does_not_keep_others_from_a_new_table() -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    tables: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        if not request.path.endswith("/Tables"):
            return web.Response(status=204, headers={"ETag": "e"}) if tables else error(404, "TableNotFound")
        asked.set()
        await go_on.wait()
        tables.append(await request.read())
        return web.Response(status=204)

    async with a_server(answer) as address:
        client = await client_of(address)
        first, second = (asyncio.ensure_future(client.insert("Rooms", ENTITY)) for _ in range(2))
        await asked.wait()
        first.cancel()
        go_on.set()
        assert await second == "e"

    assert first.cancelled()
    assert tables == [b'{"TableName": "ChatRooms"}']


async def test_every_call_carries_the_request_id_of_the_event_that_causes_it() -> None:
    seen: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get(REQUEST_ID))
        if request.path.endswith("/Tables"):
            return web.Response(status=204)
        return error(404, "TableNotFound")

    async with a_server(answer) as address:
        client = await client_of(address)
        await client.get("Rooms", "p", "r")
        CAUSE.set(Cause("the-event", new_trace(1)))
        with pytest.raises(StorageUnavailable):
            await client.insert("Rooms", ENTITY)

    assert seen == [None, "the-event", "the-event", "the-event"]


async def test_a_signature_of_the_settings_is_in_the_query_of_every_call() -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.raw_path)
        assert "Authorization" not in request.headers
        return web.json_response({"value": []}) if request.method == "GET" else web.Response(status=204)

    async with a_server(answer) as address:
        text = f"TableEndpoint={address}/acct;SharedAccessSignature=sv=1&sig=a%2Bb"
        client = await TableClients().get(Settings({"AzureWebJobsStorage": text}))
        await client.query("Rooms", "n eq 1")
        await client.insert("Rooms", ENTITY)

    assert seen == ["/acct/ChatRooms()?$filter=n%20eq%201&sv=1&sig=a%2Bb", "/acct/ChatRooms?sv=1&sig=a%2Bb"]


async def test_an_identity_sends_its_token_with_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.json_response({"value": []}) if request.method == "GET" else web.Response(status=204)

    async with serve_identity(monkeypatch) as identity, a_server(answer) as address:
        # Settings accept such an address with https:// only.
        client = TableClient(StorageConnection(address, "acct", Identity("client", is_managed=True)))
        await client.query("Rooms", "")
        await client.insert("Rooms", ENTITY)

    assert seen == ["Bearer token-1"] * 2
    assert [asked["resource"] for asked in identity.asked] == ["https://storage.azure.com"]


async def test_a_call_without_a_token_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve_identity(monkeypatch) as identity, a_server(accept) as address:
        identity.status = 400
        client = TableClient(StorageConnection(address, "acct", Identity(is_managed=True)))
        with pytest.raises(StorageUnavailable, match="no token for the app's identity") as failure:
            await client.insert("Rooms", ENTITY)

    assert not failure.value.may_have_happened
