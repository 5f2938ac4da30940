"""Event handlers: the validation of their URLs, the requests, and which handler gets an event."""

import asyncio
import re

from aiohttp import web

from conformance.clients import JSON
from conformance.context import Context, user_path
from conformance.event_handler import Event
from conformance.expectations import NotRun, expect, expect_true
from conformance.hubs import EVENTS, LISTED, UNREACHABLE, hub_name
from conformance.registry import case
from conformance.tokens import event_signature

NO_ANSWER = 500


async def validations(case: Context) -> list[Event]:
    """Return the validation requests for the URL of the hub of most events, after one event went there."""
    events = case.use_events()
    await case.connect()
    await events.wait_for("connected")
    return validations_of(case, f"/{hub_name(case.target.hub, EVENTS).lower()}/validate")


def validations_of(case: Context, path: str) -> list[Event]:
    """Return the validation requests for a path; raises `NotRun` when there was none since the start of the run."""
    assert case.handler is not None
    found = [event for event in case.handler.validations if event.path.lower().startswith(path)]
    if not found:
        raise NotRun("the target asked this URL before this run; wait for a minute")
    return found


async def status_with(case: Context, hub: str) -> int:
    """Return the status of a handshake at a hub whose handler answers the validation in its own way."""
    case.use_events(hub)
    return (await case.handshake(case.url(access_token=case.token()), JSON))[0]


@case("W-119", "Before the first event a URL gets an OPTIONS request, with validate for {event}.", needs_handler=True)
async def validation_comes_first(case: Context) -> None:
    first = (await validations(case))[0]
    expect("method", first.method, "OPTIONS")
    expect_true("a WebHook-Request-Origin", first.headers.get("WebHook-Request-Origin"), dict(first.headers))


