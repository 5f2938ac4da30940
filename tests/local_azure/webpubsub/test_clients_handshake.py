"""Who may connect: everything that is decided before a WebSocket upgrade is answered (W-008 and following)."""

import time
from base64 import b64decode
from dataclasses import replace
from typing import Any

import jwt
import pytest
from aiohttp import web

from local_azure.webpubsub import HubSettings, Service, Settings
from tests.local_azure.webpubsub.harness import FAST, HUB, JSON, Harness, client_url, token_for

SECOND_KEY = "second-key-for-tests-0123456789abcdef"


def claims(service: Service, **changes: object) -> dict[str, object]:
    """Return the claims of a good token with changes; None removes a claim."""
    good: dict[str, object] = {"aud": f"{service.endpoint}/client/hubs/{HUB}", "exp": int(time.time()) + 60}
    return {name: value for name, value in (good | changes).items() if value is not None}


async def status_with(harness: Harness, service: Service, key: str | bytes | None = None, **changes: object) -> int:
    token = jwt.encode(claims(service, **changes), key or service.settings.access_key, "HS256")
    status, text = await harness.refusal(client_url(service, access_token=token))
    assert text == "" or status not in (101, 401)
    return status


async def test_w008_the_letter_case_of_the_hub_does_not_matter(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana", hub="Chat")

    assert [connection.id for connection in service.hubs.hub("CHAT").connections()] == [ana.id]


@pytest.mark.parametrize("path", ["/CLIENT/Hubs/CHAT", "/client/hubs/chat/", "/Client/HUBS/Chat/"])
async def test_w275_the_path_is_matched_in_any_letter_case_and_with_a_slash_at_its_end(
    harness: Harness, service: Service, path: str
) -> None:
    ana = await harness.open(f"{service.endpoint}{path}?access_token={token_for(service, 'ana')}", JSON)

    assert ana.connected["userId"] == "ana"
    assert [connection.id for connection in service.hubs.hub("chat").connections()] == [ana.id]


@pytest.mark.parametrize("path", ["/client/hubs/chat//", "/client/hubs/chat/more", "/client/hub/chat"])
async def test_w275_no_other_path_is_a_hub(harness: Harness, service: Service, path: str) -> None:
    status, _ = await harness.refusal(f"{service.endpoint}{path}?access_token={token_for(service)}")

    assert status == 404


@pytest.mark.parametrize("hub", ["", "%20", "1chat", "a" * 129, "ch%2Fat"])
async def test_w009_an_invalid_hub_name_is_a_bad_request(harness: Harness, service: Service, hub: str) -> None:
    assert (await harness.refusal(f"{service.endpoint}/client/hubs/{hub}"))[0] == 400


@pytest.mark.parametrize("path", ["/client/hubs/chat", "/client/?hub=chat", "/client?hub=chat"])
async def test_w010_a_plain_get_is_a_bad_request(harness: Harness, service: Service, path: str) -> None:
    async with harness.http.get(f"{service.endpoint}{path}") as response:
        assert response.status == 400


@pytest.mark.parametrize("key", ["", "c2hvcnQ=", "é", "!" * 24])
async def test_a_handshake_without_a_proper_key_is_a_bad_request(harness: Harness, service: Service, key: str) -> None:
    url = client_url(service, access_token=token_for(service))

    assert (await harness.refusal(url, headers={"Sec-WebSocket-Key": key}))[0] == 400


async def test_a_client_without_a_token_creates_no_hub(harness: Harness, service: Service) -> None:
    recovery = client_url(service, "new", awps_connection_id="x", awps_reconnection_token="y")

    client = await harness.open(recovery, JSON, recovers=True)

    assert (await client.closed())[0] == 1008
    assert (await harness.refusal(client_url(service, "newer")))[0] == 401
    assert [hub.name for hub in service.hubs] == []


@pytest.mark.parametrize("path", ["/client/?hub=Chat&", "/client?hub=chat&"])
async def test_the_older_form_of_the_url_is_served_too(harness: Harness, service: Service, path: str) -> None:
    ana = await harness.open(f"{service.endpoint}{path}access_token={token_for(service, 'ana')}", JSON)

    assert ana.connected["userId"] == "ana"


@pytest.mark.parametrize("name", ["access_token", "Access_Token"])
async def test_w011_a_token_in_the_query_is_accepted(harness: Harness, service: Service, name: str) -> None:
    assert (await harness.refusal(client_url(service, **{name: token_for(service)})))[0] == 101


async def test_w012_and_w013_a_token_in_a_header_is_accepted_unless_the_query_has_one(
    harness: Harness, service: Service
) -> None:
    header = {"Authorization": f"Bearer {token_for(service)}"}

    assert (await harness.refusal(client_url(service), headers=header))[0] == 101
    assert (await harness.refusal(client_url(service, access_token=""), headers=header))[0] == 101
    assert (await harness.refusal(client_url(service, access_token="nonsense"), headers=header))[0] == 401


async def test_w014_without_a_token_nobody_may_connect(harness: Harness, service: Service) -> None:
    assert await harness.refusal(client_url(service)) == (401, "")


async def test_w015_and_w016_a_signature_by_another_key_is_refused(harness: Harness, service: Service) -> None:
    as_base64 = b64decode(service.settings.access_key)

    assert await status_with(harness, service, "another-key-that-is-long-enough-1234") == 401
    assert await status_with(harness, service, as_base64) == 401


async def test_the_secondary_key_signs_as_well(harness: Harness) -> None:
    service = await harness.service(Settings(secondary_access_key=SECOND_KEY, times=FAST))

    assert await status_with(harness, service, SECOND_KEY) == 101


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"exp": -600}, 401),
        ({"exp": -60}, 101),
        ({"exp": None}, 401),
        ({"nbf": 600}, 401),
        ({"nbf": 60}, 101),
    ],
)
async def test_w017_to_w019_lifetimes_are_judged_with_five_minutes_of_skew(
    harness: Harness, service: Service, changes: dict[str, int | None], status: int
) -> None:
    absolute: dict[str, Any] = {
        name: None if value is None else int(time.time()) + value for name, value in changes.items()
    }

    assert await status_with(harness, service, **absolute) == status


