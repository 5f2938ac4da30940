"""The bodies of errors, and requests that are no request."""

import re

import pytest

from tests.local_azure.tables.contract.differences import differs_from_azurite
from tests.local_azure.tables.rest_client import NO_METADATA, RestClient


async def test_t036_an_error_is_json_for_a_caller_that_accepts_it(rest: RestClient) -> None:
    answer = await rest.get("p", "r", headers=NO_METADATA)

    assert answer.json["odata.error"]["code"] == "ResourceNotFound"
    assert answer.json["odata.error"]["message"]["lang"] == "en-US"
    assert re.fullmatch(r"The specified resource does not exist\.\nRequestId:[\w-]+\nTime:[\w:.-]+", answer.message)


@differs_from_azurite("the XML of an error has the form of other storage services")
async def test_t036_an_error_is_xml_for_a_caller_that_does_not_accept_json(rest: RestClient) -> None:
    answer = await rest.write("PATCH", "p", "r", {}, if_match="*", Accept="application/atom+xml")

    assert answer.refusal == (404, "ResourceNotFound")
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert '<message xml:lang="en-US">The specified resource does not exist.\nRequestId:' in answer.text


async def test_a_caller_that_wants_atom_is_refused_before_anything_is_done(rest: RestClient) -> None:
    answer = await rest.call(
        "POST", rest.table, {"PartitionKey": "p", "RowKey": "r"}, headers={"Accept": "application/atom+xml"}
    )

    assert answer.refusal == (415, "AtomFormatNotSupported")
    assert (await rest.get("p", "r")).status == 404


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "null", '{"a": NaN}', "[" * 5000, b"\xff\xfe{"])
@differs_from_azurite("a body that is no JSON object is taken for an empty entity, or its refusal has no code")
async def test_a_body_that_is_no_json_object_is_refused(rest: RestClient, body: str | bytes) -> None:
    headers = {"Content-Type": "application/json"}

    insert = await rest.call("POST", rest.table, body, headers=headers)
    update = await rest.call("PUT", f"{rest.table}(PartitionKey='p',RowKey='r')", body, headers=headers)

    assert (insert.refusal, update.refusal) == ((400, "InvalidInput"),) * 2


@pytest.mark.parametrize("path", ["x(", "x(PartitionKey='a')", "a/b", "%ff", "x(PartitionKey='a',PartitionKey='b')"])
@differs_from_azurite("a path that names nothing is an error of the server, or its refusal has no code")
async def test_a_path_that_names_nothing_is_refused(rest: RestClient, path: str) -> None:
    assert (await rest.call("GET", path)).refusal == (400, "InvalidInput")


async def test_t045_a_body_over_4_mib_is_refused(rest: RestClient) -> None:
    body = b'{"PartitionKey": "p", "RowKey": "r", "a": "' + b"x" * (4 * 1024 * 1024) + b'"}'

    answer = await rest.call("POST", rest.table, body)

    assert answer.status in (400, 413)
