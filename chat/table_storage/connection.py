"""Which storage account, and with which credential? Read from the settings, in the forms that the Functions host knows.

`ChatStorage` names the setting. Its value is a connection string, or settings that begin with its name and two
underscores describe the app's identity. The connection string goes first, then `__tableServiceUri`, then
`__accountName`.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from chat.errors import NotConfigured
from chat.settings import STORAGE, Settings

DEVELOPMENT_ACCOUNT = "devstoreaccount1"
DEVELOPMENT_ENDPOINT = f"http://127.0.0.1:10002/{DEVELOPMENT_ACCOUNT}"
# The key of every storage emulator: public.
DEVELOPMENT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
DEFAULT_SUFFIX = "core.windows.net"
MANAGED_IDENTITY = "managedidentity"
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")


@dataclass(frozen=True, slots=True)
class SharedKey:
    """An access key of the account, decoded."""

    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SharedAccessSignature:
    """The query that authorizes each call, without `?`."""

    query: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of the app in Microsoft Entra ID; a client id names a user-assigned one.

    `is_managed` allows a managed identity only; else the developer's own sign-in is tried too.
    """

    client_id: str | None = None
    is_managed: bool = False


@dataclass(frozen=True, slots=True)
class StorageConnection:
    """An account's table endpoint (a URL without a slash at its end), its name, and how calls are authorized."""

    endpoint: str
    account: str
    credential: SharedKey | SharedAccessSignature | Identity


def read_storage_connection(settings: Settings) -> StorageConnection:
    """Return the connection that the settings name; raises NotConfigured, which never quotes a connection string."""
    name = settings.storage_setting
    if text := settings.text(name):
        return parse_storage_string(text, name)
    uri, account = settings.text(f"{name}__tableServiceUri"), settings.text(f"{name}__accountName")
    if uri or account:
        return StorageConnection(
            _identity_endpoint(uri, account, name), account or _account_of(uri), _read_identity(settings, name)
        )
    problem = f"is not set (nor {name}__tableServiceUri or {name}__accountName for a managed identity)"
    raise NotConfigured(name, problem if settings.text(STORAGE) == "" else f"{problem}; {STORAGE} names it")


@lru_cache(maxsize=8)
def parse_storage_string(text: str, setting: str) -> StorageConnection:
    """Return the connection in a connection string: `Name=value` parts between semicolons, names in any case.

    Raises NotConfigured, which names the setting and never quotes the value: it holds the key.
    """
    parts = _split_parts(text, setting)
    if parts.get("usedevelopmentstorage", "").lower() == "true":
        return StorageConnection(DEVELOPMENT_ENDPOINT, DEVELOPMENT_ACCOUNT, _decode_key(DEVELOPMENT_KEY, setting))
    account, endpoint = parts.get("accountname", ""), parts.get("tableendpoint", "").rstrip("/")
    if not account and not endpoint:
        raise NotConfigured(setting, "has neither an AccountName nor a TableEndpoint")
    if not endpoint:
        if not _ACCOUNT.fullmatch(account):
            raise NotConfigured(setting, "has an AccountName that is not 3 to 24 lower-case letters and digits")
        protocol = parts.get("defaultendpointsprotocol", "https").lower()
        endpoint = f"{protocol}://{account}.table.{parts.get('endpointsuffix', DEFAULT_SUFFIX)}"
    if not _is_address(endpoint, "http", "https"):
        raise NotConfigured(setting, "has no table endpoint that is an address with http:// or https://")
    if key := parts.get("accountkey"):
        if not account:
            raise NotConfigured(setting, "has an AccountKey but no AccountName")
        return StorageConnection(endpoint, account, _decode_key(key, setting))
    if signature := parts.get("sharedaccesssignature", "").lstrip("?"):
        return StorageConnection(endpoint, account or _account_of(endpoint), SharedAccessSignature(signature))
    raise NotConfigured(setting, "has neither an AccountKey nor a SharedAccessSignature")


def _split_parts(text: str, setting: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        # A key ends with equals signs: only the first one of a part separates.
        name, equals, value = part.partition("=")
        if not equals:
            raise NotConfigured(setting, "is not a connection string: a part of it has no '='")
        parts.setdefault(name.strip().lower(), value.strip())
    return parts


def _decode_key(text: str, setting: str) -> SharedKey:
    try:
        return SharedKey(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise NotConfigured(setting, "has an AccountKey that is not base64") from None


def _identity_endpoint(uri: str, account: str, name: str) -> str:
    if not uri:
        if not _ACCOUNT.fullmatch(account):
            raise NotConfigured(f"{name}__accountName", "must be 3 to 24 lower-case letters and digits")
        return f"https://{account}.table.{DEFAULT_SUFFIX}"
    # A token is a secret that works for anyone who sees it: it is never sent without TLS.
    if not _is_address(uri, "https"):
        raise NotConfigured(f"{name}__tableServiceUri", "must be an address that begins with https://")
    return uri.rstrip("/")


def _is_address(text: str, *schemes: str) -> bool:
    try:
        url = urlsplit(text)
        # A port that is no number is found when it is read.
        return url.scheme in schemes and bool(url.hostname) and url.port != 0 and not (url.query or url.fragment)
    except ValueError:
        return False


def _account_of(endpoint: str) -> str:
    """Return the account that an endpoint of the cloud names: the first label of its host."""
    return (urlsplit(endpoint).hostname or "").partition(".")[0]


def _read_identity(settings: Settings, name: str) -> Identity:
    credential = settings.text(f"{name}__credential").lower()
    if credential not in ("", MANAGED_IDENTITY):
        raise NotConfigured(f"{name}__credential", f"must be '{MANAGED_IDENTITY}' or unset")
    if settings.text(f"{name}__managedIdentityResourceId"):
        raise NotConfigured(f"{name}__managedIdentityResourceId", f"is not supported: set {name}__clientId")
    return Identity(settings.text(f"{name}__clientId") or None, credential == MANAGED_IDENTITY)
