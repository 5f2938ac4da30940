"""The app's settings on this machine: local.settings.json by the rules of Core Tools, and the environment.

Settings are environment variables. A variable that is set already wins over the file's `Values`. When there is no
local.settings.json (it is never committed), local.settings.json.example is read instead.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local_azure.functions.configuration.jsonc import read_object
from local_azure.functions.errors import ConfigurationError

FILE = "local.settings.json"
EXAMPLE = "local.settings.json.example"


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """The content of the file: `values` become environment variables, the others are for the host itself.

    `note` is a line for the console about the file that was read, empty when it is local.settings.json.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    address: str | None = None
    cors_origins: tuple[str, ...] = ()
    cors_credentials: bool = False
    note: str = ""


def read_local_settings(app_root: Path) -> LocalSettings:
    """Return the settings of the app's folder, empty ones when it has neither file.

    Raises ConfigurationError when the file is encrypted (which an absent `IsEncrypted` means too) or malformed.
    """
    for name in (FILE, EXAMPLE):
        if (app_root / name).is_file():
            settings = _parse(read_object(app_root / name), name)
            note = f"There is no {FILE}: using the values of {EXAMPLE}." if name == EXAMPLE else ""
            return LocalSettings(**{**settings, "note": note})  # type: ignore[arg-type]
    return LocalSettings()


def select_variables(values: Mapping[str, str], current: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the variables to set beside those in `current`, and a line for each value that `current` replaces."""
    chosen = {name: value for name, value in values.items() if not current.get(name)}
    notes = [
        f"Skipping '{name}' from local settings as it's already defined in current environment variables."
        for name in values
        if name not in chosen
    ]
    return chosen, notes


@contextmanager
def temporary_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables while the context lasts, then restore the previous values."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _parse(document: Mapping[str, object], name: str) -> dict[str, object]:
    if document.get("IsEncrypted", True) is not False:
        raise ConfigurationError(
            f'{name}: "IsEncrypted" must be false. Where it is absent, Core Tools expects encrypted values, '
            f"which this host cannot read"
        )
    host = _mapping(document, "Host", name)
    values = _strings(_mapping(document, "Values", name), f"{name}: Values")
    for key, value in _mapping(document, "ConnectionStrings", name).items():
        text = value.get("ConnectionString") if isinstance(value, dict) else value
        values |= _strings({f"ConnectionStrings:{key}": text}, f"{name}: ConnectionStrings")
    return {
        "values": values,
        "port": _port(host.get("LocalHttpPort"), name),
        "address": host.get("LocalHttpAddress") or None,
        "cors_origins": split_origins(str(host.get("CORS") or "")),
        "cors_credentials": str(host.get("CORSCredentials", False)).lower() == "true",
    }


def split_origins(text: str) -> tuple[str, ...]:
    """Return the origins of a comma-separated list, the format of `Host.CORS` and `--cors`."""
    return tuple(origin.strip() for origin in text.split(",") if origin.strip())


def _mapping(document: Mapping[str, object], key: str, name: str) -> dict[str, object]:
    value = document.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigurationError(f"{name}: {key} must be an object, not {type(value).__name__}")
    return value


def _strings(values: Mapping[str, object], where: str) -> dict[str, str]:
    strings = {}
    for key, value in values.items():
        if isinstance(value, dict | list):
            raise ConfigurationError(f"{where}: {key} must be a string, not {type(value).__name__}; settings are flat")
        if value is not None:
            strings[key] = str(value)
    return strings


def _port(value: object, name: str) -> int | None:
    if value is None:
        return None
    if not str(value).isdecimal() or not 0 <= int(str(value)) <= 65535:
        raise ConfigurationError(f"{name}: Host.LocalHttpPort must be a port number, not {value!r}")
    return int(str(value))
