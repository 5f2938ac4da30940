"""The service as a whole: starting, stopping, observing, disturbing."""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, WSServerHandshakeError, web
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

from local_azure.log_lines import FieldFormatter
from local_azure.webpubsub import EventHandler, HubSettings, Service, Settings, serve
from local_azure.webpubsub.__main__ import load_settings, main
from local_azure.webpubsub.events import EventSource
from local_azure.webpubsub.faults import FaultInjector
from local_azure.webpubsub.observations import FrameReceived, MessageDelivered, Observation, RestCalled, WebhookCalled
from tests.local_azure.webpubsub.harness import FAST, HUB, Application, Harness, Received, client_url, token_for, until

ROOT = Path(__file__).resolve().parents[3]


async def test_w005_the_health_check_needs_no_token(harness: Harness, service: Service) -> None:
    async with harness.http.head(f"{service.endpoint}/api/health?api-version=2024-12-01") as response:
        assert response.status == 200
        assert await response.read() == b""


async def test_w030_and_w192_the_service_sdk_takes_the_connection_string_and_its_url_connects(
    harness: Harness, service: Service
) -> None:
    sdk = WebPubSubServiceClient.from_connection_string(service.connection_string, hub="Chat")

    async with sdk:
        token = await sdk.get_client_access_token(user_id="ana", groups=["room"])
        ana = await harness.open(token["url"], "json.webpubsub.azure.v1")
        await sdk.send_to_group("room", "hi", content_type="text/plain")

    assert (await ana.receive())["data"] == "hi"


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [("127.0.0.1", "http://127.0.0.1:"), ("localhost", "http://localhost:"), ("0.0.0.0", "http://localhost:")],
)
async def test_the_endpoint_is_an_address_that_clients_can_connect_to(
    harness: Harness, host: str, endpoint: str
) -> None:
    async with serve(Settings(times=FAST), host=host) as service:
        assert service.endpoint.startswith(endpoint)
        async with harness.http.head(f"{service.endpoint}/api/health") as response:
            assert response.status == 200


async def test_a_taken_port_is_an_error_and_leaves_nothing_behind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="address already in use"):
        async with serve(port=taken.getsockname()[1]):
            pass


async def test_a_stopping_service_closes_its_clients_with_1001_and_notifies_the_handlers(harness: Harness) -> None:
    application = await harness.application()
    async with serve(Settings(times=FAST)) as service:
        service.set_event_handlers(HUB, [application.handler()])
        ana = await harness.connect(service, "ana")
        raw = await harness.connect(service, "bo", subprotocol=None)
        closing = asyncio.create_task(raw.closed())

        async def read_until_closed() -> tuple[str, tuple[int | None, str]]:
            return (await ana.receive())["message"], await ana.closed()

        reading = asyncio.create_task(read_until_closed())

    text = "The service is shutting down."
    assert await reading == (text, (1001, text))
    assert await closing == (1001, text)
    assert len(application.of("disconnected")) == 2
    async with serve(Settings(times=FAST), port=int(service.endpoint.rpartition(":")[2])):
        pass  # the port is free again


async def test_while_the_service_stops_rest_answers_and_new_clients_are_refused(harness: Harness) -> None:
    application = await harness.application()
    statuses: list[int] = []

    async def on_disconnected(_received: Received) -> web.Response:
        async with harness.http.head(f"{service.endpoint}/api/health?api-version=2024-12-01") as response:
            statuses.append(response.status)
        with pytest.raises(WSServerHandshakeError) as refused:
            await harness.connect(service, "bo")
        statuses.append(refused.value.status)
        return web.Response(status=204)

    application.answer("disconnected", on_disconnected)
    async with serve(Settings(times=FAST)) as service:
        service.set_event_handlers(HUB, [application.handler()])
        ana = await harness.connect(service, "ana")
        leaving = asyncio.create_task(ana.closed())

    await leaving
    assert statuses == [200, 503]


