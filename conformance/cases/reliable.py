"""Reliable connections: numbers of messages, acks, recovery."""

import asyncio
import time

from conformance.clients import JSON, RELIABLE_JSON, Client
from conformance.context import Context, connection_path, group_path
from conformance.expectations import Differs, expect, expect_true
from conformance.registry import case

NOT_RECOVERED = 1008


async def connect_member(case: Context, user: str | None = None) -> tuple[Client, str]:
    """Return a reliable client that is a member of a new group, and the group."""
    group = case.name("g")
    return await case.connect(user, subprotocol=RELIABLE_JSON, groups=[group]), group


async def numbered(client: Client, count: int) -> list[tuple[object, object]]:
    """Return data and number of the next messages."""
    messages = [await client.message() for _ in range(count)]
    return [(message["data"], message.get("sequenceId")) for message in messages]


async def expect_not_recovered(case: Context, client: Client, **query: str) -> None:
    """Check that a recovery is upgraded and closed with 1008."""
    recovered = await case.recover(client, **query)
    await recovered.expect_close(NOT_RECOVERED)


@case("W-093", "The connected frame has a reconnection token.")
async def reconnection_token(case: Context) -> None:
    client = await case.connect(subprotocol=RELIABLE_JSON)
    expect_true("a reconnectionToken", client.connected.get("reconnectionToken"), client.connected)


@case("W-094", "Messages are numbered 1, 2, 3; acks and pongs have no number.")
async def numbers_of_messages(case: Context) -> None:
    client, group = await connect_member(case)
    for number in (1, 2):
        ack = await client.request("sendToGroup", number, group=group, dataType="text", data=str(number))
        expect("sequenceId of an ack", ack.get("sequenceId"), None)
    await case.send(group_path(group), "3")
    expect("messages", await numbered(client, 3), [("1", 1), ("2", 2), ("3", 3)])
    await client.expect_nothing()


@case("W-095", "After a recovery all messages without ack arrive in order, with the same numbers.")
async def replay(case: Context) -> None:
    client, group = await connect_member(case)
    await case.send(group_path(group), "a")
    await numbered(client, 1)
    client.cut()
    await case.send(group_path(group), "b")
    await case.send(group_path(group), "c")
    recovered = await case.recover(client)
    expect("messages", await numbered(recovered, 3), [("a", 1), ("b", 2), ("c", 3)])


@case("W-096", "After sequenceAck 5 a recovery repeats from number 6.")
async def replay_behind_ack(case: Context) -> None:
    client, group = await connect_member(case)
    for number in range(1, 8):
        await case.send(group_path(group), str(number))
    await numbered(client, 7)
    await client.send("sequenceAck", sequenceId=5)
    await client.expect_nothing()
    client.cut()
    expect("messages", await numbered(await case.recover(client), 2), [("6", 6), ("7", 7)])


@case("W-097", "A sequenceAck below the last one, or beyond the last number, does no harm.")
async def odd_sequence_acks(case: Context) -> None:
    client, group = await connect_member(case)
    await case.send(group_path(group), "1")
    await numbered(client, 1)
    for number in (1, 0, 1000):
        await client.send("sequenceAck", sequenceId=number)
    await client.expect_nothing()
    await case.send(group_path(group), "2")
    expect("messages", await numbered(client, 1), [("2", 2)])


@case("W-098", "A recovery works without an access token, and with an expired one.")
async def recovery_without_token(case: Context) -> None:
    expired = case.sign(case.claims() | {"exp": int(time.time()) - 3600})
    client, group = await connect_member(case)
    for query in ({}, {"access_token": expired}):
        client.cut()
        client = await case.recover(client, **query)
        await client.succeed("leaveGroup", 1 if query else 2, group=group)


@case("W-099", "1008 answers a wrong token, an unknown id, another hub and a connection that is not reliable.")
async def refused_recoveries(case: Context) -> None:
    client, _ = await connect_member(case)
    plain = await case.connect()
    await expect_not_recovered(case, client, awps_reconnection_token="x.y.z")
    await expect_not_recovered(case, client, awps_connection_id="unknown")
    await (await case.recover(client, hub=case.own_hub)).expect_close(NOT_RECOVERED)
    await expect_not_recovered(case, plain, awps_reconnection_token=client.connected["reconnectionToken"])


@case("W-100", "A recovered connection keeps its subprotocol.", source="emulator")
async def recovery_with_other_subprotocol(case: Context) -> None:
    client, group = await connect_member(case)
    client.cut()
    recovered = await case.recover(client, JSON)
    await case.send(group_path(group), "x")
    expect("messages", await numbered(recovered, 1), [("x", 1)])


