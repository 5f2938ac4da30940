"""The inspector over real sockets: who may open it, what it shows, and what it never shows."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest

from local_azure import webpubsub
from local_azure.local_requests import is_loopback
from tests.local_azure.webpubsub.open_page import open_page
from tests.local_azure.webpubsub.small_app import RELIABLE_JSON, SmallApp, small_app, until

ORIGIN = "Origin"
DROP = {"fault": "drop webhook user=bo count=1"}


@pytest.fixture
async def app() -> AsyncIterator[SmallApp]:
    async with small_app() as running:
        yield running


# --- who may open it ---------------------------------------------------------------


async def test_the_page_is_at_the_root_and_loads_nothing_from_elsewhere(app: SmallApp) -> None:
    async with app.session.get(f"{app.service.endpoint}/") as page:
        text = await page.text()
        assert page.content_type == "text/html"
        policy = page.headers["Content-Security-Policy"]
        assert page.headers["X-Content-Type-Options"] == "nosniff"

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "http://" not in text
    assert "https://" not in text
    for name in ("app.js", "style.css", "icon.svg"):
        assert f"inspector/{name}" in text
        async with app.session.get(f"{app.service.endpoint}/inspector/{name}") as file:
            assert file.status == 200


@pytest.mark.parametrize(
    "path", ["http_routes.py", "..%2Fhttp_routes.py", "index.html", "%2e%2e/http_routes.py", "nothing.js", ""]
)
async def test_no_other_file_can_be_asked_for(app: SmallApp, path: str) -> None:
    async with app.session.get(f"{app.service.endpoint}/inspector/{path}") as answer:
        assert answer.status == 404


@pytest.mark.parametrize("path", ["/", "/inspector/stream", "/inspector/app.js", "/inspector/entries/1"])
@pytest.mark.parametrize("host", ["attacker.example", "localhost.attacker.example:80", "[::2]", "127.0.0.2", "a b", ""])
async def test_a_request_for_another_host_name_is_refused(app: SmallApp, path: str, host: str) -> None:
    """The name of another site may resolve to this machine (DNS rebinding)."""
    async with app.session.get(app.service.endpoint + path, headers={"Host": host}) as answer:
        assert answer.status in (400, 403)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1234", "127.0.0.1:80", "[::1]:8080"])
async def test_every_name_of_this_machine_is_accepted(app: SmallApp, host: str) -> None:
    async with app.session.get(f"{app.service.endpoint}/", headers={"Host": host}) as answer:
        assert answer.status == 200


async def test_it_is_off_where_other_machines_can_reach_the_service() -> None:
    async with webpubsub.serve(host="0.0.0.0") as service, aiohttp.ClientSession() as session:
        for path in ("/", "/inspector/stream", "/inspector/app.js"):
            async with session.get(service.endpoint + path) as answer:
                assert answer.status == 404


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.3.4.5", True)]
    + [(host, False) for host in ("0.0.0.0", "::", "", "192.168.1.2", "example.com")],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


# --- what it shows ------------------------------------------------------------------


async def test_without_the_recorder_the_service_observes_nothing_until_a_page_is_open() -> None:
    async with small_app(records=False) as app:
        assert not app.service.observations.active

        async with open_page(app):
            assert app.service.observations.active


async def test_what_happened_before_the_page_was_open_is_shown(app: SmallApp) -> None:
    ana = await app.connect("ana")
    await ana.ask("a minute ago")

    async with open_page(app) as page:
        trace = await page.details(await page.first("delivery", "group lobby"))

    assert [step["kind"] for step in trace["steps"]] == ["frame-in", "webhook", "rest", "delivery", "frame-out"]


async def test_hubs_handlers_and_connections_are_shown_as_they_are_now(app: SmallApp) -> None:
    async with open_page(app) as page:
        ana = await app.connect("ana", RELIABLE_JSON)
        await until(lambda: bool(page.state["connections"]))
        connection = page.state["connections"][0]
        (hub,) = page.state["hubs"]

        assert (hub["name"], hub["connections"], hub["users"], hub["groups"]) == ("chat", 1, 1, 1)
        assert hub["handlers"][0]["systemEvents"] == ["connect", "connected", "disconnected"]
        assert connection == {
            "hub": "chat",
            "id": ana.hello["connectionId"],
            "user": "ana",
            "protocol": RELIABLE_JSON,
            "groups": ["lobby"],
            "groupCount": 1,
            "hasSocket": True,
        }

        app.service.faults.add("cut client 1011 user=ana count=1")
        await until(lambda: [connection["hasSocket"] for connection in page.state["connections"]] == [False])
        await ana.close_code()


async def test_one_message_is_followed_from_its_frame_to_its_deliveries(app: SmallApp) -> None:
    async with open_page(app) as page:
        ana, bo = await app.connect("ana"), await app.connect("bo")
        await ana.ask("good morning")
        assert (await bo.next())["data"] == "good morning"
        delivery = await page.first("delivery", "group lobby")

        trace = await page.details(delivery)

    steps = [(step["kind"], step["title"], step["depth"], step["inferred"]) for step in trace["steps"]]
    assert steps == [
        ("frame-in", "event message", 0, None),
        ("webhook", "user.message", 1, None),
        ("rest", "POST groups/lobby/:send", 2, "text"),
        ("delivery", "group lobby", 3, None),
        ("frame-out", "ack 1", 1, None),
    ]
    assert trace["entry"]["content"] == {"text": "good morning", "form": "text", "size": 12, "truncated": False}
    assert sorted(user for _, user in trace["entry"]["receivers"]) == ["ana", "bo"]


async def test_an_application_that_passes_the_request_id_on_makes_the_trace_certain(app: SmallApp) -> None:
    app.passes_request_id_on = True
    async with open_page(app) as page:
        ana = await app.connect("ana")
        await ana.ask("good morning")
        trace = await page.details(await page.first("rest"))

    assert [(step["kind"], step["depth"]) for step in trace["steps"]] == [
        ("frame-in", 0),
        ("webhook", 1),
        ("rest", 2),
        ("delivery", 3),
        ("frame-out", 1),
    ]
    assert {step["inferred"] for step in trace["steps"]} == {None}


async def test_a_handshake_its_events_and_its_frame_are_one_trace(app: SmallApp) -> None:
    async with open_page(app) as page:
        ana = await app.connect("ana")
        await page.first("webhook", "sys.connected")
        trace = await page.details(await page.first("connection", "connected"))
        await ana.socket.close()

    titles = [step["title"] for step in trace["steps"] if step["title"] != "validate"]
    assert sorted(titles) == ["connected", "connected", "sys.connect", "sys.connected"]


async def test_the_end_of_a_connection_is_not_an_effect_of_its_last_message(app: SmallApp) -> None:
    async with open_page(app) as page:
        ana = await app.connect("ana")
        await ana.ask("last words")
        await ana.socket.close()
        await page.first("webhook", "sys.disconnected")
        trace = await page.details(await page.first("connection", "ended"))

    assert [step["title"] for step in trace["steps"]] == ["ended", "sys.disconnected"]


async def test_a_refused_handshake_says_why(app: SmallApp) -> None:
    async with open_page(app) as page:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await app.session.ws_connect(f"{app.service.endpoint}/client/hubs/chat?access_token=nonsense")
        refused = await page.first("connection", "refused")

    assert (refused["status"], refused["ok"]) == ("401", False)
    assert "was not signed with an access key" in refused["excerpt"]


async def test_tokens_keys_and_cookies_are_never_shown(app: SmallApp) -> None:
    """The connected frame has a reconnection token, and the client's URL an access token."""
    async with open_page(app) as page:
        token = await app.client.get_client_access_token(user_id="ana")
        socket = await app.session.ws_connect(
            token["url"], protocols=[RELIABLE_JSON], headers={"Cookie": "session=secret-cookie"}
        )
        secrets = [token["token"], app.service.settings.access_key, "secret-cookie"]
        secrets.append((await socket.receive_json(timeout=5))["reconnectionToken"])
        await socket.send_json({"type": "event", "event": "message", "dataType": "text", "data": f"psst {secrets[1]}"})
        await page.first("webhook", "user.message")
        shown = page.text + str([await page.details(entry) for entry in list(page.entries.values())])
        await socket.close()

    assert "psst ***" in shown
    assert [secret for secret in secrets if secret in shown] == []