async def test_w020_to_w023_the_audience_is_this_hub_at_the_address_of_the_request(
    harness: Harness, service: Service
) -> None:
    audience = f"{service.endpoint}/client/hubs/{HUB}"
    host = service.endpoint.removeprefix("http://")

    assert await status_with(harness, service, aud=audience.replace("chat", "CHAT").replace("http", "HTTP")) == 101
    for other in (
        f"{service.endpoint}/client/hubs/other",
        f"http://other.example/client/hubs/{HUB}",
        f"http://127.0.0.1:1/client/hubs/{HUB}",
        f"ws://{host}/client/hubs/{HUB}",
        f"{service.endpoint}/api/hubs/{HUB}/:send",
    ):
        assert await status_with(harness, service, aud=other) == 401


async def test_a_token_for_a_public_endpoint_is_accepted(harness: Harness) -> None:
    service = await harness.service(Settings(public_endpoints=["https://chat.example"], times=FAST))

    assert await status_with(harness, service, aud=f"https://chat.example/client/hubs/{HUB}") == 101


async def test_w024_a_token_that_expires_later_does_not_end_the_connection(harness: Harness) -> None:
    service = await harness.service(Settings(times=replace(FAST, clock_skew_seconds=0)))
    now = time.time()
    token = jwt.encode(claims(service, exp=now + 1.0), service.settings.access_key, "HS256")
    ana = await harness.open(client_url(service, access_token=token), JSON)

    while time.time() < now + 1.0:
        await ana.expect_no_message()

    await ana.expect_no_message()
    assert (await harness.refusal(client_url(service, access_token=token)))[0] == 401


async def test_w025_and_w026_the_user_is_the_subject(harness: Harness, service: Service) -> None:
    assert (await harness.connect(service, "ana")).connected["userId"] == "ana"
    assert (await harness.connect(service)).connected["userId"] is None


async def test_w027_groups_of_the_token_need_no_role(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana", roles=(), groups=["one", "two"])
    bo = await harness.connect(service, "bo")

    await bo.request("sendToGroup", 1, group="one", data=1)
    await bo.request("sendToGroup", 2, group="two", data=2)

    assert [await ana.data(), await ana.data()] == [1, 2]


@pytest.mark.parametrize("group", [" ", "g" * 1025])
async def test_w028_a_group_claim_that_is_no_group_is_a_bad_request(
    harness: Harness, service: Service, group: str
) -> None:
    url = client_url(service, access_token=token_for(service, groups=["fine", group]))

    assert await harness.refusal(url) == (400, "The token contains an invalid group name.")


async def test_w029_and_w041_roles_that_mean_nothing_are_left_out(harness: Harness, service: Service) -> None:
    roles = ["webpubsub.fly", "other", "webpubsub.sendToGroups.?.?.?.?.?.?"]
    ana = await harness.connect(service, "ana", roles=roles)

    assert not (await ana.request("sendToGroup", 1, group="a.b.c.d.e.f", data=1))["success"]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"webpubsub_mode": "foo"}, "Invalid webpubsub_mode. Valid modes are sendToGroup and sendEvent."),
        ({"webpubsub_mode": "sendToGroup"}, "Invalid group. It must have 1 to 1024 characters and not be blank."),
        (
            {"webpubsub_mode": "sendToGroup", "group": "g", "noEcho": "maybe"},
            "Invalid noEcho. Valid values are true and false.",
        ),
    ],
)
@pytest.mark.parametrize("offered", [(), (JSON,)])
async def test_w049_and_w050_a_wrong_raw_mode_is_a_bad_request(
    harness: Harness, service: Service, query: dict[str, str], text: str, offered: tuple[str, ...]
) -> None:
    url = client_url(service, access_token=token_for(service), **query)

    assert await harness.refusal(url, *offered) == (400, text)


async def test_with_the_allow_policy_a_client_needs_no_token_but_a_wrong_one_is_refused(harness: Harness) -> None:
    service = await harness.service(Settings(hubs={"open": HubSettings(anonymous_connect_policy="allow")}, times=FAST))

    anonymous = await harness.open(client_url(service, "open"), JSON)

    assert anonymous.connected["userId"] is None
    assert (await harness.refusal(client_url(service, "open", access_token="nonsense")))[0] == 401
    assert (await harness.refusal(client_url(service, "closed")))[0] == 401


async def test_an_anonymous_client_is_given_its_user_by_the_connect_handler(harness: Harness) -> None:
    application = await harness.application()
    application.answer("connect", lambda request: web.json_response({"userId": request.json()["query"]["id"][0]}))
    hubs = {HUB: HubSettings([application.handler()], anonymous_connect_policy="allow")}
    service = await harness.service(Settings(hubs=hubs, times=FAST))

    ana = await harness.open(client_url(service, id="ana"), JSON)

    assert ana.connected["userId"] == "ana"
    assert application.of("connect")[0].json()["claims"] == {}


async def test_compression_is_declined(harness: Harness, service: Service) -> None:
    """JavaScript clients offer it; frames are shared by many receivers and are sent as they are."""
    ws = await harness.http.ws_connect(client_url(service, access_token=token_for(service)), compress=15)

    assert ws.compress == 0
    await ws.close()