@case("W-120", "After WebHook-Allowed-Origin: * events come.", needs_handler=True)
async def everything_is_allowed(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    await client.succeed("event", 1, event="e", dataType="text", data="x")
    await events.wait_for("e")


@case("W-121", "The service's origin in another letter case is accepted.", needs_handler=True)
async def origin_is_allowed(case: Context) -> None:
    expect("status", await status_with(case, "origin"), 101)


@case("W-122", "One of several header lines is enough.", needs_handler=True, source="emulator")
async def several_lines(case: Context) -> None:
    expect("status", await status_with(case, "two_lines"), 101)


@case("W-123", "A list in one line is refused.", needs_handler=True, source="emulator")
async def list_in_one_line(case: Context) -> None:
    expect("status", await status_with(case, "list"), NO_ANSWER)


@case("W-124", "200 without the header is refused: a client gets 500.", needs_handler=True, source="emulator")
async def no_header(case: Context) -> None:
    expect("status", await status_with(case, "no_header"), NO_ANSWER)


@case("W-125", "After a 404 for OPTIONS the service asks with GET.", needs_handler=True, source="emulator")
async def validation_by_get(case: Context) -> None:
    expect("status", await status_with(case, "get"), 101)


@case(
    "W-126",
    "A success is remembered: there is no second OPTIONS within a minute.",
    needs_handler=True,
    source="emulator",
)
async def validation_is_remembered(case: Context) -> None:
    await validations(case)
    expect("validations", len(await validations(case)), 1)


@case(
    "W-128", "OPTIONS has no signature and no cookies, and has ce-awpsversion.", needs_handler=True, source="emulator"
)
async def headers_of_validation(case: Context) -> None:
    headers = (await validations(case))[0].headers
    names = ("ce-signature", "Cookie", "ce-awpsversion")
    expect("headers", [headers.get(name) for name in names], [None, None, "1.0"])


@case("W-129", "Every event says what it is and where it comes from.", needs_handler=True)
async def headers_of_events(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    await client.succeed("event", 1, event="e", dataType="text", data="x")
    await client.close()
    await events.wait_for("disconnected")
    kinds = {"connect": "sys.connect", "connected": "sys.connected", "e": "user.e", "disconnected": "sys.disconnected"}
    for event in events.received:
        headers = event.headers
        fixed = {"ce-specversion": "1.0", "ce-awpsversion": "1.0", "ce-connectionId": client.id}
        fixed |= {"ce-type": f"azure.webpubsub.{kinds[event.name]}", "ce-hub": case.hub.lower()}
        fixed |= {"ce-source": f"/hubs/{case.hub.lower()}/client/{client.id}"}
        expect(f"headers of {event.name}", {name: headers.get(name) for name in fixed}, fixed)
        for name in ("ce-id", "ce-signature", "WebHook-Request-Origin", "Content-Type"):
            expect_true(f"{name} of {event.name}", headers.get(name), dict(headers))
        time = headers.get("ce-time", "")
        expect_true("ce-time like 2024-01-31T00:00:00Z", re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", time), time)


@case("W-130", "ce-signature has the HMAC-SHA256 of the connection id under the access key.", needs_handler=True)
async def signature(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    for event in (await events.one("connect"), await events.one("connected")):
        signatures = [part.strip().lower() for part in event.headers.get("ce-signature", "").split(",")]
        expected = event_signature(case.target.access_key, client.id)
        expect_true(f"{expected[:16]}… of {event.name}", expected in signatures, signatures)


@case("W-133", "ce-hub is in lower case.", needs_handler=True, source="emulator")
async def hub_in_lower_case(case: Context) -> None:
    events = case.use_events()
    hub = case.hub.upper()
    token = case.sign(case.claims() | {"aud": case.target.client_audience(hub)})
    await case.open(case.url(hub, access_token=token))
    expect("ce-hub", (await events.one("connected")).headers["ce-hub"], hub.lower())


@case("W-134", "ce-userId has the user id as UTF-8 bytes.", needs_handler=True, source="emulator")
async def user_id_in_utf8(case: Context) -> None:
    events = case.use_events()
    user = case.name("é")
    await case.connect(user)
    expect("ce-userId", (await events.one("connected")).raw_header("ce-userId"), user.encode())


@case("W-135", "ce-subprotocol is missing from connect and for raw clients.", needs_handler=True)
async def subprotocol_header(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    await client.succeed("event", 1, event="e", dataType="text", data="x")
    expect("on connect", (await events.one("connect")).headers.get("ce-subprotocol"), None)
    for name in ("connected", "e"):
        expect(f"on {name}", (await events.one(name)).headers.get("ce-subprotocol"), JSON)
    raw = await case.connect(subprotocol=None)
    await raw.send_text("x")
    expect("of a raw client", (await events.one("message")).headers.get("ce-subprotocol"), None)


@case("W-136", "ce-id counts: connect is 0, connected 1, then 2 and up.", needs_handler=True, source="emulator")
async def event_ids(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    await events.wait_for("connected")
    for name in ("a", "b"):
        await client.succeed("event", ord(name), event=name, dataType="text", data="x")
    ids = {event.name: event.headers["ce-id"] for event in events.received}
    expect("ids", ids, {"connect": "0", "connected": "1", "a": "2", "b": "3"})


@case("W-137", "{hub} and {event} are replaced, and a query string stays.", needs_handler=True)
async def url_template(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    await client.succeed("event", 1, event="a.b", dataType="text", data="x")
    path = (await events.one("a.b")).path
    expect("path", path.lower(), f"/{case.hub}/a.b?kept=1".lower())


@case("W-138", "An event goes to the first handler that matches.", needs_handler=True)
async def first_handler(case: Context) -> None:
    events = case.use_events(LISTED)
    client = await case.connect()
    await client.succeed("event", 1, event="a", dataType="text", data="x")
    await client.succeed("event", 2, event="d", dataType="text", data="x")
    expect("paths of a", [event.path for event in events.of("a")], ["/first/a"])
    expect("paths of d", [event.path for event in events.of("d")], ["/second/d"])


@case(
    "W-139", "A list of names matches them in any letter case, and nothing else.", needs_handler=True, source="emulator"
)
async def listed_names(case: Context) -> None:
    events = case.use_events(LISTED)
    client = await case.connect()
    await client.succeed("event", 1, event="B", dataType="text", data="x")
    await client.fail("InternalServerError", "event", 2, event="c", dataType="text", data="x")
    expect("events", [event.name for event in events.received], ["connect", "B"])


@case("W-140", "connected goes only to handlers that list it.", needs_handler=True)
async def unlisted_system_event(case: Context) -> None:
    events = case.use_events(LISTED)
    client = await case.connect()
    await client.succeed("event", 1, event="a", dataType="text", data="x")
    expect("events", [event.name for event in events.received], ["connect", "a"])


@case(
    "W-141",
    "After 500 and 500 the event is sent again, with the same ce-id.",
    needs_handler=True,
    source="emulator",
    waits_for="retries",
)
async def retries(case: Context) -> None:
    events = case.use_events()
    statuses = iter((500, 500, 200))
    events.answer("e", lambda event: web.Response(status=next(statuses)))
    client = await case.connect()
    await client.succeed("event", 1, event="e", dataType="text", data="x")
    expect("attempts", len(events.of("e")), 3)
    expect("ids", len({event.headers["ce-id"] for event in events.of("e")}), 1)


@case("W-142", "429 and 400 are not retried.", needs_handler=True, source="emulator")
async def no_retries(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    for status in (429, 400):
        events.respond(f"e{status}", status=status)
        await client.fail("InternalServerError", "event", status, event=f"e{status}", dataType="text", data="x")
        expect(f"attempts after {status}", len(events.of(f"e{status}")), 1)


@case(
    "W-143",
    "A handler that takes longer than the time limit has failed, and is not asked again.",
    needs_handler=True,
    source="emulator",
    waits_for="handler timeout",
)
async def handler_timeout(case: Context) -> None:
    events = case.use_events()

    async def never(event: Event) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    events.answer("e", never)
    client = await case.connect()
    client.wait_seconds += case.target.handler_timeout_seconds
    ack = await client.request("event", 1, event="e", dataType="text", data="x")
    expect("error", ack["error"]["name"], "InternalServerError")
    expect("attempts", len(events.of("e")), 1)


@case(
    "W-152",
    "A handler whose machine refuses the connection gives the client 500.",
    needs_handler=True,
    source="emulator",
    waits_for="retries",
)
async def unreachable_handler(case: Context) -> None:
    case.use_hub(UNREACHABLE)
    expect("status", (await case.handshake(case.url(access_token=case.token()), JSON))[0], NO_ANSWER)


@case("W-153", "Without a handler for connect the token alone decides.")
async def no_connect_handler(case: Context) -> None:
    user = case.name("ana")
    client = await case.connect(user)
    expect("userId", client.connected["userId"], user)
    await case.succeed(200, "HEAD", user_path(user))
