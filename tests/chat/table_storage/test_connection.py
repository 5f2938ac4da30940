"""Which storage account the settings name, in every form that the Functions host knows."""

import base64

import pytest

from chat.errors import NotConfigured
from chat.settings import Settings
from chat.table_storage.connection import (
    DEVELOPMENT_KEY,
    Identity,
    SharedAccessSignature,
    SharedKey,
    StorageConnection,
    read_storage_connection,
)

KEY = base64.b64encode(b"secret-key").decode()
STORED = SharedKey(b"secret-key")


def connection(text: str) -> StorageConnection:
    return read_storage_connection(Settings({"AzureWebJobsStorage": text}))


@pytest.mark.parametrize(
    "text", ["UseDevelopmentStorage=true", "usedevelopmentstorage=TRUE", "UseDevelopmentStorage=true;"]
)
def test_the_development_storage_is_on_this_machine(text: str) -> None:
    """T-001."""
    expected = SharedKey(base64.b64decode(DEVELOPMENT_KEY))

    assert connection(text) == StorageConnection(
        "http://127.0.0.1:10002/devstoreaccount1", "devstoreaccount1", expected
    )


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        (f"AccountName=acct;AccountKey={KEY}", "https://acct.table.core.windows.net"),
        (f"accountname=acct; ACCOUNTKEY={KEY} ;", "https://acct.table.core.windows.net"),
        (
            f"AccountName=acct;AccountKey={KEY};EndpointSuffix=core.chinacloudapi.cn",
            "https://acct.table.core.chinacloudapi.cn",
        ),
        (f"DefaultEndpointsProtocol=http;AccountName=acct;AccountKey={KEY}", "http://acct.table.core.windows.net"),
        (f"AccountName=acct;AccountKey={KEY};TableEndpoint=http://127.0.0.1:5/acct/;", "http://127.0.0.1:5/acct"),
    ],
)
def test_a_connection_string_with_a_key_is_understood(text: str, endpoint: str) -> None:
    assert connection(text) == StorageConnection(endpoint, "acct", STORED)


def test_a_signature_is_taken_instead_of_a_key_and_the_account_from_the_address() -> None:
    text = "TableEndpoint=https://acct.table.core.windows.net/;SharedAccessSignature=?sv=2019-02-02&sig=a%3D"

    expected = SharedAccessSignature("sv=2019-02-02&sig=a%3D")
    assert connection(text) == StorageConnection("https://acct.table.core.windows.net", "acct", expected)


def test_t004_a_connection_string_goes_before_an_identity_and_an_address_before_an_account() -> None:
    values = {
        "AzureWebJobsStorage": f"AccountName=one;AccountKey={KEY}",
        "AzureWebJobsStorage__tableServiceUri": "https://two.table.example.net/",
        "AzureWebJobsStorage__accountName": "three",
        "AzureWebJobsStorage__clientId": "client",
    }
    by_string = read_storage_connection(Settings(values))
    del values["AzureWebJobsStorage"]
    by_address = read_storage_connection(Settings(values))
    del values["AzureWebJobsStorage__tableServiceUri"]
    by_account = read_storage_connection(Settings(values | {"AzureWebJobsStorage__credential": "ManagedIdentity"}))

    assert by_string == StorageConnection("https://one.table.core.windows.net", "one", STORED)
    assert by_address == StorageConnection("https://two.table.example.net", "three", Identity("client"))
    managed = Identity("client", is_managed=True)
    assert by_account == StorageConnection("https://three.table.core.windows.net", "three", managed)


