"""The JSON subprotocol: messages, acks, invalid frames and limits."""

import base64
import json

from conformance.clients import JSON, Client
from conformance.context import Context, connection_path, group_path, user_path
from conformance.expectations import expect, expect_true
from conformance.protobuf import encode
from conformance.registry import case
from conformance.stream_client import CONTINUATION, FINAL, TEXT

MEBIBYTE = 1024 * 1024
ANY = base64.b64encode(encode([(1, "type.example/T"), (2, b"\1\2")])).decode()


async def expect_invalid(case: Context, *frames: str, code: int = 1007) -> None:
    """Check that each of the frames closes its connection with the code."""
    for frame in frames:
        client = await case.connect()
        await client.send_text(frame)
        got, _ = await client.end()
        expect(f"close code of {frame[:80]}", got, code)


async def member_and_group(case: Context) -> tuple[Client, str]:
    """Return a member of a new group, and the group."""
    group = case.name("g")
    return await case.connect(groups=[group]), group


async def echo(client: Client, group: str, **frame: object) -> dict[str, object]:
    """Return the client's own message to a group of which it is a member."""
    await client.send("sendToGroup", group=group, **frame)
    return await client.message()


@case("W-056", "The first frame is connected, with the connection id and without a reconnection token.")
async def connected_frame(case: Context) -> None:
    client = await case.connect()
    frame = client.connected
    expect("type and event", (frame.get("type"), frame.get("event")), ("system", "connected"))
    expect_true("a connection id", frame.get("connectionId"), frame)
    expect("reconnectionToken", frame.get("reconnectionToken"), None)


@case("W-057", "The handshake's answer names the subprotocol.")
async def subprotocol_is_echoed(case: Context) -> None:
    expect("subprotocol", (await case.connect()).socket.protocol, JSON)


@case("W-058", "ping is answered with pong.")
async def ping_and_pong(case: Context) -> None:
    await (await case.connect()).expect_nothing()


@case("W-059", "After a joinGroup, which is acknowledged, messages of REST to the group arrive.")
async def join_and_receive(case: Context) -> None:
    group = case.name("g")
    client = await case.connect()
    expect("ack", await client.request("joinGroup", 7, group=group), {"type": "ack", "ackId": 7, "success": True})
    await case.send(group_path(group), "hello")
    expect("data", await client.data(), "hello")


@case("W-060", "After leaveGroup messages no longer arrive.")
async def leave_and_hear_nothing(case: Context) -> None:
    client, group = await member_and_group(case)
    await client.succeed("leaveGroup", 1, group=group)
    await case.send(group_path(group), "unseen")
    await client.expect_nothing()


@case("W-061", "Joining twice succeeds twice, and each message arrives once.")
async def join_twice(case: Context) -> None:
    group = case.name("g")
    client = await case.connect()
    await client.succeed("joinGroup", 1, group=group)
    await client.succeed("joinGroup", 2, group=group)
    await case.send(group_path(group), "once")
    expect("data", await client.data(), "once")
    await client.expect_nothing()


@case("W-062", "Leaving a group without being a member succeeds.")
async def leave_without_membership(case: Context) -> None:
    await (await case.connect()).succeed("leaveGroup", 1, group=case.name("g"))


@case("W-063", "Messages of all four types arrive with the same type and data.")
async def data_types(case: Context) -> None:
    client, group = await member_and_group(case)
    for type_, data in (("text", "hé"), ("json", {"a": [1, None]}), ("binary", "AP8="), ("protobuf", ANY)):
        message = await echo(client, group, dataType=type_, data=data)
        expect("type and data", (message["dataType"], message["data"]), (type_, data))


@case("W-064", "A message without dataType is json.")
async def default_type(case: Context) -> None:
    client, group = await member_and_group(case)
    message = await echo(client, group, data={"a": 1})
    expect("type and data", (message["dataType"], message["data"]), ("json", {"a": 1}))


@case("W-065", "dataType may be in any letter case.", source="emulator")
async def type_letter_case(case: Context) -> None:
    client, group = await member_and_group(case)
    expect("dataType", (await echo(client, group, dataType="TEXT", data="x"))["dataType"], "text")


@case("W-066", "Text whose data is no string closes with 1007.", source="emulator")
async def text_without_string(case: Context) -> None:
    await expect_invalid(case, '{"type":"sendToGroup","group":"g","dataType":"text","data":1}')


@case("W-067", "Binary data that is no base64 closes with 1007.", source="emulator")
async def invalid_base64(case: Context) -> None:
    await expect_invalid(case, '{"type":"sendToGroup","group":"g","dataType":"binary","data":"?"}')


@case("W-068", "Json with data null closes with 1007.", source="emulator")
async def json_null(case: Context) -> None:
    await expect_invalid(case, '{"type":"sendToGroup","group":"g","dataType":"json","data":null}')


