"""Endpoints, hub names and client tokens."""

import asyncio
import base64
import time

from conformance.clients import JSON
from conformance.context import TOKEN_SECONDS, Context, connection_path, group_path
from conformance.expectations import NotRun, expect, expect_true
from conformance.registry import case
from conformance.tokens import sign_token

UNAUTHORIZED = (401, "")


@case("W-005", "HEAD of the health address needs no token and answers 200 without a body.")
async def health_needs_no_token(case: Context) -> None:
    async with case.http.head(f"{case.target.endpoint}/api/health?api-version=2024-12-01") as response:
        expect("status and body", (response.status, await response.read()), (200, b""))


@case("W-006", "An unknown api-version is answered 400 with that target.", source="emulator")
async def unknown_api_version(case: Context) -> None:
    response = await case.rest("POST", ":send", body="x", content_type="text/plain", api_version="1999-01-01")
    expect("status", response.status, 400)
    expect("error target", response.json()["target"], "api-version")


@case("W-007", "An api-version that is given twice is answered 400.", source="emulator")
async def two_api_versions(case: Context) -> None:
    twice = [("api-version", "2024-12-01"), ("api-version", "2024-12-01")]
    response = await case.rest("HEAD", group_path("g"), query=twice, api_version=None)
    expect("status", response.status, 400)


@case("W-008", "Letter case makes no difference in hub names.")
async def hub_letter_case(case: Context) -> None:
    case.use_own_hub()
    client = await case.connect()
    await case.succeed(200, "HEAD", connection_path(client), hub=case.hub.upper())


@case("W-009", "A hub name with a digit at its start, or with 129 characters, is refused by REST with 400.")
async def invalid_hub_names(case: Context) -> None:
    for hub in ("1x", "h" * 129):
        response = await case.rest("HEAD", group_path("g"), hub=hub)
        expect(f"status for the hub {hub[:3]}…", response.status, 400)


@case("W-010", "A plain GET of the client address is answered 400.", source="emulator")
async def plain_get(case: Context) -> None:
    async with case.http.get(case.url(access_token=case.token())) as response:
        expect("status", response.status, 400)


@case("W-011", "A valid token in the query opens the WebSocket.")
async def token_in_query(case: Context) -> None:
    client = await case.connect()
    await case.succeed(200, "HEAD", connection_path(client))


@case("W-012", "A valid token in the header Authorization opens it too.", source="emulator")
async def token_in_header(case: Context) -> None:
    client = await case.open(case.url(), headers={"Authorization": f"Bearer {case.token()}"})
    expect_true("a connection id", client.id, client.connected)


@case("W-013", "The token of the query counts where both are given.", source="emulator")
async def token_in_both(case: Context) -> None:
    valid = {"Authorization": f"Bearer {case.token()}"}
    expect("answer", await case.handshake(case.url(access_token="x.y.z"), headers=valid), UNAUTHORIZED)


@case("W-014", "A handshake without a token is answered 401 with an empty body.")
async def no_token(case: Context) -> None:
    expect("answer", await case.handshake(case.url()), UNAUTHORIZED)


@case("W-015", "A wrong signature is answered 401.")
async def wrong_signature(case: Context) -> None:
    token = sign_token("another key, which is 32 bytes long", case.claims())
    expect("status", (await case.handshake(case.url(access_token=token)))[0], 401)


@case("W-016", "The access key is its UTF-8 bytes: a token that its base64 bytes signed is answered 401.")
async def key_as_base64(case: Context) -> None:
    text = case.target.access_key
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise NotRun("the access key is no base64") from None
    token = sign_token(key, case.claims())
    expect("status", (await case.handshake(case.url(access_token=token)))[0], 401)


@case("W-017", "A token may have expired a minute ago, and not ten minutes ago.", source="emulator")
async def expired_tokens(case: Context) -> None:
    now = int(time.time())
    statuses = [
        (await case.handshake(case.url(access_token=case.sign(case.claims() | {"exp": now - ago}))))[0]
        for ago in (60, 600)
    ]
    expect("statuses", statuses, [101, 401])


@case("W-018", "A token without exp is answered 401.")
async def token_without_expiry(case: Context) -> None:
    claims = case.claims()
    del claims["exp"]
    expect("status", (await case.handshake(case.url(access_token=case.sign(claims))))[0], 401)


