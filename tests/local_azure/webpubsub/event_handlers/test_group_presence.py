"""Group presence events: a handler hears who joins and leaves which group (W-254 and following)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from local_azure.webpubsub import EventHandler, GroupPresenceEvents, Limits, Service, Settings
from local_azure.webpubsub.observations import FrameReceived, Observation, WebhookSent
from tests.local_azure.webpubsub.harness import (
    FAST,
    HUB,
    RELIABLE_JSON,
    Application,
    Client,
    Harness,
    Received,
    until,
)
from tests.local_azure.webpubsub.rest.rest_client import RestClient

BOTH = GroupPresenceEvents(("joined", "left"))
CONNECTED_TOO = ("connected", "disconnected")


def listen(
    service: Service,
    application: Application,
    events: GroupPresenceEvents | None = BOTH,
    system_events: Sequence[str] = (),
    path: str = "{hub}/{event}",
) -> EventHandler:
    """Send presence events of the hub to the application; return the handler."""
    handler = EventHandler(f"{application.url}/{path}", system_events, group_presence_events=events)
    service.set_event_handlers(HUB, [handler])
    return handler


def changes(application: Application, connection_id: str | None = None) -> list[tuple[str, str]]:
    """Return the presence events so far as (event, group), of one connection or of all."""
    return [
        (request.event, request.json()["group"])
        for request in application.received
        if request.event in ("joined", "left") and connection_id in (None, request.headers["ce-connectionId"])
    ]


async def changes_after_all(application: Application, client: Client) -> list[tuple[str, str]]:
    """Return the client's presence events when a last one, which is not in the list, has come after them."""
    await client.join("last", 99)
    await until(lambda: ("joined", "last") in changes(application, client.id))
    return [change for change in changes(application, client.id) if change[1] != "last"]


async def test_w254_w255_joining_and_leaving_are_one_event_each_with_the_group_in_the_body(
    harness: Harness, service: Service, application: Application
) -> None:
    listen(service, application)
    ana = await harness.connect(service, "ana")

    await ana.join("room", 1)
    assert (await ana.request("leaveGroup", 2, group="room"))["success"]

    (left,), (joined,) = await application.wait_for("left"), application.of("joined")
    assert (joined.headers["ce-type"], joined.body) == ("azure.webpubsub.gp.joined", b'{"group":"room"}')
    assert (left.headers["ce-type"], left.body) == ("azure.webpubsub.gp.left", b'{"group":"room"}')
    assert {request.headers["Content-Type"] for request in (joined, left)} == {"application/json; charset=utf-8"}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(None, [], id="W-256 none"),
        pytest.param(GroupPresenceEvents((), ("*",)), [], id="W-256 no names"),
        pytest.param(GroupPresenceEvents(("joined",)), [("joined", "chat1"), ("joined", "room")], id="W-254 joined"),
        pytest.param(GroupPresenceEvents(("Left",)), [("left", "chat1"), ("left", "room")], id="W-255 left"),
        pytest.param(
            GroupPresenceEvents(("joined", "left"), ("chat*",)), [("joined", "chat1"), ("left", "chat1")], id="W-257"
        ),
        pytest.param(GroupPresenceEvents(("joined",), ("x", "ro?m")), [("joined", "room")], id="W-257 two patterns"),
        pytest.param(GroupPresenceEvents(("joined",), ()), [("joined", "chat1"), ("joined", "room")], id="W-257 []"),
    ],
)
async def test_w256_w257_a_handler_hears_the_events_and_groups_that_it_names(
    harness: Harness,
    service: Service,
    application: Application,
    events: GroupPresenceEvents | None,
    expected: list[tuple[str, str]],
) -> None:
    last = EventHandler(application.template, group_presence_events=GroupPresenceEvents(("joined",), ("last",)))
    service.set_event_handlers(HUB, [listen(service, application, events), last])
    ana = await harness.connect(service, "ana")

    for ack_id, group in enumerate(("chat1", "room"), start=1):
        await ana.join(group, ack_id)
        await ana.request("leaveGroup", ack_id + 10, group=group)

    assert sorted(await changes_after_all(application, ana)) == sorted(expected)


