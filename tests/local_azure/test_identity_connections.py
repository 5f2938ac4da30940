"""`python -m local_azure` with `--tls` and with `--identity`, around an app that does nothing."""

import asyncio
import json
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from azure.data.tables import TableServiceClient
from azure.identity import ManagedIdentityCredential
from azure.messaging.webpubsubservice import WebPubSubServiceClient

from local_azure.__main__ import main
from local_azure.connection_settings import connection_setting, identity_settings
from local_azure.functions.errors import ConfigurationError
from local_azure.identity_connections import IdentityOptions, read_identities, require_identities
from local_azure.tables import DEVELOPMENT_KEY
from local_azure.webpubsub import EventHandler, HubSettings, Settings
from local_azure.webpubsub.__main__ import main as webpubsub_main
from tests.local_azure.functions.programs import ANSWER_SECONDS, ROOT, Program
from tests.local_azure.webpubsub.open_page import open_page_at

APP = """
import os

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="settings")
def settings(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("\\n".join(f"{name}={value}" for name, value in os.environ.items()))


@app.route(route="rooms", methods=["POST"])
@app.table_output(arg_name="room", connection="AzureWebJobsStorage", table_name="rooms", partition_key="p")
def make_room(req: func.HttpRequest, room: func.Out[str]) -> func.HttpResponse:
    room.set(req.get_body().decode())
    return func.HttpResponse(status_code=204)
"""
LOCAL_SETTINGS = {
    "IsEncrypted": False,
    "Values": {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "WebPubSubConnectionString": ""},
}
PORTS = [f"--{name}port=0" for name in ("", "webpubsub-", "tables-", "authority-")]
STORAGE = "https://storage.azure.com"


def write_app(folder: Path) -> None:
    (folder / "host.json").write_text('{"version": "2.0"}')
    (folder / "function_app.py").write_text(APP)
    (folder / "local.settings.json").write_text(json.dumps(LOCAL_SETTINGS))


class Running:
    """The command: where its services are, and whose certificates it made."""

    def __init__(self, program: Program) -> None:
        self.program = program
        program.wait_for("^Ready")
        self.lines = {line[:17].strip(): line[17:].strip() for line in program.lines}
        self.webpubsub = self.lines["Web PubSub"].rstrip("/")
        self.tables = self.lines["Table storage"]
        self.certificate = self.lines["Certificates"]


@contextmanager
def run(folder: Path, *arguments: str) -> Iterator[Running]:
    """Run the command until the end of the block, which it must survive."""
    write_app(folder)
    program = Program(["local_azure", "--app", str(folder), *PORTS, *arguments], {})
    try:
        yield Running(program)
        assert program.stop()[0] == 0
    finally:
        program.process.kill()
        program.process.wait(ANSWER_SECONDS)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def test_with_tls_the_services_are_reached_by_https_and_their_keys(tmp_path: Path) -> None:
    with run(tmp_path, "--tls") as running:
        verify = {"connection_verify": running.certificate}
        connection = running.lines["Connection"]
        with WebPubSubServiceClient.from_connection_string(connection, "chat", **verify) as service:
            assert service.get_client_access_token()["url"].startswith("wss://127.0.0.1:")
            assert not service.user_exists("ana")
        key = f"AccountName=devstoreaccount1;AccountKey={DEVELOPMENT_KEY};TableEndpoint={running.tables}"
        with TableServiceClient.from_connection_string(key, **verify) as storage:
            assert storage.create_table("rooms").table_name == "rooms"
        settings = dict(line.split("=", 1) for line in Path(running.lines["App's settings"]).read_text().splitlines())

    assert settings["WebPubSubConnectionString"].strip("'") == connection
    assert connection.startswith("Endpoint=https://127.0.0.1:")
    # Without `--data` nothing stays.
    assert not Path(running.certificate).parent.exists()


