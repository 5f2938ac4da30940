"""Streams to groups: their starts, parts and acks."""

import asyncio
from typing import Any

from conformance.cases.json_messages import expect_invalid
from conformance.clients import Client
from conformance.context import Context, group_path
from conformance.expectations import expect, expect_in, expect_true
from conformance.hubs import SWITCHED_OFF
from conformance.registry import case

FAMILY = "streams"
ID = "s1"


async def start(client: Client, group: str, id_: str = ID, *, no_echo: bool = True, **stream: Any) -> None:
    """Start a stream, which must be acknowledged with 1."""
    await client.send("sendToGroup", group=group, noEcho=no_echo, stream={"streamId": id_} | stream)
    ack = await client.of_type("streamAck")
    expect("ack of the start", (ack["streamId"], ack["expectedSequenceId"]), (id_, 1))


async def send_part(client: Client, number: int, data: Any = None, id_: str = ID, type_: str = "text") -> None:
    """Send a part; its data is its number as text where none is given."""
    payload = str(number) if data is None else data
    await client.send("streamData", streamId=id_, streamSequenceId=number, dataType=type_, data=payload)


async def closed(client: Client, error: str | None, id_: str = ID) -> None:
    """Read up to `streamClosed`, which must have this error; acks before it are skipped."""
    while (frame := await client.receive())["type"] == "streamAck":
        pass
    expect_true("streamClosed", frame["type"] == "streamClosed" and frame["streamId"] == id_, frame)
    expect("error", (frame.get("error") or {}).get("name"), error)


async def acked(client: Client, expected: int) -> None:
    """Read acks up to this number; none may be higher."""
    number = 0
    while number < expected:
        number = (await client.of_type("streamAck"))["expectedSequenceId"]
    expect("last ack", number, expected)


async def places(client: Client, count: int) -> list[tuple[Any, Any, bool]]:
    """Return data, number in the stream and whether it is the end, for the next messages."""
    messages = [await client.message() for _ in range(count)]
    streams = [message.get("stream") or {} for message in messages]
    return [
        (message["data"], stream.get("streamSequenceId"), stream.get("endOfStream", False))
        for message, stream in zip(messages, streams, strict=True)
    ]


async def publisher_and_subscriber(case: Context, **subscriber: Any) -> tuple[Client, Client, str]:
    """Return a publisher, a subscriber of a new group, and the group."""
    group = case.name("g")
    return await case.connect(case.name("ana")), await case.connect(groups=[group], **subscriber), group