@case("W-019", "A token whose nbf is ten minutes ahead is answered 401.")
async def token_of_the_future(case: Context) -> None:
    token = case.sign(case.claims() | {"nbf": int(time.time()) + TOKEN_SECONDS, "exp": int(time.time()) + 1200})
    expect("status", (await case.handshake(case.url(access_token=token)))[0], 401)


@case("W-020", "An audience of another hub, host or port is answered 401.")
async def other_audiences(case: Context) -> None:
    own = case.target.client_audience(case.hub)
    others = (
        case.target.client_audience("other"),
        f"http://other.example/client/hubs/{case.hub}",
        f"{case.target.endpoint}1/client/hubs/{case.hub}",
        own.rpartition("/")[0],
    )
    for audience in others:
        token = case.sign(case.claims() | {"aud": audience})
        status, _ = await case.handshake(case.url(access_token=token))
        expect(f"status for {audience}", status, 401)


@case("W-021", "Letter case makes no difference in the audience.", source="emulator")
async def audience_letter_case(case: Context) -> None:
    token = case.sign(case.claims() | {"aud": case.target.client_audience(case.hub).upper()})
    expect("status", (await case.handshake(case.url(access_token=token)))[0], 101)


@case("W-022", "An audience with ws:// is answered 401.")
async def audience_scheme(case: Context) -> None:
    audience = "ws" + case.target.client_audience(case.hub).removeprefix("http")
    token = case.sign(case.claims() | {"aud": audience})
    expect("status", (await case.handshake(case.url(access_token=token)))[0], 401)


@case("W-023", "A token for a REST call opens no client connection.")
async def rest_token_for_client(case: Context) -> None:
    token = case.rest_token(f"{case.target.endpoint}/api/hubs/{case.hub}/:send")
    expect("status", (await case.handshake(case.url(access_token=token)))[0], 401)


@case("W-024", "A connection stays open when its token expires.")
async def token_expires_later(case: Context) -> None:
    token = case.sign(case.claims() | {"exp": int(time.time()) + 1})
    client = await case.open(case.url(access_token=token))
    await asyncio.sleep(2)
    await client.expect_nothing()


@case("W-025", "The claim sub is the user id, in the connected frame and in events.", needs_handler=True)
async def user_of_the_token(case: Context) -> None:
    events = case.use_events()
    user = case.name("ana")
    client = await case.connect(user)
    expect("userId", client.connected.get("userId"), user)
    expect("ce-userId", (await events.one("connected")).headers.get("ce-userId"), user)


@case("W-026", "Without sub there is no user, in the connected frame and in events.", needs_handler=True)
async def no_user(case: Context) -> None:
    events = case.use_events()
    client = await case.connect()
    expect("userId", client.connected.get("userId"), None)
    expect("ce-userId", (await events.one("connected")).headers.get("ce-userId"), None)


@case("W-027", "The groups of the token are joined without a role.")
async def groups_of_the_token(case: Context) -> None:
    groups = [case.name("a"), case.name("b")]
    client = await case.connect(roles=(), groups=groups)
    for group in groups:
        await case.send(group_path(group), group)
        expect("data", await client.data(), group)


@case("W-028", "A blank group, or one of 1,025 characters, in the token is answered 400.", source="emulator")
async def invalid_groups_of_the_token(case: Context) -> None:
    for group in (" ", "g" * 1025):
        url = case.url(access_token=case.token(groups=[group]))
        expect(f"status for {group[:2]!r}", (await case.handshake(url, JSON))[0], 400)


@case("W-029", "An unknown role is ignored.")
async def unknown_role(case: Context) -> None:
    client = await case.connect(roles=("webpubsub.unknown", "x"))
    await client.expect_nothing()


@case("W-275", "The client path is matched in any letter case and with a slash at its end.", source="emulator")
async def client_path_forms(case: Context) -> None:
    for path in (f"/CLIENT/Hubs/{case.hub.upper()}", f"/client/hubs/{case.hub}/"):
        url = f"{case.target.endpoint}{path}?access_token={case.token()}"
        expect(f"status of {path}", (await case.handshake(url, JSON))[0], 101)
