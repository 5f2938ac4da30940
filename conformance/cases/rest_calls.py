"""The REST data plane."""

import json
from collections.abc import AsyncIterator

from conformance.context import (
    Context,
    connection_path,
    group_path,
    permission_path,
    user_path,
)
from conformance.expectations import expect, expect_true
from conformance.registry import case

UNKNOWN = "connections/unknown"
NOT_EXISTED = "Info.Connection.NotExisted"
MEBIBYTE = 1024 * 1024


@case(
    "W-171",
    "No or a wrong token is 401; the audience may have a query or another scheme, not only a part of the path.",
    source="emulator",
)
async def tokens(case: Context) -> None:
    path = f"{group_path('g')}/:send"
    address = f"{case.target.endpoint}/api/hubs/{case.hub}/{path}"
    host = address.partition("://")[2]
    wrong = await case.rest("POST", path, body="x", content_type="text/plain", token="x.y.z")
    expect("answer to a wrong token", (wrong.status, wrong.body), (401, b""))
    none = await case.rest("POST", path, body="x", content_type="text/plain", headers={"Authorization": ""})
    expect("answer without a token", (none.status, none.body), (401, b""))
    audiences = {f"{address}?api-version=2024-12-01": 202, f"wss://{host}": 202, f"{case.target.endpoint}/api": 401}
    for audience, status in audiences.items():
        token = case.rest_token(audience)
        response = await case.rest("POST", path, body="x", content_type="text/plain", token=token)
        expect(f"status with the audience {audience}", response.status, status)


@case("W-172", "excluded, given twice, leaves out both connections.")
async def excluded(case: Context) -> None:
    case.use_own_hub()
    clients = [await case.connect() for _ in range(3)]
    await case.send("", "some", query=[("excluded", client.id) for client in clients[:2]])
    await case.send("", "all")
    expect("first data", [await client.data() for client in clients], ["all", "all", "some"])


@case("W-173", "A filter chooses the receivers; an invalid one is 400 Error.BadRequest.")
async def filtered(case: Context) -> None:
    case.use_own_hub()
    ana, bob = await case.connect("ana"), await case.connect("bob")
    await case.send("", "some", query={"filter": "userId eq 'bob'"})
    await case.send("", "all")
    expect("first data", [await ana.data(), await bob.data()], ["all", "some"])
    response = await case.rest("POST", ":send", body="x", content_type="text/plain", query={"filter": "userId eq"})
    expect("answer", (response.status, response.json()["code"]), (400, "Error.BadRequest"))


@case("W-174", "A message to an unknown connection, user or group is 202.")
async def unknown_receivers(case: Context) -> None:
    for path in (UNKNOWN, user_path(case.name("nobody")), group_path(case.name("g"))):
        await case.send(path, "x")


@case("W-175", "text/plain is text, application/json json, no type binary; text/html is 415.")
async def content_types(case: Context) -> None:
    user = case.name("ana")
    client = await case.connect(user)
    for content_type, type_, data in (
        ("text/plain", "text", "1"),
        ("application/json", "json", 1),
        (None, "binary", "MQ=="),
    ):
        await case.succeed(202, "POST", f"{user_path(user)}/:send", body="1", content_type=content_type)
        message = await client.message()
        expect(f"message of {content_type}", (message["dataType"], message["data"]), (type_, data))
    await case.succeed(415, "POST", f"{user_path(user)}/:send", body="1", content_type="text/html")


@case("W-176", "Invalid JSON, no Content-Length and more than 1 MiB are 400.", source="emulator")
async def invalid_bodies(case: Context) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"x"

    path = f"{group_path('g')}/:send"
    await case.succeed(400, "POST", path, body="{", content_type="application/json")
    await case.succeed(400, "POST", path, body=chunks(), content_type="text/plain")
    await case.succeed(400, "POST", path, body="x" * (MEBIBYTE + 1), content_type="text/plain")


@case("W-177", "messageTtlSeconds of 301 is 400.")
async def time_to_live(case: Context) -> None:
    path = f"{group_path('g')}/:send"
    for value, status in (("300", 202), ("301", 400), ("-1", 400), ("x", 400)):
        await case.succeed(
            status, "POST", path, body="x", content_type="text/plain", query={"messageTtlSeconds": value}
        )


@case("W-178", "HEAD of a connection, a group and a user is 200 or 404.")
async def existence(case: Context) -> None:
    user, group = case.name("ana"), case.name("g")
    for path in (user_path(user), group_path(group), UNKNOWN):
        await case.succeed(404, "HEAD", path)
    client = await case.connect(user, groups=[group])
    for path in (user_path(user), group_path(group), connection_path(client)):
        await case.succeed(200, "HEAD", path)


