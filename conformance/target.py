"""The service that is looked at: its address, its key, and what is stated about services of its kind."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

TargetKind = Literal["local", "emulator", "cloud", "azurite"]

STATEMENTS = Path(__file__).with_name("stated_differences.json")


class InvalidConnectionString(Exception):
    """The connection string lacks a part; the text names it."""


@dataclass(frozen=True, slots=True)
class Statements:
    """What is known of a kind of target before any case runs; each value is a reason.

    `not_offered` is by family, `differences` by number, `sources` by the source of a case: differences from
    behaviours of such a source are stated ones.
    """

    not_offered: Mapping[str, str] = field(default_factory=dict)
    differences: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A service. `wait_seconds` bounds each wait of a case; the other seconds are the target's own settings."""

    endpoint: str
    access_key: str = field(repr=False)
    hub: str = "conformance"
    wait_seconds: float = 10.0
    retention_seconds: float = 30.0
    handler_timeout_seconds: float = 100.0

    def client_url(self, hub: str, query: Mapping[str, str]) -> str:
        """Return the URL of a WebSocket client."""
        return f"{self.endpoint}/client/hubs/{hub}?{urlencode(query)}"

    def client_audience(self, hub: str) -> str:
        """Return the audience of client tokens."""
        return f"{self.endpoint}/client/hubs/{hub}"


def parse_connection_string(text: str) -> tuple[str, str]:
    """Return the endpoint, with the port where one is given, and the access key; raises `InvalidConnectionString`."""
    parts = {}
    for part in filter(None, text.split(";")):
        name, _, value = part.partition("=")
        parts[name.strip().lower()] = value
    for name in ("endpoint", "accesskey"):
        if not parts.get(name):
            raise InvalidConnectionString(f"the connection string has no {name}")
    endpoint = parts["endpoint"].rstrip("/")
    return (f"{endpoint}:{parts['port']}" if "port" in parts else endpoint), parts["accesskey"]


def read_statements(kind: TargetKind, file: Path = STATEMENTS) -> Statements:
    """Return what the file states about a kind of target."""
    stated = json.loads(file.read_text(encoding="utf-8"))[kind]
    return Statements(stated["not_offered"], stated["differences"], stated["sources"])
