"""Settings that are wrong, each as the values that a file would have beside the example's."""

from dataclasses import dataclass, field
from pathlib import Path

from doctor.findings import Finding
from doctor.folder.files import UnreadableFile, read_app_settings
from doctor.folder.settings import check_settings, unreadable_file

ROOT = Path(__file__).resolve().parents[2]
KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
IDENTITY = {
    "WebPubSubConnectionString": "",
    "WebPubSubConnectionString__serviceUri": "https://chat.webpubsub.azure.com",
    "ChatWebhookTrust": "identity",
    "ChatWebhookTenant": "11111111-2222-3333-4444-555555555555",
    "ChatWebhookAudience": "https://webpubsub.azure.com",
    "ChatWebhookIdentity": "66666666-7777-8888-9999-000000000000",
}


@dataclass(frozen=True)
class SettingsFault:
    """What is wrong: the check that must say so, a word of what it says, and the settings beside the example's."""

    check: str
    seen: str
    values: dict[str, str] = field(default_factory=dict)


SETTINGS_FAULTS = {
    "a misspelt name": SettingsFault("settings.names", "ChatAuth?", {"ChatAuht": "open"}),
    "a misspelt name of the identity": SettingsFault(
        "settings.names", "is it WebPubSub", {"WebPubSubConectionString__serviceUri": "https://a.example"}
    ),
    "a placeholder": SettingsFault("settings.placeholders", "WebPubSubHub", {"WebPubSubHub": "<your hub>"}),
    "a value to change": SettingsFault("settings.placeholders", "ChatAdmins", {"ChatAdmins": "change-me"}),
    "a reference": SettingsFault(
        "settings.references",
        "WebPubSubConnectionString",
        {"WebPubSubConnectionString": "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/w/)"},
    ),
    "no auth": SettingsFault("settings.values", "ChatAuth is not set", {"ChatAuth": ""}),
    "an unknown auth": SettingsFault("settings.values", "ChatAuth", {"ChatAuth": "opne"}),
    "a number that is a word": SettingsFault("settings.values", "ChatMessageBytes", {"ChatMessageBytes": "many"}),
    "a number that is too large": SettingsFault("settings.values", "1 to 60", {"ChatTokenMinutes": "61"}),
    "a telemetry that is none": SettingsFault("settings.values", "ChatTelemetry", {"ChatTelemetry": "full"}),
    "limits that are none": SettingsFault("settings.values", "ChatRateLimits", {"ChatRateLimits": "talk=1"}),
    "a hub that is no name": SettingsFault("settings.values", "WebPubSubHub", {"WebPubSubHub": "1st hub"}),
    "a prefix that is no name": SettingsFault("settings.values", "ChatTablePrefix", {"ChatTablePrefix": "a-b"}),
    "a site that is none": SettingsFault("settings.values", "ChatEmbedOrigins", {"ChatEmbedOrigins": "*"}),
    "a storage that is none": SettingsFault("settings.values", "AzureWebJobsStorage", {"AzureWebJobsStorage": "x"}),
    "a storage that is not there": SettingsFault("settings.values", "Other is not set", {"ChatStorage": "Other"}),
    "a connection string without a key": SettingsFault(
        "settings.values", "AccessKey", {"WebPubSubConnectionString": "Endpoint=http://localhost:8080;"}
    ),
    "an identity without TLS": SettingsFault(
        "settings.values", "https://", IDENTITY | {"WebPubSubConnectionString__serviceUri": "http://a.example"}
    ),
    "both forms of the connection": SettingsFault(
        "settings.connection", "both", {"WebPubSubConnectionString__serviceUri": "https://a.example"}
    ),
    "no connection": SettingsFault("settings.connection", "neither", {"WebPubSubConnectionString": ""}),
    "an unknown trust": SettingsFault("settings.trust", "ChatWebhookTrust", {"ChatWebhookTrust": "trust"}),
    "an identity and no trust": SettingsFault("settings.trust", "is not set", IDENTITY | {"ChatWebhookTrust": ""}),
    "a signature without a key": SettingsFault(
        "settings.trust", "signature", IDENTITY | {"ChatWebhookTrust": "signature"}
    ),
    "an identity that is not named": SettingsFault(
        "settings.trust", "ChatWebhookIdentity", IDENTITY | {"ChatWebhookIdentity": ""}
    ),
}

FILE_FAULTS = {
    "no file": "",
    "an encrypted file": '{"IsEncrypted": true, "Values": {"ChatAuth": "CfDJ8-encrypted"}}',
    "a file that is no JSON": '{"IsEncrypted": false, "Values": {"ChatAuth": "open"',
    "a file with nested values": '{"IsEncrypted": false, "Values": {"ChatAuth": {"value": "open"}}}',
}


def find_in_file(folder: Path, text: str) -> list[Finding]:
    """Return what is found where local.settings.json has this text; without a text there is no file."""
    if text:
        (folder / "local.settings.json").write_text(text)
    try:
        return check_settings(ROOT, read_app_settings(folder, {}))
    except UnreadableFile as problem:
        return [unreadable_file(str(problem))]