async def test_the_first_handler_whose_names_and_filters_match_gets_the_event(
    harness: Harness, service: Service, application: Application
) -> None:
    handlers = [
        EventHandler(f"{application.url}/everything", CONNECTED_TOO, "*"),
        EventHandler(f"{application.url}/left", group_presence_events=GroupPresenceEvents(("left",))),
        EventHandler(f"{application.url}/chats", group_presence_events=GroupPresenceEvents(("joined",), ("chat*",))),
        EventHandler(f"{application.url}/rest", group_presence_events=BOTH),
    ]
    service.set_event_handlers(HUB, handlers)
    ana = await harness.connect(service, "ana")

    await ana.join("chat1", 1)
    await ana.join("room", 2)
    await ana.request("leaveGroup", 3, group="chat1")

    (left,) = await application.wait_for("left")
    assert [request.path for request in application.of("joined")] == ["/chats", "/rest"]
    assert left.path == "/left"


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 404},
        {"status": 200, "text": "not for you"},
        {"status": 200, "headers": {"ce-connectionState": "x", "Set-Cookie": "a=b"}},
    ],
)
async def test_w258_the_answer_of_the_handler_changes_nothing(
    harness: Harness, service: Service, application: Application, answer: dict[str, Any]
) -> None:
    application.answer("joined", lambda _: web.Response(**answer))
    listen(service, application)
    ana = await harness.connect(service, "ana")

    await ana.join("room", 1)
    await application.wait_for("joined")
    await ana.request("leaveGroup", 2, group="room")
    (left,) = await application.wait_for("left")
    await ana.join("room", 3)
    await ana.send("sendToGroup", group="room", data="hi")

    assert await ana.data() == "hi"
    assert not {"Cookie", "ce-connectionState"} & set(left.headers)
    await ana.expect_no_message()


async def test_w259_an_ack_does_not_wait_for_the_handler_and_its_events_keep_their_order(
    harness: Harness, service: Service, application: Application
) -> None:
    answered = asyncio.Event()

    async def late(_: Received) -> web.Response:
        await answered.wait()
        return web.Response()

    application.answer("joined", late)
    listen(service, application)
    ana = await harness.connect(service, "ana")

    await ana.join("room", 1)
    await ana.request("leaveGroup", 2, group="room")
    await application.wait_for("joined")
    assert application.of("left") == []
    answered.set()

    assert await changes_after_all(application, ana) == [("joined", "room"), ("left", "room")]


async def test_w260_joining_twice_is_one_event_and_leaving_a_strange_group_is_none(
    harness: Harness, service: Service, application: Application
) -> None:
    listen(service, application)
    ana = await harness.connect(service, "ana")

    await ana.join("room", 1)
    await ana.join("room", 2)
    await ana.request("leaveGroup", 3, group="other")

    assert await changes_after_all(application, ana) == [("joined", "room")]


async def test_w261_rest_changes_are_one_event_for_each_connection_and_group(
    harness: Harness, service: Service, application: Application
) -> None:
    listen(service, application)
    rest = RestClient(service, harness.http)
    phone, desk = await harness.connect(service, "ana"), await harness.connect(service, "ana")
    bo = await harness.connect(service, "bo")

    assert (await rest("PUT", f"/groups/a/connections/{bo.id}")).status == 200
    assert (await rest("PUT", "/users/ana/groups/b")).status == 200
    everyone = {"groups": ["c", "d"], "filter": ""}
    assert (await rest.document("/:addToGroups", everyone)).status == 200
    assert (await rest("DELETE", f"/groups/a/connections/{bo.id}")).status == 204
    assert (await rest("DELETE", "/users/ana/groups")).status == 204
    assert (await rest.document("/:removeFromGroups", {"groups": ["c"]})).status == 200

    seen = [sorted(await changes_after_all(application, client)) for client in (phone, desk, bo)]
    of_ana = sorted((event, group) for event in ("joined", "left") for group in ("b", "c", "d"))
    assert seen[:2] == [of_ana, of_ana]
    assert seen[2] == [("joined", "a"), ("joined", "c"), ("joined", "d"), ("left", "a"), ("left", "c")]


