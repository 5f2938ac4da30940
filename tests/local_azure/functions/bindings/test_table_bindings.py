"""Functions with table bindings on the embedded host and the embedded tables, read and written by the official SDK."""

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from azure.data.tables import TableClient, TableServiceClient, UpdateMode

from local_azure.pytest_plugin import TableStorage, running_table_storage
from local_azure.tables import Settings
from tests.local_azure.functions.apps import Serve, Served

APP = """
@app.route(route="rooms/{room}/messages/{id}")
@app.table_input(
    arg_name="message", connection="Storage", table_name="messages", partition_key="{room}", row_key="{id}"
)
def read_one(req: func.HttpRequest, message: str) -> func.HttpResponse:
    return func.HttpResponse(f"{type(message).__name__} {message}")

@app.route(route="rooms/{room}/messages")
@app.table_input(
    arg_name="messages", connection="Storage", table_name="messages", partition_key="{room}", take=2,
    filter="sender eq '{Query.from}' and likes ge {atleast}",
)
async def read_many(req: func.HttpRequest, messages: str) -> func.HttpResponse:
    return func.HttpResponse(messages)

@app.route(route="all")
@app.table_input(arg_name="messages", connection="Storage", table_name="%MessagesTable%")
def read_all(req: func.HttpRequest, messages) -> func.HttpResponse:
    return func.HttpResponse(messages)

@app.route(route="absent")
@app.table_input(arg_name="rows", connection="Storage", table_name="absent")
def read_absent_table(req: func.HttpRequest, rows: str) -> func.HttpResponse:
    return func.HttpResponse(rows)

@app.route(route="write/{room}", methods=["POST"])
@app.table_output(
    arg_name="rows", connection="Storage", table_name="{table}", partition_key="{room}", row_key="{rand-guid}"
)
def write(req: func.HttpRequest, rows: func.Out[str]) -> func.HttpResponse:
    rows.set(req.get_body().decode())
    return func.HttpResponse("written")

@app.route(route="object", methods=["POST"])
@app.table_output(arg_name="row", connection="Storage", table_name="objects")
def write_object(req: func.HttpRequest, row) -> func.HttpResponse:
    row.set(req.get_json())
    return func.HttpResponse("written")

@app.route(route="nothing")
@app.table_output(arg_name="row", connection="Storage", table_name="objects")
def write_nothing(req: func.HttpRequest, row: func.Out[str]) -> func.HttpResponse:
    return func.HttpResponse("nothing")

@app.route(route="elsewhere")
@app.table_input(arg_name="rows", connection="Elsewhere", table_name="messages")
def read_elsewhere(req: func.HttpRequest, rows: str) -> func.HttpResponse:
    return func.HttpResponse(rows)

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
@app.table_output(
    arg_name="$return", connection="Storage", table_name="ticks", partition_key="p", row_key="{rand-guid:N}"
)
def returns_row(timer: func.TimerRequest) -> str:
    return json.dumps({"made": "by return"})

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
@app.table_output(arg_name="first", connection="Storage", table_name="ticks", partition_key="p")
@app.table_output(arg_name="second", connection="Storage", table_name="ticks", partition_key="p")
def returns_both(timer: func.TimerRequest, first: func.Out[str], second: func.Out[str]):
    first.set(json.dumps({"RowKey": "one"}))
    return {"second": {"RowKey": "two"}}
"""


@pytest.fixture(scope="module")
def storage() -> Iterator[TableStorage]:
    with running_table_storage(Settings(pages_end_at_partitions=True)) as running:
        with TableServiceClient.from_connection_string(running.connection_string) as service:
            messages = service.create_table("messages")
            for number in range(4):
                row = {"PartitionKey": "lobby", "RowKey": f"m{number}", "sender": "o'hara", "likes": number}
                messages.create_entity(row)
            service.create_table("objects")
            messages.create_entity({"PartitionKey": "other", "RowKey": "m0", "sender": "o'hara", "likes": 9})
        yield running


def settings(storage: TableStorage) -> dict[str, str]:
    return {"AzureWebJobsStorage": storage.connection_string, "MessagesTable": "messages"}


@pytest.fixture
async def app(serve: Serve, storage: TableStorage) -> Any:
    async with serve(APP, settings=settings(storage)) as served:
        yield served


def table(storage: TableStorage, name: str) -> TableClient:
    return TableClient.from_connection_string(storage.connection_string, name)


