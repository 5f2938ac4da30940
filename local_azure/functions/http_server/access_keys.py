"""Access keys; as under `func start`, they are checked only with `--enable-auth`.

They are created at the first use and kept in the data folder, where a caller can read them; they are never printed.
"""

import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_azure.functions.errors import ConfigurationError

FILE = "keys.json"


@dataclass(frozen=True, slots=True)
class AccessKeys:
    """The keys of the host.

    `master` is accepted everywhere, `host` by every function of level FUNCTION, `system` by the extensions' webhooks.
    """

    master: str
    host: str
    system: str

    def allow(self, level: str, headers: Mapping[str, str], parameters: Mapping[str, str]) -> bool:
        """Return whether a request may pass; level is `ANONYMOUS`, `FUNCTION`, `ADMIN` or `SYSTEM`.

        The header `x-functions-key` takes precedence: if it is wrong, a correct `code` does not count (H-067).
        """
        if level == "ANONYMOUS":
            return True
        given = headers.get("x-functions-key", parameters.get("code", "")).encode()
        accepted = [self.master]
        if level == "FUNCTION":
            accepted.append(self.host)
        if level == "SYSTEM":
            accepted.append(self.system)
        # Every key is compared: the time of an early stop would reveal which key matches in part.
        matches = [hmac.compare_digest(given, key.encode()) for key in accepted]
        return any(matches)


def load_or_create_keys(folder: Path) -> AccessKeys:
    """Return the keys in the folder's keys.json, which is created, readable by its owner alone, when it is missing.

    Raises ConfigurationError when the file cannot be read or does not hold the three keys.
    """
    path = folder / FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = {name: secrets.token_urlsafe(40) for name in ("master", "host", "system")}
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(made, file, indent=2)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return AccessKeys(**{name: str(stored[name]) for name in ("master", "host", "system")})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path} must hold the keys master, host and system: {error}") from error
