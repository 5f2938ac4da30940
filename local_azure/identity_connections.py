"""`--tls` and `--identity`: what the processes of the command trust, and with which identities they call each other.

With `--identity` no key is accepted anywhere: the app calls Web PubSub and Table storage with tokens of its managed
identity, and Web PubSub calls the app with tokens of its own.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from local_azure.functions.errors import ConfigurationError

if TYPE_CHECKING:
    from local_azure.authority import Authority, Identities
    from local_azure.certificates import TlsFiles
    from local_azure.webpubsub import Settings

WEBPUBSUB_RESOURCE = "https://webpubsub.azure.com"
TLS_FOLDER = "tls"


@dataclass(frozen=True, slots=True)
class IdentityOptions:
    """Which identity the app has (`system` or `user` assigned), who else there is, the authority's port (0: any)."""

    kind: str
    file: Path | None = None
    port: int = 0


@contextmanager
def trusted_certificates(data: Path | None, host: str) -> "Iterator[TlsFiles]":
    """Make the certificates, and let this process and those that it starts meanwhile trust them.

    They are in `tls` in the folder `data`, without one in a folder that is removed at the end. Raises
    ConfigurationError when the host is not this machine's own, or they cannot be written.
    """
    # aiohttp must not be imported yet: it reads the variables when it is.
    from local_azure.certificates import ADDRESSES, NAMES, ensure_certificates

    if host not in (*NAMES, *ADDRESSES):
        names = ", ".join((*NAMES, *ADDRESSES))
        raise ConfigurationError(f"--tls and --identity serve {names} only, not --host {host}")
    temporary = TemporaryDirectory(prefix="local-azure-tls-", ignore_cleanup_errors=True) if data is None else None
    with temporary or nullcontext(str(data)) as folder:
        try:
            files = ensure_certificates(Path(folder) / TLS_FOLDER)
        except OSError as error:
            raise ConfigurationError(f"the certificates cannot be written to {folder}: {error.strerror}") from error
        os.environ.update(files.variables())
        yield files


def read_identities(options: IdentityOptions) -> "Identities":
    """Return the tenant of the options' file, or the default one. Raises ConfigurationError."""
    from local_azure.authority import Identities, InvalidIdentities, default_identities

    if options.file is None:
        return default_identities(options.kind)
    try:
        document = json.loads(options.file.read_text(encoding="utf-8-sig"))
        if not isinstance(document, dict):
            raise InvalidIdentities("it must hold one JSON object")
        identities = Identities.from_json(document)
    except OSError as error:
        raise ConfigurationError(f"{options.file}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"{options.file}: {error}") from error
    if options.kind == "user" and not identities.user_assigned:
        raise ConfigurationError(f"{options.file} has no userAssigned identity, which --identity user needs")
    if options.kind == "system" and identities.system_assigned is None:
        raise ConfigurationError(f"{options.file} has no systemAssigned identity, which --identity system needs")
    return identities


def client_id_of_app(options: IdentityOptions, identities: "Identities") -> str | None:
    """Return the client id that the app's settings must name, None for the system-assigned identity."""
    return identities.user_assigned[0].client_id if options.kind == "user" else None


def require_identities(settings: "Settings") -> "Settings":
    """Return Web PubSub's settings for a service that takes no key.

    Event handlers without an `Auth` are called with tokens for the resource of Web PubSub, as in a hub whose handlers
    authenticate by managed identity and need no application of their own.
    """
    hubs = {
        name: replace(
            hub,
            event_handlers=tuple(
                handler if handler.auth_resource is not None else replace(handler, auth_resource=WEBPUBSUB_RESOURCE)
                for handler in hub.event_handlers
            ),
        )
        for name, hub in settings.hubs.items()
    }
    return replace(settings, hubs=hubs, disable_local_auth=True)


def fill_placeholders(settings: Sequence[tuple[str, str]], authority: "Authority") -> dict[str, str]:
    """Return the app settings of the command line, with what they name of the authority in its place."""
    identities = authority.identities
    values = {
        "{authority}": authority.url,
        "{tenant}": identities.tenant,
        "{web-pubsub-client-id}": identities.web_pubsub.client_id,
        "{web-pubsub-object-id}": identities.web_pubsub.object_id,
    }
    filled: dict[str, str] = {}
    for name, text in settings:
        for placeholder, value in values.items():
            text = text.replace(placeholder, value)
        filled[name] = text
    return filled
