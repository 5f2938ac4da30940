"""Group presence events: who joined and who left a group."""

import asyncio
import json

from aiohttp import web

from conformance.cases.webhook_requests import validations_of
from conformance.clients import RELIABLE_JSON
from conformance.context import Context, connection_path, group_path, user_path
from conformance.event_handler import CaseEvents, Event
from conformance.expectations import expect, expect_true
from conformance.hubs import EVENTS, FILTERED, PRESENCE
from conformance.registry import case

FAMILY = "presence"


async def groups_of(events: CaseEvents, name: str, count: int) -> list[str]:
    """Return the groups of the first events of a kind, in order of their names."""
    return sorted(event.json()["group"] for event in (await events.wait_for(name, count))[:count])


@case("W-254", "A join is a request gp.joined that names the group.", needs_handler=True, family=FAMILY)
async def joined(case: Context) -> None:
    events = case.use_events(PRESENCE)
    group = case.name("g")
    client = await case.connect()
    await client.succeed("joinGroup", 1, group=group)
    event = await events.one("joined")
    expect("method and body", (event.method, event.json()), ("POST", {"group": group}))
    expect("ce-type", event.headers["ce-type"], "azure.webpubsub.gp.joined")
    expect_true("JSON", event.headers["Content-Type"].startswith("application/json"), event.headers["Content-Type"])


@case("W-255", "A leave is a request gp.left.", needs_handler=True, family=FAMILY)
async def left(case: Context) -> None:
    events = case.use_events(PRESENCE)
    group = case.name("g")
    client = await case.connect(groups=[group])
    await client.succeed("leaveGroup", 1, group=group)
    event = await events.one("left")
    expect("type and body", (event.headers["ce-type"], event.json()), ("azure.webpubsub.gp.left", {"group": group}))


@case("W-256", "A handler without groupPresenceEvents gets none.", needs_handler=True, family=FAMILY)
async def not_asked_for(case: Context) -> None:
    events = case.use_events(EVENTS)
    client = await case.connect(groups=[case.name("g")])
    await client.succeed("event", 1, event="e", dataType="text", data="x")
    await client.close()
    await events.wait_for("disconnected")
    expect("events", {event.name for event in events.received}, {"connect", "connected", "e", "disconnected"})


@case(
    "W-257",
    "Filters are patterns; without filters it is every group.",
    needs_handler=True,
    family=FAMILY,
    source="design",
)
async def filters(case: Context) -> None:
    events = case.use_events(FILTERED)
    client = await case.connect()
    names = [case.name("other"), f"chat{case.key}"]
    for number, group in enumerate(names):
        await client.succeed("joinGroup", number, group=group)
    expect("groups", await groups_of(events, "joined", 1), [names[1]])
    expect("events joined", len(events.of("joined")), 1)


@case("W-258", "The answer has no effect.", needs_handler=True, family=FAMILY)
async def answer_is_ignored(case: Context) -> None:
    events = case.use_events(PRESENCE)
    events.respond("joined", status=404, headers={"ce-connectionState": "x"})
    group = case.name("g")
    client = await case.connect()
    await client.succeed("joinGroup", 1, group=group)
    await events.wait_for("joined")
    await case.send(group_path(group), "x")
    expect("data", await client.data(), "x")
    await client.succeed("event", 2, event="e", dataType="text", data="x")
    expect("state", (await events.one("e")).headers.get("ce-connectionState"), None)


@case("W-259", "The ack of a join does not wait for the handler.", needs_handler=True, family=FAMILY)
async def ack_does_not_wait(case: Context) -> None:
    events = case.use_events(PRESENCE)
    free = asyncio.Event()

    async def wait(event: Event) -> web.Response:
        await free.wait()
        return web.Response()

    events.answer("joined", wait)
    client = await case.connect()
    await client.succeed("joinGroup", 1, group=case.name("g"))
    free.set()
    await events.wait_for("joined")


@case(
    "W-260",
    "Joining twice is one event, leaving without being a member none.",
    needs_handler=True,
    family=FAMILY,
    source="design",
)
async def no_change(case: Context) -> None:
    events = case.use_events(PRESENCE)
    first, second = case.name("a"), case.name("b")
    client = await case.connect()
    for number, (request, group) in enumerate(
        (("joinGroup", first), ("joinGroup", first), ("leaveGroup", second), ("joinGroup", second))
    ):
        await client.succeed(request, number, group=group)
    expect("joined", await groups_of(events, "joined", 2), [first, second])
    expect("left", len(events.of("left")), 0)


