"""The whole chat without any key: the app and Web PubSub call each other with managed identities, over TLS.

One command runs for the whole module, as its users run it; the official SDKs call it with azure-identity.
"""

import json
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt
import pytest
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.data.tables import TableServiceClient
from azure.data.tables.aio import TableServiceClient as AsyncTableServiceClient
from azure.identity import ManagedIdentityCredential
from azure.identity.aio import DefaultAzureCredential
from azure.messaging.webpubsubservice import WebPubSubServiceClient
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient as AsyncWebPubSubServiceClient

from dev import IDENTITY_SETTINGS
from local_azure.bearer_tokens import Role
from local_azure.tables import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from local_azure.webpubsub import DEFAULT_ACCESS_KEY
from local_azure.webpubsub.tokens import client_audience, make_client_token
from tests.chat.conftest import event_headers
from tests.chat.local_chat import HIGH_LIMITS, HUB, JSON, ROOT, Tab

START_SECONDS = 60.0
WEBPUBSUB = "https://webpubsub.azure.com"
STORAGE = "https://storage.azure.com"
TENANT = "22222222-2222-2222-2222-222222222222"
OTHER_TENANT = "33333333-3333-3333-3333-333333333333"


def identity(name: str, digit: str, *roles: Role) -> dict[str, object]:
    ids = [f"{digit * 8}-{end * 4}-4000-8000-{digit * 12}" for end in "ab"]
    return {"name": name, "clientId": ids[0], "objectId": ids[1], "roles": roles}


APP = identity("app", "4", Role.WEB_PUBSUB_OWNER, Role.TABLE_CONTRIBUTOR)
READER = identity("reader", "5", Role.WEB_PUBSUB_READER, Role.TABLE_READER)
NOBODY = identity("nobody", "6")
SERVICE = identity("web-pubsub", "7")
IDENTITIES = {
    "tenant": TENANT,
    "systemAssigned": READER,
    "userAssigned": [APP, NOBODY],
    "webPubSub": SERVICE,
    "others": [],
}


@dataclass
class Running:
    """The running command: `app` are the settings of the app, `certificate` the file of whom to trust."""

    url: str
    app: dict[str, str]
    certificate: Path

    @property
    def webpubsub(self) -> str:
        return self.app["WebPubSubConnectionString__serviceUri"]

    @property
    def tables(self) -> str:
        return self.app["AzureWebJobsStorage__tableServiceUri"]

    @property
    def authority(self) -> str:
        return self.app["ChatWebhookAuthority"]

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the command with a user-assigned identity of the app; return when it is ready."""
    folder = tmp_path_factory.mktemp("identity")
    (folder / "identities.json").write_text(json.dumps(IDENTITIES))
    command = [sys.executable, "-m", "local_azure", "--app", str(ROOT), "--data", str(folder / "data")]
    command += ["--identity", "user", "--identities", str(folder / "identities.json")]
    command += [f"--{name}port=0" for name in ("", "webpubsub-", "tables-", "authority-")]
    command += [f"--setting={name}={value}" for name, value in (IDENTITY_SETTINGS | {"ChatAuth": "open"}).items()]
    log = folder / "run.log"
    with log.open("wb") as output:
        process = subprocess.Popen([*command, f"--setting=ChatRateLimits={HIGH_LIMITS}"], cwd=ROOT, stdout=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while "\nReady" not in (printed := log.read_text()):
            assert process.poll() is None, printed
            assert time.monotonic() < deadline, printed
            time.sleep(0.02)
        lines = {line[:17].strip(): line[17:].strip() for line in printed.splitlines()}
        variables = dict(line.split("=", 1) for line in Path(lines["App's settings"]).read_text().splitlines())
        yield Running(lines["Functions host"].rstrip("/"), variables, Path(lines["Certificates"]))
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0


@pytest.fixture
async def http(running: Running) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that trusts the certificates."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=running.trust())) as session:
        yield session


@pytest.fixture
def of_app(running: Running, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, object] | None], dict[str, Any]]:
    """Let this process find the app's identities; return what a credential is made with."""
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.setenv(name, running.app[name])
    verify = {"connection_verify": str(running.certificate)}
    return lambda chosen: verify | ({"client_id": chosen["clientId"]} if chosen else {})


