"""The event `connect` and what its answer changes."""

import json
from typing import Any

from conformance.clients import JSON
from conformance.context import Context, group_path
from conformance.event_handler import CaseEvents
from conformance.expectations import expect, expect_true
from conformance.registry import case


def accept(events: CaseEvents, body: Any) -> None:
    """Answer `connect` with 200 and this JSON."""
    events.respond("connect", text=json.dumps(body), content_type="application/json")


@case("W-144", "The body has claims, query and headers as lists, and no token.", needs_handler=True)
async def body_of_connect(case: Context) -> None:
    events = case.use_events()
    user = case.name("ana")
    token = case.token(user)
    headers = {"X-Extra": "1", "Authorization": f"Bearer {token}"}
    await case.open(case.url(access_token=token, room="1"), headers=headers)
    event = await events.one("connect")
    body = event.json()
    expect("claim sub", body["claims"]["sub"], [user])
    expect("query room", body["query"]["room"], ["1"])
    expect("header X-Extra", {name.lower(): value for name, value in body["headers"].items()}["x-extra"], ["1"])
    expect("subprotocols", body["subprotocols"], [JSON])
    expect_true("no token in the body", token.encode() not in event.body, "a body with the token")
    expect_true("JSON", event.headers["Content-Type"].startswith("application/json"), event.headers["Content-Type"])


@case("W-145", "204 accepts the client as its token describes it.", needs_handler=True)
async def no_content(case: Context) -> None:
    events = case.use_events()
    user, group = case.name("ana"), case.name("g")
    client = await case.connect(user, groups=[group])
    expect("userId", client.connected["userId"], user)
    await case.send(group_path(group), "x")
    expect("data", await client.data(), "x")
    await events.wait_for("connect")


@case("W-146", "The answer can set the user.", needs_handler=True)
async def user_of_the_answer(case: Context) -> None:
    events = case.use_events()
    user = case.name("bob")
    accept(events, {"userId": user})
    client = await case.connect(case.name("ana"))
    expect("userId", client.connected["userId"], user)
    expect("ce-userId", (await events.one("connected")).headers["ce-userId"], user)


@case(
    "W-147",
    "Empty roles remove those of the token; an answer without roles keeps them.",
    needs_handler=True,
    source="emulator",
)
async def roles_of_the_answer(case: Context) -> None:
    events = case.use_events()
    group = case.name("g")
    accept(events, {"roles": []})
    await (await case.connect()).fail("Forbidden", "joinGroup", 1, group=group)
    accept(events, {})
    await (await case.connect()).succeed("joinGroup", 1, group=group)


@case(
    "W-148",
    "Groups of the answer replace those of the token; an empty list keeps them.",
    needs_handler=True,
    source="emulator",
)
async def groups_of_the_answer(case: Context) -> None:
    events = case.use_events()
    of_token, of_answer = case.name("token"), case.name("answer")
    for groups, member_of in (([of_answer], of_answer), ([], of_token)):
        accept(events, {"groups": groups})
        client = await case.connect(groups=[of_token])
        for group in (of_token, of_answer):
            await case.send(group_path(group), group)
        expect("data", await client.data(), member_of)
        await client.expect_nothing()


@case("W-150", "401 and 403 are the status of the handshake; connected does not follow.", needs_handler=True)
async def refused(case: Context) -> None:
    events = case.use_events()
    for status in (401, 403):
        events.respond("connect", status=status)
        expect("status", (await case.handshake(case.url(access_token=case.token()), JSON))[0], status)
    events.respond("connect", status=204)
    client = await case.connect()
    await events.wait_for("connected")
    ids = {event.headers["ce-connectionId"] for event in events.received if event.name != "connect"}
    expect("connections with further events", ids, {client.id})


@case(
    "W-151", "Malformed JSON, a blank group or a null role gives the client 500.", needs_handler=True, source="emulator"
)
async def invalid_answers(case: Context) -> None:
    events = case.use_events()
    for text in ("{", '{"groups":[" "]}', '{"roles":[null]}'):
        events.respond("connect", text=text, content_type="application/json")
        status, _ = await case.handshake(case.url(access_token=case.token()), JSON)
        expect(f"status after {text}", status, 500)


@case("W-154", "The state of the answer comes with every later event.", needs_handler=True)
async def state_of_the_answer(case: Context) -> None:
    events = case.use_events()
    events.respond("connect", status=204, headers={"ce-connectionState": "eyJuIjoxfQ=="})
    client = await case.connect()
    await client.succeed("event", 1, event="e", dataType="text", data="x")
    await client.close()
    await events.wait_for("disconnected")
    states = {event.name: event.headers.get("ce-connectionState") for event in events.received}
    later = dict.fromkeys(("connected", "e", "disconnected"), "eyJuIjoxfQ==")
    expect("states", states, {"connect": None} | later)
