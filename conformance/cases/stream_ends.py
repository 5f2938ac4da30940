"""Streams to groups: how they end, and what a recovery keeps."""

import time

from conformance.cases.streams import FAMILY, ID, closed, places, publisher_and_subscriber, send_part, start
from conformance.clients import RELIABLE_JSON
from conformance.context import Context, group_path, permission_path
from conformance.expectations import expect
from conformance.registry import case

DEFAULT_IDLE_SECONDS = 300


@case("W-236", "An end is a message with endOfStream and the next number; streamClosed has no error.", family=FAMILY)
async def ended(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    await send_part(publisher, 1)
    await publisher.send("streamEnd", streamId=ID)
    expect("messages", await places(subscriber, 2), [("1", 1, False), ("", 2, True)])
    await closed(publisher, None)


@case("W-237", "The error of an end reaches the subscribers as UserError.", family=FAMILY, source="unverified")
async def ended_with_error(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    await publisher.send("streamEnd", streamId=ID, error={"message": "boom", "userErrorCode": "E1"})
    error = (await subscriber.message())["stream"].get("error")
    expect("error", error, {"name": "UserError", "message": "boom", "userErrorCode": "E1"})
    await closed(publisher, None)


@case("W-238", "The message of an end is an empty text.", family=FAMILY)
async def payload_of_an_end(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    await publisher.send("streamEnd", streamId=ID)
    message = await subscriber.message()
    expect("type and data", (message.get("dataType"), message.get("data")), ("text", ""))


@case("W-239", "After its idle time a stream ends with IdleTimeout, for both sides.", family=FAMILY)
async def idle(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group, idleTimeoutMs=200)
    await closed(publisher, "IdleTimeout")
    stream = (await subscriber.message())["stream"]
    expect("end", (stream["endOfStream"], stream["error"]["name"]), (True, "IdleTimeout"))


@case("W-240", "The idle time is 300 seconds by default.", family=FAMILY, waits_for="stream idle time")
async def default_idle_time(case: Context) -> None:
    publisher, _, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    publisher.wait_seconds += DEFAULT_IDLE_SECONDS
    started = time.monotonic()
    await closed(publisher, "IdleTimeout")
    expect("idle time, to ten seconds", round((time.monotonic() - started) / 10) * 10, DEFAULT_IDLE_SECONDS)


@case("W-241", "After its end a stream is not found.", family=FAMILY)
async def part_after_end(case: Context) -> None:
    publisher, _, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    await publisher.send("streamEnd", streamId=ID)
    await closed(publisher, None)
    await send_part(publisher, 1)
    await closed(publisher, "StreamNotFound")


@case("W-242", "Parts have sequence ids of their own, and are sent again after a recovery.", family=FAMILY)
async def reliable_subscriber(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case, subprotocol=RELIABLE_JSON)
    await case.send(group_path(group), "before")
    await start(publisher, group)
    await send_part(publisher, 1)
    messages = [await subscriber.message() for _ in range(2)]
    expect("sequence ids", [message["sequenceId"] for message in messages], [1, 2])
    subscriber.cut()
    recovered = await case.recover(subscriber)
    await send_part(publisher, 2)
    again = await places(recovered, 3)
    expect("messages", again, [("before", None, False), ("1", 1, False), ("2", 2, False)])


@case("W-243", "A stream survives the loss of its publisher's socket; repeated parts are dropped.", family=FAMILY)
async def reliable_publisher(case: Context) -> None:
    group = case.name("g")
    publisher = await case.connect(subprotocol=RELIABLE_JSON)
    subscriber = await case.connect(groups=[group])
    await start(publisher, group)
    await send_part(publisher, 1)
    expect("part", await places(subscriber, 1), [("1", 1, False)])
    publisher.cut()
    recovered = await case.recover(publisher)
    for number in (1, 2):
        await send_part(recovered, number)
    expect("part", await places(subscriber, 1), [("2", 2, False)])


@case(
    "W-245", "The end of the publisher's connection ends its streams with an error.", family=FAMILY, source="unverified"
)
async def publisher_leaves(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    await publisher.close()
    stream = (await subscriber.message())["stream"]
    expect("end", (stream.get("endOfStream"), stream["error"]["name"]), (True, "Cancelled"))


@case(
    "W-246",
    "After the end of the permission the next part ends the stream with Forbidden.",
    family=FAMILY,
    source="unverified",
)
async def revoked(case: Context) -> None:
    group = case.name("g")
    publisher = await case.connect(roles=(f"webpubsub.sendToGroup.{group}",))
    subscriber = await case.connect(groups=[group])
    await start(publisher, group)
    path = permission_path("sendToGroup", publisher.id)
    await case.succeed(204, "DELETE", path, query={"targetName": group})
    await send_part(publisher, 1)
    await closed(publisher, "Forbidden")
    expect("error", (await subscriber.message())["stream"]["error"]["name"], "Forbidden")
