"""Clients without a subprotocol."""

from aiohttp import WSMsgType

from conformance.context import Context, group_path, user_path
from conformance.expectations import expect
from conformance.registry import case


@case("W-044", "A text frame is the event message with text/plain.", needs_handler=True)
async def text_frame(case: Context) -> None:
    events = case.use_events()
    client = await case.connect(subprotocol=None)
    await client.send_text("hé")
    event = await events.one("message")
    expect("body", event.body, "hé".encode())
    expect("content type", event.headers["Content-Type"].lower().replace(" ", ""), "text/plain;charset=utf-8")


@case("W-045", "A binary frame is the event message with application/octet-stream.", needs_handler=True)
async def binary_frame(case: Context) -> None:
    events = case.use_events()
    client = await case.connect(subprotocol=None)
    await client.socket.send_bytes(b"\0\xff")
    event = await events.one("message")
    expect("body and type", (event.body, event.headers["Content-Type"]), (b"\0\xff", "application/octet-stream"))


@case("W-046", "In the mode sendToGroup each frame is published, and the sender is not joined.")
async def mode_send_to_group(case: Context) -> None:
    group = case.name("g")
    member = await case.connect(groups=[group])
    sender = await case.connect(subprotocol=None, query={"webpubsub_mode": "sendToGroup", "group": group})
    await sender.send_text("x")
    expect("data", await member.data(), "x")
    response = await case.rest("GET", f"{group_path(group)}/connections")
    expect("members", [entry["connectionId"] for entry in response.json()["value"]], [member.id])


@case("W-047", "In this mode, without the role, the first frame closes with 1008.", source="emulator")
async def mode_without_role(case: Context) -> None:
    sender = await case.connect(
        subprotocol=None, roles=(), query={"webpubsub_mode": "sendToGroup", "group": case.name("g")}
    )
    await sender.send_text("x")
    await sender.expect_close(1008)


@case("W-048", "A sender that is a member gets its own frame, unless noEcho is true.")
async def mode_echo(case: Context) -> None:
    group = case.name("g")
    mode = {"webpubsub_mode": "sendToGroup", "group": group}
    loud = await case.connect(subprotocol=None, groups=[group], query=mode)
    await loud.send_text("one")
    expect("frame", (await loud.frame()).data, "one")
    quiet = await case.connect(subprotocol=None, groups=[group], query=mode | {"noEcho": "true"})
    await quiet.send_text("two")
    expect("frame", (await loud.frame()).data, "two")
    await case.send(group_path(group), "three")
    expect("frame", (await quiet.frame()).data, "three")


@case("W-049", "An unknown mode is answered 400.", source="emulator")
async def unknown_mode(case: Context) -> None:
    expect("status", (await case.handshake(case.url(access_token=case.token(), webpubsub_mode="foo")))[0], 400)


@case("W-050", "The mode sendToGroup without a group is answered 400.", source="emulator")
async def mode_without_group(case: Context) -> None:
    url = case.url(access_token=case.token(), webpubsub_mode="sendToGroup")
    expect("status", (await case.handshake(url))[0], 400)


@case("W-051", "Mode and noEcho may be in any letter case.", source="emulator")
async def mode_letter_case(case: Context) -> None:
    query = {"webpubsub_mode": "SENDTOGROUP", "noEcho": "TRUE", "group": "g"}
    expect("status", (await case.handshake(case.url(access_token=case.token(), **query)))[0], 101)


@case("W-052", "A JSON message is a text frame with the JSON alone.")
async def json_without_envelope(case: Context) -> None:
    user = case.name("raw")
    client = await case.connect(user, subprotocol=None)
    await case.send(user_path(user), '{"a": 1}', "application/json")
    frame = await client.frame()
    expect("frame", (frame.type, frame.data), (WSMsgType.TEXT, '{"a": 1}'))


@case("W-053", "An event that no handler takes closes with 1011.", source="emulator")
async def no_handler(case: Context) -> None:
    client = await case.connect(subprotocol=None)
    await client.send_text("x")
    await client.expect_close(1011)


@case("W-054", "A handler's 204 sends nothing, its text a text frame, its bytes a binary frame.", needs_handler=True)
async def answers_to_raw_clients(case: Context) -> None:
    events = case.use_events()
    client = await case.connect(subprotocol=None)
    await client.send_text("nothing")
    await events.wait_for("message")
    events.respond("message", body=b"t", content_type="text/plain")
    await client.send_text("text")
    frame = await client.frame()
    expect("frame", (frame.type, frame.data), (WSMsgType.TEXT, "t"))
    events.respond("message", body=b"b", content_type="application/octet-stream")
    await client.send_text("bytes")
    frame = await client.frame()
    expect("frame", (frame.type, frame.data), (WSMsgType.BINARY, b"b"))


@case("W-055", "A raw client gets no system frame; a close by REST has the code 1000.")
async def no_system_frames(case: Context) -> None:
    user = case.name("raw")
    client = await case.connect(user, subprotocol=None)
    await case.send(user_path(user), "first")
    expect("first frame", (await client.frame()).data, "first")
    await case.succeed(204, "POST", f"{user_path(user)}/:closeConnections", query={"reason": "r"})
    frame = await client.frame()
    expect("next frame", (frame.type, frame.data), (WSMsgType.CLOSE, 1000))


@case("W-218", "A text that looks like an invoke frame is an ordinary event of a raw client.", needs_handler=True)
async def raw_invoke(case: Context) -> None:
    events = case.use_events()
    client = await case.connect(subprotocol=None)
    text = '{"type":"invoke","invocationId":"1","target":"event","event":"e"}'
    await client.send_text(text)
    expect("body", (await events.one("message")).body, text.encode())


@case(
    "W-149",
    "A handler's own subprotocol is echoed, and the client is a raw one.",
    needs_handler=True,
)
async def custom_subprotocol(case: Context) -> None:
    events = case.use_events()
    events.respond("connect", text='{"subprotocol":"custom"}', content_type="application/json")
    client = await case.connect(case.name("ana"), subprotocol="custom")
    expect("subprotocol", client.socket.protocol, "custom")
    connection_id = (await events.one("connected")).headers["ce-connectionId"]
    await case.send(f"connections/{connection_id}", "plain")
    expect("frame", (await client.frame()).data, "plain")
