"""The durable client of an event: most events need none."""

import json

import pytest

from chat.durable_client import DurableClient


def test_the_binding_is_read_when_the_client_is_first_needed() -> None:
    durable = DurableClient("no binding")

    with pytest.raises(ValueError, match="Expecting value"):
        _ = durable.client


def test_events_with_one_binding_share_a_client() -> None:
    text = json.dumps({"taskHubName": "hub", "creationUrls": {}, "managementUrls": {}})

    assert DurableClient(text).client is DurableClient(text).client