@case("W-222", "A start is acknowledged with 1, and nothing is delivered.", family=FAMILY)
async def started(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    await subscriber.expect_nothing()


@case("W-223", "Parts are numbered messages; the last ack is one higher.", family=FAMILY)
async def parts(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    for number in (1, 2, 3):
        await send_part(publisher, number)
    expect("parts", await places(subscriber, 3), [("1", 1, False), ("2", 2, False), ("3", 3, False)])
    await acked(publisher, 4)


@case("W-224", "noEcho of the start holds for parts and end.", family=FAMILY)
async def echo(case: Context) -> None:
    group = case.name("g")
    for no_echo in (True, False):
        publisher = await case.connect(groups=[group])
        await start(publisher, group, no_echo=no_echo)
        await send_part(publisher, 1)
        await publisher.send("streamEnd", streamId=ID)
        messages = 0
        while (frame := await publisher.receive())["type"] != "streamClosed" or messages < (0 if no_echo else 2):
            messages += frame["type"] == "message"
        await publisher.expect_nothing()
        expect(f"messages with noEcho {no_echo}", messages, 0 if no_echo else 2)
        await publisher.close()


@case("W-225", "A start without permission is Forbidden; the connection stays.", family=FAMILY)
async def forbidden_start(case: Context) -> None:
    client = await case.connect(roles=())
    await client.send("sendToGroup", group=case.name("g"), stream={"streamId": ID})
    await closed(client, "Forbidden")
    await client.expect_nothing()


@case("W-226", "A publisher need not be a member.", family=FAMILY)
async def publisher_is_no_member(case: Context) -> None:
    client = await case.connect(roles=("webpubsub.sendToGroup",))
    await start(client, case.name("g"))


@case("W-227", "The id of an open stream is BadRequest; that of an ended one may be used again.", family=FAMILY)
async def id_in_use(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    await publisher.send("sendToGroup", group=group, stream={"streamId": ID})
    await closed(publisher, "BadRequest")
    await send_part(publisher, 1)
    expect("part", await places(subscriber, 1), [("1", 1, False)])
    await publisher.send("streamEnd", streamId=ID)
    await closed(publisher, None)
    await start(publisher, group)


@case("W-228", "An empty id, and an idle time of 0, is BadRequest.", family=FAMILY)
async def invalid_starts(case: Context) -> None:
    client = await case.connect()
    for stream in ({"streamId": ""}, {"streamId": ID, "idleTimeoutMs": 0}):
        await client.send("sendToGroup", group=case.name("g"), stream=stream)
        await closed(client, "BadRequest", str(stream["streamId"]))


@case("W-229", "A start with data is refused.", family=FAMILY, source="unverified")
async def start_with_data(case: Context) -> None:
    client = await case.connect()
    await client.send("sendToGroup", group=case.name("g"), stream={"streamId": ID}, dataType="text", data="x")
    await closed(client, "BadRequest")


@case("W-230", "One id on two connections is two streams.", family=FAMILY)
async def two_publishers(case: Context) -> None:
    first, subscriber, group = await publisher_and_subscriber(case)
    second = await case.connect()
    for publisher, data in ((first, "a"), (second, "b")):
        await start(publisher, group)
        await send_part(publisher, 1, data)
        expect("part", await places(subscriber, 1), [(data, 1, False)])


@case("W-231", "A number that was there is not published again.", family=FAMILY)
async def repeated_part(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    for number, data in ((1, "a"), (1, "again"), (2, "b")):
        await send_part(publisher, number, data)
    expect("parts", await places(subscriber, 2), [("a", 1, False), ("b", 2, False)])


@case("W-232", "A number that is too high is a streamNack; the right one is accepted then.", family=FAMILY)
async def gap(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    await send_part(publisher, 3)
    nack = await publisher.of_type("streamNack")
    expect("nack", (nack["name"], nack["expectedSequenceId"]), ("InvalidSequenceId", 1))
    await send_part(publisher, 1)
    expect("part", await places(subscriber, 1), [("1", 1, False)])


@case("W-233", "A part or an end of an unknown stream is StreamNotFound.", family=FAMILY)
async def unknown_stream(case: Context) -> None:
    client = await case.connect()
    await send_part(client, 1)
    await closed(client, "StreamNotFound")
    await client.send("streamEnd", streamId=ID)
    await closed(client, "StreamNotFound")


@case("W-234", "A keep-alive restarts the idle time, is not delivered and has no number.", family=FAMILY)
async def keep_alive(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group, idleTimeoutMs=1500)
    for _ in range(4):
        await asyncio.sleep(0.5)
        await publisher.send("streamData", streamId=ID)
    await send_part(publisher, 1)
    expect("part", await places(subscriber, 1), [("1", 1, False)])


@case(
    "W-235",
    "Only some of number, type and data are refused, and are no keep-alive.",
    family=FAMILY,
    source="unverified",
)
async def incomplete_part(case: Context) -> None:
    for frame in ({"streamSequenceId": 1}, {"dataType": "text", "data": "x"}, {"streamSequenceId": 1, "data": "x"}):
        client = await case.connect()
        await start(client, case.name("g"))
        await client.send("streamData", streamId=ID, **frame)
        expect("close code", (await client.end())[0], 1007)


@case("W-247", "Who joins in the middle gets the rest.", family=FAMILY)
async def late_subscriber(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    await send_part(publisher, 1)
    await places(subscriber, 1)
    late = await case.connect(groups=[group])
    await send_part(publisher, 2)
    expect("part", await places(late, 1), [("2", 2, False)])


@case("W-248", "The parts of two streams alternate; each keeps its order.", family=FAMILY)
async def two_streams(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group, "a")
    await start(publisher, group, "b")
    for number in (1, 2):
        for id_ in ("a", "b"):
            await send_part(publisher, number, f"{id_}{number}", id_)
    expect("data", [await subscriber.data() for _ in range(4)], ["a1", "b1", "a2", "b2"])


@case("W-249", "Each part has a type of its own.", family=FAMILY)
async def types_of_parts(case: Context) -> None:
    publisher, subscriber, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    parts = (("json", {"a": 1}), ("binary", "AP8="), ("text", "x"))
    for number, (type_, data) in enumerate(parts, 1):
        await send_part(publisher, number, data, type_=type_)
        message = await subscriber.message()
        expect("type and data", (message["dataType"], message["data"]), (type_, data))


@case("W-250", "An ack never says more than the highest number received and one.", family=FAMILY)
async def acks(case: Context) -> None:
    publisher, _, group = await publisher_and_subscriber(case)
    await start(publisher, group)
    for number in range(1, 21):
        await send_part(publisher, number)
    number = 1
    while number < 21:
        ack = (await publisher.of_type("streamAck"))["expectedSequenceId"]
        expect_in("the next ack", ack, range(number, 22))
        number = ack


@case("W-251", "Raw subscribers get the payloads, and nothing for an empty end.", family=FAMILY, source="design")
async def raw_subscriber(case: Context) -> None:
    group = case.name("g")
    publisher, subscriber = await case.connect(), await case.connect(subprotocol=None, groups=[group])
    await start(publisher, group)
    await send_part(publisher, 1)
    await publisher.send("streamEnd", streamId=ID)
    await closed(publisher, None)
    await case.send(group_path(group), "after")
    expect("frames", [(await subscriber.frame()).data for _ in range(2)], ["1", "after"])


@case(
    "W-253", "1007 answers streamData and streamEnd where streams are off.", source="emulator", family="without streams"
)
async def switched_off(case: Context) -> None:
    case.use_hub(SWITCHED_OFF)
    part = '{"type":"streamData","streamId":"s1","streamSequenceId":1,"dataType":"text","data":"x"}'
    await expect_invalid(case, part, '{"type":"streamEnd","streamId":"s1"}')
