"""Removes secrets from what a recording holds: keys, tokens, signatures, passwords and cookies."""

import json
import re
from base64 import b64decode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from local_azure.json_depth import check_depth
from local_azure.recording.file_format import JsonValue

HIDDEN = "***"
_MIN_KEY_CHARACTERS = 8
_MIN_BASE64_CHARACTERS = 16

# The names of fields whose texts are hidden, wherever in the name it is: reconnectionToken, client_secret, x-api-key.
_SECRET_NAME = re.compile(
    r"passw(?:or)?d|passphrase|secret|token|authorization|credential|cookie|signature"
    r"|(?:api|access|account|private|shared|function|master)[-_]?key|connection[-_]?string",
    re.IGNORECASE,
)
# In a URL's query also short names are secrets.
_PARAMETER_NAMES = r"access_token|awps_reconnection_token|id_token|token|code|sig|signature|secret|password|(?:api)?key"
_PATTERNS = (
    # a JSON Web Token
    (re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*"), HIDDEN),
    # a header with credentials
    (
        re.compile(r"\b(Bearer|Basic|SharedKey|SharedKeyLite|SharedAccessSignature)(\s+)[\w.~+/=:-]{16,}", re.I),
        r"\1\2***",
    ),
    # a signature of an event
    (re.compile(r"\bsha256=[0-9a-fA-F]{16,}"), "sha256=***"),
    # a part of a connection string
    (
        re.compile(r"\b((?:Access|Account|SharedAccess)Key|SharedAccessSignature)(\s*=\s*)[^;\s\"']+", re.I),
        r"\1\2***",
    ),
    # a parameter of a URL
    (re.compile(rf"([?&](?:{_PARAMETER_NAMES})=)[^&#\s\"'<>\\]+", re.IGNORECASE), r"\1***"),
    # a field of JSON that is not parsed, because it is only a part of the text
    (
        re.compile(
            rf'(\\*"[\w-]*(?:{_SECRET_NAME.pattern})[\w-]*\\*"\s*:\s*\\*")(?:[^"\\]|\\(?!\\*"))+', re.IGNORECASE
        ),
        r"\1***",
    ),
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


class SecretFilter:
    """Removes the given secrets, and whatever looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {secret for secret in secrets if len(secret) >= _MIN_KEY_CHARACTERS}
        forms = {form(secret) for secret in known for form in (str, quote_plus, _quote_all)}
        # The longest first: a shorter one may be a part of it.
        self._secrets = sorted(forms, key=len, reverse=True)

    def remove(self, value: JsonValue) -> JsonValue:
        """Return the value with `***` in the place of each secret."""
        match value:
            case str():
                return self.remove_from_text(value)
            case list():
                return [self.remove(item) for item in value]
            case dict():
                return {self._text(name): self._member(name, item) for name, item in value.items()}
            case _:
                return value

    def remove_from_text(self, text: str) -> str:
        """Return the text without secrets; one that holds JSON, or is base64 of bytes, is looked into."""
        inner = _parse(text)
        if inner is not None:
            kept = self.remove(inner)
            return text if kept == inner else json.dumps(kept, ensure_ascii=False)
        encoded = _decode_base64(text)
        if encoded is not None and self.remove_from_text(encoded) != encoded:
            return HIDDEN
        return self._text(text)

    def _member(self, name: str, value: JsonValue) -> JsonValue:
        if not _SECRET_NAME.search(name):
            return self.remove(value)
        return _hide_texts(value)

    def _text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text


def hide_parameters(parameters: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the parameters of a query, the values of those that are secrets by their name as `***`."""
    secret = re.compile(_PARAMETER_NAMES, re.IGNORECASE)
    return [
        (name, HIDDEN if secret.fullmatch(name) or _SECRET_NAME.search(name) else value) for name, value in parameters
    ]


def _quote_all(text: str) -> str:
    return quote(text, safe="")


def _hide_texts(value: JsonValue) -> JsonValue:
    """Return the value with every text in it hidden; numbers say how many tokens there are, and stay."""
    match value:
        case str():
            return HIDDEN if value else ""
        case list():
            return [_hide_texts(item) for item in value]
        case dict():
            return {name: _hide_texts(item) for name, item in value.items()}
        case _:
            return value


def _parse(text: str) -> JsonValue:
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        parsed: JsonValue = json.loads(check_depth(text))
    except ValueError:
        return None
    return parsed


def _decode_base64(text: str) -> str | None:
    if len(text) < _MIN_BASE64_CHARACTERS or len(text) % 4 or not _BASE64.fullmatch(text):
        return None
    try:
        # Latin-1 reads every byte: a secret may stand among bytes that are no text.
        return b64decode(text).decode("latin-1")
    except ValueError:
        return None
