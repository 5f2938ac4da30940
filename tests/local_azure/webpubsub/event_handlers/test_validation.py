"""Before its first event a handler is asked whether it accepts events (W-119 and following)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from aiohttp import web
from multidict import CIMultiDict

from local_azure.webpubsub import HubSettings, Service, Settings
from tests.local_azure.webpubsub.harness import (
    FAST,
    HUB,
    Answer,
    Application,
    Harness,
    Received,
    client_url,
    token_for,
    until,
)


def allowing(*origins: str, status: int = 200) -> Answer:
    """Return an answer with one `WebHook-Allowed-Origin` line for each origin."""
    return lambda _: web.Response(
        status=status, headers=CIMultiDict([("WebHook-Allowed-Origin", origin) for origin in origins])
    )


async def handshake(harness: Harness, service: Service) -> int:
    return (await harness.refusal(client_url(service, access_token=token_for(service, "ana"))))[0]


async def test_w119_and_w128_the_validation_request_comes_first_and_has_no_secret(
    harness: Harness, service: Service, application: Application
) -> None:
    await harness.connect(service, "ana")

    question, connect = (await application.wait_for("connect"), application.received[:2])[1]
    assert (question.method, question.path) == ("OPTIONS", "/chat/validate")
    assert connect.method == "POST"
    assert question.headers["WebHook-Request-Origin"] == "127.0.0.1"
    assert question.headers["ce-awpsversion"] == "1.0"
    assert not {"ce-signature", "Cookie", "Authorization", "Content-Type"} & set(question.headers)
    assert question.body == b""


@pytest.mark.parametrize("origins", [("*",), ("127.0.0.1",), ("other.example", "127.0.0.1")])
async def test_w120_to_w122_a_star_or_our_origin_accepts_events(
    harness: Harness, service: Service, application: Application, origins: Sequence[str]
) -> None:
    application.answer("validate", allowing(*origins))

    assert await handshake(harness, service) == 101


async def test_w121_the_letter_case_of_the_origin_does_not_matter(harness: Harness) -> None:
    application = await harness.application()
    hubs = {HUB: HubSettings(event_handlers=[application.handler()], anonymous_connect_policy="allow")}
    service = await harness.service(Settings(hubs=hubs, times=FAST))
    application.answer("validate", allowing("Chat.Example"))

    status, _ = await harness.refusal(client_url(service), headers={"Host": "chat.example:8080"})

    assert status == 101
    assert application.of("connect")[0].headers["WebHook-Request-Origin"] == "chat.example"


async def test_a_refusal_of_one_origin_does_not_apply_to_another(harness: Harness) -> None:
    application = await harness.application()
    hubs = {HUB: HubSettings(event_handlers=[application.handler()], anonymous_connect_policy="allow")}
    service = await harness.service(Settings(hubs=hubs, times=replace(FAST, validation_retry_seconds=60.0)))
    application.answer("validate", allowing("good.example"))

    statuses = [
        (await harness.refusal(client_url(service), headers={"Host": host}))[0]
        for host in ("bad.example", "good.example", "bad.example", "good.example")
    ]

    assert statuses == [500, 101, 500, 101]
    assert len(application.of("validate")) == 2


@pytest.mark.parametrize(
    "answer", [allowing("127.0.0.1, other.example"), allowing("other.example"), allowing(), allowing("*", status=400)]
)
async def test_w123_and_w124_anything_else_refuses_and_the_client_gets_500(
    harness: Harness, service: Service, application: Application, answer: Answer
) -> None:
    application.answer("validate", answer)

    assert await handshake(harness, service) == 500
    assert application.of("connect") == []


async def test_w125_a_handler_without_options_is_asked_with_get(
    harness: Harness, service: Service, application: Application
) -> None:
    def only_get(request: Received) -> web.Response:
        if request.method == "OPTIONS":
            return web.Response(status=404)
        return web.Response(headers={"WebHook-Allowed-Origin": "*"})

    application.answer("validate", only_get)

    assert await handshake(harness, service) == 101
    assert [request.method for request in application.of("validate")] == ["OPTIONS", "GET"]
    assert application.of("validate")[1].headers["WebHook-Request-Origin"] == "127.0.0.1"


async def test_w126_an_agreement_is_remembered(harness: Harness, service: Service, application: Application) -> None:
    for _ in range(5):
        await harness.connect(service, "ana")

    assert len(application.of("validate")) == 1


async def test_many_clients_at_once_share_the_first_validation_request(
    harness: Harness, service: Service, application: Application
) -> None:
    statuses = await asyncio.gather(*(handshake(harness, service) for _ in range(10)))

    assert statuses == [101] * 10
    assert len(application.of("validate")) == 1


async def test_a_client_that_leaves_does_not_end_the_validation_request_that_others_wait_for(
    harness: Harness, service: Service, application: Application
) -> None:
    go_on = asyncio.Event()

    async def slow(_: Received) -> web.Response:
        await go_on.wait()
        return web.Response(headers={"WebHook-Allowed-Origin": "*"})

    application.answer("validate", slow)
    leaving = asyncio.create_task(handshake(harness, service))
    await application.wait_for("validate")
    staying = asyncio.create_task(handshake(harness, service))

    await until(lambda: len(service._clients._tasks) == 2)
    leaving.cancel()
    await until(lambda: len(service._clients._tasks) == 1)
    go_on.set()

    assert await staying == 101
    assert len(application.of("validate")) == 1


async def test_an_agreement_is_checked_again_in_the_background(harness: Harness) -> None:
    service = await harness.service(Settings(times=replace(FAST, validation_recheck_seconds=0.0)))
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler(("connect",), None)])
    await harness.connect(service, "ana")
    application.answer("validate", allowing("other.example"))

    assert await handshake(harness, service) == 101  # by the last result
    await application.wait_for("validate", 2)
    await wait_until_refused(harness, service)


async def wait_until_refused(harness: Harness, service: Service) -> None:
    """Wait until clients are refused: then the validation request in the background was answered."""
    async with asyncio.timeout(5):
        while await handshake(harness, service) != 500:
            pass


async def test_a_handler_that_refused_is_asked_again_after_a_while(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("validate", allowing("other.example"))
    assert await handshake(harness, service) == 500
    application.answer("validate", allowing("*"))

    async with asyncio.timeout(5):
        while await handshake(harness, service) != 101:
            pass


async def test_between_two_validation_requests_a_refusal_stays(harness: Harness) -> None:
    service = await harness.service(Settings(times=replace(FAST, validation_retry_seconds=60.0)))
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler()])
    application.answer("validate", allowing("other.example"))

    assert [await handshake(harness, service) for _ in range(3)] == [500] * 3
    assert len(application.of("validate")) == 1


async def test_a_validation_request_without_an_answer_ends_by_its_timeout(harness: Harness) -> None:
    service = await harness.service(Settings(times=replace(FAST, validation_timeout_seconds=0.05)))
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler()])

    async def never(_: Received) -> web.Response:
        await until(lambda: False)
        raise AssertionError

    application.answer("validate", never)

    assert await handshake(harness, service) == 500