async def test_message_contents_are_shown_on_the_page_and_never_logged(
    app: SmallApp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_page(app) as page:
        ana = await app.connect("ana")
        await ana.ask("between you and me")
        await page.first("delivery")

    assert "between you and me" in page.text
    assert "between you and me" not in str([vars(record) for record in caplog.records if record.name != "asyncio"])


async def test_an_entry_that_is_no_longer_kept_is_404(app: SmallApp) -> None:
    async with app.session.get(f"{app.service.endpoint}/inspector/entries/999") as answer:
        assert answer.status == 404
        assert (await answer.json())["code"] == "gone"


async def test_an_open_page_does_not_keep_the_service_from_stopping() -> None:
    async with small_app() as app, open_page(app) as page:
        stopping = asyncio.create_task(app.service.stop())
        await asyncio.wait_for(stopping, 5)

        assert page.state


# --- what may be changed -----------------------------------------------------------


async def test_a_fault_is_added_triggered_and_shown(app: SmallApp) -> None:
    async with open_page(app) as page:
        bo = await app.connect("bo")
        await page.first("webhook", "sys.connected")
        async with app.session.post(f"{app.service.endpoint}/inspector/faults", json=DROP) as answer:
            assert answer.status == 201
        await until(lambda: [fault["text"] for fault in page.state["faults"]] == [DROP["fault"]])

        assert (await bo.ask("lost"))["success"] is False
        triggered = await page.first("fault")
        trace = await page.details(triggered)
        await until(lambda: page.state["faults"] == [])

    assert (triggered["title"], triggered["user"], triggered["excerpt"]) == (DROP["fault"], "bo", "user.message")
    assert [step["kind"] for step in trace["steps"]] == ["frame-in", "fault", "frame-out"]


async def test_a_fault_is_removed(app: SmallApp) -> None:
    added = app.service.faults.add(DROP["fault"])
    url = f"{app.service.endpoint}/inspector/faults/{added.id}"

    async with app.session.delete(url) as first, app.session.delete(url) as second:
        assert (first.status, second.status) == (204, 404)
    assert app.service.faults.active() == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"fault": "drop webhook"}', 400, "invalid_fault"),
        (b'{"fault": 1}', 400, "invalid_body"),
        (b"[]", 400, "invalid_body"),
        (b"{", 400, "invalid_body"),
        (b"\xff", 400, "invalid_body"),
        (b"[" * 100_000, 400, "invalid_body"),
    ],
)
async def test_a_wrong_fault_is_refused_with_a_code(app: SmallApp, body: bytes, status: int, code: str) -> None:
    url = f"{app.service.endpoint}/inspector/faults"
    async with app.session.post(url, data=body, headers={"Content-Type": "application/json"}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (status, code)


@pytest.mark.parametrize("origin", ["http://attacker.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
async def test_another_sites_page_may_change_nothing(app: SmallApp, origin: str) -> None:
    added = app.service.faults.add(DROP["fault"])
    base = f"{app.service.endpoint}/inspector/faults"

    async with app.session.post(base, json=DROP, headers={ORIGIN: origin}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "wrong_origin")
    async with app.session.delete(f"{base}/{added.id}", headers={ORIGIN: origin}) as answer:
        assert answer.status == 403
    assert app.service.faults.active() == [added]


async def test_a_form_of_another_site_cannot_add_a_fault_either(app: SmallApp) -> None:
    url = f"{app.service.endpoint}/inspector/faults"
    async with app.session.post(url, data=json.dumps(DROP), headers={"Content-Type": "text/plain"}) as answer:
        assert answer.status == 415


async def test_the_inspectors_own_page_may_add_a_fault(app: SmallApp) -> None:
    url = f"{app.service.endpoint}/inspector/faults"
    async with app.session.post(url, json=DROP, headers={ORIGIN: app.service.endpoint}) as answer:
        assert answer.status == 201