async def test_a_client_whose_handler_answers_while_the_service_stops_is_refused_and_reported_as_disconnected(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    application = await harness.application()
    stopping = asyncio.Event()

    async def decide(request: Received) -> web.Response:
        if request.headers["ce-userId"] == "late":
            await stopping.wait()
        return web.Response(status=204)

    def on_disconnected(_: Received) -> web.Response:
        stopping.set()
        return web.Response(status=204)

    application.answer("connect", decide)
    application.answer("disconnected", on_disconnected)
    async with serve(Settings(times=FAST)) as service:
        service.set_event_handlers(HUB, [application.handler()])
        ana = await harness.connect(service, "ana")
        late = asyncio.create_task(harness.refusal(client_url(service, access_token=token_for(service, "late"))))
        await application.wait_for("connect", 2)
        leaving = asyncio.create_task(ana.closed())

    await leaving
    assert (await late)[0] == 503
    assert [request.headers["ce-userId"] for request in application.of("disconnected")] == ["ana", "late"]
    assert not [record for record in caplog.records if record.exc_info]


async def test_an_event_after_the_end_of_the_service_is_one_log_line(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    application = await harness.application()
    async with serve(Settings(hubs={HUB: HubSettings([application.handler()])}, times=FAST)) as service:
        pass

    service._handlers.connected(EventSource(HUB, "c1", "localhost", "ana"))
    await until(lambda: not service._handlers._notifications)

    assert [record.message for record in caplog.records] == [
        "event handler did not accept our origin",
        "event not delivered",
    ]
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_stopping_service_does_not_wait_for_a_handler_that_is_gone(harness: Harness) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        handler = EventHandler(f"http://127.0.0.1:{nobody.getsockname()[1]}/", ("disconnected",))
        attempts: list[Observation] = []
        async with serve(Settings(hubs={HUB: HubSettings([handler])}, times=FAST)) as service:
            ana = await harness.connect(service, "ana")
            service.observations.subscribe(
                lambda record: attempts.append(record) if isinstance(record, WebhookCalled) else None
            )
            leaving = asyncio.create_task(ana.closed())

    assert await leaving == (1001, "The service is shutting down.")
    assert len(attempts) == 1


async def test_handlers_can_be_changed_while_the_service_runs(harness: Harness, service: Service) -> None:
    first, second = await harness.application(), await harness.application()
    service.set_event_handlers("CHAT", [first.handler(("connect",))])
    await harness.connect(service, "ana")
    service.set_event_handlers(HUB, [second.handler(("connect",))])
    await harness.connect(service, "bo")

    assert [len(application.of("connect")) for application in (first, second)] == [1, 1]


async def test_an_observer_can_follow_a_message_from_frame_to_delivery(
    harness: Harness, service: Service, application: Application
) -> None:
    """An application that passes the event's request id on has its REST calls in the same chain."""
    seen: list[Observation] = []
    sdk = WebPubSubServiceClient.from_connection_string(service.connection_string, hub=HUB)

    async def publish(request: Any) -> web.Response:
        await sdk.send_to_group(
            "room", "hi", content_type="text/plain", request_id=request.headers["x-ms-client-request-id"]
        )
        return web.Response()

    application.answer("say", publish)
    ana = await harness.connect(service, "ana", groups=["room"])
    service.observations.subscribe(seen.append)
    async with sdk:
        await ana.send("event", event="say", data=1)
        await ana.data()
        await until(lambda: any(isinstance(record, WebhookCalled) and record.event.endswith("say") for record in seen))

    frame = next(record for record in seen if isinstance(record, FrameReceived))
    chain = [record for record in seen if record.correlation_id == frame.correlation_id]
    (webhook,) = [record for record in chain if isinstance(record, WebhookCalled)]
    assert (webhook.status, webhook.attempt, webhook.event) == (200, 1, "azure.webpubsub.user.say")
    (call,) = [record for record in chain if isinstance(record, RestCalled)]
    assert (call.method, call.status) == ("POST", 202)
    (delivery,) = [record for record in chain if isinstance(record, MessageDelivered)]
    assert delivery.connection_id == ana.id


async def test_a_failing_observer_does_not_disturb_the_service(harness: Harness, service: Service) -> None:
    def fail(_: Observation) -> None:
        raise RuntimeError("observer")

    service.observations.subscribe(fail)

    await (await harness.connect(service, "ana")).expect_no_message()


async def test_an_unexpected_failure_closes_with_1011_is_logged_and_the_service_continues(
    harness: Harness, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(FaultInjector):
        async def frame(self, connection: Any, frame: str | bytes) -> bool:
            raise RuntimeError("unexpected")

    ana = await harness.connect(service, "ana")
    faults = service.faults
    service.faults = Failing(service.hubs.connections, service.observations)

    await ana.send("ping")

    assert await ana.closed() == (1011, "Internal server error")
    assert [record.message for record in caplog.records if record.exc_info] == ["connection failed"]
    service.faults = faults
    await (await harness.connect(service, "bo")).expect_no_message()


async def test_an_unexpected_failure_of_an_event_closes_at_once_although_the_client_sends_nothing_more(
    harness: Harness, service: Service, application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(FaultInjector):
        async def webhook(self, event: Any, send: Any) -> Any:
            raise RuntimeError("unexpected")

    ana = await harness.connect(service, "ana")
    service.faults = Failing(service.hubs.connections, service.observations)

    await ana.send("event", event="move", ackId=1, dataType="text", data="e4")

    assert await ana.closed() == (1011, "Internal server error")
    assert "connection failed" in [record.message for record in caplog.records if record.exc_info]


async def test_the_log_says_which_handler_and_pattern_matched_and_no_secret(
    harness: Harness, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    application = await harness.application()
    handler = EventHandler(f"{application.url}/{{event}}?code=secret-code", ("connect",), "move,talk")
    service.set_event_handlers(HUB, [handler])
    ana = await harness.connect(service, "ana")
    await ana.request("event", 1, event="move", data="secret text")
    await ana.request("event", 2, event="other", data=1)

    lines = [FieldFormatter().format(record) for record in caplog.records]
    (matched,) = [line for line in lines if "event handler matches" in line and "event=move" in line]
    assert f"handler={application.url}/{{event}} pattern=move,talk" in matched
    assert any("no event handler matches" in line and "event=other" in line for line in lines)
    assert not [line for line in lines if "secret" in line or service.settings.access_key in line or "eyJ" in line]


async def test_a_request_that_is_no_http_is_one_log_line_without_what_it_said(
    harness: Harness, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    address = urlsplit(service.endpoint)
    for request in (
        f"GET /client/hubs/chat?access_token=secret{'x' * 9000} HTTP/1.1\r\nHost: a\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret{'x' * 9000}\r\n\r\n",
        "GET ?secret HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nsecret\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: secret\r\nHost: secret\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(request.encode())
        assert (await reader.read()).startswith(b"HTTP/1.0 400 ")
        writer.close()

    malformed = [record for record in caplog.records if record.message == "malformed HTTP request"]
    assert len(malformed) >= 4
    assert not [record for record in caplog.records if record.exc_info or "secret" in FieldFormatter().format(record)]


def test_a_log_line_quotes_what_could_be_misread() -> None:
    record = logging.makeLogRecord(
        {"name": "local_azure.webpubsub", "msg": "said", "user": "a b\n", "hub": "chat", "status": None}
    )

    assert FieldFormatter().format(record).endswith('said user="a b\\n" hub=chat')


def test_of_an_applications_log_line_only_the_text_is_shown_as_in_the_cloud() -> None:
    record = logging.makeLogRecord({"name": "shop", "msg": "sold", "user": "ana"})

    assert FieldFormatter().format(record).endswith("] sold")


async def test_the_command_prints_the_connection_string_and_ends_cleanly(harness: Harness, tmp_path: Path) -> None:
    settings = tmp_path / "webpubsub.json"
    settings.write_text(json.dumps({"WebPubSub": {"Hubs": {HUB: {"AnonymousConnectPolicy": "allow"}}}}))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "local_azure.webpubsub", "--port", "0", "--settings", str(settings), "--no-recorder"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    endpoint = (await process.stdout.readline()).decode().split()[-1]
    connection_string = (await process.stdout.readline()).decode().split()[-1]
    assert connection_string.startswith(f"Endpoint={endpoint};AccessKey=")
    assert (await process.stdout.readline()).decode() == f"Inspector, for a browser: {endpoint}/\n"
    async with ClientSession() as session, session.get(f"{endpoint}/inspector/recorder") as answer:
        assert (await answer.json())["enabled"] is False

    client = await harness.open(f"{endpoint}/client/hubs/{HUB}", "json.webpubsub.azure.v1")
    assert client.connected["userId"] is None
    process.send_signal(signal.SIGTERM)

    assert (await client.closed())[0] == 1001
    assert await process.wait() == 0
    assert process.stderr
    assert b"Traceback" not in await process.stderr.read()


def test_the_command_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    broken, wrong = tmp_path / "broken.json", tmp_path / "wrong.json"
    broken.write_text("{")
    wrong.write_text('{"WebPubSub": {"Hubs": {"chat": {"Unknown": 1}}}}')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for arguments, status, text in (
            (["--settings", str(tmp_path / "absent.json")], 2, "No such file"),
            (["--settings", str(broken)], 2, "is not JSON"),
            (["--settings", str(wrong)], 2, "WebPubSub:Hubs:chat:Unknown"),
            (["--port", str(taken.getsockname()[1])], 1, "cannot listen"),
        ):
            assert main(arguments) == status
            assert text in capsys.readouterr().err


def test_settings_come_from_the_file_and_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"WebPubSub": {"AccessKey": "from-the-file-0123456789-0123456789"}}')
    assert load_settings(file).access_key.startswith("from-the-file")

    monkeypatch.setitem(os.environ, "WebPubSub__AccessKey", "from-the-environment-0123456789-0123456789")

    assert load_settings(file).access_key.startswith("from-the-environment")
