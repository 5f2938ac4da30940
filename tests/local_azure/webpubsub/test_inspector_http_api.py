"""What was recorded, over HTTP: search, the whole of each call, replay, curl, clear."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator

import aiohttp
import pytest
from azure.core.exceptions import HttpResponseError

from local_azure import webpubsub
from local_azure.webpubsub.connection_string import ConnectionString
from tests.local_azure.webpubsub.inspector_routes import Document, Inspector
from tests.local_azure.webpubsub.open_page import open_page
from tests.local_azure.webpubsub.small_app import HUB, SmallApp, small_app, until

OTHER_KEY = "0123456789" * 4


@pytest.fixture
async def app() -> AsyncIterator[SmallApp]:
    async with small_app() as running:
        running.passes_request_id_on = True
        yield running


@pytest.fixture
async def inspector(app: SmallApp) -> Inspector:
    """The inspector, after one message of ana to the lobby, where bo is too."""
    people = [await app.connect("ana"), await app.connect("bo")]
    assert (await people[0].ask("Good Morning"))["success"] is True
    return Inspector(app, people)


# --- search -------------------------------------------------------------------------


async def test_entries_are_found_by_everything_that_they_show(app: SmallApp, inspector: Inspector) -> None:
    async def titles(query: str) -> list[str]:
        return [entry["title"] for entry in await inspector.entries(query)]

    message = ["event message", "user.message", "group lobby", "POST groups/lobby/:send"]
    assert await titles("q=good+morning") == message
    assert await titles("q=morning&user=ana") == ["event message", "user.message", "group lobby"]
    assert await titles("user=BO&kind=delivery,connection") == ["connected", "group lobby"]
    assert await titles("room=lobby") == ["group lobby", "POST groups/lobby/:send"]
    assert await titles("status=202") == ["POST groups/lobby/:send"]
    assert await titles("status=2xx&kind=rest") == ["POST groups/lobby/:send"]
    assert await titles("q=ce-eventname%3A+message") == ["user.message"]
    assert await titles("q=nothing+like+this") == []
    connection = (await inspector.entry("q=morning&kind=frame-in"))["connection"]
    assert set(await titles(f"id={connection}")) >= {"connected", "event message", "user.message", "ack 1"}
    request_id = app.events[-1].headers["x-ms-client-request-id"]
    assert await titles(f"id={request_id}") == ["user.message"]


async def test_a_room_is_found_by_the_end_of_its_group_and_in_a_payload(app: SmallApp) -> None:
    inspector = Inspector(app)
    ana = await app.connect("ana")
    await app.client.send_to_group("room.kitchen", "x", content_type="text/plain")
    await app.client.send_to_all({"room": "kitchen", "text": "y"})
    await app.client.send_to_group("kitchenette", "z", content_type="text/plain")
    await ana.socket.close()

    found = await inspector.entries("room=Kitchen&kind=delivery")

    assert [entry["title"] for entry in found] == ["group room.kitchen", "server message"]


async def test_pages_of_entries_go_back_to_the_first(inspector: Inspector) -> None:
    every = await inspector.entries("limit=2000")
    pages: list[Document] = []
    before = ""
    while True:
        page = await inspector.get(f"entries?limit=4{before}")
        pages = page["entries"] + pages
        before = f"&before={page['entries'][0]['id']}"
        if not page["more"]:
            break

    assert [entry["id"] for entry in pages] == [entry["id"] for entry in every]
    assert page["total"] == len(every)


async def test_only_failures_are_asked_for_with_errors(app: SmallApp, inspector: Inspector) -> None:
    with pytest.raises(HttpResponseError):
        await app.client.send_to_all({}, filter="not a filter")

    (failed,) = await inspector.entries("errors=1")

    assert (failed["kind"], failed["status"], failed["ok"]) == ("rest", "400", False)


@pytest.mark.parametrize("query", ["kind=frames", "limit=0", "limit=2001", "limit=x", "before=-1", "before=1e3"])
async def test_a_wrong_filter_is_refused_with_what_is_allowed(app: SmallApp, query: str) -> None:
    error = (await Inspector(app).get(f"entries?{query}", status=400))["error"]

    assert error["code"] == "invalid_filter"
    assert query.partition("=")[2] in error["message"]


# --- the whole call -----------------------------------------------------------------


async def test_a_webhook_is_shown_with_its_url_its_headers_both_ways_and_its_signature(inspector: Inspector) -> None:
    call = await inspector.http("kind=webhook&q=user.message")

    sent = dict(call["requestHeaders"])
    assert (call["method"], call["status"], call["reason"]) == ("POST", 204, "No Content")
    assert call["url"].endswith("/eventhandler/message")
    assert sent["Host"] in call["url"]
    assert sent["ce-signature"] == "sha256=***"
    assert (sent["ce-userId"], sent["ce-id"], sent["Content-Length"]) == ("ana", "2", "12")
    assert call["requestBody"] == {"text": "Good Morning", "form": "text", "size": 12, "truncated": False}
    assert "Date" in dict(call["responseHeaders"])
    assert call["signature"] == "verified"


async def test_a_rest_call_is_shown_with_its_token_by_its_claims_only(app: SmallApp, inspector: Inspector) -> None:
    call = await inspector.http("kind=rest&q=morning")

    assert call["url"].startswith(f"{app.service.endpoint}/api/hubs/chat/groups/lobby/:send?api-version=")
    assert dict(call["requestHeaders"])["Authorization"] == "Bearer ***"
    assert call["token"]["aud"] == call["url"]
    assert call["signature"] == "verified"
    assert {"Date", "Server", "Content-Length"} <= set(dict(call["responseHeaders"]))


async def test_a_call_that_another_key_has_signed_says_so(app: SmallApp) -> None:
    wrong = str(ConnectionString(app.service.endpoint, OTHER_KEY))
    async with type(app.client).from_connection_string(wrong, HUB) as client:
        with pytest.raises(HttpResponseError):
            await client.send_to_all("x", content_type="text/plain")

    call = await Inspector(app).http("kind=rest")

    assert (call["status"], call["signature"]) == (401, "not with this key")


async def test_the_answer_of_a_call_for_a_token_is_shown_without_it(app: SmallApp) -> None:
    url = f"{app.service.endpoint}/api/hubs/{HUB}/:generateToken?userId=ana"
    async with app.session.post(url, headers=await rest_headers(app, url)) as answer:
        token = (await answer.json())["token"]

    call = await Inspector(app).http("kind=rest&q=generateToken")

    assert json.loads(call["responseBody"]["text"]) == {"token": "***"}
    assert token not in str(call)


async def rest_headers(app: SmallApp, url: str) -> dict[str, str]:
    """Return the headers of a REST call that is made by hand."""
    import time

    import jwt

    claims = {"aud": url, "exp": int(time.time()) + 60}
    return {"Authorization": f"Bearer {jwt.encode(claims, app.service.settings.access_key)}", "Content-Length": "0"}


# --- curl ---------------------------------------------------------------------------


async def test_a_call_is_copied_as_a_command_that_a_shell_reads_as_it_was_sent(app: SmallApp) -> None:
    inspector = Inspector(app)
    text = 'it\'s "quoted" $HOME `ls` \\ !\nand a second line'
    ana = await app.connect("ana")
    await ana.ask(text)
    entry = await inspector.entry("kind=webhook&q=user.message")

    command = await inspector.text(f"entries/{entry['id']}/curl")
    arguments = read_by_a_shell(command)

    assert arguments[:3] == ["--request", "POST", entry["http"]["url"]]
    assert arguments[-2:] == ["--data-raw", text]
    assert "ce-signature: sha256=the-signature" in arguments
    assert app.service.settings.access_key not in command


def read_by_a_shell(command: str) -> list[str]:
    """Return the arguments that a POSIX shell gives curl, with values for the placeholders."""
    shell = shutil.which("sh")
    assert shell is not None
    script = "curl() { printf '%s\\0' \"$@\"; }\n" + command
    environment = {"SIGNATURE": "the-signature", "ACCESS_TOKEN": "the-token", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run([shell, "-c", script], capture_output=True, check=True, env=environment, timeout=10)
    return ran.stdout.decode().split("\0")[:-1]


async def test_only_a_call_can_be_copied_as_a_command(app: SmallApp, inspector: Inspector) -> None:
    frame = await inspector.entry("kind=frame-in")

    assert (await inspector.get(f"entries/{frame['id']}/curl", status=409))["error"]["code"] == "no_http_call"
    assert (await inspector.get("entries/999999/curl", status=404))["error"]["code"] == "gone"


# --- replay -------------------------------------------------------------------------


async def test_an_event_is_sent_again_to_the_same_handler_as_it_was(app: SmallApp, inspector: Inspector) -> None:
    original = await inspector.entry("kind=webhook&q=user.message")
    first = app.events[-1]

    result = await inspector.post("replay", {"entry": original["id"]})

    again = app.events[-1]
    assert again is not first
    assert (again.name, again.user, again.body) == (first.name, first.user, first.body)
    changed = {name for name in first.headers if first.headers[name] != again.headers.get(name)}
    assert changed == {"x-ms-client-request-id"}
    assert result["status"] == 204
    assert result["milliseconds"] > 0
    repeated = await inspector.get(f"entries/{result['entry']}")
    assert repeated["entry"]["http"]["signature"] == "verified"
    assert [step["kind"] for step in repeated["steps"]] == ["webhook", "rest", "delivery"]


async def test_an_event_is_sent_again_edited(app: SmallApp, inspector: Inspector) -> None:
    original = await inspector.entry("kind=webhook&q=user.message")
    headers = dict(original["http"]["requestHeaders"])
    edited = {"ce-userId": "zo\u00eb", "ce-id": "77", "X-New": "1", "ce-subprotocol": None}
    shown = {name: value for name, value in headers.items() if name not in ("Host", "Content-Length")}

    await inspector.post("replay", {"entry": original["id"], "body": "edited", "headers": shown | edited})

    event = app.events[-1]
    assert (event.body, event.headers["ce-id"], event.headers["x-new"]) == (b"edited", "77", "1")
    assert event.user is not None
    assert event.user.encode("utf-8", "surrogateescape").decode() == "zo\u00eb"
    assert "ce-subprotocol" not in event.headers
    assert event.headers["ce-signature"].startswith("sha256=")
    assert "*" not in event.headers["ce-signature"]


async def test_a_signature_that_is_edited_is_sent_and_shown_as_not_made_with_this_key(
    app: SmallApp, inspector: Inspector
) -> None:
    original = await inspector.entry("kind=webhook&q=user.message")

    result = await inspector.post("replay", {"entry": original["id"], "headers": {"ce-signature": "sha256=00"}})

    assert app.events[-1].headers["ce-signature"] == "sha256=00"
    shown = (await inspector.get(f"entries/{result['entry']}"))["entry"]["http"]
    assert shown["signature"] == "not with this key"


async def test_a_handler_that_is_gone_is_a_result_and_an_entry(app: SmallApp, inspector: Inspector) -> None:
    original = await inspector.entry("kind=webhook&q=user.message")
    app.service.set_event_handlers(HUB, [])
    await app.stop_application()

    result = await inspector.post("replay", {"entry": original["id"]})

    assert (result["status"], result["failure"]) == (None, "no answer (ClientConnectorError)")
    assert (await inspector.get(f"entries/{result['entry']}"))["entry"]["ok"] is False


@pytest.mark.parametrize(
    ("query", "change", "status", "code"),
    [
        ("kind=frame-in", {}, 409, "not_an_event"),
        ("kind=rest", {}, 409, "not_an_event"),
        ("kind=webhook&q=validate", {}, 409, "not_an_event"),
        ("kind=webhook", {"headers": {"Host": "example.com"}}, 400, "invalid_header"),
        ("kind=webhook", {"headers": {"a b": "c"}}, 400, "invalid_header"),
        ("kind=webhook", {"headers": {"X-A": "b\r\nX-C: d"}}, 400, "invalid_header"),
        ("kind=webhook", {"headers": {"X-A": "\u00e9"}}, 400, "invalid_header"),
        ("kind=webhook", {"headers": {"X-A": 1}}, 400, "invalid_body"),
        ("kind=webhook", {"headers": []}, 400, "invalid_body"),
        ("kind=webhook", {"headers": ["a"]}, 400, "invalid_body"),
        ("kind=webhook", {"body": 1}, 400, "invalid_body"),
        ("kind=webhook", {"body": "\ud800"}, 400, "invalid_body"),
        ("kind=webhook", {"body": "x" * (1024 * 1024 + 1)}, 413, "body_too_large"),
        ("kind=webhook", {"entry": 999_999}, 404, "gone"),
        ("kind=webhook", {"entry": "1"}, 400, "invalid_body"),
        ("kind=webhook", {"entry": True}, 400, "invalid_body"),
    ],
)
async def test_a_replay_that_cannot_be_is_refused_and_nothing_is_sent(
    app: SmallApp, inspector: Inspector, query: str, change: Document, status: int, code: str
) -> None:
    entry = (await inspector.entries(query))[-1]
    sent = len(app.events)

    refused = await inspector.post("replay", {"entry": entry["id"]} | change, status=status)

    assert refused["error"]["code"] == code
    assert len(app.events) == sent


# --- the rest -----------------------------------------------------------------------


async def test_clearing_removes_everything_and_tells_every_open_page(app: SmallApp, inspector: Inspector) -> None:
    async with open_page(app) as page:
        await page.first("delivery")
        assert (await inspector.get("recorder"))["bytes"] > 5_000

        await inspector.clear()

        await until(lambda: "event: cleared" in page.text)
        state = await inspector.get("recorder")
    assert (state["enabled"], state["entries"], state["bytes"], state["maxBytes"]) == (True, 0, 0, 32 * 1024 * 1024)


async def test_the_recorder_says_that_it_is_off() -> None:
    async with small_app(records=False) as app:
        await app.connect("ana")

        assert await Inspector(app).get("recorder") == {
            "enabled": False,
            "entries": 0,
            "bytes": 0,
            "maxBytes": 32 * 1024 * 1024,
        }


async def test_a_page_that_is_opened_gets_the_newest_two_thousand_entries(app: SmallApp) -> None:
    inspector = Inspector(app)
    entry = {"kind": "rest", "title": "GET /", "began": 1}
    await inspector.post("import", {"version": 1, "entries": [entry | {"title": f"GET /{n}"} for n in range(2100)]})

    async with open_page(app) as page:
        await until(lambda: len(page.entries) == 2000)

    assert min(page.entries) == 101


CHANGES = [("DELETE", "entries"), ("POST", "replay"), ("POST", "import")]
READS = ["entries", "recorder", "export", "entries/1/curl"]


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_a_page_of_another_site_may_change_nothing_of_it(
    app: SmallApp, inspector: Inspector, method: str, path: str
) -> None:
    url = f"{app.service.endpoint}/inspector/{path}"
    headers = {"Origin": "http://attacker.example", "Content-Type": "application/json"}

    async with app.session.request(method, url, headers=headers, data=b"{}") as answer:
        assert answer.status == 403
    async with app.session.request(method, url, headers={"Host": "attacker.example"}, data=b"{}") as answer:
        assert answer.status == 403
    if method == "POST":
        async with app.session.request(method, url, headers={"Content-Type": "text/plain"}, data=b"{}") as answer:
            assert answer.status == 415
    assert len(await inspector.entries()) > 10


@pytest.mark.parametrize("path", READS)
async def test_another_host_name_reads_nothing_of_it(app: SmallApp, path: str) -> None:
    url = f"{app.service.endpoint}/inspector/{path}"
    async with app.session.get(url, headers={"Host": "attacker.example"}) as answer:
        assert answer.status == 403


async def test_none_of_it_is_where_other_machines_reach_the_service() -> None:
    async with webpubsub.serve(host="0.0.0.0") as service, aiohttp.ClientSession() as session:
        assert not service.observations.active
        for path in READS:
            async with session.get(f"{service.endpoint}/inspector/{path}") as answer:
                assert answer.status == 404