async def test_w262_first_groups_are_joined_after_connected(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("connect", lambda _: web.json_response({"groups": ["of-the-answer"]}))
    listen(service, application, system_events=("connect", "connected"))

    ana = await harness.connect(service, "ana", groups=["of-the-token"])
    (joined,) = await application.wait_for("joined")
    (connected,) = await application.wait_for("connected")

    assert joined.json() == {"group": "of-the-answer"}
    assert [request.headers["ce-id"] for request in (connected, joined)] == ["1", "2"]
    assert joined.headers["ce-connectionId"] == ana.id

    listen(service, application)
    await harness.connect(service, "bo", groups=["of-the-token"])
    assert (await application.wait_for("joined", 2))[1].json() == {"group": "of-the-token"}


@pytest.mark.parametrize("how", ["left", "cut", "closed"])
async def test_w263_the_end_of_a_connection_is_an_event_for_each_of_its_groups(
    harness: Harness, service: Service, application: Application, how: str
) -> None:
    listen(service, application, system_events=CONNECTED_TOO)
    ana = await harness.connect(service, "ana", groups=["a", "b"])

    if how == "left":
        await ana.ws.close()
    elif how == "cut":
        ana.cut()
    else:
        hub = service.hubs.hub(HUB)
        hub.close(next(iter(hub.connections())))

    left = await application.wait_for("left", 2)
    (disconnected,) = await application.wait_for("disconnected")
    assert {request.json()["group"] for request in left} == {"a", "b"}
    assert max(int(request.headers["ce-id"]) for request in left) < int(disconnected.headers["ce-id"])


async def test_w264_a_lost_socket_that_is_recovered_is_no_event(
    harness: Harness, service: Service, application: Application
) -> None:
    listen(service, application)
    ana = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON, groups=["room"])
    connection = service.hubs.hub(HUB).connection(ana.id)
    assert connection

    ana.cut()
    await until(lambda: connection.transport is None)
    recovered = await harness.recover(service, ana)

    assert await changes_after_all(application, recovered) == [("joined", "room")]


async def test_w264_a_connection_that_nobody_recovers_leaves_its_groups(harness: Harness) -> None:
    service = await harness.service(Settings(times=replace(FAST, retention_seconds=0.05)))
    application = await harness.application()
    listen(service, application)
    ana = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON, groups=["room"])

    ana.cut()

    (left,) = await application.wait_for("left")
    assert left.json() == {"group": "room"}


async def test_w265_a_forbidden_join_is_no_event(harness: Harness, service: Service, application: Application) -> None:
    listen(service, application)
    ana = await harness.connect(service, "ana", roles=["webpubsub.joinLeaveGroup.last"])

    assert not (await ana.request("joinGroup", 1, group="room"))["success"]

    assert await changes_after_all(application, ana) == []


async def test_w266_presence_events_have_the_headers_of_every_event_and_ids_of_the_connection(
    harness: Harness, service: Service, application: Application
) -> None:
    listen(service, application, system_events=CONNECTED_TOO)
    handlers = [application.handler(), EventHandler(application.template, group_presence_events=BOTH)]
    service.set_event_handlers(HUB, handlers)
    ana = await harness.connect(service, "ana")
    nobody = await harness.connect(service)

    await ana.join("room", 1)
    await ana.request("event", 2, event="move", data=1)
    await ana.request("leaveGroup", 3, group="room")
    await nobody.join("room", 1)

    (left,) = await application.wait_for("left")
    joined = {request.headers["ce-connectionId"]: request for request in await application.wait_for("joined", 2)}
    (move,) = application.of("move")
    mine = joined[ana.id]
    assert set(mine.headers) == set(move.headers)
    for name in ("ce-signature", "ce-hub", "ce-userId", "ce-subprotocol", "ce-source"):
        assert mine.headers[name] == move.headers[name]
    assert mine.headers["ce-eventName"] == "joined"
    assert [request.headers["ce-id"] for request in (mine, move, left)] == ["2", "3", "4"]
    assert "ce-userId" not in joined[nobody.id].headers


