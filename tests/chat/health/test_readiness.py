"""The rules of readiness: what counts, which settings are looked at, and that no secret is told."""

from typing import Any

import pytest

from chat.health.readiness import Check, Status, check_settings, check_webhook, is_ready
from chat.settings import Settings

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
USABLE = {
    "WebPubSubConnectionString": f"Endpoint=http://localhost:8080;AccessKey={KEY};",
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "ChatAuth": "open",
}


@pytest.mark.parametrize("status", [Status.WRONG, Status.UNKNOWN])
@pytest.mark.parametrize(
    ("name", "expected"),
    [("settings", False), ("service", False), ("storage", False), ("durable", True), ("webhook", True)],
)
def test_people_can_chat_when_settings_service_and_storage_are_usable(name: str, status: Status, expected: Any) -> None:
    names = ("settings", "service", "storage", "durable", "webhook")

    assert is_ready([Check(each, status if each == name else Status.OK, "") for each in names]) is expected


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("WebPubSubConnectionString", "", "WebPubSubConnectionString is not set"),
        ("WebPubSubConnectionString", f"AccessKey={KEY}", "WebPubSubConnectionString has no Endpoint"),
        ("WebPubSubSecondaryConnectionString", KEY, "WebPubSubSecondaryConnectionString is not a connection string"),
        ("AzureWebJobsStorage", "", "AzureWebJobsStorage is not set"),
        ("AzureWebJobsStorage", f"AccountKey={KEY}", "AzureWebJobsStorage has neither an AccountName"),
        ("ChatStorage", f"AccountKey={KEY};", "ChatStorage must be the name of the setting"),
        ("ChatTablePrefix", "9", "ChatTablePrefix is '9'"),
        ("ChatAuth", "", "ChatAuth is not set"),
        ("ChatWebhookTrust", "faith", "ChatWebhookTrust is 'faith'"),
        ("ChatWebhookTrust", "identity", "ChatWebhookTenant is not set"),
        ("ChatTokenMinutes", "90", "ChatTokenMinutes is 90, it must be from 1 to 60"),
        ("ChatMessageBytes", "many", "ChatMessageBytes is 'many'"),
        ("ChatUserConnections", "0", "ChatUserConnections is 0"),
        ("ChatRateLimits", "message=1", "ChatRateLimits has 'message=1'"),
        ("ChatEventMaxAgeSeconds", "-1", "ChatEventMaxAgeSeconds is -1"),
        ("ChatReviewSeconds", "0", "ChatReviewSeconds is 0"),
        ("ChatReviewFailure", "shrug", "ChatReviewFailure is 'shrug'"),
        ("ChatRoomIdleDays", "-1", "ChatRoomIdleDays is -1"),
        ("ChatRetentionDays", "0", "ChatRetentionDays is 0"),
        ("ChatEmbedOrigins", "*", "ChatEmbedOrigins is '*'"),
        ("ChatTelemetry", "loud", "ChatTelemetry is 'loud'"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_the_reason(setting: str, value: str, told: str) -> None:
    check = check_settings(Settings(USABLE | {setting: value}))

    assert (check.status, check.detail.startswith(told)) == (Status.WRONG, True), check.detail
    assert KEY not in check.detail


def test_usable_settings_are_usable() -> None:
    assert check_settings(Settings(USABLE)).status is Status.OK


def test_easyauth_without_the_platforms_authentication_is_wrong() -> None:
    check = check_settings(Settings(USABLE | {"ChatAuth": "easyauth", "WEBSITE_INSTANCE_ID": "1"}))

    assert "App Service Authentication is not enabled" in check.detail


@pytest.mark.parametrize(
    ("trust", "seconds_ago", "status"),
    [("", 2.0, Status.OK), ("", None, Status.UNKNOWN), ("faith", 2.0, Status.WRONG)],
)
def test_events_are_known_to_arrive_when_one_was_verified(trust: str, seconds_ago: Any, status: Status) -> None:
    assert check_webhook(Settings(USABLE | {"ChatWebhookTrust": trust}), seconds_ago).status is status
