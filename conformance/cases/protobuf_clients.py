"""The protobuf subprotocols. Frames are given by the numbers of their fields."""

from collections.abc import Mapping

from aiohttp import WSMsgType

from conformance.clients import PROTOBUF, RELIABLE_PROTOBUF
from conformance.context import Context, user_path
from conformance.expectations import expect, expect_true
from conformance.protobuf import Message, Value, encode
from conformance.registry import case

SEND_TO_GROUP, EVENT, JOIN_GROUP = 1, 5, 6
ACK, DATA, SYSTEM = 1, 2, 3
TEXT_DATA, BINARY_DATA, ANY_DATA, JSON_DATA = 1, 2, 3, 4
ANY = encode([(1, "type.example/T"), (2, b"\1\2")])


async def expect_invalid(case: Context, *frames: bytes) -> None:
    """Check that each of the frames closes its connection with 1007."""
    for frame in frames:
        client = await case.connect_protobuf()
        await client.read_connected()
        await client.socket.send_bytes(frame)
        expect(f"close code of {frame.hex()[:60]}", (await client.end())[0], 1007)


def event(name: str, data: Message | None, ack_id: int, metadata: Mapping[str, str] | None = None) -> Message:
    """Return an event; without `data` the field is absent."""
    fields: list[tuple[int, Value]] = [(1, name), (3, ack_id)]
    fields += [(2, data)] if data is not None else []
    fields += [(4, [(1, key), (2, value)]) for key, value in (metadata or {}).items()]
    return [(EVENT, fields)]


@case("W-112", "A join with ack id 0, as the published bytes have it, is acknowledged.", family="protobuf")
async def join(case: Context) -> None:
    client = await case.connect_protobuf()
    await client.read_connected()
    await client.send_hex("32080A04726F6F6D1000")
    ack = (await client.fields()).message(ACK)
    expect("ack id and success", (ack.number(1), ack.number(2)), (0, 1))


@case(
    "W-113",
    "A text frame closes with 1003; undecodable bytes and an empty message close with 1007.",
    family="protobuf",
    source="emulator",
)
async def invalid_frames(case: Context) -> None:
    client = await case.connect_protobuf()
    await client.send_text("x")
    await client.expect_close(1003)
    await expect_invalid(case, b"\xff\xff\xff", b"")


@case("W-114", "Payloads keep their content between protobuf, JSON and raw clients.", family="protobuf")
async def payloads(case: Context) -> None:
    group = case.name("g")
    sender, raw = await case.connect_protobuf(), await case.connect(subprotocol=None, groups=[group])
    protobuf, json_client = await case.connect_protobuf(groups=[group]), await case.connect(groups=[group])
    await protobuf.read_connected()
    payloads = {
        TEXT_DATA: ("hé".encode(), "text", "hé", (WSMsgType.TEXT, "hé")),
        BINARY_DATA: (b"\0\xff", "binary", "AP8=", (WSMsgType.BINARY, b"\0\xff")),
        JSON_DATA: (b'{"a":1}', "json", {"a": 1}, (WSMsgType.TEXT, '{"a":1}')),
        ANY_DATA: (ANY, "protobuf", "Cg50eXBlLmV4YW1wbGUvVBICAQI=", (WSMsgType.BINARY, ANY)),
    }
    for member, (payload, type_, data, frame) in payloads.items():
        await sender.send_message([(SEND_TO_GROUP, [(1, group), (3, [(member, payload)])])])
        expect("protobuf", (await protobuf.fields()).message(DATA).message(3).data(member), payload)
        message = await json_client.message()
        expect("JSON", (message["dataType"], message["data"]), (type_, data))
        received = await raw.frame()
        expect("raw", (received.type, received.data), frame)


@case("W-115", "The connected message has the connection id, on reliable connections a token.", family="protobuf")
async def connected_message(case: Context) -> None:
    user = case.name("ana")
    for subprotocol in (PROTOBUF, RELIABLE_PROTOBUF):
        client = await case.connect_protobuf(user, subprotocol=subprotocol)
        connected = await client.read_connected()
        expect("user", connected.text(2), user)
        expect_true("a connection id", client.id, "none")
        expect(f"a token with {subprotocol}", 3 in connected.numbers(), subprotocol == RELIABLE_PROTOBUF)


