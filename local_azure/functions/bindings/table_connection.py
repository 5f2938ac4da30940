"""From the name of a connection to the address of a table service, and how a request to it is authorized.

The setting holds a connection string: of an account with a key or a shared access signature, or of the storage
emulator. Or settings with its name and `__tableServiceUri` or `__accountName` describe a connection by managed
identity. This module has no I/O.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from local_azure.functions.bindings.managed_identity import ManagedIdentity
from local_azure.functions.errors import BindingError

DEFAULT_CONNECTION = "Storage"
SETTING_PREFIX = "AzureWebJobs"
# The account that every storage emulator has; its key is public.
EMULATOR_ACCOUNT = "devstoreaccount1"
EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
EMULATOR_TABLES_PORT = 10002
_ENDPOINT = re.compile(r"https?://[^\s?#]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TableAccount:
    """A table service: its URL without a slash at the end, and the key (base64), signature or identity for it."""

    url: str
    name: str
    key: str | None = field(default=None, repr=False)
    signature: str | None = field(default=None, repr=False)
    identity: ManagedIdentity | None = None

    def authorize(self, path: str, now: datetime) -> dict[str, str]:
        """Return the headers for a request whose path and query begin at the service's URL; `now` is UTC.

        The token of an identity is not among them.
        """
        date = format_datetime(now, usegmt=True)
        headers = {"x-ms-date": date, "x-ms-version": "2019-02-02"}
        if self.key is not None:
            signed_path = urlsplit(self.url).path.rstrip("/") + path.partition("?")[0]
            text = f"{date}\n/{self.name}{signed_path}"
            digest = hmac.digest(base64.b64decode(self.key), text.encode(), "sha256")
            headers["Authorization"] = f"SharedKeyLite {self.name}:{base64.b64encode(digest).decode()}"
        return headers

    def address(self, path: str) -> str:
        """Return the URL of a path, with the shared access signature where there is one."""
        if self.signature is None:
            return self.url + path
        return f"{self.url}{path}{'&' if '?' in path else '?'}{self.signature}"


def find_account(connection: str, settings: Mapping[str, str]) -> TableAccount:
    """Return the account of a connection: the setting `AzureWebJobs<connection>`, else `<connection>`.

    Raises BindingError when there is no such setting, or it is no connection string of a storage account.
    """
    name = connection or DEFAULT_CONNECTION
    for setting in (SETTING_PREFIX + name, name):
        if text := settings.get(setting):
            return parse_connection_string(text, setting)
        if any(settings.get(f"{setting}__{part}") for part in ("tableServiceUri", "accountName")):
            return _identity_account(setting, settings)
    setting = name if name.startswith(SETTING_PREFIX) else SETTING_PREFIX + name
    raise BindingError(f"there is no app setting {setting}, which a table binding names as its connection")


def _identity_account(setting: str, settings: Mapping[str, str]) -> TableAccount:
    account = settings.get(f"{setting}__accountName", "")
    url = settings.get(f"{setting}__tableServiceUri") or f"https://{account}.table.core.windows.net"
    endpoint = settings.get("IDENTITY_ENDPOINT", "")
    if not _ENDPOINT.fullmatch(url) or not endpoint:
        raise BindingError(
            f"the connection {setting} is identity-based: it needs the URL of a table service, and IDENTITY_ENDPOINT, "
            "which App Service sets, and local Azure with --identity"
        )
    identity = ManagedIdentity(endpoint, settings.get("IDENTITY_HEADER", ""), settings.get(f"{setting}__clientId", ""))
    return TableAccount(url.rstrip("/"), account, identity=identity)


def parse_connection_string(text: str, setting: str) -> TableAccount:
    """Return the account that a connection string names. Raises BindingError; its message has no secret."""
    parts = {
        name.strip().lower(): value.strip()
        for name, separator, value in (part.partition("=") for part in text.split(";"))
        if separator
    }
    if parts.get("usedevelopmentstorage", "").lower() == "true":
        return TableAccount(
            f"http://127.0.0.1:{EMULATOR_TABLES_PORT}/{EMULATOR_ACCOUNT}", EMULATOR_ACCOUNT, EMULATOR_KEY
        )
    name, key = parts.get("accountname", ""), parts.get("accountkey")
    signature = parts.get("sharedaccesssignature")
    url = parts.get("tableendpoint") or _default_endpoint(parts, name)
    if not _ENDPOINT.fullmatch(url) or not (signature or (name and key)):
        raise BindingError(
            f"the app setting {setting} is no connection string of a storage account: it needs AccountName and "
            "AccountKey, or TableEndpoint and SharedAccessSignature, or UseDevelopmentStorage=true"
        )
    if key is not None:
        try:
            base64.b64decode(key, validate=True)
        except (binascii.Error, ValueError):
            raise BindingError(f"the AccountKey in the app setting {setting} is no base64") from None
    return TableAccount(url.rstrip("/"), name, key, signature and signature.removeprefix("?"))


def _default_endpoint(parts: Mapping[str, str], name: str) -> str:
    scheme = parts.get("defaultendpointsprotocol", "https")
    return f"{scheme}://{name}.table.{parts.get('endpointsuffix', 'core.windows.net')}" if name else ""