async def token(http: aiohttp.ClientSession, running: Running, **wanted: Any) -> str:
    """Return a token of the authority, as a test wants it."""
    async with http.post(f"{running.authority}/test/tokens", json=wanted) as answer:
        assert answer.status == 200, await answer.text()
        return str((await answer.json())["token"])


async def enter(http: aiohttp.ClientSession, running: Running, user: str, room: str) -> Tab:
    """Connect as the page does, and join a room."""
    async with http.get(f"{running.url}/negotiate", params={"id": user}) as answer:
        url = (await answer.json())["url"]
    assert url.startswith("wss://")
    tab = Tab(await http.ws_connect(url, protocols=(JSON,)), is_rich=True)
    await tab.next(type="system", event="connected")
    await tab.send("join", {"room": room})
    await tab.next(type="joined", room=room)
    return tab


async def test_a_message_is_stored_published_and_read_again_with_tokens_alone(
    http: aiohttp.ClientSession, running: Running
) -> None:
    ana, bob = await enter(http, running, "ana", "design"), await enter(http, running, "bob", "design")

    await ana.ask("message", {"room": "design", "message": "hello"})

    assert (await bob.next(message="hello"))["from"] == "ana"
    await bob.send("history", {"room": "design"})
    assert [line["message"] for line in (await bob.next(type="history"))["messages"]] == ["hello"]
    assert (running.app["WebPubSubConnectionString"], running.app["AzureWebJobsStorage"]) == ("", "")
    assert running.app["AzureWebJobsStorage__clientId"] == APP["clientId"]


async def test_a_message_passes_right_after_the_authoritys_keys_have_changed(
    http: aiohttp.ClientSession, running: Running
) -> None:
    ana = await enter(http, running, "ana", "rotation")
    before = await token(http, running, identity="app", audience=WEBPUBSUB)

    async with http.post(f"{running.authority}/test/keys", json={}) as answer:
        published = (await answer.json())["keys"]
    await ana.ask("message", {"room": "rotation", "message": "still here"})

    after = await token(http, running, identity="app", audience=WEBPUBSUB)
    key_ids = [jwt.get_unverified_header(each)["kid"] for each in (before, after)]
    assert key_ids == [published[2], published[0]]
    for each in (before, after):
        assert await rest_status(http, running, each) == 404  # nobody is called so; the call is allowed
        assert await tables_status(http, running, await token(http, running, identity="app", audience=STORAGE)) == 200


# What must be refused, as the authority is asked for it.
WRONG_TOKENS = {
    "of another audience": {"audience": "https://vault.azure.net"},
    "expired": {"expiresIn": -301},
    "of another tenant": {"issuer": f"https://sts.windows.net/{OTHER_TENANT}/"},
    "signed with a key that is not published": {"unpublishedKey": True},
}


async def post_event(http: aiohttp.ClientSession, running: Running, authorization: str | None) -> int:
    """Post a `connect` event as Web PubSub does; return the status."""
    headers = event_headers("sys", "connect", key=DEFAULT_ACCESS_KEY) | {"Content-Type": "application/json"}
    if authorization is not None:
        headers["Authorization"] = f"Bearer {authorization}"
    async with http.post(f"{running.url}/eventhandler", headers=headers, json={"query": {"id": ["ana"]}}) as answer:
        return answer.status


async def test_the_webhook_believes_the_services_identity_and_no_key(
    http: aiohttp.ClientSession, running: Running
) -> None:
    """Without a token there is a signature that the emulator's key made."""
    for version in (1, 2):
        right = await token(http, running, identity="web-pubsub", audience=WEBPUBSUB, version=version)
        assert await post_event(http, running, right) == 200

    assert await post_event(http, running, None) == 401


@pytest.mark.parametrize(
    "wrong",
    [*WRONG_TOKENS.values(), {"audience": f"{WEBPUBSUB}/"}, {"identity": "app"}],
    ids=[*WRONG_TOKENS, "with a slash at the end of the audience", "of another identity"],
)
async def test_the_webhook_refuses_a_token(
    http: aiohttp.ClientSession, running: Running, wrong: dict[str, Any]
) -> None:
    refused = await token(http, running, **{"identity": "web-pubsub", "audience": WEBPUBSUB} | wrong)

    assert await post_event(http, running, refused) == 401


