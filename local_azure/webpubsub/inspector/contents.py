"""What a payload looks like on the page: text where it is text, bytes as hexadecimal, and never a token or a key."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

KEPT_BYTES = 8 * 1024
HIDDEN = "[hidden]"
_MARGIN_BYTES = 8 * 1024  # so that a secret across the end of what is kept is seen whole
_MIN_KEY_BYTES = 8
_JSON_WEB_TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?")
_CUT_TOKEN = re.compile(_JSON_WEB_TOKEN.pattern + rb"|eyJ[A-Za-z0-9_.-]*\Z")
_COOKIE = re.compile(rb'("(?:cookie|authorization)"\s*:\s*)\[[^\]]*\]', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Content:
    """The start of a payload, fit to be shown; `size` is the whole payload's, in bytes."""

    text: str
    form: str
    size: int

    @property
    def is_cut(self) -> bool:
        """Whether there is more than is shown."""
        return self.size > KEPT_BYTES


class Contents:
    """Turns payloads into what may be shown, without the service's own keys."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [secret.encode() for secret in secrets if len(secret) >= _MIN_KEY_BYTES]

    def content(self, data: str | bytes) -> Content:
        """Return the payload's first 8 KiB; `form` is json, text, or hex for what is no UTF-8."""
        raw = data.encode(errors="replace") if isinstance(data, str) else data
        kept = self._without_secrets(raw[: KEPT_BYTES + _MARGIN_BYTES])[:KEPT_BYTES]
        try:
            # A character may have been cut in two, but not in a payload that is shown whole.
            text = kept.decode() if len(raw) <= KEPT_BYTES else _decoded_start(kept)
        except UnicodeDecodeError:
            return Content(kept.hex(" "), "hex", len(raw))
        return Content(text, "json" if _is_json(text) else "text", len(raw))

    def text(self, text: str) -> str:
        """Return a short text as it may be shown."""
        return self._without_secrets(text.encode(errors="replace")).decode(errors="replace")

    def _without_secrets(self, data: bytes) -> bytes:
        hidden = HIDDEN.encode()
        for secret in self._secrets:
            data = data.replace(secret, hidden)
        data = _COOKIE.sub(rb'\1["' + hidden + rb'"]', data)
        pattern = _JSON_WEB_TOKEN if len(data) < KEPT_BYTES + _MARGIN_BYTES else _CUT_TOKEN
        return pattern.sub(hidden, data)


def texts_of(content: Content) -> frozenset[str]:
    """Return the texts in a payload, by which two payloads may be recognised as saying the same."""
    if content.form == "json" and not content.is_cut:
        return frozenset(_strings(json.loads(content.text)))
    return frozenset((content.text,)) - {""}


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
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _decoded_start(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        if error.start < len(data) - 3:
            raise
        return data[: error.start].decode()
