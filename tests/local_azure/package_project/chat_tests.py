"""Tests of another project, which has the wheel of local-azure and pytest alone."""

import json
import time
import urllib.error
import urllib.request

import jwt
import pytest

import local_azure
from local_azure.testing import TableStorage, WebPubSub

KEY = "the key of this project, and no other's"


def send(web_pubsub: WebPubSub, path: str, value: object, hub: str = "chat") -> None:
    url = f"{web_pubsub.endpoint}/api/hubs/{hub}{path}"
    headers = {
        "Authorization": f"Bearer {jwt.encode({'aud': url, 'exp': time.time() + 60}, KEY, 'HS256')}",
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(f"{url}?api-version=2024-12-01", json.dumps(value).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 202


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_sees_its_own_messages(web_pubsub: WebPubSub, number: int) -> None:
    send(web_pubsub, "/groups/room/:send", {"number": number})
    send(web_pubsub, "/groups/room/:send", {"number": number}, hub="another")

    (message,) = web_pubsub.wait_until_published("room")
    assert message.json == {"number": number}


@pytest.mark.parametrize("number", [1, 2])
def test_tests_that_share_a_service_see_their_own_messages(shared_web_pubsub: WebPubSub, number: int) -> None:
    send(shared_web_pubsub, "/users/ana/:send", {"number": number})

    (message,) = shared_web_pubsub.published_to_user("ana")
    assert message.json == {"number": number}


def test_storage_is_there_too(table_storage: TableStorage) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{table_storage.endpoint}/Tables", timeout=10)


def test_a_service_runs_without_a_fixture() -> None:
    with local_azure.running() as web_pubsub:
        assert web_pubsub.published_to_all() == []


def test_a_message_that_never_comes(web_pubsub: WebPubSub) -> None:
    send(web_pubsub, "/groups/room/:send", {"text": "hello"})

    web_pubsub.wait_until_published("rom", timeout=0.1)