async def rest_status(http: aiohttp.ClientSession, running: Running, bearer: str, method: str = "HEAD") -> int:
    """Return how Web PubSub answers a question about a user, or with another method a message to that user."""
    path = f"/api/hubs/{HUB}/users/nobody-is-called-so" + ("" if method == "HEAD" else "/:send")
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "text/plain"}
    url = f"{running.webpubsub}{path}?api-version=2024-12-01"
    async with http.request(method, url, headers=headers, data=b"" if method == "HEAD" else b"x") as answer:
        return answer.status


@pytest.mark.parametrize(
    "wrong",
    [*WRONG_TOKENS.values(), {"audience": f"{WEBPUBSUB}/"}],
    ids=[*WRONG_TOKENS, "with a slash at the end of the audience"],
)
async def test_web_pubsub_refuses_a_token(http: aiohttp.ClientSession, running: Running, wrong: dict[str, Any]) -> None:
    """W-291."""
    refused = await token(http, running, **{"identity": "app", "audience": WEBPUBSUB} | wrong)

    assert await rest_status(http, running, refused) == 401


async def test_web_pubsub_asks_for_the_role_of_an_identity(http: aiohttp.ClientSession, running: Running) -> None:
    """W-292."""
    statuses = {}
    for name in ("app", "reader", "nobody", "web-pubsub"):
        bearer = await token(http, running, identity=name, audience=WEBPUBSUB)
        statuses[name] = [await rest_status(http, running, bearer, method) for method in ("HEAD", "POST")]

    assert statuses == {"app": [404, 202], "reader": [404, 403], "nobody": [403, 403], "web-pubsub": [403, 403]}


async def test_web_pubsub_takes_no_key_that_anybody_knows(http: aiohttp.ClientSession, running: Running) -> None:
    """W-293."""
    audience = client_audience(running.webpubsub, HUB)
    now = time.time()
    client = make_client_token(DEFAULT_ACCESS_KEY, audience, now=now, lifetime_seconds=60, user_id="ana")
    server = make_client_token(DEFAULT_ACCESS_KEY, f"{running.webpubsub}/api", now=now, lifetime_seconds=60)

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await http.ws_connect(f"{audience}?access_token={client}")

    assert refused.value.status == 401
    assert await rest_status(http, running, server) == 401


def test_the_service_sdk_works_with_a_managed_identity(
    running: Running, of_app: Callable[[dict[str, object] | None], dict[str, Any]]
) -> None:
    verify = of_app(None)
    with (
        ManagedIdentityCredential(**of_app(APP)) as credential,
        ManagedIdentityCredential(**of_app(NOBODY)) as stranger,
        WebPubSubServiceClient(running.webpubsub, HUB, credential, **verify) as service,
        WebPubSubServiceClient(running.webpubsub, HUB, stranger, **verify) as refused,
    ):
        url = service.get_client_access_token(user_id="ana", groups=["design"])["url"]
        service.send_to_group("design", "hi", content_type="text/plain")
        with pytest.raises(HttpResponseError) as problem:
            refused.send_to_group("design", "hi", content_type="text/plain")

    assert url.startswith(f"{running.webpubsub.replace('https', 'wss')}/client/hubs/{HUB}?access_token=")
    assert problem.value.status_code == 403


async def test_the_asynchronous_service_sdk_works_with_the_default_credential(
    running: Running, of_app: Callable[[dict[str, object] | None], dict[str, Any]]
) -> None:
    """It asks for a user-assigned identity in the way of DefaultAzureCredential."""
    verify = of_app(None)
    credential = DefaultAzureCredential(managed_identity_client_id=str(APP["clientId"]), **verify)
    async with credential, AsyncWebPubSubServiceClient(running.webpubsub, HUB, credential, **verify) as service:
        assert (await service.get_client_access_token(user_id="ana"))["token"]
        assert not await service.user_exists("nobody-is-called-so")


async def tables_status(http: aiohttp.ClientSession, running: Running, bearer: str, method: str = "GET") -> int:
    """Return how Table storage answers a list of the tables, or with another method a new table."""
    headers = {"Authorization": f"Bearer {bearer}", "Accept": "application/json", "Content-Type": "application/json"}
    body = b"" if method == "GET" else b'{"TableName": "New%s"}' % str(time.time_ns()).encode()
    async with http.request(method, f"{running.tables}/Tables", headers=headers, data=body) as answer:
        if answer.status == 401:
            assert answer.headers["WWW-Authenticate"].endswith(f" resource_id={STORAGE}")
        return answer.status


