"""Read host.json, and the environment variables that override it (`AzureFunctionsJobHost__a__b`)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_azure.functions.configuration.jsonc import read_object
from local_azure.functions.errors import ConfigurationError

OVERRIDE_PREFIX = "azurefunctionsjobhost__"
DEFAULT_ROUTE_PREFIX = "api"
DEFAULT_HUB_NAME = "TestHubName"
DEFAULT_LOG_LEVEL = "Information"


@dataclass(frozen=True, slots=True)
class HostConfig:
    """The settings of host.json that this host uses; names are case-insensitive, as in the real host.

    `route_prefix` has no slash at either end. `max_outstanding_requests` is -1 for "no limit". `durable` holds the
    values of `extensions.durableTask` as they are.
    """

    route_prefix: str = DEFAULT_ROUTE_PREFIX
    custom_headers: tuple[tuple[str, str], ...] = ()
    max_outstanding_requests: int = -1
    hub_name: str = DEFAULT_HUB_NAME
    log_level: str = DEFAULT_LOG_LEVEL
    durable: Mapping[str, object] = field(default_factory=dict)


def read_host_config(app_root: Path, environment: Mapping[str, str]) -> HostConfig:
    """Return the settings of host.json, overridden by those of the environment.

    Raises ConfigurationError when the file is missing or malformed, or its version is not "2.0".
    """
    path = app_root / "host.json"
    if not path.is_file():
        raise ConfigurationError(f"there is no host.json in {app_root}: a Function App's folder holds one")
    document = read_object(path)
    version = document.get("version")
    if version != "2.0":
        raise ConfigurationError(f'host.json must say "version": "2.0", not {version!r}')
    values = _flatten(document) | _overrides(environment)
    return HostConfig(
        route_prefix=_text(values, "extensions:http:routePrefix", DEFAULT_ROUTE_PREFIX).strip("/"),
        custom_headers=tuple(
            (name, str(value)) for name, value in _section(values, "extensions:http:customHeaders").items()
        ),
        max_outstanding_requests=_number(values, "extensions:http:maxOutstandingRequests", -1),
        hub_name=_resolve(_text(values, "extensions:durableTask:hubName", DEFAULT_HUB_NAME), environment),
        log_level=_text(values, "logging:logLevel:default", DEFAULT_LOG_LEVEL),
        durable=_section(values, "extensions:durableTask"),
    )


Values = dict[str, tuple[str, object]]
"""Configuration keys (lower case, joined by colons) with their name as written and their value."""


def _flatten(document: Mapping[str, object], prefix: str = "") -> Values:
    values: Values = {}
    for key, value in document.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict):
            values |= _flatten(value, f"{path}:")
        else:
            values[path.lower()] = (path, value)
    return values


def _overrides(environment: Mapping[str, str]) -> Values:
    values: Values = {}
    for name, value in environment.items():
        if name.lower().startswith(OVERRIDE_PREFIX):
            path = name[len(OVERRIDE_PREFIX) :].replace("__", ":")
            values[path.lower()] = (path, value)
    return values


def _section(values: Values, path: str) -> dict[str, object]:
    """Return the plain values directly below a key, by their names as written."""
    prefix = f"{path.lower()}:"
    below = {name[len(prefix) :]: value for key, (name, value) in values.items() if key.startswith(prefix)}
    return {name: value for name, value in below.items() if ":" not in name}


def _text(values: Values, path: str, default: str) -> str:
    value = values.get(path.lower(), (path, None))[1]
    if value is None:
        return default
    if not isinstance(value, str):
        raise ConfigurationError(f"host.json: {path} must be a string, not {value!r}")
    return value


def _number(values: Values, path: str, default: int) -> int:
    value = values.get(path.lower(), (path, default))[1]
    try:
        return int(str(value))
    except ValueError:
        raise ConfigurationError(f"host.json: {path} must be a whole number, not {value!r}") from None


def _resolve(text: str, environment: Mapping[str, str]) -> str:
    def setting(match: re.Match[str]) -> str:
        if match[1] not in environment:
            raise ConfigurationError(f"host.json names the setting %{match[1]}%, which is not set")
        return environment[match[1]]

    return re.sub(r"%([^%]+)%", setting, text)
