"""Invocations: one answer of the handler for each request."""

import asyncio
from typing import Any

from aiohttp import web

from conformance.cases.events import expect_abort
from conformance.cases.json_messages import expect_invalid
from conformance.clients import RELIABLE_JSON, Client
from conformance.context import Context, group_path
from conformance.event_handler import Event
from conformance.expectations import expect, expect_true
from conformance.hubs import SWITCHED_OFF
from conformance.registry import case

FAMILY = "invocations"


async def invoke(client: Client, event: str = "e", id_: str = "1", **frame: Any) -> dict[str, Any]:
    """Invoke an event and return the answer, which must be the next frame and have the id."""
    await client.send("invoke", invocationId=id_, target="event", event=event, **frame)
    answer = await client.of_type("invokeResponse")
    expect("invocationId", answer.get("invocationId"), id_)
    return answer


async def expect_failure(client: Client, event: str, names: tuple[str, ...] = ()) -> None:
    """Check that an invocation fails with an error, of one of the names, and the connection stays."""
    answer = await invoke(client, event)
    error = answer.get("error") or {}
    expect_true("an error with name and message", answer.get("success") is False and error.get("message"), answer)
    expect_true(f"an error of {names}", not names or error.get("name") in names, answer)
    await client.expect_nothing()


@case("W-201", "invoke is answered with the handler's data, and with nothing else.", needs_handler=True, family=FAMILY)
async def json_answer(case: Context) -> None:
    events = case.use_events()
    events.respond("e", body=b"3", content_type="application/json")
    client = await case.connect()
    answer = await invoke(client, dataType="json", data=[1, 2])
    expect("answer", [answer.get(name) for name in ("success", "dataType", "data")], [True, "json", 3])
    await client.expect_nothing()


