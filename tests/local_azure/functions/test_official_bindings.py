"""What a function gets of a table and what becomes of its outputs: the embedded host against the official runtime."""

import base64
import json
from typing import Any

import pytest
from azure.data.tables import TableServiceClient

from local_azure import functions
from local_azure.functions.bindings.table_entities import read_output
from local_azure.functions.errors import BindingError
from local_azure.pytest_plugin import running_table_storage
from tests.local_azure.functions.apps import Served, WriteApp
from tests.local_azure.functions.official.runtime import official_app

APP = """
@app.route()
@app.table_input(arg_name="row", connection="Storage", table_name="rows", partition_key="p", row_key="{key}")
@app.table_input(arg_name="rows", connection="Storage", table_name="rows")
def reads(req, row, rows: str): return func.HttpResponse(repr((row, rows)))

VALUES = {
    "text": '{"RowKey": "text"}', "bytes": b'[{"RowKey": "bytes"}]', "dict": {"RowKey": "ü"},
    "list": [{"RowKey": "a"}, {"RowKey": "b"}], "int": 5, "float": 1.5, "bool": True, "none": None, "object": object(),
    "set in dict": {"RowKey": {1}}, "plain": "plain",
}

@app.route()
@app.table_output(arg_name="out", connection="Storage", table_name="written", partition_key="p")
def writes(req, out: func.Out[str]):
    out.set(VALUES[req.params["value"]])
    return func.HttpResponse("answer")
"""
VALUES: dict[str, object] = {
    "text": '{"RowKey": "text"}',
    "bytes": b'[{"RowKey": "bytes"}]',
    "dict": {"RowKey": "ü"},
    "list": [{"RowKey": "a"}, {"RowKey": "b"}],
}
FAILING = ("int", "float", "bool", "plain", "object", "set in dict")


def request_to(path: str, **query: str) -> dict[str, Any]:
    """Return a GET request as the host hands it over."""
    request = {"method": "GET", "url": f"http://localhost/api/{path}", "headers": {}, "query": query, "params": {}}
    return {"req": {"http": {**request, "body": ""}}}


def text_of(outcome: dict[str, Any]) -> str:
    return base64.b64decode(outcome["http"]["body"]).decode()


async def test_d086_a_function_gets_the_same_of_a_table_and_its_outputs_are_read_the_same(write_app: WriteApp) -> None:
    """The runtime gets the texts that the embedded host read; its typed data must be the rows that our host writes."""
    folder = write_app(APP)
    with running_table_storage() as storage:
        with TableServiceClient.from_connection_string(storage.connection_string) as service:
            service.create_table("rows").create_entity({"PartitionKey": "p", "RowKey": "k", "text": "ü", "n": 1})
        settings = {"AzureWebJobsStorage": storage.connection_string}
        async with functions.serve(folder, settings=settings) as host, official_app(folder, settings) as official:
            ours = [(await Served(host).get(f"/api/reads?key={key}")).body.decode() for key in ("k", "absent")]
            row = '{"PartitionKey":"p","RowKey":"k","text":"ü","n":1}'
            arguments = [
                {"row": {"json": row}, "rows": {"json": f"[{row}]"}},
                {"row": {}, "rows": {"json": f"[{row}]"}},
            ]
            reading = [("reads", request_to("reads") | given) for given in arguments]
            assert ours == [text_of(outcome) for outcome in await official.invoke_durable(reading)]

            writing = [("writes", request_to("writes", value=name)) for name in (*VALUES, *FAILING, "none")]
            outcomes = dict(zip((*VALUES, *FAILING, "none"), await official.invoke_durable(writing), strict=True))
            statuses = {
                name: (await Served(host).get(f"/api/writes?value={name.replace(' ', '%20')}")).status
                for name in outcomes
            }

    for name, value in VALUES.items():
        output = outcomes[name]["outputs"]["out"]
        sent = json.loads(output["value"])
        assert read_output(value) == (sent if isinstance(sent, list) else [sent])
    assert "outputs" not in outcomes["none"]
    # A number or a text that is no JSON leaves the worker; the host's part is to refuse it.
    assert {name for name in FAILING if "failure" in outcomes[name]} == {"object", "set in dict"}
    assert statuses == {**dict.fromkeys([*VALUES, "none"], 200), **dict.fromkeys(FAILING, 500)}


@pytest.mark.parametrize("value", [object(), {"RowKey": {1}}])
def test_d086_a_value_that_the_worker_cannot_encode_is_an_error(value: object) -> None:
    with pytest.raises(BindingError, match="a table output"):
        read_output(value)