async def test_with_identity_the_app_is_given_no_key_and_everything_else_works_as_before(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    """The storage is observed, is given faults and new keys, and comes back after a crash with these keys."""
    with run(tmp_path, "--identity", "--data", str(tmp_path / "data"), "--setting", "TENANT={tenant}") as running:
        trust = ssl.create_default_context(cafile=running.certificate)
        async with http.get(f"{running.lines['Functions host']}api/settings") as answer:
            settings = dict(line.split("=", 1) for line in (await answer.text()).splitlines() if "=" in line)
        authority = settings["IDENTITY_ENDPOINT"].removesuffix("/msi/token")

        async def token(identity: str, audience: str) -> dict[str, str]:
            wanted = {"identity": identity, "audience": audience}
            async with http.post(f"{authority}/test/tokens", json=wanted, ssl=trust) as answer:
                return {"Authorization": f"Bearer {(await answer.json())['token']}", "Accept": "application/json"}

        async def list_tables(headers: dict[str, str]) -> int:
            async with http.get(f"{running.tables}/Tables", headers=headers, ssl=trust) as answer:
                return answer.status

        fault = {"fault": "fail storage 500 count=1"}
        async with http.post(f"{running.webpubsub}/inspector/faults", json=fault, ssl=trust) as answer:
            assert answer.status == 201, await answer.text()
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust))
        async with session, open_page_at(session, running.webpubsub) as page:
            assert await list_tables(await token("app", STORAGE)) == 500
            assert await list_tables(await token("app", STORAGE)) == 200
            assert (await page.first("storage", "list_tables"))["status"] == "500"
            # A table binding calls with the app's identity too.
            rooms = f"{running.lines['Functions host']}api/rooms"
            async with http.post(rooms, json={"RowKey": "lobby"}) as answer:
                assert answer.status == 204
            assert (await page.first("storage", "transaction"))["status"] == "202"
            assert (await page.first("storage", "create_table"))["status"] == "201"
        before = await token("app", STORAGE)
        for _ in range(2):  # the second change ends what the first key has signed
            async with http.post(f"{authority}/test/keys", json={}, ssl=trust) as answer:
                assert answer.status == 200
        async with asyncio.timeout(ANSWER_SECONDS):
            while await list_tables(before) != 401:  # noqa: ASYNC110 (the command is another process)
                await asyncio.sleep(0.01)
        assert await list_tables(await token("app", STORAGE)) == 200
        assert await list_tables(await token("stranger", STORAGE)) == 403
        assert await list_tables(before) == 401

    assert settings["AzureWebJobsStorage__tableServiceUri"] == running.tables
    assert settings["WebPubSubConnectionString__serviceUri"] == running.webpubsub
    assert settings["TENANT"] in running.lines["Authority"]
    assert {"AzureWebJobsStorage", "WebPubSubConnectionString", "AzureWebJobsStorage__clientId"} & set(
        settings
    ) == set()


def test_web_pubsub_alone_takes_the_apps_token_beside_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["local_azure.webpubsub", "--port", "0", "--tls", str(tmp_path), "--identity", "--authority-port", "0"]
    program = Program(arguments, {})
    try:
        variables = Path(program.wait_for("^App's settings: (.+)$")[1]).read_text().splitlines()
        [connection] = [line.partition(": ")[2] for line in program.lines if line.startswith("Connection string")]
        settings = dict(line.split("=", 1) for line in variables)
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
            monkeypatch.setenv(name, settings[name])
        verify: dict[str, Any] = {"connection_verify": str(tmp_path / "authority.pem")}
        endpoint = settings["WebPubSubConnectionString__serviceUri"]
        with (
            ManagedIdentityCredential(**verify) as credential,
            WebPubSubServiceClient(endpoint, "chat", credential, **verify) as by_identity,
            WebPubSubServiceClient.from_connection_string(connection, "chat", **verify) as by_key,
        ):
            assert [client.user_exists("ana") for client in (by_identity, by_key)] == [False, False]
        assert program.stop()[0] == 0
    finally:
        program.process.kill()
        program.process.wait(ANSWER_SECONDS)


