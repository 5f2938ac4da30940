"""Checks of the settings that the app gets on this machine; `chat/settings.py` reads them, here as in the app.

Nothing here writes a value that may be a secret: `doctor/concealment.py` looks over every line besides.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from chat.errors import NotConfigured
from chat.rate_limits import parse_rate_limits
from chat.settings import CONNECTION, SECONDARY, SERVICE_URI, Settings, Trust
from chat.table_storage.connection import read_storage_connection
from chat.webhook.bearer_tokens import read_expectation
from doctor.findings import Finding, Verdict
from doctor.folder.files import SETTINGS_EXAMPLE, SETTINGS_FILE, AppSettings, known_settings
from doctor.symptoms import Symptom

HUB_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_`,.\[\]]{0,127}")
_PLACEHOLDER = re.compile(r"<[^<>]*>|\{\{.*\}\}|…|\.\.\.|\b(change[-_ ]?me|your[-_ ]\w+|todo|xxx+)\b", re.IGNORECASE)
_REFERENCE = re.compile(r"@Microsoft\.(KeyVault|AppConfiguration)\(", re.IGNORECASE)

# The properties of `Settings` that check a value, and what else the app parses.
READERS: Sequence[Callable[[Settings], object]] = (
    lambda settings: _has_service(settings) and settings.endpoint,
    lambda settings: settings.access_keys,
    lambda settings: settings.auth,
    read_storage_connection,
    lambda settings: settings.table_prefix,
    lambda settings: settings.event_max_age_seconds,
    lambda settings: settings.embed_origins,
    lambda settings: settings.token_minutes,
    lambda settings: settings.user_connections,
    lambda settings: settings.message_bytes,
    lambda settings: settings.review_seconds,
    lambda settings: settings.accepts_unreviewed,
    lambda settings: settings.room_idle_seconds,
    lambda settings: settings.retention_seconds,
    lambda settings: settings.makes_spans,
    lambda settings: parse_rate_limits(settings.text("ChatRateLimits")),
)


def _has_service(settings: Settings) -> bool:
    # Without any, `settings.connection` is the check that says so.
    return bool(settings.text(CONNECTION) or settings.text(SERVICE_URI))


def check_settings(folder: Path, app: AppSettings) -> list[Finding]:
    """Return a finding for each question about the settings, in the order of the catalogue."""
    settings, own = Settings(app.values), {name: app.values[name] for name in sorted(app.own)}
    return [
        check_file(app),
        check_names(own, known_settings(folder)),
        check_placeholders(own),
        check_references(own),
        check_values(settings),
        check_connection(settings),
        check_trust(settings),
        check_container(app.values),
    ]


def check_file(app: AppSettings) -> Finding:
    """Say which file the settings come from."""
    if app.file:
        seen = f"{len(app.own)} settings come from {app.file} and the environment"
        return Finding("settings.file", Verdict.OK, seen)
    fix = f"make {SETTINGS_FILE} from {SETTINGS_EXAMPLE}"
    seen = f"there is neither {SETTINGS_FILE} nor {SETTINGS_EXAMPLE}"
    return Finding("settings.file", Verdict.WRONG, seen, fix, Symptom.SETTING)


def unreadable_file(problem: str) -> Finding:
    """Return the finding for a settings file that the host refuses."""
    fix = f'make {SETTINGS_FILE} an object with "IsEncrypted": false and flat "Values", as {SETTINGS_EXAMPLE} is'
    return Finding("settings.file", Verdict.WRONG, problem, fix, Symptom.SETTING)


def check_names(own: Mapping[str, str], known: frozenset[str]) -> Finding:
    """Say whether a name is nearly, but not quite, that of a setting."""
    mistaken = []
    for name in own:
        base = name.partition("__")[0]
        if base in known or base.startswith("AzureWebJobs") or not base.startswith(("Chat", "WebPubSub")):
            continue
        if close := difflib.get_close_matches(base, known, n=1, cutoff=0.8):
            mistaken.append(f"{name} (is it {close[0]}?)")
    if mistaken:
        seen = f"the app reads no setting of this name: {', '.join(mistaken)}"
        return Finding("settings.names", Verdict.WRONG, seen, "correct the name; the README lists all", Symptom.SETTING)
    return Finding("settings.names", Verdict.OK, "no name of a setting is misspelt")


def check_placeholders(own: Mapping[str, str]) -> Finding:
    """Say whether a value is still the text of an example."""
    # A reference has a check of its own, and its address may look like one.
    unset = [name for name, value in own.items() if _PLACEHOLDER.search(value) and not _REFERENCE.search(value)]
    if unset:
        seen = f"a placeholder stands in {', '.join(unset)}"
        return Finding("settings.placeholders", Verdict.WRONG, seen, "put the real value there", Symptom.SETTING)
    return Finding("settings.placeholders", Verdict.OK, "no value is a placeholder")


def check_references(own: Mapping[str, str]) -> Finding:
    """Say whether a value is a Key Vault reference that nobody resolved: only the platform does."""
    unresolved = [name for name, value in own.items() if _REFERENCE.search(value)]
    if unresolved:
        seen = f"a reference stands unresolved in {', '.join(unresolved)}"
        fix = "put the value there on this machine; in Azure, give the app's identity the right to read the secret"
        return Finding("settings.references", Verdict.WRONG, seen, fix, Symptom.SETTING)
    return Finding("settings.references", Verdict.OK, "no value is an unresolved reference")


def check_values(settings: Settings) -> Finding:
    """Say which settings the app would refuse when a function needs them."""
    problems = []
    for read in READERS:
        try:
            read(settings)
        except NotConfigured as problem:
            problems.append(str(problem))
    if not HUB_NAME.fullmatch(settings.hub):
        problems.append("WebPubSubHub must begin with a letter, and have letters, digits and _`,.[] after it")
    if problems:
        seen = "; ".join(dict.fromkeys(problems))
        fix = "correct what is named; the README's table of settings says what each takes"
        return Finding("settings.values", Verdict.WRONG, seen, fix, Symptom.SETTING)
    return Finding("settings.values", Verdict.OK, "every setting has a value that the app takes")


def check_connection(settings: Settings) -> Finding:
    """Say whether exactly one of the two forms of the connection is set."""
    has_string, has_identity = bool(settings.text(CONNECTION)), bool(settings.text(SERVICE_URI))
    if has_string and has_identity:
        seen = f"{CONNECTION} and {SERVICE_URI} are both set; the app takes the connection string"
        fix = f"remove {CONNECTION} for an identity, or {SERVICE_URI} for a key"
        return Finding("settings.connection", Verdict.WRONG, seen, fix, Symptom.SETTING)
    if not has_string and not has_identity:
        seen = f"neither {CONNECTION} nor {SERVICE_URI} is set"
        return Finding("settings.connection", Verdict.WRONG, seen, f"set {CONNECTION}", Symptom.SETTING)
    form = "a connection string" if has_string else "the app's identity"
    return Finding("settings.connection", Verdict.OK, f"the app connects with {form}")


def check_trust(settings: Settings) -> Finding:
    """Say whether the events can be verified in the way that is set, with what is set."""
    fix = "set ChatWebhookTrust to signature (with an access key), identity or functionkey"
    try:
        trust, has_key = settings.trust, bool(settings.access_keys)
    except NotConfigured as problem:
        return Finding("settings.trust", Verdict.WRONG, str(problem), fix, Symptom.SETTING)
    if trust is Trust.SIGNATURE and not has_key:
        seen = f"ChatWebhookTrust is signature, and neither {CONNECTION} nor {SECONDARY} has a key"
        return Finding("settings.trust", Verdict.WRONG, seen, fix, Symptom.SETTING)
    if trust is Trust.IDENTITY:
        try:
            read_expectation(settings)
        except NotConfigured as problem:
            return Finding("settings.trust", Verdict.WRONG, str(problem), f"set {problem.setting}", Symptom.SETTING)
    return Finding("settings.trust", Verdict.OK, f"events are verified by {trust}")


def check_container(values: Mapping[str, str]) -> Finding:
    """Say whether a variable makes the host and the worker believe that they run in Azure."""
    if values.get("CONTAINER_NAME"):
        # The host of `python3 dev.py run` does not look at it.
        note = "unset it for python3 dev.py func: Core Tools and the worker take such a machine for Azure"
        return Finding("settings.container", Verdict.OK, "CONTAINER_NAME is set", note)
    return Finding("settings.container", Verdict.OK, "CONTAINER_NAME is not set")
