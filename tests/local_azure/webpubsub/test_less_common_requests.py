"""Requests and answers that few applications send, and that the service must read by the rules of HTTP all the same."""

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web

from local_azure.webpubsub import Limits, Service, Settings
from tests.local_azure.webpubsub.harness import (
    FAST,
    HUB,
    RELIABLE_JSON,
    Application,
    Harness,
    Received,
    client_url,
    token_for,
)
from tests.local_azure.webpubsub.rest.rest_client import RestClient


@pytest.mark.parametrize("encoding", ["deflate", "br", "zstd"])
async def test_a_rest_body_in_any_content_encoding_is_415(harness: Harness, service: Service, encoding: str) -> None:
    rest = RestClient(service, harness.http)

    answer = await rest("POST", "/:send", body=b"hi", content_type="text/plain", headers={"Content-Encoding": encoding})

    assert answer.status == 415


@pytest.mark.parametrize("charset", ["iso-8859-1", '"iso-8859-1"', ' "ISO-8859-1" '])
async def test_the_charset_of_a_handlers_answer_may_be_quoted(
    harness: Harness, application: Application, service: Service, charset: str
) -> None:
    def answer(_: Received) -> web.Response:
        return web.Response(body="grüß".encode("latin-1"), headers={"Content-Type": f"text/plain; charset={charset}"})

    application.answer("message", answer)
    ana = await harness.connect(service, "ana")

    await ana.send("event", event="message", dataType="text", data="hi")

    assert await ana.data() == "grüß"


async def test_a_handler_that_refuses_is_asked_again_after_the_longest_wait_at_the_latest(harness: Harness) -> None:
    """The wait doubles with each refusal: without its limit, the last of these would be 20 seconds long."""
    times = replace(FAST, validation_retry_seconds=0.01, validation_retry_max_seconds=0.02)
    service, application = await harness.service(Settings(times=times)), await harness.application()
    service.set_event_handlers(HUB, [application.handler()])
    application.answer("validate", lambda _: web.Response(status=403))

    async with asyncio.timeout(15):
        while len(application.of("validate")) < 12:
            await harness.refusal(client_url(service, access_token=token_for(service, "ana")))


async def test_acknowledged_messages_do_not_count_toward_the_limit(harness: Harness) -> None:
    """The limit in bytes is on what is not acknowledged, not on all that was ever sent."""
    service = await harness.service(Settings(times=FAST, limits=Limits(replay_bytes=4000)))
    rest = RestClient(service, harness.http)
    ana = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON, groups=["room"])

    for sequence_id in range(1, 9):
        await rest.text("/groups/room/:send", "x" * 1000)
        assert (await ana.receive())["sequenceId"] == sequence_id
        # The service has carried out the acknowledgement when it answers the ping.
        await ana.send("sequenceAck", sequenceId=sequence_id)
        await ana.expect_no_message()