def rows_of(storage: TableStorage, name: str) -> list[dict[str, Any]]:
    with table(storage, name) as client:
        return [dict(row) for row in client.list_entities()]


async def post(app: Served, path: str, value: object) -> int:
    return (await app.send("POST", path, body=json.dumps(value).encode())).status


async def test_d072_a_row_is_read_as_json_text_by_keys_from_the_route(app: Served) -> None:
    kind, _, text = (await app.get("/api/rooms/lobby/messages/m1")).body.decode().partition(" ")

    assert kind == "str"
    assert json.loads(text) == {"PartitionKey": "lobby", "RowKey": "m1", "sender": "o'hara", "likes": 1}


@pytest.mark.parametrize("target", ["/api/rooms/lobby/messages/m9", "/api/rooms/no%20room/messages/it's"])
async def test_d072_a_row_that_is_missing_is_none(app: Served, target: str) -> None:
    assert (await app.get(target)).body == b"NoneType None"


async def test_d073_rows_are_read_as_a_list_by_partition_filter_and_take(app: Served) -> None:
    """The list of all comes in two pages of the service, one for each partition."""
    answer = await app.get("/api/rooms/lobby/messages?from=o'hara&atleast=1")

    assert [row["RowKey"] for row in answer.json()] == ["m1", "m2"]
    assert (await app.get("/api/rooms/nobody/messages?from=x&atleast=0")).json() == []
    assert len((await app.get("/api/all")).json()) == 5


@pytest.mark.parametrize("atleast", ["1 or true", "''", "x", "1;"])
async def test_d074_a_parameter_outside_of_quotes_cannot_change_the_filter(app: Served, atleast: str) -> None:
    target = f"/api/rooms/lobby/messages?from=x&atleast={atleast.replace(' ', '%20')}"

    assert (await app.get(target)).status == 500


async def test_d074_a_parameter_in_quotes_is_only_text(app: Served) -> None:
    assert (await app.get("/api/rooms/lobby/messages?from=x'%20or%20''%20eq%20'&atleast=0")).json() == []


async def test_d075_rows_are_inserted_with_the_bindings_keys_and_their_own(app: Served, storage: TableStorage) -> None:
    """The name of the table comes from the query, and the table did not exist."""
    rows = [{"text": "a"}, {"text": "b", "rowkey": "own"}, {"text": "c", "partitionKey": "theirs"}]

    assert await post(app, "/api/write/lobby?table=written", rows) == 200

    written = {row["text"]: (row["PartitionKey"], row["RowKey"]) for row in rows_of(storage, "written")}
    assert written["b"] == ("lobby", "own")
    assert written["c"][0] == "theirs"
    assert len(written["a"][1]) == 36


async def test_d076_properties_have_the_types_of_the_extension(app: Served, storage: TableStorage) -> None:
    """Whole numbers have 64 bits, objects and arrays become text, null is left out, dates stay text."""
    row = {
        "PartitionKey": "types",
        "RowKey": "1",
        "whole": 5,
        "number": 1.5,
        "flag": True,
        "text": "ü",
        "none": None,
        "list": [1, {"a": None}],
        "date": "2026-01-31T12:00:00Z",
    }

    assert await post(app, "/api/object", row) == 200

    with table(storage, "objects") as client:
        entity = dict(client.get_entity("types", "1"))
    assert (entity["whole"].value, entity["whole"].edm_type) == (5, "Edm.Int64")
    assert (entity["number"], entity["flag"], entity["text"]) == (1.5, True, "ü")
    assert (json.loads(entity["list"]), entity["date"]) == ([1, {"a": None}], "2026-01-31T12:00:00Z")
    assert "none" not in entity


async def test_d077_a_row_that_exists_is_a_conflict_unless_its_etag_says_otherwise(
    app: Served, storage: TableStorage, caplog: pytest.LogCaptureFixture
) -> None:
    row = {"PartitionKey": "etags", "RowKey": "1", "value": "first"}
    assert await post(app, "/api/object", row) == 200

    assert await post(app, "/api/object", row) == 500
    assert "answered 409 EntityAlreadyExists" in caplog.text
    assert await post(app, "/api/object", {**row, "value": "second", "ETag": "*"}) == 200
    assert await post(app, "/api/object", {**row, "value": "third", "etag": "W/\"datetime'2020'\""}) == 500
    with table(storage, "objects") as client:
        entity = client.get_entity("etags", "1")
        assert entity["value"] == "second"
        current = entity.metadata["etag"]
    assert await post(app, "/api/object", {**row, "value": "fourth", "odata.etag": current}) == 200


