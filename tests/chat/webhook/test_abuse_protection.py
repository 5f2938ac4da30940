"""Which services may register the webhook (W-119 to W-128 from the handler's side)."""

import pytest

from chat.errors import InvalidEvent, OriginRefused
from chat.webhook.abuse_protection import allowed_origin


def test_a_list_of_origins_is_split_and_trimmed() -> None:
    """W-127: a service with replicas sends `a, b`."""
    assert allowed_origin("a.example, b.example", ["b.example"]) == "b.example"


def test_the_answer_repeats_the_origin_as_it_was_asked() -> None:
    assert allowed_origin("Chat.WebPubSub.Azure.com", ["chat.webpubsub.azure.com"]) == "Chat.WebPubSub.Azure.com"


def test_a_setting_that_allows_any_origin_answers_a_star() -> None:
    assert allowed_origin("anyone.example", ["*"]) == "*"


@pytest.mark.parametrize("asked", ["localhost", "127.0.0.1", "::1"])
def test_the_names_of_this_machine_are_equivalent(asked: str) -> None:
    assert allowed_origin(asked, ["localhost"]) == asked


@pytest.mark.parametrize("asked", ["localhost", "127.0.0.1", "::1", "[::1]"])
def test_this_machine_may_not_register_the_webhook_of_a_service_elsewhere(asked: str) -> None:
    with pytest.raises(OriginRefused):
        allowed_origin(asked, ["chat.example"])


@pytest.mark.parametrize("asked", ["evil.example", "chat.example.evil.example", "a,b"])
def test_another_origin_is_refused(asked: str) -> None:
    with pytest.raises(OriginRefused):
        allowed_origin(asked, ["chat.example"])


@pytest.mark.parametrize("asked", [None, "", " , "])
def test_a_request_without_an_origin_is_no_validation(asked: str | None) -> None:
    with pytest.raises(InvalidEvent, match="WebHook-Request-Origin"):
        allowed_origin(asked, ["*"])