@pytest.mark.parametrize("wrong", WRONG_TOKENS.values(), ids=WRONG_TOKENS)
async def test_table_storage_refuses_a_token(
    http: aiohttp.ClientSession, running: Running, wrong: dict[str, Any]
) -> None:
    """T-094."""
    refused = await token(http, running, **{"identity": "app", "audience": STORAGE} | wrong)

    assert await tables_status(http, running, refused) == 401


async def test_table_storage_asks_for_the_role_of_an_identity(http: aiohttp.ClientSession, running: Running) -> None:
    """T-092, T-093."""
    statuses = {}
    for name in ("app", "reader", "nobody"):
        bearer = await token(http, running, identity=name, audience=f"{STORAGE}/")
        statuses[name] = [await tables_status(http, running, bearer, method) for method in ("GET", "POST")]

    assert statuses == {"app": [200, 201], "reader": [200, 403], "nobody": [403, 403]}


def test_the_tables_sdk_works_with_a_managed_identity_and_no_key(
    running: Running, of_app: Callable[[dict[str, object] | None], dict[str, Any]]
) -> None:
    """T-093, T-095."""
    verify = of_app(None)
    key = AzureNamedKeyCredential(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY)
    with (
        ManagedIdentityCredential(**of_app(APP)) as credential,
        ManagedIdentityCredential(**of_app(NOBODY)) as stranger,
        TableServiceClient(running.tables, credential=credential, **verify) as storage,
        TableServiceClient(running.tables, credential=stranger, **verify) as refused,
        TableServiceClient(running.tables, credential=key, **verify) as by_key,
    ):
        table = storage.create_table_if_not_exists("notes")
        table.upsert_entity({"PartitionKey": "p", "RowKey": "r", "text": "hello"})
        assert table.get_entity("p", "r")["text"] == "hello"
        codes = []
        for client in (refused, by_key):
            with pytest.raises(HttpResponseError) as problem:
                client.get_table_client("notes").get_entity("p", "r")
            codes.append((problem.value.status_code, getattr(problem.value, "error_code", None)))

    assert codes == [(403, "AuthorizationPermissionMismatch"), (403, "KeyBasedAuthenticationNotPermitted")]


async def test_the_asynchronous_tables_sdk_works_with_the_system_assigned_identity(
    running: Running, of_app: Callable[[dict[str, object] | None], dict[str, Any]]
) -> None:
    """The app's system-assigned identity may read here; nobody names it."""
    verify = of_app(None)
    credential = DefaultAzureCredential(**verify)
    async with credential, AsyncTableServiceClient(running.tables, credential=credential, **verify) as storage:
        assert [table.name async for table in storage.list_tables()]
        with pytest.raises(HttpResponseError) as problem:
            await storage.create_table("notallowed")

    assert problem.value.status_code == 403


def test_an_identity_that_the_app_does_not_have_gets_no_token(
    of_app: Callable[[dict[str, object] | None], dict[str, Any]],
) -> None:
    with ManagedIdentityCredential(**of_app(SERVICE)) as credential, pytest.raises(ClientAuthenticationError):
        credential.get_token(f"{WEBPUBSUB}/.default")


def test_the_doctor_finds_nothing_wrong_with_a_chat_without_keys(running: Running) -> None:
    """Nobody but the service has its token: that the app takes it is shown by the message that goes round."""
    ports = {"--port": running.url, "--webpubsub-port": running.webpubsub, "--tables-port": running.tables}
    options = [text for option, url in ports.items() for text in (option, str(urlsplit(url).port))]
    options += ["--settings", str(next(running.certificate.parent.glob("*.env")))]

    ran = subprocess.run(
        [sys.executable, "-m", "doctor", "--json", *options], cwd=ROOT, capture_output=True, timeout=60, check=False
    )

    findings = json.loads(ran.stdout)["findings"]
    assert [each for each in findings if each["verdict"] != "ok"] == [
        each for each in findings if each["check"] == "webhook.right_signature"
    ]
    assert {"connection.identity", "connection.token", "round_trip.history"} <= {each["check"] for each in findings}
    assert "eyJ" not in ran.stdout.decode()
