"""The effect of each kind of fault on an application and its clients, over real sockets."""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import aiohttp
import pytest
from azure.core.exceptions import HttpResponseError

from local_azure.webpubsub.faults import (
    Cut,
    Delay,
    Drop,
    Duplicate,
    ExpireToken,
    FailRest,
    InvalidFault,
    LoseDisconnected,
    RefuseRecovery,
    Reorder,
    Scope,
    SlowRest,
)
from local_azure.webpubsub.observations import FaultTriggered
from tests.local_azure.webpubsub.small_app import RELIABLE_JSON, ROOM, Person, SmallApp, small_app, until

MESSAGE = Scope(event="message")


def recovered(app: SmallApp, person: Person) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
    """Recover a person's reliable connection on a new socket."""
    query = {
        "awps_connection_id": person.hello["connectionId"],
        "awps_reconnection_token": person.hello["reconnectionToken"],
    }
    url = f"{app.service.endpoint}/client/hubs/chat"
    return app.session.ws_connect(url, params=query, protocols=[RELIABLE_JSON])


@pytest.fixture
async def app() -> AsyncIterator[SmallApp]:
    async with small_app() as running:
        yield running


async def test_a_delayed_event_is_sent_late_and_the_next_one_at_once(app: SmallApp) -> None:
    ana, bo = await app.connect("ana"), await app.connect("bo")

    app.service.faults.add(Delay(0.15, scope=MESSAGE, count=1))
    started = time.perf_counter()
    await ana.ask("late")
    assert time.perf_counter() - started >= 0.15

    app.service.faults.add(Delay(60.0, scope=MESSAGE, count=1))
    await ana.say("too late")
    await until(lambda: app.service.faults.active() == [])
    assert (await bo.ask("in time"))["success"] is True


async def test_a_delay_beyond_the_handlers_time_fails_the_event() -> None:
    async with small_app(handler_timeout_seconds=0.3) as app:
        ana = await app.connect("ana")
        app.service.faults.add(Delay(60.0, scope=MESSAGE, count=1))

        answer = await ana.ask("too late")

        assert answer["error"]["name"] == "InternalServerError"
        assert "message" not in app.names()


async def test_a_dropped_event_never_reaches_the_application_and_its_sender_gets_an_error(app: SmallApp) -> None:
    ana, bo = await app.connect("ana"), await app.connect("bo")
    app.service.faults.add(Drop(scope=Scope(user="ana", event="message"), count=1))

    assert (await ana.ask("lost"))["success"] is False
    assert (await bo.ask("not in the scope"))["success"] is True
    assert (await ana.ask("sent again"))["success"] is True
    assert [event.body for event in app.events if event.name == "message"] == [b"not in the scope", b"sent again"]


async def test_a_duplicated_event_comes_again_with_the_same_id_and_is_answered_once(app: SmallApp) -> None:
    ana = await app.connect("ana")
    app.service.faults.add(Duplicate(copies=2, scope=MESSAGE, count=1))

    await ana.ask("said once")
    await until(lambda: app.names().count("message") == 3)

    assert len({event.headers["ce-id"] for event in app.events if event.name == "message"}) == 1


async def test_a_reordered_event_is_overtaken_by_the_next_one(app: SmallApp) -> None:
    ana, bo = await app.connect("ana"), await app.connect("bo")
    app.service.faults.add(Reorder(within_seconds=5.0, scope=MESSAGE, count=1))

    await ana.say("first")
    await until(lambda: app.service.faults.active() == [])
    await bo.say("second")
    await until(lambda: app.names().count("message") == 2)

    assert [event.body for event in app.events if event.name == "message"] == [b"second", b"first"]


async def test_a_reordered_event_that_no_event_follows_is_sent_after_the_wait(app: SmallApp) -> None:
    ana = await app.connect("ana")
    app.service.faults.add(Reorder(within_seconds=0.05, scope=MESSAGE, count=1))

    assert (await ana.ask("alone"))["success"] is True


async def test_removing_all_faults_releases_a_held_event(app: SmallApp) -> None:
    ana = await app.connect("ana")
    app.service.faults.add(Reorder(within_seconds=60.0, scope=MESSAGE, count=1))

    await ana.say("held", ack_id=1)
    await until(lambda: app.service.faults.active() == [])
    app.service.faults.clear()

    await until(lambda: "message" in app.names())


