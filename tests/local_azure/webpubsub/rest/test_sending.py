import asyncio
import gzip
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from local_azure.webpubsub import Service
from tests.local_azure.webpubsub.harness import RELIABLE_JSON, Harness
from tests.local_azure.webpubsub.rest.rest_client import RestClient

MIB = 1024 * 1024


async def test_w089_the_sender_is_the_server_or_the_group(harness: Harness, service: Service, rest: RestClient) -> None:
    ana = await harness.connect(service, "ana", groups=["room"])

    for path in ("/:send", "/users/ana/:send", f"/connections/{ana.id}/:send"):
        assert await rest.text(path, "hi") == 202
        assert await ana.receive() == {"type": "message", "from": "server", "dataType": "text", "data": "hi"}
    assert await rest.text("/groups/room/:send", "hi") == 202
    message = await ana.receive()
    assert (message["from"], message["group"], message["fromUserId"]) == ("group", "room", None)


async def test_w091_all_connections_of_a_user_receive(harness: Harness, service: Service, rest: RestClient) -> None:
    first, second = await harness.connect(service, "ana"), await harness.connect(service, "ana")
    other = await harness.connect(service, "bo")

    await rest.text("/users/ana/:send", "hi")

    assert await first.data() == await second.data() == "hi"
    await other.expect_no_message()


@pytest.mark.parametrize("path", ["/:send", "/groups/room/:send"])
async def test_w172_excluded_connections_are_left_out(
    harness: Harness, service: Service, rest: RestClient, path: str
) -> None:
    ana, bo, cy = [await harness.connect(service, user, groups=["room"]) for user in ("ana", "bo", "cy")]

    assert await rest.text(path, "hi", ("excluded", ana.id), ("excluded", bo.id)) == 202

    assert await cy.data() == "hi"
    await ana.expect_no_message()
    await bo.expect_no_message()


@pytest.mark.parametrize("path", ["/:send", "/groups/room/:send", "/users/ana/:send"])
async def test_w173_a_filter_selects(harness: Harness, service: Service, rest: RestClient, path: str) -> None:
    vip = await harness.connect(service, "ana", groups=["room", "vip"])
    other = await harness.connect(service, "ana", groups=["room"])

    assert await rest.text(path, "hi", ("filter", "'vip' in groups and userId eq 'ana'")) == 202

    assert await vip.data() == "hi"
    await other.expect_no_message()


@pytest.mark.parametrize("path", ["/:send", "/groups/room/:send", "/users/ana/:send"])
async def test_w173_w199_an_invalid_filter_is_reported_before_the_body_is_looked_at(
    rest: RestClient, path: str
) -> None:
    answer = await rest("POST", path, ("filter", "userId lt 1"), body="{", content_type="application/json")

    assert answer.status == 400
    assert answer.json() == {
        "code": "Error.BadRequest",
        "message": "Invalid syntax for 'userId lt 1': Type 'string', expect 'int'. (Parameter 'filter')",
        "target": "filter",
    }


async def test_w200_a_filter_nested_too_deeply_is_refused(rest: RestClient) -> None:
    nested = "(" * 101 + "true" + ")" * 101

    assert await rest.text("/:send", "hi", ("filter", nested)) == 400


@pytest.mark.parametrize("path", ["/connections/nobody/:send", "/users/nobody/:send", "/groups/nobody/:send"])
async def test_w174_a_message_to_nobody_is_accepted(rest: RestClient, path: str) -> None:
    assert await rest.text(path, "hi") == 202


@pytest.mark.parametrize(
    ("content_type", "body", "data_type", "data"),
    [
        ("text/plain", "hé".encode(), "text", "hé"),
        ("Text/Plain; charset=UTF-8", "hé".encode(), "text", "hé"),
        ('text/plain; charset="iso-8859-1"', b"h\xe9", "text", "hé"),
        ("text/plain;charset=utf-16le", "hé".encode("utf-16le"), "text", "hé"),
        ("text/plain", b"", "text", ""),
        ("application/json", b' {"a": 1.0} ', "json", {"a": 1.0}),
        ("application/json; charset=utf-8", b'"x"', "json", "x"),
        ("application/octet-stream", b"\0\xff", "binary", "AP8="),
        pytest.param("application/octet-stream; charset=klingon", b"hi", "binary", "aGk=", id="W-280"),
        (None, b"hi", "binary", "aGk="),
    ],
)
async def test_w175_the_content_type_decides_the_kind_of_message(
    harness: Harness,
    service: Service,
    rest: RestClient,
    content_type: str | None,
    body: bytes,
    data_type: str,
    data: object,
) -> None:
    ana = await harness.connect(service, "ana")

    assert (await rest("POST", "/:send", body=body, content_type=content_type)).status == 202

    message = await ana.receive()
    assert (message["dataType"], message["data"]) == (data_type, data)


async def test_w070_json_is_passed_on_as_it_was_written(harness: Harness, service: Service, rest: RestClient) -> None:
    raw = await harness.connect(service, "ana", subprotocol=None)

    await rest(
        "POST", "/:send", body='{"n": 1.0,  "big": 123456789012345678901234567890}', content_type="application/json"
    )

    assert (await raw.frame()).data == '{"n": 1.0,  "big": 123456789012345678901234567890}'