@case("W-069", "Metadata without data is an empty text that carries it.", source="emulator")
async def metadata_alone(case: Context) -> None:
    client, group = await member_and_group(case)
    message = await echo(client, group, metadata={"k": "v"})
    expect("message", (message["dataType"], message["data"], message.get("metadata")), ("text", "", {"k": "v"}))


@case("W-070", "JSON data is passed on as it was written.", source="emulator")
async def verbatim_json(case: Context) -> None:
    client, group = await member_and_group(case)
    data = '{"a":1.0,"b":123456789012345678901234567890,"c":1e2}'
    await client.send_text(f'{{"type":"sendToGroup","group":{json.dumps(group)},"dataType":"json","data":{data}}}')
    text = (await client.frame()).data
    expect_true(f"{data} in the frame", data in text, text)


@case("W-071", "With noEcho every member except the sender receives.")
async def no_echo(case: Context) -> None:
    sender, group = await member_and_group(case)
    other = await case.connect(groups=[group])
    await sender.succeed("sendToGroup", 1, group=group, dataType="text", data="x", noEcho=True)
    expect("data", await other.data(), "x")
    await sender.expect_nothing()


@case("W-072", "A sender gets its own message before the ack.", source="emulator")
async def echo_before_ack(case: Context) -> None:
    client, group = await member_and_group(case)
    await client.send("sendToGroup", group=group, dataType="text", data="x", ackId=1)
    expect("types", [(await client.receive())["type"] for _ in range(2)], ["message", "ack"])


@case("W-073", "fromUserId is the sender's user id, null or missing where it has none.")
async def sender_of_a_message(case: Context) -> None:
    member, group = await member_and_group(case)
    for user in (case.name("ana"), None):
        sender = await case.connect(user)
        await sender.send("sendToGroup", group=group, dataType="text", data="x")
        expect("fromUserId", (await member.message()).get("fromUserId"), user)


@case("W-089", "from is server for a hub, user or connection, group for a group.")
async def origin_of_a_message(case: Context) -> None:
    case.use_own_hub()
    user, group = case.name("ana"), case.name("g")
    client = await case.connect(user, groups=[group])
    targets = {user_path(user): "server", connection_path(client): "server", "": "server", group_path(group): "group"}
    for path, origin in targets.items():
        await case.send(path, "x")
        message = await client.message()
        expect(f"from of a message to {path or 'the hub'}", message["from"], origin)
        expect("group", message.get("group"), group if origin == "group" else None)


@case("W-091", "A message to a user reaches each of the user's connections.")
async def connections_of_a_user(case: Context) -> None:
    user = case.name("ana")
    clients = [await case.connect(user) for _ in range(2)]
    await case.send(user_path(user), "x")
    expect("data", [await client.data() for client in clients], ["x", "x"])


@case("W-092", "The messages of one sender arrive in order.")
async def order_of_messages(case: Context) -> None:
    sender = await case.connect()
    member, group = await member_and_group(case)
    for number in range(50):
        await sender.send("sendToGroup", group=group, data=number)
    expect("numbers", [await member.data() for _ in range(50)], list(range(50)))


@case("W-074", "0 is an ack id.", source="emulator")
async def ack_id_zero(case: Context) -> None:
    await (await case.connect()).succeed("joinGroup", 0, group=case.name("g"))


@case("W-075", "ackId null asks for no ack.", source="emulator")
async def ack_id_null(case: Context) -> None:
    client = await case.connect()
    await client.send("joinGroup", group=case.name("g"), ackId=None)
    await client.expect_nothing()


@case("W-076", "An ack id that was used with success is a Duplicate, and the request is not carried out.")
async def duplicate_ack_id(case: Context) -> None:
    client, group = await member_and_group(case)
    await client.succeed("joinGroup", 1, group=group)
    await client.fail("Duplicate", "sendToGroup", 1, group=group, dataType="text", data="twice")
    await client.expect_nothing()


@case("W-077", "An ack id whose request was Forbidden may be used again.")
async def ack_id_after_failure(case: Context) -> None:
    group = case.name("g")
    client = await case.connect(roles=())
    await client.fail("Forbidden", "joinGroup", 1, group=group)
    path = f"permissions/joinLeaveGroup/{connection_path(client)}"
    await case.succeed(200, "PUT", path, query={"targetName": group})
    await client.succeed("joinGroup", 1, group=group)


@case("W-078", "Joins, sends and events share one set of ack ids.", needs_handler=True)
async def shared_ack_ids(case: Context) -> None:
    events = case.use_events()
    group = case.name("g")
    client = await case.connect()
    await client.succeed("joinGroup", 1, group=group)
    await client.fail("Duplicate", "event", 1, event="e", dataType="text", data="x")
    await client.succeed("event", 2, event="after", dataType="text", data="x")
    await client.fail("Duplicate", "sendToGroup", 2, group=group, dataType="text", data="x")
    await events.wait_for("after")
    expect("events e", len(events.of("e")), 0)


