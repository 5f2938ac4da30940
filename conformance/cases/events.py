"""Events after `connect`: their bodies, their answers, their order."""

import asyncio
from typing import Any

from aiohttp import web

from conformance.clients import Client
from conformance.context import Context, connection_path
from conformance.event_handler import Event
from conformance.expectations import Differs, expect, expect_true
from conformance.registry import case


async def send_event(client: Client, name: str = "e", ack_id: int | None = None, **frame: Any) -> None:
    """Send an event; by default with the text `x`."""
    frame = {"dataType": "text", "data": "x"} | frame
    await client.send("event", event=name, **({"ackId": ack_id} if ack_id is not None else {}), **frame)


@case("W-155", "connected has the body {}, and REST finds the connection meanwhile.", needs_handler=True)
async def connected(case: Context) -> None:
    events = case.use_events()
    statuses = []
    looked = asyncio.Event()

    async def look(event: Event) -> web.Response:
        path = f"connections/{event.headers['ce-connectionId']}"
        statuses.append((await case.rest("HEAD", path)).status)
        looked.set()
        return web.Response()

    events.answer("connected", look)
    await case.connect()
    event = await events.one("connected")
    async with asyncio.timeout(case.target.wait_seconds):
        await looked.wait()
    expect("body and status", (event.json(), statuses), ({}, [200]))