@case("W-101", "A recovery keeps groups, permissions, ack ids and the connection state.", needs_handler=True)
async def recovered_state(case: Context) -> None:
    events = case.use_events()
    events.respond("connect", status=204, headers={"ce-connectionState": "state-1"})
    group = case.name("g")
    client = await case.connect(subprotocol=RELIABLE_JSON, groups=[group])
    await client.succeed("joinGroup", 1, group=case.name("h"))
    client.cut()
    recovered = await case.recover(client)
    await recovered.fail("Duplicate", "joinGroup", 1, group=group)
    await recovered.succeed("sendToGroup", 2, group=group, dataType="text", data="x")
    expect("messages", await numbered(recovered, 1), [("x", 1)])
    await recovered.succeed("event", 3, event="e", dataType="text", data="x")
    expect("state", (await events.one("e")).headers.get("ce-connectionState"), "state-1")


@case("W-102", "A recovery is neither a connect nor a connected event.", needs_handler=True)
async def recovery_without_events(case: Context) -> None:
    events = case.use_events()
    client = await case.connect(subprotocol=RELIABLE_JSON)
    await events.wait_for("connected")
    client.cut()
    recovered = await case.recover(client)
    await recovered.succeed("event", 1, event="e", dataType="text", data="x")
    expect("events", [event.name for event in events.received], ["connect", "connected", "e"])


@case("W-103", "A client that closes with 1000 cannot be recovered, and disconnected is sent.", needs_handler=True)
async def normal_close(case: Context) -> None:
    events = case.use_events()
    client = await case.connect(subprotocol=RELIABLE_JSON)
    await client.close(1000)
    await events.wait_for("disconnected")
    await expect_not_recovered(case, client)


@case(
    "W-104",
    "When the time for a recovery is over, disconnected is sent once, and a recovery gets 1008.",
    needs_handler=True,
    waits_for="retention",
)
async def retention_passes(case: Context) -> None:
    events = case.use_events()
    client = await case.connect(subprotocol=RELIABLE_JSON)
    client.cut()
    await asyncio.sleep(case.target.retention_seconds)
    await events.wait_for("disconnected")
    await expect_not_recovered(case, client)
    expect("disconnected events", len(events.of("disconnected")), 1)


@case("W-105", "HEAD of a connection without a socket is 200, and 404 after the time.", waits_for="retention")
async def detached_connection_exists(case: Context) -> None:
    client, _ = await connect_member(case)
    client.cut()
    await case.succeed(200, "HEAD", connection_path(client))
    await asyncio.sleep(case.target.retention_seconds)
    async with asyncio.timeout(case.target.wait_seconds):
        while (await case.rest("HEAD", connection_path(client))).status == 200:  # noqa: ASYNC110 (nothing tells of the end)
            await asyncio.sleep(0.1)
    await case.succeed(404, "HEAD", connection_path(client))


@case("W-106", "The 1,001st message without an ack ends the connection.")
async def too_many_messages(case: Context) -> None:
    await overflow(case, 1001, "x")


@case("W-107", "More than 16 MiB without an ack end the connection.")
async def too_many_bytes(case: Context) -> None:
    await overflow(case, 17, "x" * 1024 * 1023)


async def overflow(case: Context, count: int, text: str) -> None:
    """Check that a connection ends that is sent so many texts without an ack from it."""
    group = case.name("g")
    client = await case.connect(subprotocol=RELIABLE_JSON, groups=[group])
    sender = await case.connect()
    for _ in range(count):
        await sender.send("sendToGroup", group=group, dataType="text", data=text)
    await sender.succeed("joinGroup", 1, group=group)
    await client.end()
    await expect_not_recovered(case, client)


@case("W-108", "A recovery beside an open socket drops the old one.", source="emulator")
async def recovery_beside_open_socket(case: Context) -> None:
    client, group = await connect_member(case)
    recovered = await case.recover(client)
    await recovered.succeed("sendToGroup", 1, group=group, dataType="text", data="x")
    await client.end()


@case("W-109", "A close by REST without a socket ends the connection for good.")
async def close_of_detached(case: Context) -> None:
    client, _ = await connect_member(case)
    client.cut()
    await case.succeed(204, "DELETE", connection_path(client))
    await expect_not_recovered(case, client)
    await case.succeed(404, "HEAD", connection_path(client))


@case("W-244", "Where streams are offered, a recovery begins with one connected frame.", family="streams")
async def connected_after_recovery(case: Context) -> None:
    client, group = await connect_member(case)
    await case.send(group_path(group), "a")
    await numbered(client, 1)
    client.cut()
    recovered = await case.recover(client)
    before = recovered.connected
    expect("messages", await numbered(recovered, 1), [("a", 1)])
    if recovered.connected is before:
        raise Differs("a connected frame before the messages", "none")
    expect("connectionId", recovered.id, client.id)
    expect_true("a reconnectionToken", recovered.connected.get("reconnectionToken"), recovered.connected)