async def test_a_lost_disconnected_is_the_only_event_that_is_missing(app: SmallApp) -> None:
    app.service.faults.add(LoseDisconnected(scope=Scope(user="ana"), count=1))
    ana, bo = await app.connect("ana"), await app.connect("bo")

    await ana.socket.close()
    await until(lambda: app.service.faults.active() == [])
    await bo.socket.close()
    await until(lambda: "disconnected" in app.names("bo"))

    assert sorted(app.names("ana")) == ["connect", "connected"]
    assert sorted(app.names("bo")) == ["connect", "connected", "disconnected"]


async def test_a_failing_rest_call_answers_its_status_and_does_nothing(app: SmallApp) -> None:
    ana = await app.connect("ana")
    app.service.faults.add(FailRest(409, scope=Scope(operation="sendToGroup", group=ROOM), count=1))

    with pytest.raises(HttpResponseError) as refusal:
        await app.client.send_to_group(ROOM, "lost", content_type="text/plain")
    await app.client.send_to_group("elsewhere", "not in the scope", content_type="text/plain")
    await app.client.send_to_group(ROOM, "arrives", content_type="text/plain")

    assert refusal.value.status_code == 409
    assert "Error.InjectedFault" in str(refusal.value)
    assert (await ana.next())["data"] == "arrives"


async def test_a_rest_call_may_be_carried_out_although_its_caller_is_told_that_it_failed(app: SmallApp) -> None:
    ana = await app.connect("ana")
    app.service.faults.add(FailRest(409, carried_out=True, scope=Scope(user="ana"), count=1))

    with pytest.raises(HttpResponseError):
        await app.client.send_to_user("ana", "arrives", content_type="text/plain")

    assert (await ana.next())["data"] == "arrives"


async def test_an_sdk_that_retries_succeeds_after_a_short_outage(app: SmallApp) -> None:
    ana = await app.connect("ana")
    app.service.faults.add(FailRest(503, scope=Scope(hub="CHAT"), count=1))

    await app.client.send_to_all("at the second attempt", content_type="text/plain", retry_backoff_factor=0.001)

    assert (await ana.next())["data"] == "at the second attempt"


async def test_a_slow_rest_call_is_carried_out_late(app: SmallApp) -> None:
    app.service.faults.add(SlowRest(0.1, scope=Scope(operation="connection_exists"), count=1))

    await app.client.user_exists("ana")
    assert app.service.faults.active(), "another operation is not delayed"
    started = time.perf_counter()
    await app.client.connection_exists("nobody")

    assert time.perf_counter() - started >= 0.1


@pytest.mark.parametrize("code", [1001, 1011, 4321])
async def test_an_open_socket_is_cut_with_the_chosen_code(app: SmallApp, code: int) -> None:
    ana, bo = await app.connect("ana"), await app.connect("bo")

    app.service.faults.add(Cut(code, scope=Scope(user="ana"), count=1))

    assert await ana.close_code() == code
    assert (await bo.ask("still here"))["success"] is True
    assert app.service.faults.active() == []


async def test_a_socket_is_cut_without_a_close_frame(app: SmallApp) -> None:
    ana = await app.connect("ana")

    app.service.faults.add(Cut(1006, scope=Scope(connection=ana.hello["connectionId"]), count=1))

    assert await ana.close_code() == 1006
    await until(lambda: "disconnected" in app.names("ana"))


async def test_a_socket_is_cut_by_the_frame_in_the_scope_of_the_fault_and_the_frame_is_lost(app: SmallApp) -> None:
    ana = await app.connect("ana")
    app.service.faults.add(Cut(1011, scope=Scope(event="message"), count=1))

    await ana.say("typing …", event="typing")
    await until(lambda: "typing" in app.names("ana"))
    await ana.say("lost")
    await ana.say("lost as well")

    assert await ana.close_code() == 1011
    await until(lambda: "disconnected" in app.names("ana"))
    assert "message" not in app.names("ana")


async def test_a_reliable_client_recovers_from_a_cut_and_misses_nothing(app: SmallApp) -> None:
    ana = await app.connect("ana", RELIABLE_JSON)
    app.service.faults.add(Cut(1011, scope=Scope(user="ana"), count=1))
    assert await ana.close_code() == 1011
    await app.client.send_to_group(ROOM, "meanwhile", content_type="text/plain")

    async with recovered(app, ana) as back:
        assert (await back.receive_json(timeout=5))["event"] == "connected"
        assert (await back.receive_json(timeout=5))["data"] == "meanwhile"


