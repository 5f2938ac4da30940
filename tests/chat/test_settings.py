"""Settings are read when needed, and a missing one is named."""

from collections.abc import Callable

import pytest

from chat.errors import NotConfigured
from chat.settings import Auth, Settings, Trust, current_settings

STRING = "Endpoint=https://chat.webpubsub.azure.com;AccessKey=a2V5=;Version=1.0;"


def test_a_connection_string_is_split_at_the_first_equals_sign_of_each_part() -> None:
    settings = Settings({"WebPubSubConnectionString": STRING})

    assert settings.endpoint == "https://chat.webpubsub.azure.com"
    assert settings.access_keys == ("a2V5=",)
    assert settings.allowed_origins == ("chat.webpubsub.azure.com",)
    assert settings.trust is Trust.SIGNATURE


def test_a_port_and_other_spellings_are_understood() -> None:
    settings = Settings({"WebPubSubConnectionString": "accesskey=k; ENDPOINT=http://localhost/ ;port=8080"})

    assert settings.endpoint == "http://localhost:8080"


def test_the_secondary_key_is_accepted_too() -> None:
    secondary = "Endpoint=https://chat.webpubsub.azure.com;AccessKey=second"
    settings = Settings({"WebPubSubConnectionString": STRING, "WebPubSubSecondaryConnectionString": secondary})

    assert settings.access_keys == ("a2V5=", "second")


def test_an_identity_needs_a_named_trust() -> None:
    settings = Settings({"WebPubSubConnectionString__serviceUri": "https://chat.webpubsub.azure.com/"})

    assert settings.endpoint == "https://chat.webpubsub.azure.com"
    with pytest.raises(NotConfigured, match="ChatWebhookTrust"):
        _ = settings.trust


@pytest.mark.parametrize(
    ("values", "read", "named"),
    [
        ({}, lambda s: s.auth, "ChatAuth is not set"),
        ({"ChatAuth": "opne"}, lambda s: s.auth, "ChatAuth is 'opne'"),
        ({}, lambda s: s.endpoint, "WebPubSubConnectionString is not set"),
        ({"WebPubSubConnectionString": "x"}, lambda s: s.endpoint, "has no '='"),
        ({"WebPubSubConnectionString": "AccessKey=k"}, lambda s: s.endpoint, "no Endpoint"),
        ({"WebPubSubConnectionString": "Endpoint=http://h"}, lambda s: s.endpoint, "no AccessKey"),
        ({"WebPubSubConnectionString__serviceUri": "http://h"}, lambda s: s.endpoint, "https://"),
        ({"ChatWebhookTrust": "hope"}, lambda s: s.trust, "'hope'"),
        ({"ChatMessageBytes": "many"}, lambda s: s.message_bytes, "ChatMessageBytes is 'many'"),
        ({"ChatMessageBytes": "9000"}, lambda s: s.message_bytes, "from 1 to 6144"),
        ({"ChatTokenMinutes": "0"}, lambda s: s.token_minutes, "ChatTokenMinutes"),
        ({"ChatRoomIdleDays": "nan"}, lambda s: s.room_idle_seconds, "ChatRoomIdleDays"),
        ({"ChatEmbedOrigins": "*"}, lambda s: s.embed_origins, "any site could lay the chat under its own buttons"),
        ({"ChatEmbedOrigins": "https://a.example/"}, lambda s: s.embed_origins, "no path"),
        ({"ChatEmbedOrigins": "a.example"}, lambda s: s.embed_origins, "'a.example'"),
        ({"ChatEmbedOrigins": "https://*.example"}, lambda s: s.embed_origins, "an origin is https://host"),
        (
            {"ChatEmbedOrigins": "https://a.example; script-src *"},
            lambda s: s.embed_origins,
            "an origin is https://host",
        ),
        ({"ChatEmbedOrigins": "http://a.example"}, lambda s: s.embed_origins, "must begin with https://"),
        ({"ChatEmbedOrigins": "https://a.example," * 21}, lambda s: s.embed_origins, "21 origins, the limit is 20"),
        ({"ChatRetentionDays": "-1"}, lambda s: s.retention_seconds, "ChatRetentionDays"),
        ({"ChatRetentionDays": "0"}, lambda s: s.retention_seconds, "leave it unset to keep everything"),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, str], read: Callable[[Settings], object], named: str) -> None:
    with pytest.raises(NotConfigured, match=named):
        read(Settings(values))


def test_everything_is_kept_unless_a_setting_says_otherwise() -> None:
    assert (Settings({}).room_idle_seconds, Settings({}).retention_seconds) == (None, None)
    assert Settings({"ChatRoomIdleDays": "2"}).room_idle_seconds == 2 * 86_400
    assert Settings({"ChatRetentionDays": "0.5"}).retention_seconds == 43_200


def test_an_unusable_connection_string_is_never_quoted() -> None:
    with pytest.raises(NotConfigured) as refusal:
        _ = Settings({"WebPubSubConnectionString": "AccessKey=topsecret"}).endpoint

    assert "topsecret" not in str(refusal.value)


def test_admins_count_only_where_users_are_signed_in() -> None:
    assert Settings({"ChatAuth": "easyauth", "ChatAdmins": "ana, bo"}).admins == {"ana", "bo"}
    assert Settings({"ChatAuth": "open", "ChatAdmins": "ana"}).admins == frozenset()


def test_defaults_hold_where_nothing_is_set() -> None:
    settings = Settings({"ChatAuth": " Open "})

    assert settings.auth is Auth.OPEN
    assert (settings.hub, settings.token_minutes, settings.message_bytes) == ("Sample_ChatApp", 5, 4096)


def test_sites_that_may_embed_the_chat_are_origins_and_none_unless_they_are_named() -> None:
    named = Settings({"ChatEmbedOrigins": " https://Www.a.example, https://b.example:8443,http://localhost:3000 "})

    assert named.embed_origins == ("https://www.a.example", "https://b.example:8443", "http://localhost:3000")
    assert Settings({}).embed_origins == ()


def test_the_environment_is_read_anew_by_each_call_that_asks_for_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ChatMessageBytes", "10")
    first = current_settings().message_bytes
    monkeypatch.setenv("ChatMessageBytes", "20")

    assert (first, current_settings().message_bytes) == (10, 20)


def test_a_setting_that_cannot_be_used_is_told_each_time() -> None:
    settings = Settings({"ChatAuth": "anyone"})

    for _ in range(2):
        with pytest.raises(NotConfigured, match="ChatAuth is 'anyone'"):
            _ = settings.auth
