"""A storage in the inspector, over real sockets: its calls in the traces of messages, and its faults."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables.aio import TableClient, TableServiceClient

from local_azure import tables, webpubsub
from local_azure.tables.faults import FORMS
from tests.local_azure.webpubsub.open_page import OpenPage, open_page
from tests.local_azure.webpubsub.small_app import TABLE, SmallApp, small_app, storing_app, until


@pytest.fixture
async def app() -> AsyncIterator[SmallApp]:
    async with storing_app() as running:
        yield running


def storage_of(app: SmallApp) -> tables.Service:
    assert app.storage is not None
    return app.storage


async def message_trace(page: OpenPage) -> list[tuple[str, str, str, int, str | None]]:
    """Return the trace of the message that was acknowledged."""
    trace = await page.details(await page.first("frame-out", "ack"))
    return [(step["kind"], step["title"], step["status"], step["depth"], step["inferred"]) for step in trace["steps"]]


async def test_a_storage_call_is_in_the_trace_of_the_message_that_caused_it(app: SmallApp) -> None:
    async with open_page(app) as page:
        ana = await app.connect("ana")
        await ana.ask("good morning")
        trace = await message_trace(page)
        call = await page.details(await page.first("storage", "insert messages"))

    assert trace == [
        ("frame-in", "event message", "", 0, None),
        ("webhook", "user.message", "204", 1, None),
        ("storage", "insert messages", "201", 2, None),
        ("rest", "POST groups/lobby/:send", "202", 2, None),
        ("delivery", "group lobby", "to 1", 3, None),
        ("frame-out", "ack 1", "", 1, None),
    ]
    assert call["entry"]["ok"] is True
    assert call["entry"]["ms"] > 0
    assert json.loads(call["entry"]["content"]["text"])["text"] == "good morning"
    assert call["entry"]["facts"]["method"] == "POST"


async def test_a_storage_call_that_nothing_caused_is_a_trace_of_its_own(app: SmallApp) -> None:
    async with (
        open_page(app) as page,
        TableClient.from_connection_string(storage_of(app).connection_string, TABLE) as table,
    ):
        ana = await app.connect("ana")
        await ana.ask("good morning")
        with pytest.raises(ResourceNotFoundError):
            await table.get_entity("p", "r")
        trace = await page.details(await page.first("storage", "get messages"))

    assert [(step["title"], step["status"], step["error"], step["ok"], step["depth"]) for step in trace["steps"]] == [
        ("get messages", "404", "ResourceNotFound", None, 0)
    ]


async def test_what_does_not_exist_yet_is_no_failure_of_a_call_that_reads(app: SmallApp) -> None:
    """An app that makes its tables when it first writes reads from them before."""
    async with (
        open_page(app) as page,
        TableClient.from_connection_string(storage_of(app).connection_string, "absent") as table,
    ):
        with pytest.raises(ResourceNotFoundError):
            _ = [entity async for entity in table.list_entities()]
        call = await page.first("storage")

    assert (call["title"], call["error"], call["ok"]) == ("query absent", "TableNotFound", None)


async def test_a_fault_of_the_storage_is_below_the_call_that_it_disturbs(app: SmallApp) -> None:
    storage_of(app).faults.add("throttle storage retry-after=0s operation=insert count=1")
    async with open_page(app) as page:
        ana = await app.connect("ana")
        await ana.ask("good morning")
        trace = await message_trace(page)

    assert trace[2:5] == [
        ("storage", "insert messages", "503", 2, None),
        ("fault", "throttle storage retry-after=0s operation=insert count=1", "triggered", 3, None),
        ("storage", "insert messages", "201", 2, None),
    ]


async def test_a_fault_and_a_call_that_nothing_caused_are_one_trace(app: SmallApp) -> None:
    storage_of(app).faults.add("delay storage 1ms operation=query count=1")
    async with (
        open_page(app) as page,
        TableClient.from_connection_string(storage_of(app).connection_string, TABLE) as table,
    ):
        assert [entity async for entity in table.list_entities()] == []
        trace = await page.details(await page.first("storage", "query messages"))

    assert [(step["kind"], step["depth"]) for step in trace["steps"]] == [("storage", 0), ("fault", 1)]


async def test_a_cut_connection_is_shown_as_the_result_of_its_call(app: SmallApp) -> None:
    storage_of(app).faults.add("cut storage carried-out operation=insert count=1")
    async with open_page(app) as page:
        ana = await app.connect("ana")
        await ana.say("good morning")
        call = await page.first("storage", "insert")

    assert (call["status"], call["ok"]) == ("no answer", False)


async def test_a_refused_call_is_shown_as_a_failure_with_its_code(app: SmallApp) -> None:
    async with (
        open_page(app) as page,
        TableClient.from_connection_string(storage_of(app).connection_string, "absent") as table,
    ):
        with pytest.raises(ResourceNotFoundError):
            await table.create_entity({"PartitionKey": "p", "RowKey": "r"})
        call = await page.first("storage")

    assert (call["title"], call["status"], call["error"], call["ok"]) == (
        "insert absent",
        "404",
        "TableNotFound",
        False,
    )
    assert call["excerpt"] == "TableNotFound"


async def test_a_call_is_shown_with_its_entity_and_without_its_signature(app: SmallApp) -> None:
    async with (
        open_page(app) as page,
        TableClient.from_connection_string(storage_of(app).connection_string, TABLE) as table,
    ):
        await table.create_entity({"PartitionKey": "p", "RowKey": "r", "text": "between you and me"})
        call = await page.details(await page.first("storage"))
        shown = page.text + str(call)

    http = call["entry"]["http"]
    headers = dict(http["requestHeaders"])
    assert http["url"] == f"{storage_of(app).endpoint}/messages"
    assert (http["method"], http["status"], http["reason"], http["signature"]) == ("POST", 201, "Created", "verified")
    assert headers["Authorization"] == "SharedKey ***"
    assert json.loads(http["requestBody"]["text"])["text"] == "between you and me"
    assert json.loads(http["responseBody"]["text"])["RowKey"] == "r"
    assert dict(http["responseHeaders"])["x-ms-version"] == "2019-02-02"
    assert tables.DEVELOPMENT_KEY not in shown


async def test_of_a_shared_access_signature_the_permissions_are_shown_and_not_the_signature(app: SmallApp) -> None:
    url = f"{storage_of(app).endpoint}/{TABLE}()?sv=2019-02-02&sp=r&se=2040-01-01&tn={TABLE}&sig="
    async with open_page(app) as page:
        async with app.session.get(url + "c2lnbmF0dXJl") as answer:
            assert answer.status == 403
        call = await page.details(await page.first("storage"))
        shown = page.text + str(call)

    assert call["entry"]["http"]["url"] == url + "***"
    assert call["entry"]["http"]["signature"] == "not with this key"
    assert "c2lnbmF0dXJl" not in shown


async def test_faults_of_the_storage_are_listed_added_and_removed_beside_the_others(app: SmallApp) -> None:
    line = "fail storage 503 operation=insert table=messages count=2"
    url = f"{app.service.endpoint}/inspector/faults"
    app.service.faults.add("drop webhook count=1")
    async with open_page(app) as page:
        async with app.session.post(url, json={"fault": line}) as answer:
            added: dict[str, Any] = await answer.json()
            assert answer.status == 201
        await until(lambda: [fault["text"] for fault in page.state["faults"]] == ["drop webhook count=1", line])
        assert [active.id for active in storage_of(app).faults.active()] == [added["id"]]

        async with app.session.delete(f"{url}/{added['id']}") as answer:
            assert answer.status == 204
        assert storage_of(app).faults.active() == []
        assert len(app.service.faults.active()) == 1
    assert set(FORMS) < set(page.hello["forms"])


async def test_a_fault_for_an_unknown_operation_is_refused_with_those_that_exist(app: SmallApp) -> None:
    document = {"fault": "fail storage 503 operation=inzert count=1"}
    async with app.session.post(f"{app.service.endpoint}/inspector/faults", json=document) as answer:
        assert answer.status == 400
        message = (await answer.json())["message"]

    assert message.startswith("fail storage: 'inzert' is not an operation; known are list_tables, ")


async def test_without_a_storage_its_faults_are_not_known() -> None:
    async with small_app() as app, open_page(app) as page:
        document = {"fault": "fail storage 503 count=1"}
        async with app.session.post(f"{app.service.endpoint}/inspector/faults", json=document) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, "invalid_fault")

        assert set(FORMS) & set(page.hello["forms"]) == set()


async def test_a_call_before_the_page_was_open_is_shown(app: SmallApp) -> None:
    ana = await app.connect("ana")
    await ana.ask("good morning")

    async with open_page(app) as page:
        trace = await message_trace(page)

    assert trace[2] == ("storage", "insert messages", "201", 2, None)


async def test_without_the_recorder_only_calls_while_a_page_is_open_are_shown() -> None:
    async with tables.serve() as storage, small_app(records=False) as app:
        app.service.show_storage(storage.observations, storage.faults)
        async with TableServiceClient.from_connection_string(storage.connection_string) as account:
            await account.create_table("before")
            async with open_page(app) as page:
                await account.create_table("meanwhile")
                first = await page.first("storage")

    assert first["title"] == "create_table meanwhile"


async def test_a_storage_that_is_shown_while_a_page_is_open_is_recorded_at_once() -> None:
    async with tables.serve() as storage, small_app() as app, open_page(app) as page:
        app.service.show_storage(storage.observations, storage.faults)
        async with TableClient.from_connection_string(storage.connection_string, TABLE) as table:
            await table.create_table()

        assert (await page.first("storage"))["title"] == "create_table messages"


async def test_a_service_that_others_can_reach_counts_the_calls_of_a_storage_and_shows_none() -> None:
    async with tables.serve() as storage, webpubsub.serve(host="0.0.0.0") as service:
        service.show_storage(storage.observations, storage.faults)
        async with TableServiceClient.from_connection_string(storage.connection_string) as account:
            await account.create_table(TABLE)

        assert not service.has_inspector
        assert service.observations.meter.total().storage_calls == 1
