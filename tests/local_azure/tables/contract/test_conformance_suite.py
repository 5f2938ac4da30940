"""The conformance suite for tables: no difference on the embedded storage, on Azurite those that are stated."""

import base64

import aiohttp
import pytest

from conformance.tables.__main__ import main, run_table_cases
from conformance.tables.account import Account
from conformance.tables.cases import all_table_cases
from conformance.target import read_statements
from local_azure.tables import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY


async def test_the_suite_differs_in_what_is_stated_and_in_nothing_else(
    storage_endpoint: str, request: pytest.FixtureRequest
) -> None:
    is_azurite = request.node.callspec.params["storage_endpoint"] == "azurite"
    stated = read_statements("azurite" if is_azurite else "local").differences
    account = Account(DEVELOPMENT_ACCOUNT, storage_endpoint, base64.b64decode(DEVELOPMENT_KEY))

    results = await run_table_cases(account, stated)

    assert [result.number for result in results] == [case.number for case in all_table_cases()]
    assert [result for result in results if result.status == "differs"] == []
    assert {result.number for result in results if result.status == "stated"} == {*stated}


async def test_a_storage_that_does_not_answer_is_an_error_and_no_difference() -> None:
    account = Account(DEVELOPMENT_ACCOUNT, "http://127.0.0.1:9/x", base64.b64decode(DEVELOPMENT_KEY))

    with pytest.raises(aiohttp.ClientConnectionError):
        await run_table_cases(account)


def test_a_wrong_connection_string_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--connection-string", "AccountName=x"])

    assert (code, capsys.readouterr().err) == (2, "conformance: the connection string has no accountkey\n")
