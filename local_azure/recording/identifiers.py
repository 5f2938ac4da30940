"""Ids and times that are new in each run, and the placeholders that stand for them in a recording.

`⟨connection ana⟩` is the id of a client's connection, `⟨uuid 1⟩` and `⟨hex32 1⟩` are ids in the order in which they
were first seen, `⟨time⟩` and `⟨time-ms⟩` are moments within a day of the recording. `⟨endpoint⟩` is the service's host
and port.
"""

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from local_azure.recording.file_format import JsonValue

PLACEHOLDER = re.compile(r"⟨(connection|endpoint|uuid|hex\d+|time|time-ms)(?: ([^⟩]+))?⟩")
_DAY_SECONDS = 86_400.0
_UUID = r"(?P<uuid>(?<![0-9A-Za-z])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9A-Za-z]))"
_HEX = r"(?P<hex>(?<![0-9A-Za-z])[0-9a-f]{32,64}(?![0-9A-Za-z]))"
_TIME = r"(?P<time>(?<!\d)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
_CHANGING = re.compile("|".join((_UUID, _HEX, _TIME)))


class Identifiers:
    """The placeholders of one run, and what they stand for."""

    def __init__(self, now: Callable[[], float], endpoint: str = "") -> None:
        """`now` returns seconds since the epoch, `endpoint` is the service's URL."""
        self._now = now
        self._placeholders: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._names: list[str] = []
        self._counts: dict[str, int] = {}
        if endpoint:
            self._names.append(endpoint.partition("://")[2])
            self._register(self._names[0], "⟨endpoint⟩")

    def name_connection(self, connection_id: str, client: str) -> None:
        """Let the placeholder of a client stand for the id of its connection."""
        if not _CHANGING.fullmatch(connection_id):
            self._names.append(connection_id)  # not found as an id; each of these costs a search in every text
        self._register(connection_id, f"⟨connection {client}⟩")

    def replace(self, value: JsonValue) -> JsonValue:
        """Return the value with a placeholder for each id and each moment; object keys are replaced too."""
        match value:
            case str():
                return self.replace_text(value)
            case list():
                return [self.replace(item) for item in value]
            case dict():
                return {self.replace_text(name): self.replace(item) for name, item in value.items()}
            case int() if not isinstance(value, bool) and self._is_near(value / 1000):
                return "⟨time-ms⟩"
            case _:
                return value

    def replace_text(self, text: str) -> str:
        """Return the text with placeholders."""
        for name in self._names:
            text = text.replace(name, self._placeholders[name])
        return _CHANGING.sub(self._placeholder, text)

    def value_of(self, placeholder: str) -> str | None:
        """Return the id that a placeholder stands for, or None when it is not known here."""
        return self._values.get(placeholder)

    def create(self, kind: str) -> tuple[str, str]:
        """Return a new id of a kind (`uuid`, `hex32` …) and its placeholder."""
        value = str(uuid4()) if kind == "uuid" else secrets.token_hex(32)[: int(kind.removeprefix("hex"))]
        return value, self._number(value, kind)

    def current_time(self, kind: str) -> str | int:
        """Return this moment as `time`, a text of ISO 8601, or as `time-ms`, milliseconds since the epoch."""
        if kind == "time-ms":
            return int(self._now() * 1000)
        moment = datetime.fromtimestamp(self._now(), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _placeholder(self, match: re.Match[str]) -> str:
        text = match[0]
        if match["time"]:
            return "⟨time⟩" if self._is_near_time(text) else text
        known = self._placeholders.get(text)
        return known or self._number(text, "uuid" if match["uuid"] else f"hex{len(text)}")

    def _number(self, value: str, kind: str) -> str:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._register(value, f"⟨{kind} {self._counts[kind]}⟩")

    def _register(self, value: str, placeholder: str) -> str:
        self._placeholders[value] = placeholder
        self._values[placeholder] = value
        return placeholder

    def _is_near_time(self, text: str) -> bool:
        try:
            return self._is_near(datetime.fromisoformat(text).timestamp())
        except (ValueError, OverflowError):
            return False

    def _is_near(self, seconds: float) -> bool:
        return abs(seconds - self._now()) < _DAY_SECONDS
