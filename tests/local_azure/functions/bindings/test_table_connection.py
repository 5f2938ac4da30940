"""The connection of a table binding: which setting names it, and what its text may be."""

import base64
from datetime import UTC, datetime

import pytest

from local_azure.functions.bindings.table_connection import TableAccount, find_account, parse_connection_string
from local_azure.functions.errors import BindingError

KEY = base64.b64encode(b"a key").decode()
ACCOUNT = f"AccountName=store;AccountKey={KEY}"
NOW = datetime(2026, 8, 24, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("connection", "settings", "name"),
    [
        ("", {"AzureWebJobsStorage": ACCOUNT}, "store"),
        ("Storage", {"AzureWebJobsStorage": ACCOUNT, "Storage": "AccountName=b;AccountKey=" + KEY}, "store"),
        ("AzureWebJobsStorage", {"AzureWebJobsStorage": ACCOUNT}, "store"),
        ("Other", {"Other": ACCOUNT}, "store"),
        ("Other", {"AzureWebJobsOther": ACCOUNT}, "store"),
    ],
)
def test_d082_a_connection_is_the_setting_with_the_hosts_prefix_or_without(
    connection: str, settings: dict[str, str], name: str
) -> None:
    assert find_account(connection, settings).name == name


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (ACCOUNT, "https://store.table.core.windows.net"),
        (f"{ACCOUNT};EndpointSuffix=core.example;DefaultEndpointsProtocol=http", "http://store.table.core.example"),
        (f"{ACCOUNT};TableEndpoint=http://127.0.0.1:5/store/;", "http://127.0.0.1:5/store"),
        ("UseDevelopmentStorage=true", "http://127.0.0.1:10002/devstoreaccount1"),
        ("usedevelopmentstorage = True;", "http://127.0.0.1:10002/devstoreaccount1"),
    ],
)
def test_d082_a_connection_string_gives_the_address_of_the_tables(text: str, url: str) -> None:
    assert parse_connection_string(text, "X").url == url


def test_d082_a_shared_access_signature_is_added_to_each_address() -> None:
    account = parse_connection_string("TableEndpoint=https://a.example;SharedAccessSignature=?sv=1&sig=x", "X")

    assert account.address("/t()") == "https://a.example/t()?sv=1&sig=x"
    assert account.address("/t()?$top=1") == "https://a.example/t()?$top=1&sv=1&sig=x"
    assert "Authorization" not in account.authorize("/t()", NOW)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "there is no app setting AzureWebJobsRooms"),
        ({"Rooms": ""}, "there is no app setting AzureWebJobsRooms"),
        ({"Rooms__tableServiceUri": "https://a.example"}, "IDENTITY_ENDPOINT"),
        ({"Rooms__tableServiceUri": "nonsense", "IDENTITY_ENDPOINT": "http://x"}, "the URL of a table service"),
        ({"Rooms": "nonsense"}, "Rooms is no connection string"),
        ({"Rooms": "AccountName=a"}, "Rooms is no connection string"),
        ({"Rooms": f"AccountKey={KEY}"}, "Rooms is no connection string"),
        ({"Rooms": f"{ACCOUNT};TableEndpoint=file:///x"}, "Rooms is no connection string"),
        ({"Rooms": "AccountName=a;AccountKey=not base64!"}, "AccountKey in the app setting Rooms is no base64"),
    ],
)
def test_d082_a_connection_that_cannot_be_used_is_named_without_its_value(
    settings: dict[str, str], reason: str
) -> None:
    with pytest.raises(BindingError, match=reason) as raised:
        find_account("Rooms", settings)

    assert KEY not in str(raised.value)


def test_an_account_does_not_show_its_secrets() -> None:
    assert KEY not in repr(TableAccount("https://a.example", "a", KEY, "sig=x"))
    assert "sig=x" not in repr(TableAccount("https://a.example", "a", KEY, "sig=x"))


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({"Rooms__tableServiceUri": "https://a.example/b/"}, "https://a.example/b"),
        ({"AzureWebJobsRooms__accountName": "store"}, "https://store.table.core.windows.net"),
    ],
)
def test_d082_a_connection_by_identity_has_the_apps_endpoint_of_tokens(settings: dict[str, str], url: str) -> None:
    endpoint = {"IDENTITY_ENDPOINT": "http://127.0.0.1:5/msi", "IDENTITY_HEADER": "secret"}
    account = find_account("Rooms", settings | endpoint)

    assert (account.url, account.key) == (url, None)
    assert account.identity is not None
    assert account.identity.endpoint == "http://127.0.0.1:5/msi"
    assert "secret" not in repr(account)