async def test_d078_what_was_set_is_written_in_one_transaction_of_a_partition(
    app: Served, storage: TableStorage
) -> None:
    with table(storage, "objects") as client:
        client.upsert_entity({"PartitionKey": "together", "RowKey": "taken"}, UpdateMode.REPLACE)

    rows = [{"PartitionKey": "together", "RowKey": key} for key in ("free", "taken")]
    assert await post(app, "/api/object", rows) == 500

    with table(storage, "objects") as client:
        assert [row["RowKey"] for row in client.query_entities("PartitionKey eq 'together'")] == ["taken"]


def names(storage: TableStorage) -> set[str]:
    with TableServiceClient.from_connection_string(storage.connection_string) as service:
        return {item.name for item in service.list_tables()}


async def test_an_output_that_is_not_set_writes_nothing(app: Served) -> None:
    assert (await app.get("/api/nothing")).body == b"nothing"


async def test_d079_a_return_value_is_an_output_by_its_binding_or_by_its_names(
    app: Served, storage: TableStorage
) -> None:
    """A timer function has no binding for an answer: `$return` may be a table, else a returned object sets outputs."""
    for name in ("returns_row", "returns_both"):
        assert (await app.send("POST", f"/admin/functions/{name}", body=b"{}")).status == 202

    def ticks() -> list[dict[str, Any]]:
        return rows_of(storage, "ticks") if "ticks" in names(storage) else []

    async with asyncio.timeout(20):
        while len(written := await asyncio.to_thread(ticks)) < 3:  # noqa: ASYNC110 - another thread's state
            await asyncio.sleep(0.01)
    rows = {row["RowKey"]: row.get("made") for row in written}
    assert {"one", "two"} < set(rows)
    assert next(len(key) for key, made in rows.items() if made == "by return") == 32


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/api/absent", "querying the table absent failed: the table service answered 404 TableNotFound"),
        ("/api/elsewhere", "there is no app setting AzureWebJobsElsewhere"),
        ("/api/rooms/lobby/messages?from=x", "no value for the binding expression '{atleast}'"),
    ],
)
async def test_d080_an_input_that_cannot_be_read_fails_the_call_before_the_function_runs(
    app: Served, caplog: pytest.LogCaptureFixture, path: str, reason: str
) -> None:
    answer = await app.get(path)

    assert (answer.status, answer.body) == (500, b"")
    assert reason in caplog.text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"RowKey": "1"}, "needs a PartitionKey"),
        ({"PartitionKey": "p", "RowKey": 1}, "the RowKey of a row must be a text, not int"),
        ({"PartitionKey": "p", "RowKey": "a/b"}, "has a character that a key cannot have"),
        ({"PartitionKey": "p", "RowKey": "1", "n": 2**70}, "a number of more than 64 bits"),
        (["text"], "a row for a table output must be a JSON object, not str"),
        (5, "must be set to a JSON object or array, not to int"),
    ],
)
async def test_d080_an_output_that_cannot_be_written_fails_the_call(
    app: Served, caplog: pytest.LogCaptureFixture, value: object, reason: str
) -> None:
    assert await post(app, "/api/object", value) == 500
    assert reason in caplog.text


TOKEN = "a-token-of-the-identity"


async def test_d082_a_connection_by_identity_asks_once_for_a_token(
    serve: Serve, storage: TableStorage, caplog: pytest.LogCaptureFixture
) -> None:
    """The endpoint is the app's, and what it gives is kept until it nearly expires."""
    asked: list[tuple[dict[str, str], str | None]] = []

    async def give_token(request: web.Request) -> web.Response:
        asked.append((dict(request.query), request.headers.get("X-IDENTITY-HEADER")))
        return web.json_response({"access_token": TOKEN, "expires_on": str(int(time.time()) + 3600)})

    application = web.Application()
    application.router.add_get("/msi/token", give_token)
    async with TestServer(application) as endpoint:
        identity = {
            "IDENTITY_ENDPOINT": str(endpoint.make_url("/msi/token")),
            "IDENTITY_HEADER": "header-of-the-app",
            "AzureWebJobsElsewhere__tableServiceUri": storage.endpoint,
            "AzureWebJobsElsewhere__clientId": "client",
        }
        caplog.set_level(logging.DEBUG)
        async with serve(APP, settings=settings(storage) | identity) as served:
            answers = [await served.get("/api/elsewhere") for _ in range(2)]

    assert [len(answer.json()) for answer in answers] == [5, 5]
    query = {"resource": "https://storage.azure.com", "api-version": "2019-08-01", "client_id": "client"}
    assert asked == [(query, "header-of-the-app")]
    assert TOKEN not in caplog.text