HANDLER = {
    "UrlTemplate": "http://localhost/",
    "Auth": {"Type": "ManagedIdentity", "ManagedIdentity": {"Resource": "a"}},
}
HUBS = {"WebPubSub": {"Hubs": {"chat": {"EventHandlers": [HANDLER]}}}}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--identity", "--authority-port", "{port}"], "cannot listen on 127.0.0.1 port {port}"),
        (
            ["--webpubsub-settings", "{folder}/auth.json"],
            "auth.json: Hubs:chat has an event handler with the Auth type",
        ),
    ],
)
def test_what_cannot_be_served_ends_the_command_with_a_sentence(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    write_app(tmp_path)
    (tmp_path / "auth.json").write_text(json.dumps(HUBS))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        known: dict[str, Any] = {"folder": tmp_path, "port": taken.getsockname()[1]}
        chosen = [argument.format(**known) for argument in arguments]
        program = Program(["local_azure", "--app", str(tmp_path), *PORTS, *chosen], {})
        printed = program.rest()

    assert sentence.format(**known) in printed
    assert "Traceback" not in printed
    assert program.process.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--identity", "--setting", ""], "must be NAME=VALUE, not ''"),
        (["--tls", "--host", "0.0.0.0"], "serve localhost, 127.0.0.1, ::1 only, not --host 0.0.0.0"),
        (["--setting", "NAME"], "must be NAME=VALUE, not 'NAME'"),
        (["--identity", "perhaps"], "invalid choice: 'perhaps'"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    write_app(tmp_path)
    try:
        code = main(["--app", str(tmp_path), *PORTS, *arguments])
    except SystemExit as exit_:
        code = int(exit_.code or 0)

    assert code in (1, 2)
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "content", "sentence"),
    [
        ("system", None, "No such file"),
        ("system", "{", "Expecting property name"),
        ("system", "[]", "must hold one JSON object"),
        ("system", '{"Tenant": ""}', "unknown key Tenant"),
        ("user", "{}", "has no userAssigned identity"),
        ("system", '{"systemAssigned": null}', "has no systemAssigned identity"),
    ],
)
def test_a_file_of_identities_that_cannot_be_used_is_named(
    tmp_path: Path, kind: str, content: str | None, sentence: str
) -> None:
    file = tmp_path / "identities.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(ConfigurationError, match=rf"identities\.json.*{sentence}"):
        read_identities(IdentityOptions(kind, file))


def test_web_pubsub_alone_sends_no_token_over_plain_http(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        webpubsub_main(["--identity"])

    assert "--identity needs --tls DIR" in capsys.readouterr().err


def test_web_pubsub_alone_names_a_handler_that_needs_an_identity(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.json").write_text(json.dumps(HUBS))

    assert webpubsub_main(["--port", "0", "--settings", str(tmp_path / "settings.json")]) == 2
    assert "this service has no identity: start it with --identity" in capsys.readouterr().err


def test_a_start_without_these_options_imports_nothing_of_them() -> None:
    wanted = "'local_azure.authority', 'local_azure.certificates'"
    services = f"import local_azure.services, sys; assert not {{{wanted}}} & set(sys.modules)"
    storage = (
        "from local_azure import tables; import sys; tables.serve; tables.Settings(); "
        f"assert not {{{wanted}, 'jwt', 'cryptography'}} & set(sys.modules)"
    )
    for source in (services, storage):
        subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=True)


@pytest.mark.parametrize(
    "chosen",
    [
        {"WebPubSubConnectionString__serviceUri": "https://chat.webpubsub.azure.com"},
        {"WebPubSubConnectionString": f"Endpoint=https://chat.webpubsub.azure.com;AccessKey={'k' * 32};Version=1.0;"},
    ],
)
def test_an_app_that_has_chosen_another_service_keeps_it(chosen: dict[str, str]) -> None:
    replaced = connection_setting(chosen, {}, f"Endpoint=https://127.0.0.1:8080;AccessKey={'k' * 32};Version=1.0;")

    assert identity_settings(replaced, "serviceUri", "https://127.0.0.1:8080", None) == {}


def test_handlers_are_called_with_tokens_unless_their_settings_say_otherwise() -> None:
    chosen = [EventHandler("http://localhost/", auth_resource=resource) for resource in (None, "", "api://chat")]
    settings = require_identities(Settings(hubs={"chat": HubSettings(chosen)}))

    resources = [handler.auth_resource for handler in settings.hub("chat").event_handlers]
    assert resources == ["https://webpubsub.azure.com", "", "api://chat"]
    assert settings.disable_local_auth