async def test_w267_the_handler_is_asked_before_its_first_event(
    harness: Harness, service: Service, application: Application
) -> None:
    listen(service, application)
    ana = await harness.connect(service, "ana")

    await ana.join("room", 1)
    await application.wait_for("joined")

    assert [request.event for request in application.received] == ["validate", "joined"]
    assert application.received[0].path == "/chat/validate"


async def test_w267_a_handler_that_does_not_accept_events_gets_none(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("validate", lambda _: web.Response(status=400))
    listen(service, application)
    ana = await harness.connect(service, "ana")

    await ana.join("room", 1)
    await application.wait_for("validate")

    await ana.expect_no_message()
    assert changes(application) == []


async def test_w268_the_event_in_the_url_is_joined_or_left(
    harness: Harness, service: Service, application: Application
) -> None:
    listen(service, application, path="on/{event}?of={hub}")
    ana = await harness.connect(service, "ana")

    await ana.join("room", 1)
    await ana.request("leaveGroup", 2, group="room")

    (left,) = await application.wait_for("left")
    assert (application.of("joined")[0].path, left.path) == ("/on/joined?of=chat", "/on/left?of=chat")


async def test_a_raw_client_in_a_group_of_its_token_is_heard_too(
    harness: Harness, service: Service, application: Application
) -> None:
    listen(service, application)
    raw = await harness.connect(service, "ana", subprotocol=None, groups=["räum"])

    await raw.ws.close()

    (left,) = await application.wait_for("left")
    assert left.json() == application.of("joined")[0].json() == {"group": "räum"}
    assert "ce-subprotocol" not in left.headers


async def test_a_presence_event_is_in_the_trace_of_what_changed_the_group_and_a_fault_can_lose_it(
    harness: Harness, service: Service, application: Application
) -> None:
    listen(service, application)
    service.faults.add("drop webhook event=joined count=1")
    ana = await harness.connect(service, "ana")
    records: list[Observation] = []
    service.observations.subscribe(records.append)

    for number in (1, 2, 3):
        await ana.join(str(number), number)
    await application.wait_for("joined", 2)

    assert changes(application) == [("joined", "2"), ("joined", "3")]
    frames = [record.correlation_id for record in records if isinstance(record, FrameReceived)]
    events = [record.correlation_id for record in records if isinstance(record, WebhookSent) and record.event_id]
    assert events == frames[1:]


async def test_events_that_wait_for_a_handler_that_does_not_answer_are_bounded(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    service = await harness.service(Settings(times=FAST, limits=Limits(waiting_presence_events=3)))
    application = await harness.application()
    answered = asyncio.Event()

    async def late(_: Received) -> web.Response:
        await answered.wait()
        return web.Response()

    application.answer("joined", late)
    listen(service, application)
    ana = await harness.connect(service, "ana")

    for number in range(5):
        await ana.join(str(number), number)
    dropped = [record for record in caplog.records if "presence events are dropped" in record.getMessage()]
    answered.set()
    await application.wait_for("joined", 3)

    assert [group for _, group in changes(application)] == ["0", "1", "2"]
    assert len(dropped) == 1  # not a line for each of them


async def test_a_service_that_stops_ends_the_events_that_wait(harness: Harness, application: Application) -> None:
    service = await harness.service()
    application.answer("joined", lambda _: asyncio.sleep(60, web.Response()))
    listen(service, application)
    ana = await harness.connect(service, "ana")
    await ana.join("room", 1)
    await application.wait_for("joined")

    await service.stop()

    assert not [task for task in asyncio.all_tasks() if "PresenceQueues" in str(task.get_coro())]
