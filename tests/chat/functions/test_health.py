"""Health over HTTP: alive whatever is wrong, ready only when people can chat, and why not for operators alone."""

from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from local_azure import functions
from local_azure.functions.http_server.access_keys import AccessKeys
from local_azure.tables.settings import DEVELOPMENT_ACCOUNT
from tests.chat.local_chat import HUB, ROOT, LocalChat, run_chat

KEYS = AccessKeys("the-master-key", "the-host-key", "the-system-key")
WRONG_KEY = "bm90IHRoZSBrZXkgb2YgdGhlIGFjY291bnQgb3Igc2VydmljZQ=="


async def details(chat: LocalChat, status: int) -> dict[str, Any]:
    """Return the details, whose status code is that of `/readyz`."""
    answer = await chat.get("/readyz", status=status)
    assert answer == {"status": "ready" if status == 200 else "not ready"}
    found = dict(await chat.get("/readyz/details", status=status))
    assert found["status"] == answer["status"]
    return found


def statuses(found: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["status"] for check in found["checks"]}


def detail_of(found: dict[str, Any], name: str) -> str:
    (detail,) = [check["detail"] for check in found["checks"] if check["name"] == name]
    return str(detail)


async def test_a_configured_chat_is_ready_and_all_who_ask_within_seconds_share_the_checks(chat: LocalChat) -> None:
    async with chat.http.get(f"{chat.url}/healthz") as response:
        assert (response.status, await response.json()) == (200, {"status": "alive"})
        assert response.headers["Cache-Control"] == "no-store"
    calls: Counter[str] = Counter()
    chat.storage.observations.subscribe(lambda record: calls.update([record.table]))

    found = await details(chat, 200)
    asked = calls["ChatHealth"]
    ana = await chat.open("ana")
    await ana.ask("message", "hello")
    heard = await details(chat, 200)

    needed = {"settings": "ok", "service": "ok", "storage": "ok", "durable": "ok"}
    assert statuses(found) == needed | {"webhook": "cannot tell"}
    assert statuses(heard) == needed | {"webhook": "ok"}
    assert calls["ChatHealth"] == asked > 0
    assert all(isinstance(check["ms"], float) and check["detail"] for check in found["checks"])
    about = {"hub": HUB, "auth": "open", "trust": "signature", "endpointHost": "127.0.0.1", "tablePrefix": "Chat"}
    assert {name: found[name] for name in about} == about
    assert {"azure-functions", "azure-functions-durable", "aiohttp"} <= set(found["libraries"])
    assert found["python"].startswith("3.")


async def test_an_app_without_settings_is_alive_and_names_what_is_missing_to_who_has_the_functions_key(
    tmp_path: Path,
) -> None:
    unset = dict.fromkeys(("WebPubSubConnectionString", "AzureWebJobsStorage", "ChatAuth"), "")
    async with functions.serve(ROOT, settings=unset, data=tmp_path, keys=KEYS) as host, aiohttp.ClientSession() as http:

        async def get(path: str, **headers: str) -> tuple[int, Any]:
            async with http.get(f"{host.url}{path}", headers=headers) as response:
                return response.status, await response.json() if response.status != 401 else None

        assert await get("/healthz") == (200, {"status": "alive"})
        assert await get("/readyz") == (503, {"status": "not ready"})
        assert await get("/readyz/details") == (401, None)
        assert await get("/readyz/details?code=guessed") == (401, None)
        status, found = await get(f"/readyz/details?code={KEYS.host}")
        assert (await get("/readyz/details", **{"x-functions-key": KEYS.host}))[0] == 503

    assert (status, found["status"]) == (503, "not ready")
    assert statuses(found) == {
        "settings": "wrong",
        "service": "cannot tell",
        "storage": "cannot tell",
        "durable": "ok",
        "webhook": "wrong",
    }
    for name in unset:
        assert f"{name} is not set" in detail_of(found, "settings")
    assert (found["auth"], found["trust"], found["endpointHost"]) == (None, None, None)


async def test_wrong_keys_make_the_app_not_ready_and_are_never_told(caplog: pytest.LogCaptureFixture) -> None:
    async with run_chat() as right:
        endpoint = right.service.connection_string.partition("AccessKey=")[0]
        account = f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={WRONG_KEY}"
        table_endpoint = right.storage.connection_string.partition("TableEndpoint=")[2]
        wrong = {
            "WebPubSubConnectionString": f"{endpoint}AccessKey={WRONG_KEY};",
            "AzureWebJobsStorage": f"{account};TableEndpoint={table_endpoint}",
        }
        async with functions.serve(ROOT, settings=dict(right.settings) | wrong) as host:
            found = await details(LocalChat(host.url, right.service, right.storage, right.http), 503)

    assert statuses(found) == {
        "settings": "ok",
        "service": "wrong",
        "storage": "wrong",
        "durable": "ok",
        "webhook": "cannot tell",
    }
    assert detail_of(found, "service") == "the service refuses what WebPubSubConnectionString gives the app: 401"
    assert detail_of(found, "storage").startswith("the storage that AzureWebJobsStorage names: storage answered 403")
    told = [record.getMessage() for record in caplog.records if "the app is not ready" in record.getMessage()]
    assert len(told) == 1  # both requests share the checks
    assert WRONG_KEY not in f"{found}{caplog.text}"