@pytest.mark.parametrize(
    "content_type",
    ["text/html", "application/x-protobuf", "text", "text/plain; charset=klingon", "text/plain; charset=hex", "*"],
)
async def test_w175_w280_another_content_type_is_415(rest: RestClient, content_type: str) -> None:
    answer = await rest("POST", "/:send", body="hi", content_type=content_type)

    assert answer.status == 415


async def test_w282_a_metadata_header_without_a_key_is_400(rest: RestClient) -> None:
    answer = await rest("POST", "/:send", body="hi", content_type="text/plain", headers={"X-WebPubSub-Metadata-": "x"})

    assert (answer.status, answer.code) == (400, "Error.BadRequest")


@pytest.mark.parametrize("body", [gzip.compress(b"hi"), b"neither compressed nor long"], ids=["compressed", "not"])
async def test_a_compressed_body_is_415(rest: RestClient, caplog: pytest.LogCaptureFixture, body: bytes) -> None:
    headers = {"Content-Encoding": "gzip"}

    answer = await rest("POST", "/:send", body=body, content_type="text/plain", headers=headers)

    assert answer.status == 415
    assert await rest.text("/:send", "hi") == 202
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(
    ("content_type", "body", "message"),
    [
        ("application/json", b"{", "The request body is not a valid JSON."),
        ("application/json", b"", "The request body is not a valid JSON."),
        ("application/json", b"\xff", "The request body is not a valid JSON."),
        ("application/json", b"NaN", "The request body is not a valid JSON."),
        ("application/json", b"[" * MIB, "The request body is not a valid JSON."),
        ("text/plain", b"\xff", "The request body is not valid utf-8."),
        ("text/plain", b"x" * (MIB + 1), "Invalid Content-Length header."),
    ],
)
async def test_w176_an_invalid_body_is_400(rest: RestClient, content_type: str, body: bytes, message: str) -> None:
    answer = await rest("POST", "/:send", body=body, content_type=content_type)

    assert (answer.status, answer.json()["message"]) == (400, message)


async def test_w176_a_body_of_unknown_length_is_400(service: Service, rest: RestClient) -> None:
    url = f"{service.endpoint}/api/hubs/chat/:send"

    async def chunks() -> AsyncIterator[bytes]:
        yield b"hi"

    answer = await rest.request("POST", url, chunks(), {"Authorization": f"Bearer {rest.token(url)}"})

    assert (answer.status, answer.json()["message"]) == (400, "Invalid Content-Length header.")


async def test_a_message_of_a_mebibyte_is_sent(harness: Harness, service: Service, rest: RestClient) -> None:
    ana = await harness.connect(service, "ana")

    assert await rest.text("/:send", "x" * MIB) == 202

    assert len(await ana.data()) == MIB


@pytest.mark.parametrize("value", ["301", "-1", "1.5", "x", "", "9" * 400])
@pytest.mark.parametrize("path", ["/:send", "/connections/nobody/:send"])
async def test_w177_a_time_to_live_is_0_to_300_seconds(rest: RestClient, path: str, value: str) -> None:
    answer = await rest("POST", path, ("messageTtlSeconds", value), body="hi", content_type="text/plain")

    assert (answer.status, answer.json()["target"]) == (400, "messageTtlSeconds")
    assert await rest.text(path, "hi", ("messageTtlSeconds", "300")) == 202


async def test_a_parameter_that_may_come_once_is_refused_twice(rest: RestClient) -> None:
    assert await rest.text("/:send", "hi", ("filter", "true"), ("Filter", "true")) == 400


async def test_w193_metadata_headers_reach_json_clients(harness: Harness, service: Service, rest: RestClient) -> None:
    ana = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON)
    headers = {"X-WebPubSub-Metadata-Trace-Id": "a, b"}

    await rest("POST", "/:send", body="hi", content_type="text/plain", headers=headers)

    assert (await ana.receive())["metadata"] == {"trace-id": "b"}


async def test_metadata_that_breaks_a_rule_is_400(rest: RestClient) -> None:
    headers = {"X-WebPubSub-Metadata-a": "x" * 1025}

    answer = await rest("POST", "/:send", body="hi", content_type="text/plain", headers=headers)

    assert (answer.status, answer.json()["message"]) == (
        400,
        "Invalid metadata value is 1025 bytes, the limit is 1024.",
    )


async def test_a_caller_that_disconnects_within_its_body_does_not_disturb_the_service(
    service: Service, rest: RestClient, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"{service.endpoint}/api/hubs/chat/:send"
    address = urlsplit(service.endpoint)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(
        f"POST /api/hubs/chat/:send HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {rest.token(url)}\r\n"
        "Content-Type: text/plain\r\nContent-Length: 10\r\n\r\nhi".encode()
    )
    await writer.drain()
    writer.transport.abort()

    assert await rest.text("/:send", "hi") == 202
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