@case("W-156", "One disconnected event ends a logical connection; it has a reason.", needs_handler=True)
async def disconnected(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    await client.close()
    event = (await events.wait_for("disconnected"))[0]
    expect_true("a reason", "reason" in event.json(), event.json())
    other = await case.connect()
    await other.close()
    ended = [event.headers["ce-connectionId"] for event in await events.wait_for("disconnected", 2)]
    expect("ended connections", sorted(ended), sorted([client.id, other.id]))


@case("W-157", "disconnected names the reason that a close by REST gave.", needs_handler=True, source="emulator")
async def reason_of_rest(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    await case.succeed(204, "DELETE", connection_path(client), query={"reason": "x"})
    reason = "Application server closed the connection. Reason: x"
    expect("reason", (await events.one("disconnected")).json(), {"reason": reason})
    frame = await client.receive()
    expect("frame", (frame["type"], frame["event"], frame["message"]), ("system", "disconnected", reason))


@case("W-158", "A failure of the connected handler does not affect the connection.", needs_handler=True)
async def connected_fails(case: Context) -> None:
    events = case.use_events()
    events.respond("connected", status=400)
    client = await case.connect()
    await events.wait_for("connected")
    await client.expect_nothing()


@case("W-159", "The body is the payload's bytes, the content type is its type.", needs_handler=True)
async def bodies(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    payloads = {
        "text": ("hé", "hé".encode(), "text/plain; charset=utf-8"),
        "json": ({"a": 1}, b'{"a": 1}', "application/json"),
        "binary": ("AP8=", b"\0\xff", "application/octet-stream"),
    }
    for number, (type_, (data, body, content_type)) in enumerate(payloads.items()):
        await send_event(client, type_, number, dataType=type_, data=data)
        event = await events.one(type_)
        got = event.headers["Content-Type"].lower()
        expect(type_, (event.body.replace(b" ", b""), got), (body.replace(b" ", b""), content_type))
        await client.ack(number)


@case("W-160", "204, and 200 with empty bytes, is an ack and no message.", needs_handler=True)
async def empty_answers(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    await client.succeed("event", 1, event="none", dataType="text", data="x")
    events.respond("empty", status=200, content_type="application/octet-stream")
    await client.succeed("event", 2, event="empty", dataType="text", data="x")
    await client.expect_nothing()


@case("W-161", "200 with text is a server message, and then the ack.", needs_handler=True)
async def text_answer(case: Context) -> None:
    events = case.use_events()
    events.respond("e", text="answer", content_type="text/plain")
    client = await case.connect()
    await send_event(client, ack_id=1)
    message = await client.message()
    expect("message", (message["from"], message["dataType"], message["data"]), ("server", "text", "answer"))
    ack = await client.receive()
    expect("ack", (ack["type"], ack["ackId"], ack["success"]), ("ack", 1, True))


@case(
    "W-162",
    "A handler's failure is the ack error InternalServerError; the connection stays.",
    needs_handler=True,
    source="emulator",
)
async def failing_handler(case: Context) -> None:
    events = case.use_events()
    events.respond("e", status=400)
    client = await case.connect()
    await client.fail("InternalServerError", "event", 1, event="e", dataType="text", data="x")
    await client.expect_nothing()


@case("W-163", "An event that no handler takes is the ack error InternalServerError.", source="emulator")
async def no_handler(case: Context) -> None:
    client = await case.connect()
    await client.fail("InternalServerError", "event", 1, event="e", dataType="text", data="x")
    await client.expect_nothing()


@case("W-164", "The next frame waits for a busy handler; other clients do not.", needs_handler=True, source="emulator")
async def busy_handler(case: Context) -> None:
    events = case.use_events()
    free = asyncio.Event()

    async def wait(event: Event) -> web.Response:
        await free.wait()
        return web.Response(text="done", content_type="text/plain")

    events.answer("slow", wait)
    client, other = await case.connect(), await case.connect()
    await send_event(client, "slow", 1)
    await client.send("ping")
    await events.wait_for("slow")
    await other.succeed("event", 1, event="fast", dataType="text", data="x")
    free.set()
    expect("types", [(await client.receive())["type"] for _ in range(3)], ["message", "ack", "pong"])


@case("W-165", "When the client leaves, the call of its handler is cancelled.", needs_handler=True, source="emulator")
async def client_leaves(case: Context) -> None:
    case.use_events()
    client = await case.connect()
    await expect_abort(case, client, "event")


async def expect_abort(case: Context, client: Client, kind: str) -> None:
    """Check that the call for an event is cancelled when the client leaves or, for `invoke`, cancels it."""
    events = case.use_events()

    async def never(event: Event) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    events.answer("e", never)
    if kind == "event":
        await send_event(client, ack_id=1)
    else:
        await client.send("invoke", invocationId="1", target="event", event="e")
    event = await events.one("e")
    if kind == "event":
        await client.close()
    else:
        await client.send("cancelInvocation", invocationId="1")
    try:
        await asyncio.wait_for(event.aborted.wait(), case.target.wait_seconds)
    except TimeoutError:
        raise Differs("the end of the call", f"none within {case.target.wait_seconds:g} seconds") from None


@case("W-166", "An answer of text/html with a body fails.", needs_handler=True, source="emulator")
async def html_answer(case: Context) -> None:
    events = case.use_events()
    events.respond("e", text="<p>", content_type="text/html")
    client = await case.connect()
    await client.fail("InternalServerError", "event", 1, event="e", dataType="text", data="x")


@case("W-167", "Metadata headers of an answer are metadata of the message, in lower case.", needs_handler=True)
async def metadata_of_the_answer(case: Context) -> None:
    events = case.use_events()
    events.respond("e", text="x", content_type="text/plain", headers={"X-WebPubSub-Metadata-Key": "v"})
    client = await case.connect()
    await send_event(client)
    expect("metadata", (await client.message()).get("metadata"), {"key": "v"})


@case("W-168", "A state of an answer goes with the next event; a failed event keeps the old one.", needs_handler=True)
async def state_changes(case: Context) -> None:
    events = case.use_events()
    events.respond("set", status=200, headers={"ce-connectionState": "one"})
    events.respond("fail", status=400, headers={"ce-connectionState": "two"})
    client = await case.connect()
    await client.succeed("event", 1, event="set", dataType="text", data="x")
    await client.fail("InternalServerError", "event", 2, event="fail", dataType="text", data="x")
    await client.succeed("event", 3, event="last", dataType="text", data="x")
    states = [(await events.one(name)).headers.get("ce-connectionState") for name in ("set", "fail", "last")]
    expect("states", states, [None, "one", "one"])


@case("W-169", "An answer without the header leaves the state.", needs_handler=True)
async def state_stays(case: Context) -> None:
    events = case.use_events()
    events.respond("set", status=200, headers={"ce-connectionState": "one"})
    client = await case.connect()
    for number, name in enumerate(("set", "a", "b")):
        await client.succeed("event", number, event=name, dataType="text", data="x")
    states = [(await events.one(name)).headers.get("ce-connectionState") for name in ("a", "b")]
    expect("states", states, ["one", "one"])


@case(
    "W-170",
    "Cookies come back with the connection's next request, and with no other's.",
    needs_handler=True,
    source="emulator",
)
async def cookies(case: Context) -> None:
    events = case.use_events()
    events.respond("set", status=200, headers={"Set-Cookie": "c=1; Path=/"})
    client, other = await case.connect(), await case.connect()
    await client.succeed("event", 1, event="set", dataType="text", data="x")
    await client.succeed("event", 2, event="mine", dataType="text", data="x")
    await other.succeed("event", 1, event="theirs", dataType="text", data="x")
    cookies = [(await events.one(name)).headers.get("Cookie") for name in ("mine", "theirs")]
    expect("cookies", cookies, ["c=1", None])


@case("W-221", "Names with dots, such as chat.login, are ordinary events.", needs_handler=True)
async def dotted_name(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    await client.succeed("event", 1, event="chat.login", dataType="text", data="x")
    expect("ce-type", (await events.one("chat.login")).headers["ce-type"], "azure.webpubsub.user.chat.login")


@case("W-281", "A metadata header without a key is ignored in an answer.", needs_handler=True, source="emulator")
async def metadata_without_key(case: Context) -> None:
    events = case.use_events()
    events.respond("e", text="x", content_type="text/plain", headers={"X-WebPubSub-Metadata-": "v"})
    client = await case.connect()
    await send_event(client)
    expect("data", await client.data(), "x")


@case("W-289", "An empty 200 is a success without a message, whatever its type.", needs_handler=True, source="emulator")
async def empty_html(case: Context) -> None:
    events = case.use_events()
    events.respond("e", status=200, content_type="text/html")
    client = await case.connect()
    await client.succeed("event", 1, event="e", dataType="text", data="x")
    await client.expect_nothing()
