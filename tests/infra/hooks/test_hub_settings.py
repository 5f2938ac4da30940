"""What a hub must say, and that everything else that it says stays."""

from copy import deepcopy
from typing import Any

import pytest

from infra.hooks.hub_settings import WantedHandler, find_differences, merge_settings

WANTED = WantedHandler("https://func-chat.example", "https://webpubsub.azure.com")
HANDLER: dict[str, Any] = {
    "urlTemplate": "https://func-chat.example/eventhandler/{event}",
    "userEventPattern": "*",
    "systemEvents": ["connect", "connected", "disconnected"],
    "auth": {"type": "ManagedIdentity", "managedIdentity": {"resource": "https://webpubsub.azure.com"}},
}
OTHER: dict[str, Any] = {"urlTemplate": "https://other.example/{event}", "userEventPattern": "*"}
SILENT: dict[str, Any] = {"urlTemplate": "https://other.example/{event}", "userEventPattern": "", "systemEvents": []}


def hub(*handlers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"eventHandlers": [deepcopy(handler) for handler in handlers]} | more


def test_a_hub_that_is_right_is_left_alone() -> None:
    right = hub(HANDLER, OTHER, anonymousConnectPolicy="allow", provisioningState="Succeeded")

    assert find_differences(right, WANTED) == []
    assert find_differences(hub(SILENT, HANDLER), WANTED) == []


WRONG = {
    "no handler": (hub(), "no handler leads to func-chat.example"),
    "handlers of others": (hub(OTHER), "no handler leads to"),
    "no list of handlers": ({"eventHandlers": None}, "no handler leads to"),
    "another path": (hub(HANDLER | {"urlTemplate": "https://func-chat.example/api/{event}"}), "its address is"),
    "not https": (hub(HANDLER | {"urlTemplate": "http://func-chat.example/eventhandler/{event}"}), "its address is"),
    "some user events": (hub(HANDLER | {"userEventPattern": "message"}), "its user events are 'message'"),
    "no system events": (hub(HANDLER | {"systemEvents": None}), "connect, connected, disconnected"),
    "no token": (hub(HANDLER | {"auth": {"type": "None"}}), "no token of a managed identity"),
    "another audience": (
        hub(HANDLER | {"auth": {"type": "managedidentity", "managedIdentity": {"resource": f"{WANTED.audience}/"}}}),
        "a token for 'https://webpubsub.azure.com/', not one for 'https://webpubsub.azure.com'",
    ),
    "another handler first": (hub(OTHER, HANDLER), "1 other handler(s) before it"),
}


@pytest.mark.parametrize(("properties", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_keeps_events_from_the_app_is_named_and_mended(properties: dict[str, Any], said: str) -> None:
    assert said in "; ".join(find_differences(properties, WANTED))
    assert find_differences(merge_settings(properties, WANTED), WANTED) == []


def test_a_new_hub_lets_nobody_in_without_a_token() -> None:
    assert merge_settings(None, WANTED) == {"anonymousConnectPolicy": "deny", "eventHandlers": [HANDLER]}


def test_what_others_made_of_a_hub_stays() -> None:
    found = hub(
        SILENT,
        HANDLER | {"systemEvents": ["Connect", "joined"], "later": 1},
        anonymousConnectPolicy="allow",
        eventListeners=[{"filter": {"type": "EventName"}}],
        provisioningState="Succeeded",
    )

    merged = merge_settings(found, WANTED)

    assert merged == hub(
        SILENT,
        HANDLER | {"systemEvents": ["Connect", "joined", "connected", "disconnected"], "later": 1},
        anonymousConnectPolicy="allow",
        eventListeners=[{"filter": {"type": "EventName"}}],
    )
    assert merge_settings(merged, WANTED) == merged


def test_a_key_in_an_address_is_kept_and_never_told() -> None:
    url = "https://func-chat.example/{event}?code=s3cret"
    found = hub({"urlTemplate": url, "userEventPattern": "*"})
    wanted = WantedHandler("https://func-chat.example", "")

    merged = merge_settings(found, wanted)

    assert "s3cret" not in str(find_differences(found, wanted))
    assert merged["eventHandlers"][0]["urlTemplate"] == "https://func-chat.example/eventhandler/{event}?code=s3cret"
    assert "auth" not in merged["eventHandlers"][0]
