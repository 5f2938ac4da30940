import time
from dataclasses import replace

import jwt
import pytest

from local_azure.webpubsub import Service, Settings
from local_azure.webpubsub.tokens import ENTRA_AUDIENCE
from tests.local_azure.webpubsub.harness import FAST, JSON, Harness, client_url
from tests.local_azure.webpubsub.rest.rest_client import RestClient

PATH = "/:generateToken"


async def test_w192_a_token_connects_with_what_was_asked_for(
    harness: Harness, service: Service, rest: RestClient
) -> None:
    """A caller with an access key's token is accepted, as the API description says."""
    query = [("userId", "ana"), ("group", "a"), ("group", "b"), ("role", "webpubsub.sendToGroup")]
    answer = await rest("POST", PATH, *query, ("minutesToExpire", "5"))
    token = answer.json()["token"]

    ana = await harness.open(client_url(service, access_token=token), JSON)

    assert set(answer.json()) == {"token"}
    assert ana.connected["userId"] == "ana"
    await rest.text("/groups/b/:send", "hi")
    assert await ana.data() == "hi"
    assert (await ana.request("sendToGroup", 1, group="x", data=1))["success"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] == pytest.approx(time.time() + 300, abs=10)


async def test_a_token_is_valid_for_an_hour_and_names_no_user_by_default(rest: RestClient) -> None:
    token = (await rest("POST", PATH, ("userId", ""))).json()["token"]

    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] == pytest.approx(time.time() + 3600, abs=10)
    assert set(claims) == {"aud", "iat", "exp"}


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("minutesToExpire", "0", 400),
        ("minutesToExpire", "x", 400),
        ("minutesToExpire", "2147483648", 400),
        ("group", " ", 400),
        ("clientType", "SocketIO", 400),
        ("clientType", "mqtt", 501),
    ],
)
async def test_invalid_contents_of_a_token_are_refused(rest: RestClient, name: str, value: str, status: int) -> None:
    answer = await rest("POST", PATH, (name, value))

    assert (answer.status, answer.json()["target"]) == (status, name)


async def test_an_entra_token_is_accepted_only_with_the_option(harness: Harness) -> None:
    entra = jwt.encode({"aud": ENTRA_AUDIENCE, "exp": time.time() + 60}, "not-our-key-0123456789-0123456789", "HS256")
    headers = {"Authorization": f"Bearer {entra}"}

    for allowed, status in ((False, 401), (True, 200)):
        service = await harness.service(replace(Settings(times=FAST), allow_unvalidated_entra_tokens=allowed))
        answer = await RestClient(service, harness.http)("POST", PATH, headers=headers)
        assert answer.status == status


async def test_a_proxy_is_a_public_endpoint(harness: Harness) -> None:
    service = await harness.service(Settings(times=FAST, public_endpoints=["https://chat.example"]))
    rest = RestClient(service, harness.http)
    headers = {"Authorization": f"Bearer {rest.token('https://chat.example/api/hubs/chat/users/ana')}"}

    assert (await rest("HEAD", "/users/ana", headers=headers)).status == 404
