"""Events that carry a token of the service's own identity, for handlers whose settings ask for one."""

from dataclasses import replace

import pytest

from local_azure.webpubsub import EventHandler, HubSettings, Service, Settings, SettingsError
from tests.local_azure.webpubsub.harness import FAST, HUB, Application, Harness

RESOURCE = "api://chat"
URL = "http://localhost/{event}"


@pytest.fixture
async def identified(harness: Harness) -> Service:
    """A service whose tokens name what they are for."""
    return await harness.service(Settings(times=FAST), own_token=lambda resource: f"token for {resource}")


async def test_w294_w295_every_event_carries_a_token_and_the_question_for_permission_does_not(
    harness: Harness, identified: Service, application: Application
) -> None:
    identified.set_event_handlers(HUB, [replace(application.handler(), auth_resource=RESOURCE)])

    ana = await harness.connect(identified, "ana")
    assert (await ana.request("event", 1, event="move", dataType="text", data="e4"))["success"]
    await ana.ws.close()
    await application.wait_for("disconnected")

    tokens = {request.event: request.headers.get("Authorization") for request in application.received}
    events = ("connect", "connected", "move", "disconnected")
    assert tokens == {"validate": None} | dict.fromkeys(events, f"Bearer token for {RESOURCE}")
    assert all("ce-signature" in request.headers for request in application.received if request.event != "validate")


@pytest.mark.parametrize("resource", [None, ""])
async def test_a_handler_that_asks_for_none_gets_none(
    harness: Harness, identified: Service, application: Application, resource: str | None
) -> None:
    identified.set_event_handlers(HUB, [replace(application.handler(), auth_resource=resource)])

    await harness.connect(identified, "ana")

    assert all("Authorization" not in request.headers for request in application.received)


async def test_a_service_without_an_identity_refuses_such_a_handler(service: Service) -> None:
    handler = EventHandler(URL, auth_resource=RESOURCE)

    with pytest.raises(SettingsError, match=r"chat.* this service has no identity: start it with --identity"):
        service.set_event_handlers(HUB, [handler])
    with pytest.raises(SettingsError, match="this service has no identity"):
        Service(Settings(hubs={HUB: HubSettings([handler])}))


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ({"Type": "ManagedIdentity", "ManagedIdentity": {"Resource": RESOURCE}}, RESOURCE),
        ({"type": "managedidentity", "managedIdentity": {"resource": RESOURCE}}, RESOURCE),
        ({"Type": "None"}, ""),
        ({}, None),
    ],
)
def test_the_settings_of_a_handler_name_the_audience_in_any_letter_case(
    auth: dict[str, object], expected: str | None
) -> None:
    document = {"WebPubSub": {"Hubs": {HUB: {"EventHandlers": [{"UrlTemplate": URL, "Auth": auth}]}}}}

    [handler] = Settings.from_json(document).hub(HUB).event_handlers
    assert handler.auth_resource == expected


def test_without_local_authentication_the_keys_of_the_settings_are_replaced_by_a_secret_one() -> None:
    document = {"WebPubSub": {"DisableLocalAuth": True, "AccessKey": "k" * 32, "SecondaryAccessKey": "s" * 32}}

    first, second = Settings.from_json(document), Settings.from_json(document)

    assert len({*first.access_keys, *second.access_keys, "k" * 32, "s" * 32}) == 4
    assert len(first.access_keys) == 1