@case(
    "W-261",
    "Changes by REST are one event for each connection and group.",
    needs_handler=True,
    family=FAMILY,
    source="design",
)
async def changes_by_rest(case: Context) -> None:
    events = case.use_events(PRESENCE)
    user, names = case.name("ana"), [case.name("a"), case.name("b"), case.name("c")]
    clients = [await case.connect(user) for _ in range(2)]
    await case.succeed(200, "PUT", f"{group_path(names[0])}/{connection_path(clients[0])}")
    await case.succeed(200, "PUT", f"{user_path(user)}/{group_path(names[1])}")
    body = json.dumps({"groups": [names[2]], "filter": f"userId eq '{user}'"})
    await case.succeed(200, "POST", ":addToGroups", body=body, content_type="application/json")
    expect("joined", await groups_of(events, "joined", 5), sorted([names[0], *names[1:] * 2]))
    await case.succeed(204, "DELETE", f"{user_path(user)}/groups")
    expect("left", await groups_of(events, "left", 5), sorted([names[0], *names[1:] * 2]))


@case(
    "W-262",
    "Groups of the token are joined events after connected.",
    needs_handler=True,
    family=FAMILY,
    source="design",
)
async def groups_of_the_token(case: Context) -> None:
    events = case.use_events(PRESENCE)
    names = [case.name("a"), case.name("b")]
    await case.connect(groups=names)
    expect("joined", await groups_of(events, "joined", 2), names)
    numbers = {event.name: int(event.headers["ce-id"]) for event in reversed(events.received)}
    await events.wait_for("connected")
    expect_true("a higher ce-id than that of connected", numbers["joined"] > numbers.get("connected", 0), numbers)


@case(
    "W-263",
    "The end of a connection is a left event for each of its groups.",
    needs_handler=True,
    family=FAMILY,
    source="design",
)
async def end_of_a_connection(case: Context) -> None:
    events = case.use_events(PRESENCE)
    names = [case.name("a"), case.name("b")]
    client = await case.connect(groups=names)
    await client.close()
    expect("left", await groups_of(events, "left", 2), names)
    await events.wait_for("disconnected")


@case("W-264", "A lost socket and its recovery are no events.", needs_handler=True, family=FAMILY, source="design")
async def recovery(case: Context) -> None:
    events = case.use_events(PRESENCE)
    group = case.name("g")
    client = await case.connect(subprotocol=RELIABLE_JSON, groups=[group])
    await events.wait_for("joined")
    client.cut()
    recovered = await case.recover(client)
    await recovered.succeed("joinGroup", 1, group=case.name("h"))
    await events.wait_for("joined", 2)
    expect("left", len(events.of("left")), 0)


@case("W-265", "A forbidden join is no event.", needs_handler=True, family=FAMILY)
async def forbidden_join(case: Context) -> None:
    events = case.use_events(PRESENCE)
    allowed = case.name("b")
    client = await case.connect(roles=(f"webpubsub.joinLeaveGroup.{allowed}",))
    await client.fail("Forbidden", "joinGroup", 1, group=case.name("a"))
    await client.succeed("joinGroup", 2, group=allowed)
    expect("joined", await groups_of(events, "joined", 1), [allowed])


@case(
    "W-266",
    "Presence events have signature, hub, connection, user and the next ce-id.",
    needs_handler=True,
    family=FAMILY,
)
async def headers(case: Context) -> None:
    events = case.use_events(PRESENCE)
    user = case.name("ana")
    client = await case.connect(user)
    await client.succeed("joinGroup", 1, group=case.name("g"))
    await client.succeed("event", 2, event="e", dataType="text", data="x")
    of_join, of_event = (await events.one("joined")).headers, (await events.one("e")).headers
    names = ("ce-signature", "ce-hub", "ce-connectionId", "ce-userId", "ce-subprotocol", "ce-source")
    expect("headers", [of_join.get(name) for name in names], [of_event.get(name) for name in names])
    await events.wait_for("connected")
    numbers = [event.headers["ce-id"] for event in events.received]
    expect("different ids", len(set(numbers)), len(numbers))


@case("W-267", "The handler is validated before its first presence event.", needs_handler=True, family=FAMILY)
async def validation(case: Context) -> None:
    events = case.use_events(PRESENCE)
    client = await case.connect()
    await client.succeed("joinGroup", 1, group=case.name("g"))
    await events.wait_for("joined")
    expect("method", validations_of(case, "/presence/validate")[0].method, "OPTIONS")


@case("W-268", "{event} is joined or left.", needs_handler=True, family=FAMILY, source="design")
async def event_in_url(case: Context) -> None:
    events = case.use_events(PRESENCE)
    client = await case.connect(groups=[case.name("g")])
    await client.close()
    paths = [(await events.one(name)).path for name in ("joined", "left")]
    expect("paths", paths, ["/presence/joined", "/presence/left"])