@case("W-116", "A failed request has error.name and error.message.", family="protobuf")
async def failed_request(case: Context) -> None:
    client = await case.connect_protobuf(roles=())
    await client.read_connected()
    await client.send_message([(JOIN_GROUP, [(1, case.name("g")), (2, 7)])])
    ack = (await client.fields()).message(ACK)
    expect("ack", (ack.number(1), ack.number(2), ack.message(3).text(1)), (7, 0, "Forbidden"))
    expect_true("a message", ack.message(3).text(2), "none")


@case("W-117", "JSON of REST arrives in json_data.", family="protobuf", source="emulator")
async def json_of_rest(case: Context) -> None:
    user = case.name("ana")
    client = await case.connect_protobuf(user)
    await client.read_connected()
    await case.send(user_path(user), '{"a":1}', "application/json")
    message = (await client.fields()).message(DATA)
    expect("from and data", (message.text(1), message.message(3).text(JSON_DATA)), ("server", '{"a":1}'))


@case("W-118", "An Any is application/x-protobuf for the handler.", family="protobuf", needs_handler=True)
async def any_of_an_event(case: Context) -> None:
    events = case.use_events()
    client = await case.connect_protobuf()
    await client.send_message(event("e", [(ANY_DATA, ANY)], 1))
    received = await events.one("e")
    expect("type and body", (received.headers["Content-Type"], received.body), ("application/x-protobuf", ANY))


@case(
    "W-272",
    "Metadata without data is an empty text; data with nothing selected closes with 1007.",
    family="protobuf",
    source="emulator",
    needs_handler=True,
)
async def unselected_data(case: Context) -> None:
    events = case.use_events()
    client = await case.connect_protobuf()
    await client.send_message(event("e", None, 1, {"k": "v"}))
    received = await events.one("e")
    expect("body and metadata", (received.body, received.headers.get("X-WebPubSub-Metadata-k")), (b"", "v"))
    await expect_invalid(case, encode(event("e", [], 1)), encode(event("e", [], 1, {"k": "v"})))


@case(
    "W-273", "An empty text and empty bytes may be selected.", family="protobuf", source="emulator", needs_handler=True
)
async def empty_data(case: Context) -> None:
    events = case.use_events()
    client = await case.connect_protobuf()
    for ack_id, member in enumerate((TEXT_DATA, BINARY_DATA)):
        await client.send_message(event("e", [(member, b"")], ack_id))
    expect("bodies", [received.body for received in await events.wait_for("e", 2)], [b"", b""])


@case("W-274", "A message of an unknown kind closes with 1007.", family="protobuf", source="emulator")
async def unknown_kind(case: Context) -> None:
    await expect_invalid(case, encode([(99, [(1, "x")])]))


@case(
    "W-217",
    "An invocation is field 10, its cancel field 11, its answer field 5.",
    family="invocations",
    needs_handler=True,
)
async def invocation(case: Context) -> None:
    events = case.use_events()
    events.respond("sum", body=b"3", content_type="application/json")
    client = await case.connect_protobuf()
    await client.read_connected()
    await client.send_hex("52110A0373756D1201311A0722055B312C325D")
    answer = (await client.fields()).message(5)
    expect("id and success", (answer.text(1), answer.number(2)), ("1", 1))
    expect("data", answer.message(3).text(JSON_DATA), "3")
    expect("body", (await events.one("sum")).body, b"[1,2]")
    await client.send_hex("5A030A0131")
    await client.send_hex("4A00")
    expect("fields of the next message", (await client.fields()).numbers(), [4])


@case("W-252", "A protobuf subscriber gets the place in the stream as field 6.", family="streams")
async def place_in_stream(case: Context) -> None:
    group = case.name("g")
    publisher, subscriber = await case.connect(), await case.connect_protobuf(groups=[group])
    await subscriber.read_connected()
    await publisher.send("sendToGroup", group=group, stream={"streamId": "s1"})
    await publisher.send("streamData", streamId="s1", streamSequenceId=1, dataType="text", data="hi")
    await publisher.send("streamEnd", streamId="s1")
    place = (await subscriber.fields()).message(DATA).message(6)
    expect("place", (place.text(1), place.number(2), place.number(3)), ("s1", 1, 0))
    place = (await subscriber.fields()).message(DATA).message(6)
    expect("last place", (place.text(1), place.number(2), place.number(3)), ("s1", 2, 1))