@case("W-179", "PUT of a connection into a group is 200; an unknown one is 404 with a code.", source="emulator")
async def add_connection(case: Context) -> None:
    group = case.name("g")
    client = await case.connect()
    await case.succeed(200, "PUT", f"{group_path(group)}/{connection_path(client)}")
    await case.send(group_path(group), "x")
    expect("data", await client.data(), "x")
    for path in (f"{group_path(group)}/{connection_path(client)}", f"{connection_path(client)}/groups"):
        await case.succeed(204, "DELETE", path)
        await case.send(group_path(group), "unseen")
        await client.expect_nothing()
        await case.succeed(200, "PUT", f"{group_path(group)}/{connection_path(client)}")
    response = await case.succeed(404, "PUT", f"{group_path(group)}/{UNKNOWN}")
    expect("code", response.error_code, "Error.Connection.NotExisted")


@case("W-180", "Every DELETE of something unknown is 204.", source="emulator")
async def delete_unknown(case: Context) -> None:
    group, user = group_path(case.name("g")), user_path(case.name("nobody"))
    for path in (UNKNOWN, f"{UNKNOWN}/groups", f"{group}/{UNKNOWN}", f"{user}/{group}", f"{user}/groups"):
        await case.succeed(204, "DELETE", path)
    permission = permission_path("sendToGroup", "unknown")
    await case.succeed(204, "DELETE", permission, query={"targetName": "g"})


@case("W-181", "A user is added to a group with all connections of now, and none of later.")
async def add_user(case: Context) -> None:
    user, group = case.name("ana"), case.name("g")
    clients = [await case.connect(user) for _ in range(2)]
    await case.succeed(200, "PUT", f"{user_path(user)}/{group_path(group)}")
    later = await case.connect(user)
    await case.send(group_path(group), "x")
    expect("data", [await client.data() for client in clients], ["x", "x"])
    await later.expect_nothing()
    await case.succeed(204, "DELETE", f"{user_path(user)}/{group_path(group)}")
    await case.send(group_path(group), "unseen")
    await clients[0].expect_nothing()


@case("W-182", "A user without connections is 404.", source="emulator")
async def add_user_without_connections(case: Context) -> None:
    await case.succeed(404, "PUT", f"{user_path(case.name('nobody'))}/{group_path('g')}")


@case("W-183", ":addToGroups adds the connections that match its filter, or all.")
async def add_to_groups(case: Context) -> None:
    case.use_own_hub()
    ana, bob = await case.connect("ana"), await case.connect("bob")
    await add(case, {"groups": ["some"], "filter": "userId eq 'ana'"})
    await add(case, {"groups": ["all", "more"]})
    for group in ("some", "all", "more"):
        await case.send(group_path(group), group)
    expect("data of ana", [await ana.data() for _ in range(3)], ["some", "all", "more"])
    expect("data of bob", [await bob.data() for _ in range(2)], ["all", "more"])
    await case.succeed(200, "POST", ":removeFromGroups", body='{"groups":["all"]}', content_type="application/json")
    await case.send(group_path("all"), "unseen")
    await ana.expect_nothing()


async def add(case: Context, body: object, status: int = 200) -> None:
    """Call `:addToGroups` with a JSON body."""
    await case.succeed(status, "POST", ":addToGroups", body=json.dumps(body), content_type="application/json")


@case("W-184", ":closeConnections of a hub, group and user spares the excluded ones.")
async def close_connections(case: Context) -> None:
    case.use_own_hub()
    for path in ("", f"{group_path('g')}/", f"{user_path('ana')}/"):
        closed, spared = [await case.connect("ana", groups=["g"]) for _ in range(2)]
        await case.succeed(204, "POST", f"{path}:closeConnections", query={"excluded": spared.id, "reason": "r"})
        await closed.expect_close(1000)
        await spared.expect_nothing()
        await spared.close()


@case("W-185", "A permission counts from the next frame; after its end the request is Forbidden, the membership stays.")
async def permission(case: Context) -> None:
    group = case.name("g")
    client = await case.connect(roles=())
    path = permission_path("joinLeaveGroup", client.id)
    await client.fail("Forbidden", "joinGroup", 1, group=group)
    await case.succeed(200, "PUT", path, query={"targetName": group})
    await client.succeed("joinGroup", 2, group=group)
    await case.succeed(204, "DELETE", path, query={"targetName": group})
    await client.fail("Forbidden", "leaveGroup", 3, group=group)
    await case.send(group_path(group), "x")
    expect("data", await client.data(), "x")


@case("W-186", "HEAD of a permission is 200 or 404, and 400 without targetName.", source="emulator")
async def has_permission(case: Context) -> None:
    client = await case.connect(roles=("webpubsub.sendToGroup.g",))
    path = permission_path("sendToGroup", client.id)
    await case.succeed(200, "HEAD", path, query={"targetName": "g"})
    await case.succeed(404, "HEAD", path, query={"targetName": "h"})
    await case.succeed(400, "HEAD", path)


@case("W-187", "A permission for an unknown connection is 404, its end 204.", source="emulator")
async def permission_of_unknown(case: Context) -> None:
    path = permission_path("sendToGroup", "unknown")
    await case.succeed(404, "PUT", path, query={"targetName": "g"})
    await case.succeed(204, "DELETE", path, query={"targetName": "g"})


