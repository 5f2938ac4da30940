"""What a running service counts, beside what really went over its sockets."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from local_azure.meter.counters import CONNECTING, LEAVING, RECOVERING, Usage
from local_azure.webpubsub import Service
from local_azure.webpubsub.messages import JoinGroup, SendToGroup
from tests.local_azure.webpubsub.harness import HUB, RELIABLE_JSON, Harness, until
from tests.local_azure.webpubsub.small_app import small_app, storing_app


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        yield Harness(stack, http)


def frames_of(usage: Usage) -> tuple[int, int, int]:
    return usage.frames, usage.frame_bytes, usage.frame_messages


async def test_every_byte_to_clients_is_counted_once_whatever_they_speak(harness: Harness) -> None:
    service = await harness.service()
    meter = service.observations.meter
    clients = [
        await harness.connect(service, "ana", groups=["room"]),
        await harness.connect(service, "bo", groups=["room"], subprotocol=RELIABLE_JSON),
        await harness.connect(service, "cy", groups=["room"], subprotocol=None),
    ]
    greeted = meter.usage(CONNECTING)
    assert (greeted.count, greeted.frames) == (3, 2)

    await clients[0].join("other", 1)
    await clients[0].send("sendToGroup", group="room", dataType="text", data="x" * 3000)
    received = [(await client.frame()).data for client in clients]

    sizes = [len(text.encode()) for text in received]
    assert frames_of(meter.usage(SendToGroup)) == (3, sum(sizes), 6)
    joined = meter.usage(JoinGroup)
    assert (joined.count, joined.frames) == (1, 1)
    assert not service.observations.follows_receivers


async def test_a_lost_client_costs_nothing_until_it_is_back(harness: Harness) -> None:
    service = await harness.service()
    meter = service.observations.meter
    lost = await harness.connect(service, "ana", groups=["room"], subprotocol=RELIABLE_JSON)
    other = await harness.connect(service, "bo")
    lost.cut()
    await until(lambda: any(each.transport is None for each in service.hubs.hub(HUB).connections()))
    await other.request("sendToGroup", 1, group="room", dataType="text", data="tea")
    assert meter.usage(SendToGroup).frames == 1  # the ack
    assert meter.connections.open == 2

    back = await harness.recover(service, lost)

    assert await back.data() == "tea"
    assert (meter.usage(RECOVERING).count, meter.usage(RECOVERING).frames) == (1, 2)  # a welcome, and the message


async def test_an_event_is_counted_with_all_that_it_brings_about(harness: Harness) -> None:
    service = await harness.service()
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler()])
    meter = service.observations.meter
    application.answer("message", lambda _: aiohttp.web.Response(text="reply"))
    client = await harness.connect(service, "ana")
    await client.send("event", event="message", dataType="text", data="x" * 2500)
    reply = (await client.frame()).data
    await client.ws.close()
    await application.wait_for("disconnected")

    usage = meter.usage("event message")
    assert (usage.count, usage.webhooks, usage.webhook_bytes, usage.webhook_messages) == (1, 1, 2500, 2)
    assert frames_of(usage) == (1, len(reply), 1)
    assert meter.usage(CONNECTING).webhooks == 2
    await until(lambda: meter.usage(LEAVING).webhooks == 1)
    assert (meter.connections.open, meter.connections.peak) == (0, 1)
    assert meter.busy.seconds(meter.clock()) > 0


async def test_retries_are_counted_each(harness: Harness) -> None:
    service = await harness.service()
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler((), "*")])
    application.answer("message", lambda _: aiohttp.web.Response(status=500))
    client = await harness.connect(service, "ana")

    await client.request("event", 1, event="message", dataType="text", data="tea")

    assert service.observations.meter.usage("event message").webhooks == len(application.of("message")) == 4


@pytest.mark.parametrize("passes_on", [True, False], ids=["with the event's request id", "without it"])
async def test_calls_of_the_app_and_their_deliveries_belong_to_the_message(passes_on: bool) -> None:
    async with small_app() as app:
        app.passes_request_id_on = passes_on
        ana, bo = await app.connect("ana"), await app.connect("bo")
        await ana.ask("tea?")
        await bo.next()
        usage = app.service.observations.meter.usage("event message")

    assert (usage.count, usage.webhooks, usage.rest_calls) == (1, 1, 1)
    assert usage.frames == 3  # to ana, to bo, and the ack


async def test_storage_calls_are_counted_from_the_start() -> None:
    async with storing_app() as app:
        ana = await app.connect("ana")
        await ana.ask("tea?")
        await ana.ask("cake", 2)
        document = await meter_of(app.service, app.session)

    assert document["run"]["storageCalls"] == 2
    (row,) = [row for row in document["messages"] if row["cause"] == "event message"]
    assert (row["count"], row["storageCalls"], row["restCalls"]) == (2, 2, 2)
    assert not app.service.observations.follows_receivers


async def test_the_meter_is_for_this_machine_only(harness: Harness) -> None:
    service = await harness.service()
    async with harness.http.get(f"{service.endpoint}/inspector/meter", headers={"Host": "attacker.example"}) as answer:
        assert answer.status == 403
    async with harness.http.post(f"{service.endpoint}/inspector/meter") as answer:
        assert answer.status == 405


async def test_very_many_names_of_events_do_not_fill_the_memory(harness: Harness) -> None:
    service = await harness.service()
    client = await harness.connect(service, "ana")
    for number in range(300):
        await client.send("event", event=f"name{number}", dataType="text", data="")
    await client.expect_no_message()

    assert len(service.observations.meter.causes) <= 201
    assert len(json.dumps(await meter_of(service, harness.http))) < 100_000


async def meter_of(service: Service, http: aiohttp.ClientSession) -> Any:
    async with http.get(f"{service.endpoint}/inspector/meter") as answer:
        assert answer.status == 200
        return await answer.json()