async def test_a_refused_recovery_ends_with_1008_and_the_next_one_succeeds(app: SmallApp) -> None:
    ana = await app.connect("ana", RELIABLE_JSON)
    app.service.faults.add(Cut(1006, scope=Scope(user="ana"), count=1))
    app.service.faults.add(RefuseRecovery(scope=Scope(user="ana"), count=1))
    assert await ana.close_code() == 1006

    async with recovered(app, ana) as refused:
        await refused.receive(timeout=5)
        assert refused.close_code == 1008
    await app.client.send_to_group(ROOM, "meanwhile", content_type="text/plain")
    async with recovered(app, ana) as back:
        assert (await back.receive_json(timeout=5))["event"] == "connected"
        assert (await back.receive_json(timeout=5))["data"] == "meanwhile"


async def test_an_expired_token_refuses_its_user_and_nobody_else(app: SmallApp) -> None:
    app.service.faults.add(ExpireToken(scope=Scope(user="ana"), count=1))

    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await app.connect("ana")
    bo, ana = await app.connect("bo"), await app.connect("ana")

    assert refusal.value.status == 401
    assert (bo.hello["userId"], ana.hello["userId"]) == ("bo", "ana")
    assert app.names("ana").count("connect") == 1


async def test_a_triggered_fault_is_logged_and_published_without_the_message(
    app: SmallApp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "local_azure")
    records: list[object] = []
    app.service.observations.subscribe(records.append)
    ana = await app.connect("ana")
    app.service.faults.add("drop webhook event=message count=1")

    await ana.ask("a secret")

    published = [record for record in records if isinstance(record, FaultTriggered)]
    assert [(record.fault, record.target, record.user_id) for record in published] == [
        ("drop webhook event=message count=1", "azure.webpubsub.user.message", "ana")
    ]
    assert published[0].correlation_id
    logged = [record for record in caplog.records if record.getMessage() == "fault triggered"]
    assert [(record.__dict__["fault"], record.__dict__["user"]) for record in logged] == [
        ("drop webhook event=message count=1", "ana")
    ]
    assert "a secret" not in caplog.text + str([record.__dict__ for record in caplog.records])


async def test_active_faults_can_be_listed_and_removed(app: SmallApp) -> None:
    faults = app.service.faults
    bounded = faults.add("delay webhook 1ms for=60s")
    counted = faults.add(Drop(count=2))

    assert [active.id for active in faults.active()] == [bounded.id, counted.id]
    assert 59.0 < (faults.seconds_left(bounded) or 0) <= 60.0
    assert counted.times_left == 2
    assert faults.remove(counted.id)
    assert not faults.remove(counted.id)
    faults.clear()
    assert faults.active() == []


async def test_an_invalid_fault_is_not_added(app: SmallApp) -> None:
    with pytest.raises(InvalidFault, match="must end"):
        app.service.faults.add("drop webhook")

    assert app.service.faults.active() == []


async def test_a_held_event_is_dropped_when_its_client_leaves(app: SmallApp) -> None:
    ana, bo = await app.connect("ana"), await app.connect("bo")
    app.service.faults.add(Reorder(within_seconds=60.0, scope=MESSAGE, count=1))

    await ana.say("never sent")
    await until(lambda: app.service.faults.active() == [])
    await ana.socket.close()
    await until(lambda: "disconnected" in app.names("ana"))

    assert (await bo.ask("goes on"))["success"] is True
    assert app.names("ana").count("message") == 0


async def test_without_a_subprotocol_a_frame_is_the_message_event(app: SmallApp) -> None:
    token = await app.client.get_client_access_token(user_id="ana")
    app.service.faults.add(Cut(4000, scope=MESSAGE, count=1))

    async with app.session.ws_connect(token["url"]) as raw:
        await raw.send_str("hello")
        await raw.receive(timeout=5)

        assert raw.close_code == 4000


async def test_an_event_that_overtakes_another_is_not_held_back_itself(app: SmallApp) -> None:
    people = [await app.connect(name) for name in ("ana", "bo", "eve", "kim")]
    fault = app.service.faults.add(Reorder(within_seconds=5.0, scope=MESSAGE, count=2))

    for first, second in ((0, 1), (2, 3)):
        await people[first].say(str(first))
        await until(lambda count=first // 2 + 1: fault.times_triggered == count)
        await people[second].say(str(second))
        await until(lambda count=second + 1: app.names().count("message") == count)

    assert [event.body for event in app.events if event.name == "message"] == [b"1", b"0", b"3", b"2"]