async def test_a_table_service_that_cannot_be_reached_is_named(
    serve: Serve, storage: TableStorage, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = "AccountName=a;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:1/a"
    async with serve(APP, settings=settings(storage) | {"Elsewhere": nowhere}) as served:
        assert (await served.get("/api/elsewhere")).status == 500

    assert "the table service at http://127.0.0.1:1/a does not answer" in caplog.text
    assert "a2V5" not in caplog.text


DURABLE = """
import json
import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.activity_trigger(input_name="order")
@app.table_input(arg_name="stock", connection="Storage", table_name="stock", partition_key="p", row_key="{item}")
@app.table_output(
    arg_name="sold", connection="Storage", table_name="sold", partition_key="{item}", row_key="{rand-guid}"
)
def sell(order: dict, stock: str, sold: func.Out[str]) -> int:
    sold.set(json.dumps({"count": order["count"]}))
    return json.loads(stock)["count"] - order["count"]

@app.orchestration_trigger(context_name="context")
def shop(context: df.DurableOrchestrationContext):
    return (yield context.call_activity("sell", {"item": "tea", "count": 2}))
"""


async def test_an_activity_has_table_bindings_too(serve: Serve, storage: TableStorage) -> None:
    """Their expressions name properties of the activity's input."""
    with TableServiceClient.from_connection_string(storage.connection_string) as service:
        service.create_table("stock").create_entity({"PartitionKey": "p", "RowKey": "tea", "count": 5})
    async with serve(DURABLE, header="", settings=settings(storage)) as served:
        start = "/runtime/webhooks/durabletask/orchestrators/shop?timeout=15"
        assert (await served.send("POST", start, body=b"")).json() == 3

    assert [(row["PartitionKey"], row["count"].value) for row in rows_of(storage, "sold")] == [("tea", 2)]


async def test_neither_keys_nor_rows_are_in_the_log(
    app: Served, storage: TableStorage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await post(app, "/api/object", {"PartitionKey": "p", "RowKey": "secret", "text": "a private text"})
    await post(app, "/api/object", {"PartitionKey": "p", "text": "a private text"})

    assert "AccountKey" not in caplog.text
    assert "a private text" not in caplog.text


DOCUMENT = Path(__file__).parents[4] / "docs" / "local-azure" / "timers-and-bindings.md"


async def test_the_example_of_the_document_works(serve: Serve, storage: TableStorage) -> None:
    section = DOCUMENT.read_text(encoding="utf-8").partition("## Table bindings")[2]
    source = section.partition("```python\n")[2].partition("```")[0]
    async with serve(source, header="", settings=settings(storage)) as served:
        assert await post(served, "/api/rooms/lobby/notes", {"text": "hello"}) == 201
        [row] = rows_of(storage, "notes")
        note = await served.get(f"/api/rooms/lobby/notes/{row['RowKey']}")
        assert (await served.get("/api/rooms/lobby/notes/absent")).status == 404

    assert note.json() == {"PartitionKey": "lobby", "RowKey": row["RowKey"], "text": "hello"}


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://127.0.0.1:1/a", "the table service at http://127.0.0.1:1/a does not answer"),
        ("http://[nonsense", "the table service at http://[nonsense does not answer"),
        ("http://127.0.0.1:99999", "the table service at http://127.0.0.1:99999 does not answer"),
    ],
)
async def test_an_address_that_does_not_work_is_named_without_its_signature(
    serve: Serve, caplog: pytest.LogCaptureFixture, address: str, reason: str
) -> None:
    elsewhere = f"TableEndpoint={address};SharedAccessSignature=sig=secret"
    async with serve(APP, settings={"Elsewhere": elsewhere}) as served:
        assert (await served.get("/api/elsewhere")).status == 500

    assert reason in caplog.text
    assert "secret" not in caplog.text