@case("W-079", "1,000 ack ids are remembered: after 1,001 the first may be used again.", source="emulator")
async def forgotten_ack_id(case: Context) -> None:
    group = case.name("g")
    client = await case.connect()
    for number in range(1001):
        await client.send("joinGroup", group=group, ackId=number)
    for number in range(1001):
        await client.ack(number)
    await client.fail("Duplicate", "joinGroup", 1, group=group)
    await client.succeed("joinGroup", 0, group=group)


@case("W-080", "A forbidden request without an ack id is ignored.")
async def forbidden_without_ack(case: Context) -> None:
    client = await case.connect(roles=())
    await client.send("joinGroup", group=case.name("g"))
    await client.expect_nothing()


@case("W-081", "1007 answers invalid JSON, JSON that is no object, and an unknown type.")
async def invalid_frames(case: Context) -> None:
    await expect_invalid(case, "{", "[]", '"ping"', "{}", '{"type":"unknown"}', '{"type":1}')


@case("W-082", "An event name with a digit at its start, or of 129 characters, closes with 1007.", source="emulator")
async def invalid_event_names(case: Context) -> None:
    frames = (f'{{"type":"event","event":"{name}","dataType":"text","data":"x"}}' for name in ("1x", "e" * 129))
    await expect_invalid(case, *frames)


@case("W-083", "A binary frame closes with 1003.", source="emulator")
async def binary_frame(case: Context) -> None:
    client = await case.connect()
    await client.socket.send_bytes(b'{"type":"ping"}')
    await client.expect_close(1003)


@case("W-084", "A message of more than 1 MiB closes with 1009, in fragments too.")
async def too_large(case: Context) -> None:
    client = await case.connect()
    await client.send_text("x" * (MEBIBYTE + 1))
    await client.expect_close(1009)
    fragments = await case.connect_fragments()
    await fragments.send(b"x" * (MEBIBYTE // 2), TEXT)
    await fragments.send(b"x" * (MEBIBYTE // 2 + 1), CONTINUATION | FINAL)
    expect("close code of fragments", await fragments.close_code(), 1009)


@case("W-085", "A message in fragments is put together.")
async def fragments(case: Context) -> None:
    client = await case.connect_fragments()
    await client.receive()
    await client.send(b'{"type":', TEXT)
    await client.send(b'"pi', CONTINUATION)
    await client.send(b'ng"}', CONTINUATION | FINAL)
    expect("answer", json.loads((await client.receive())[1]), {"type": "pong"})


@case("W-086", "Metadata of a client reaches JSON clients of the group.")
async def metadata_round_trip(case: Context) -> None:
    client, group = await member_and_group(case)
    metadata = {"Key-1": "value", "other": ""}
    message = await echo(client, group, dataType="text", data="x", metadata=metadata)
    expect("metadata", message.get("metadata"), metadata)


@case("W-087", "1007 answers a space in a key, values outside ASCII, more than 8,192 bytes, and a key twice.")
async def invalid_metadata(case: Context) -> None:
    large = json.dumps({f"k{number}": "v" * 1000 for number in range(9)})
    metadata = ('{"a b":"x"}', '{"a":"é"}', large, '{"a":"1","a":"2"}', '{"a":1}', "[]")
    start = '{"type":"sendToGroup","group":"g","dataType":"text","data":"x","metadata":'
    await expect_invalid(case, *(f"{start}{text}}}" for text in metadata))


@case("W-088", "ttlSeconds is 0 to 300.")
async def time_to_live(case: Context) -> None:
    client, group = await member_and_group(case)
    await echo(client, group, dataType="text", data="x", ttlSeconds=300)
    start = '{"type":"sendToGroup","group":"g","dataType":"text","data":"x","ttlSeconds":'
    await expect_invalid(case, f"{start}301}}", f"{start}-1}}")


@case("W-090", "Properties that the protocol does not define are ignored.", source="unverified")
async def unknown_properties(case: Context) -> None:
    client, group = await member_and_group(case)
    message = await echo(client, group, dataType="text", data="x", unknownProperty={"a": 1})
    expect("data", message["data"], "x")


@case("W-269", "metadata null and ttlSeconds null count as absent.", source="emulator")
async def null_is_absent(case: Context) -> None:
    client, group = await member_and_group(case)
    message = await echo(client, group, dataType="text", data="x", metadata=None, ttlSeconds=None)
    expect("data and metadata", (message["data"], message.get("metadata")), ("x", None))


@case("W-270", "noEcho null and dataType null close with 1007.", source="emulator")
async def null_is_invalid(case: Context) -> None:
    start = '{"type":"sendToGroup","group":"g","data":"x",'
    await expect_invalid(case, f'{start}"dataType":"text","noEcho":null}}', f'{start}"dataType":null}}')


@case("W-271", "Empty metadata may stand for the data, metadata null may not.", source="emulator")
async def empty_metadata(case: Context) -> None:
    client, group = await member_and_group(case)
    message = await echo(client, group, metadata={})
    expect("data and metadata", (message["data"], message.get("metadata")), ("", {}))
    await expect_invalid(case, '{"type":"sendToGroup","group":"g","metadata":null}')