@case("W-191", "%20 is a space, letters are UTF-8, %2F stays as it is.", source="emulator")
async def encoded_names(case: Context) -> None:
    names = {"a%20b": "a b", "%C3%A9": "é", "a%2Fb": "a%2Fb", "a+b": "a+b"}
    for path, suffix in names.items():
        group = case.name(suffix)
        client = await case.connect(groups=[group])
        await case.send(f"groups/{case.name(path)}", "x")
        expect(f"data of {path}", await client.data(), "x")


@case("W-192", "A token of :generateToken connects with its user, roles and groups.", source="emulator")
async def generated_token(case: Context) -> None:
    user, group = case.name("ana"), case.name("g")
    query = [("userId", user), ("role", "webpubsub.sendToGroup"), ("group", group), ("minutesToExpire", "5")]
    token = (await case.succeed(200, "POST", ":generateToken", query=query)).json()["token"]
    client = await case.open(case.url(access_token=token))
    expect("userId", client.connected["userId"], user)
    await client.succeed("sendToGroup", 1, group=group, dataType="text", data="x")
    expect("data", await client.data(), "x")
    await client.fail("Forbidden", "leaveGroup", 2, group=group)


@case("W-193", "Metadata headers reach JSON clients, with keys in lower case.")
async def metadata(case: Context) -> None:
    user = case.name("ana")
    client = await case.connect(user)
    await case.send(user_path(user), "x", headers={"X-WebPubSub-Metadata-Key": "v"})
    expect("metadata", (await client.message()).get("metadata"), {"key": "v"})


@case("W-194", "An error has code, message and target, and the code in a header.")
async def errors(case: Context) -> None:
    response = await case.succeed(404, "PUT", f"{group_path('g')}/{UNKNOWN}")
    body = response.json()
    expect_true("code, message and target", {"code", "message", "target"} <= set(body), body)
    expect("header", response.error_code, body["code"])


@case("W-276", "No groups in a bulk body are 400.", source="emulator")
async def no_groups(case: Context) -> None:
    case.use_own_hub()
    bodies: tuple[object, ...] = ({"groups": []}, {}, {"groups": None}, None)
    for body in bodies:
        await add(case, body, 400)
        text = json.dumps(body)
        await case.succeed(400, "POST", ":removeFromGroups", body=text, content_type="application/json")


@case("W-277", "One bad name is 400, and nothing is changed.", source="emulator")
async def one_bad_group(case: Context) -> None:
    case.use_own_hub()
    client = await case.connect()
    await add(case, {"groups": ["good", " "]}, 400)
    await case.send(group_path("good"), "unseen")
    await client.expect_nothing()


@case("W-278", "Properties of a bulk body may be in any letter case, the filter null.", source="emulator")
async def bulk_letter_case(case: Context) -> None:
    case.use_own_hub()
    client = await case.connect()
    await add(case, {"Groups": ["g"], "FILTER": None})
    await case.send(group_path("g"), "x")
    expect("data", await client.data(), "x")


@case("W-279", "A bulk body must be application/json with a known charset.", source="emulator")
async def bulk_content_type(case: Context) -> None:
    case.use_own_hub()
    for content_type in ("text/plain", None, "application/json; charset=unknown"):
        await case.succeed(415, "POST", ":addToGroups", body='{"groups":["g"]}', content_type=content_type)


@case("W-280", "An unknown charset is ignored for bytes, and 415 for text.", source="emulator")
async def unknown_charset(case: Context) -> None:
    path = f"{group_path('g')}/:send"
    await case.succeed(202, "POST", path, body="x", content_type="application/octet-stream; charset=unknown")
    await case.succeed(415, "POST", path, body="x", content_type="text/plain; charset=unknown")


@case("W-282", "A metadata header without a key is 400.", source="emulator")
async def metadata_without_key(case: Context) -> None:
    headers = {"X-WebPubSub-Metadata-": "v"}
    await case.succeed(400, "POST", f"{group_path('g')}/:send", body="x", content_type="text/plain", headers=headers)


@case("W-283", "Both kinds of a missing permission have the code Info.Connection.NotExisted.", source="emulator")
async def missing_permission(case: Context) -> None:
    client = await case.connect(roles=())
    for connection_id in (client.id, "unknown"):
        path = permission_path("sendToGroup", connection_id)
        response = await case.succeed(404, "HEAD", path, query={"targetName": "g"})
        expect("code", response.error_code, NOT_EXISTED)


@case("W-284", "A permission may be 1 or 2; other numbers are 400.", source="emulator")
async def numbered_permission(case: Context) -> None:
    client = await case.connect(roles=("webpubsub.sendToGroup", "webpubsub.joinLeaveGroup"))
    for number, status in (("1", 200), ("2", 200), ("0", 400), ("3", 400), ("-1", 400)):
        await case.succeed(status, "HEAD", permission_path(number, client.id), query={"targetName": "g"})
