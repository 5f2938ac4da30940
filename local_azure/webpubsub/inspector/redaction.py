"""Payloads for the page: the start of each, as text or hexadecimal, with keys, tokens and cookies removed."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from local_azure.json_depth import check_depth

KEPT_BYTES = 8 * 1024
HIDDEN = "[hidden]"
_MARGIN_BYTES = 8 * 1024  # so that a secret across the end of the kept part is found
_MIN_KEY_BYTES = 8
_JSON_WEB_TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?")
_TRUNCATED_TOKEN = re.compile(_JSON_WEB_TOKEN.pattern + rb"|eyJ[A-Za-z0-9_.-]*\Z")
_SECRET_FIELD = re.compile(rb'("(?:secret|password)"\s*:\s*")(?:[^"\\]|\\.)*"?', re.IGNORECASE)
_COOKIE = re.compile(rb'("(?:cookie|authorization)"\s*:\s*)\[[^\]]*\]', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RedactedPayload:
    """The start of a payload without secrets; `size` is the whole payload's, in bytes."""

    text: str
    form: str
    size: int

    @property
    def is_truncated(self) -> bool:
        """Whether only the start is kept."""
        return self.size > KEPT_BYTES


class Redactor:
    """Removes secrets: the service's access keys, JSON Web Tokens, cookies, and fields called secret or password."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [secret.encode() for secret in secrets if len(secret) >= _MIN_KEY_BYTES]

    def redact(self, data: str | bytes) -> RedactedPayload:
        """Return the payload's first 8 KiB; `form` is json, text, or hex for what is not UTF-8."""
        raw = data.encode(errors="replace") if isinstance(data, str) else data
        kept = self._without_secrets(raw[: KEPT_BYTES + _MARGIN_BYTES])[:KEPT_BYTES]
        try:
            # Only in a truncated payload, the last character may be incomplete.
            text = kept.decode() if len(raw) <= KEPT_BYTES else _decoded_start(kept)
        except UnicodeDecodeError:
            return RedactedPayload(kept.hex(" "), "hex", len(raw))
        return RedactedPayload(text, "json" if _is_json(text) else "text", len(raw))

    def redact_text(self, text: str) -> str:
        """Return a short text without secrets."""
        return self._without_secrets(text.encode(errors="replace")).decode(errors="replace")

    def _without_secrets(self, data: bytes) -> bytes:
        hidden = HIDDEN.encode()
        for secret in self._secrets:
            data = data.replace(secret, hidden)
        data = _SECRET_FIELD.sub(rb"\1" + hidden + b'"', data)
        data = _COOKIE.sub(rb'\1["' + hidden + rb'"]', data)
        pattern = _JSON_WEB_TOKEN if len(data) < KEPT_BYTES + _MARGIN_BYTES else _TRUNCATED_TOKEN
        return pattern.sub(hidden, data)


def payload_texts(payload: RedactedPayload) -> frozenset[str]:
    """Return the strings of a JSON payload, or its whole text: two payloads with a common text may have one cause."""
    if payload.form == "json" and not payload.is_truncated:
        return frozenset(_strings(json.loads(payload.text)))
    return frozenset((payload.text,)) - {""}


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(check_depth(text))
    except ValueError:
        return False
    return True


def _decoded_start(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        if error.start < len(data) - 3:
            raise
        return data[: error.start].decode()