def test_another_setting_can_hold_the_connection() -> None:
    values = {"ChatStorage": "ChatData", "ChatData": f"AccountName=chat;AccountKey={KEY}", "AzureWebJobsStorage": "x"}
    family = {"ChatStorage": "ChatData", "ChatData__accountName": "chat"}

    assert read_storage_connection(Settings(values)).account == "chat"
    assert read_storage_connection(Settings(family)).credential == Identity()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "AzureWebJobsStorage is not set .*AzureWebJobsStorage__tableServiceUri"),
        ({"ChatStorage": "ChatData"}, "ChatData is not set .*ChatStorage"),
        ({"ChatStorage": f"AccountName=a;AccountKey={KEY}"}, "ChatStorage must be the name"),
        ({"AzureWebJobsStorage": "hello"}, "AzureWebJobsStorage is not a connection string"),
        ({"AzureWebJobsStorage": f"AccountKey={KEY}"}, "neither an AccountName nor a TableEndpoint"),
        ({"AzureWebJobsStorage": "AccountName=acct"}, "neither an AccountKey nor a SharedAccessSignature"),
        ({"AzureWebJobsStorage": "AccountName=acct;AccountKey=no-base64!"}, "AccountKey that is not base64"),
        ({"AzureWebJobsStorage": f"TableEndpoint=http://h/a;AccountKey={KEY}"}, "AccountKey but no AccountName"),
        ({"AzureWebJobsStorage": f"AccountName=a;AccountKey={KEY};TableEndpoint=ftp://h"}, "table endpoint"),
        ({"AzureWebJobsStorage": f"AccountName=a;AccountKey={KEY};TableEndpoint=http://h:x"}, "table endpoint"),
        ({"AzureWebJobsStorage": f"AccountName=a;AccountKey={KEY};TableEndpoint=http://["}, "table endpoint"),
        ({"AzureWebJobsStorage": f"AccountName=a.b/c;AccountKey={KEY}"}, "AccountName that is not 3 to 24"),
        ({"AzureWebJobsStorage": f"DefaultEndpointsProtocol=x;AccountName=acct;AccountKey={KEY}"}, "table endpoint"),
        ({"AzureWebJobsStorage__tableServiceUri": "https://"}, "__tableServiceUri must be"),
        ({"AzureWebJobsStorage__tableServiceUri": "http://a.table.example.net"}, "__tableServiceUri must be"),
        ({"AzureWebJobsStorage__accountName": "a.b"}, "__accountName must be"),
        ({"AzureWebJobsStorage__accountName": "abc", "AzureWebJobsStorage__credential": "key"}, "__credential must be"),
        (
            {"AzureWebJobsStorage__accountName": "abc", "AzureWebJobsStorage__managedIdentityResourceId": "/x"},
            "__managedIdentityResourceId is not supported",
        ),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, str], named: str) -> None:
    with pytest.raises(NotConfigured, match=named):
        read_storage_connection(Settings(values))


@pytest.mark.parametrize("text", [f"AccountKey={KEY}", f"TableEndpoint=http://h;AccountKey={KEY}", KEY, f"{KEY};a=b"])
def test_a_connection_string_is_never_quoted(text: str) -> None:
    with pytest.raises(NotConfigured) as refusal:
        connection(text)

    assert KEY[:6] not in str(refusal.value)


def test_what_is_secret_is_not_in_the_text_of_a_connection() -> None:
    signed = connection("AccountName=acct;SharedAccessSignature=sig=topsecret")

    assert "secret" not in repr(connection(f"AccountName=acct;AccountKey={KEY}"))
    assert "secret" not in repr(signed)


@pytest.mark.parametrize(
    ("prefix", "problem"),
    [("1a", "letter"), ("a-b", "letters and digits"), ("Chät", "letters and digits"), ("a" * 41, "the limit is 40")],
)
def test_a_prefix_that_no_table_can_have_is_named(prefix: str, problem: str) -> None:
    with pytest.raises(NotConfigured, match=f"ChatTablePrefix .*{problem}"):
        _ = Settings({"ChatTablePrefix": prefix}).table_prefix


def test_tables_begin_with_the_prefix_of_the_settings() -> None:
    assert Settings({}).table_prefix == "Chat"
    assert Settings({"ChatTablePrefix": " Dev1 "}).table_prefix == "Dev1"