@case("W-202", "text/plain is text, application/octet-stream binary in base64.", needs_handler=True, family=FAMILY)
async def other_answers(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    events.respond("t", body=b"hi", content_type="text/plain")
    events.respond("b", body=b"\0\xff", content_type="application/octet-stream")
    for event, type_, data in (("t", "text", "hi"), ("b", "binary", "AP8=")):
        answer = await invoke(client, event)
        expect("answer", (answer.get("dataType"), answer.get("data")), (type_, data))


@case(
    "W-203",
    "An empty answer, and a JSON null, is a success without data.",
    needs_handler=True,
    family=FAMILY,
    source="design",
)
async def empty_answer(case: Context) -> None:
    events = case.use_events()
    events.respond("null", body=b"null", content_type="application/json")
    client = await case.connect()
    for event in ("e", "null"):
        answer = await invoke(client, event)
        got = (answer.get("success"), "dataType" in answer, "data" in answer)
        expect("success, dataType and data", got, (True, False, False))


@case("W-204", "An invocation without data has an empty body.", needs_handler=True, family=FAMILY, source="design")
async def no_data(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    await invoke(client, "absent")
    await invoke(client, "empty", dataType="text", data="")
    bodies = [(await events.one(name)).body for name in ("absent", "empty")]
    expect("bodies", bodies, [b"", b""])


@case(
    "W-205",
    "A failure of the handler is an error, and the connection stays.",
    needs_handler=True,
    family=FAMILY,
    source="design",
)
async def failing_handler(case: Context) -> None:
    events = case.use_events()
    events.respond("e", status=418)
    await expect_failure(await case.connect(), "e", ("InternalServerError",))


@case("W-206", "400, 401, 403 and 404 have errors of their own.", needs_handler=True, family=FAMILY, source="design")
async def refusing_handler(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    names = {400: "BadRequest", 401: "Forbidden", 403: "Forbidden", 404: "NotFound"}
    for status, name in names.items():
        events.respond(f"e{status}", status=status)
        await expect_failure(client, f"e{status}", (name,))


@case("W-207", "Without a handler the answer is an error, and the connection stays.", family=FAMILY, source="design")
async def no_handler(case: Context) -> None:
    await expect_failure(await case.connect(), "e", ("NotFound", "InternalServerError"))


@case("W-208", "The handler gets an ordinary user event.", needs_handler=True, family=FAMILY, source="design")
async def event_of_an_invocation(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    await events.wait_for("connected")
    await client.succeed("event", 1, event="before", dataType="text", data="x")
    await invoke(client, dataType="text", data="x")
    before, event = await events.one("before"), await events.one("e")
    expect("ce-type", event.headers["ce-type"], "azure.webpubsub.user.e")
    expect("ce-id", int(event.headers["ce-id"]), int(before.headers["ce-id"]) + 1)
    expect("names of headers", {name.lower() for name in event.headers}, {name.lower() for name in before.headers})


@case("W-209", "An invocation needs no role.", needs_handler=True, family=FAMILY, source="design")
async def no_role(case: Context) -> None:
    case.use_events()
    expect("success", (await invoke(await case.connect(roles=())))["success"], True)


@case("W-210", "1007 answers a wrong target, no or an empty id, a wrong event name.", family=FAMILY, source="design")
async def invalid_invocations(case: Context) -> None:
    await expect_invalid(
        case,
        '{"type":"invoke","invocationId":"1","event":"e"}',
        '{"type":"invoke","invocationId":"1","target":"group","event":"e"}',
        '{"type":"invoke","invocationId":"","target":"event","event":"e"}',
        '{"type":"invoke","target":"event","event":"e"}',
        '{"type":"invoke","invocationId":"1","target":"event","event":"1x"}',
    )


@case(
    "W-211",
    "cancelInvocation aborts the handler's request; no answer follows.",
    needs_handler=True,
    family=FAMILY,
    source="design",
)
async def cancelled(case: Context) -> None:
    case.use_events()
    client = await case.connect()
    await expect_abort(case, client, "invoke")
    await client.expect_nothing()


@case("W-212", "A cancel of an unknown or finished id is ignored.", needs_handler=True, family=FAMILY)
async def odd_cancels(case: Context) -> None:
    case.use_events()
    client = await case.connect()
    await invoke(client)
    for id_ in ("1", "unknown"):
        await client.send("cancelInvocation", invocationId=id_)
    await client.expect_nothing()


@case("W-213", "Several invocations may be pending; each answer has its id.", needs_handler=True, family=FAMILY)
async def several_pending(case: Context) -> None:
    events = case.use_events()

    async def echo(event: Event) -> web.Response:
        return web.Response(body=event.body, content_type="text/plain")

    events.answer("e", echo)
    client = await case.connect()
    for id_ in ("a", "b", "c"):
        await client.send("invoke", invocationId=id_, target="event", event="e", dataType="text", data=id_)
    answers = [await client.of_type("invokeResponse") for _ in range(3)]
    got = {answer["invocationId"]: answer.get("data") for answer in answers}
    expect("answers", got, {"a": "a", "b": "b", "c": "c"})


@case("W-214", "An answer has no sequenceId; messages go on without a gap.", needs_handler=True, family=FAMILY)
async def no_number(case: Context) -> None:
    case.use_events()
    group = case.name("g")
    client = await case.connect(subprotocol=RELIABLE_JSON, groups=[group])
    await case.send(group_path(group), "1")
    first = await client.message()
    expect("sequenceId of the answer", (await invoke(client)).get("sequenceId"), None)
    await case.send(group_path(group), "2")
    expect("numbers", [first["sequenceId"], (await client.message())["sequenceId"]], [1, 2])


@case("W-215", "No answer comes after a recovery; messages do.", needs_handler=True, family=FAMILY)
async def lost_socket(case: Context) -> None:
    events = case.use_events()
    free = asyncio.Event()

    async def wait(event: Event) -> web.Response:
        await free.wait()
        return web.Response(text="late", content_type="text/plain")

    events.answer("e", wait)
    group = case.name("g")
    client = await case.connect(subprotocol=RELIABLE_JSON, groups=[group])
    await client.send("invoke", invocationId="1", target="event", event="e")
    await events.wait_for("e")
    client.cut()
    recovered = await case.recover(client)
    free.set()
    await case.send(group_path(group), "x")
    expect("data", await recovered.data(), "x")
    await recovered.expect_nothing()


@case(
    "W-216",
    "The state of an answer counts; that of a failure does not.",
    needs_handler=True,
    family=FAMILY,
    source="design",
)
async def state_of_an_answer(case: Context) -> None:
    events = case.use_events()
    events.respond("set", status=200, headers={"ce-connectionState": "one"})
    events.respond("fail", status=400, headers={"ce-connectionState": "two"})
    client = await case.connect()
    for event in ("set", "fail", "last"):
        await invoke(client, event)
    expect("state", (await events.one("last")).headers.get("ce-connectionState"), "one")


@case(
    "W-219",
    "Metadata reaches the handler in headers, and that of the answer the client.",
    needs_handler=True,
    family=FAMILY,
    source="design",
)
async def metadata(case: Context) -> None:
    events = case.use_events()
    events.respond("e", text="x", content_type="text/plain", headers={"X-WebPubSub-Metadata-b": "2"})
    answer = await invoke(await case.connect(), dataType="text", data="x", metadata={"a": "1"})
    expect("metadata of the answer", answer.get("metadata"), {"b": "2"})
    expect("header", (await events.one("e")).headers.get("X-WebPubSub-Metadata-a"), "1")


@case(
    "W-220",
    "1007 answers invoke and cancelInvocation where invocations are off.",
    source="emulator",
    family="without invocations",
)
async def switched_off(case: Context) -> None:
    case.use_hub(SWITCHED_OFF)
    await expect_invalid(
        case,
        '{"type":"invoke","invocationId":"1","target":"event","event":"e"}',
        '{"type":"cancelInvocation","invocationId":"1"}',
    )
