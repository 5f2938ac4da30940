"""Payloads for the page: the start of each, as text or hexadecimal, with keys, tokens and cookies removed."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

from local_azure.http_redaction import (
    MASK,
    TOKEN_START,
    TOKEN_WORD,
    WORDS_OF_SECRETS,
    mask_header,
    mask_tokens,
    mask_url,
)
from local_azure.json_depth import check_depth
from local_azure.webpubsub.inspector.record_decoder import PayloadStart

KEPT_BYTES = 8 * 1024
HIDDEN = MASK
_MARGIN_BYTES = 8 * 1024  # so that a secret across the end of the kept part is found
_MIN_KEY_BYTES = 8
_EXCERPT_BYTES = 1024

_WORDS = WORDS_OF_SECRETS.encode()
_TOKEN_START = TOKEN_START.encode()
_TOKEN_WORD = re.compile(TOKEN_WORD.encode())
# The quotes of a JSON text within a string of a JSON text come after backslashes, all of them after just as many.
_FIELD = re.compile(rb'(?<!\\)(?P<run>\\{0,15}+)"(?P<name>[^"\\]{1,100}+)(?P=run)"\s*+:\s*+')
_SECRET_NAME = re.compile(rb".*(?:" + _WORDS + rb")", re.IGNORECASE | re.DOTALL)
_SECRET_NAME_OF_LIST = re.compile(_SECRET_NAME.pattern + rb"|code|sig|key", re.IGNORECASE | re.DOTALL)
_SECRET_NAME_OF_NUMBER = re.compile(rb".*(?:password|passwd|pwd|secret)", re.IGNORECASE | re.DOTALL)
_STRING = rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'
_STRING_VALUE = re.compile(_STRING, re.DOTALL)
_LIST_VALUE = re.compile(rb"\[(?:\s*+" + _STRING + rb"\s*+,?)*+\s*+\]?", re.DOTALL)
_NUMBER_VALUE = re.compile(rb"-?[0-9][0-9.eE+-]*+")
_NESTED_LIST_VALUE = re.compile(rb"\[[^\]]*+\]?")
_SECRET_PAIR = re.compile(
    rb"((?:(?:access_token|account_?key|access_?key|sharedaccesskey|sharedaccesssignature|client_secret|id_token"
    rb"|refresh_token|password)|[?&;](?:code|sig|key|token|secret))=)[^&\s;\"'<>\\]+",
    re.IGNORECASE,
)
_CREDENTIALS = re.compile(rb"\b((?:Bearer|Basic|SharedKeyLite|SharedKey) +)[A-Za-z0-9._~+/:=-]{8,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RedactedPayload:
    """The start of a payload without secrets; `size` is the whole payload's, in bytes."""

    text: str
    form: str
    size: int
    is_truncated: bool = False

    def document(self) -> dict[str, object]:
        """Return the payload for a JSON document."""
        return {"text": self.text, "form": self.form, "size": self.size, "truncated": self.is_truncated}


class Redactor:
    """Removes secrets: the service's access keys, JSON Web Tokens, cookies, and fields that are named as secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # Each as it is, and as it is written in JSON and in a URL.
        forms = [
            form
            for secret in secrets
            if len(secret) >= _MIN_KEY_BYTES
            for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""))
        ]
        self._secrets = [form.encode() for form in dict.fromkeys(forms)]

    def redact(self, data: str | bytes, limit: int = KEPT_BYTES) -> RedactedPayload:
        """Return the payload's first 8 KiB; `form` is json, text, or hex for what is not UTF-8."""
        raw = data.encode(errors="replace") if isinstance(data, str) else data
        size = raw.whole_size if isinstance(raw, PayloadStart) else len(raw)
        is_cut = len(raw) > limit + _MARGIN_BYTES or size > len(raw)
        kept = self._without_secrets(raw[: limit + _MARGIN_BYTES], is_cut=is_cut)[:limit]
        is_truncated = size > limit or size > len(raw)
        try:
            # Only in a truncated payload, the last character may be incomplete.
            text = _decoded_start(kept) if is_truncated else kept.decode()
        except UnicodeDecodeError:
            return RedactedPayload(kept.hex(" "), "hex", size, is_truncated)
        return RedactedPayload(text, "json" if not is_truncated and _is_json(text) else "text", size, is_truncated)

    def excerpt(self, data: str | bytes, characters: int) -> str:
        """Return the start of a payload in one piece of text, for a list."""
        start = data[:_EXCERPT_BYTES]
        raw = start.encode(errors="replace") if isinstance(start, str) else start
        kept = self._without_secrets(raw, is_cut=len(data) > _EXCERPT_BYTES)
        try:
            return (_decoded_start(kept) if len(data) > _EXCERPT_BYTES else kept.decode())[:characters]
        except UnicodeDecodeError:
            return kept[: characters // 3].hex(" ")

    def redact_text(self, text: str) -> str:
        """Return a short text without secrets."""
        return self._without_secrets(text.encode(errors="replace")).decode(errors="replace")

    def redact_value(self, value: object) -> object:
        """Return a value of a JSON document without secrets in its texts, and with secret fields masked."""
        return json.loads(self._without_secrets(json.dumps(value).encode()))

    def redact_url(self, url: str) -> str:
        """Return a URL without credentials and secret parameters."""
        return self.redact_text(mask_url(url))

    def redact_headers(self, headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return headers in their order, with the values of secret ones masked."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        return [(name, self.redact_text(mask_header(name, value))) for name, value in pairs]

    def _without_secrets(self, data: bytes, *, is_cut: bool = False) -> bytes:
        hidden = HIDDEN.encode()
        for secret in self._secrets:
            data = data.replace(secret, hidden)
            data = _without_truncated_end(data, secret, hidden) if is_cut else data
        data = _mask_fields(data, hidden)
        if b"=" in data:
            data = _SECRET_PAIR.sub(rb"\1" + hidden, data)
        data = _CREDENTIALS.sub(rb"\1" + hidden, data)
        return _mask_tokens(data, is_cut=is_cut) if _TOKEN_START in data else data


def payload_texts(payload: RedactedPayload) -> frozenset[str]:
    """Return the strings of a JSON payload, or its whole text: two payloads with a common text may have one cause."""
    if payload.form == "json" and not payload.is_truncated:
        return frozenset(_strings(json.loads(payload.text)))
    return frozenset((payload.text,)) - {""}


def _without_truncated_end(data: bytes, secret: bytes, hidden: bytes) -> bytes:
    """Return a payload's start whose end may be the start of a secret."""
    for length in range(min(len(secret), len(data)), _MIN_KEY_BYTES - 1, -1):
        if data.endswith(secret[:length]):
            return data[:-length] + hidden
    return data


def _mask_tokens(data: bytes, *, is_cut: bool) -> bytes:
    def masked(word: re.Match[bytes]) -> bytes:
        if _TOKEN_START not in word.group():
            return word.group()
        return mask_tokens(word.group().decode("ascii"), is_cut=is_cut and word.end() == len(data)).encode()

    return _TOKEN_WORD.sub(masked, data)


def _mask_fields(data: bytes, hidden: bytes) -> bytes:
    """Return JSON, or its start, in which the values of secret fields are replaced."""
    parts: list[bytes] = []
    copied = 0
    for field in _FIELD.finditer(data):
        if field.start() < copied:
            continue
        replaced = _masked_value(field, data, hidden)
        if replaced is not None:
            masked, end = replaced
            parts += data[copied : field.end()], masked
            copied = end
    return b"".join((*parts, data[copied:])) if parts else data


def _masked_value(field: re.Match[bytes], data: bytes, hidden: bytes) -> tuple[bytes, int] | None:
    """Return what replaces a field's value, and where the value ends; None when it is not secret."""
    start, name, quote = field.end(), field["name"], field["run"] + b'"'
    if data.startswith(b"[", start):
        if _SECRET_NAME_OF_LIST.fullmatch(name):
            value = (_NESTED_LIST_VALUE if field["run"] else _LIST_VALUE).match(data, start)
            assert value is not None
            return b"[" + quote + hidden + quote + b"]", value.end()
    elif data.startswith(quote, start):
        if _SECRET_NAME.fullmatch(name):
            value = _string_value(len(field["run"])).match(data, start)
            assert value is not None
            return quote + hidden + quote, value.end()
    elif _SECRET_NAME_OF_NUMBER.fullmatch(name) and (value := _NUMBER_VALUE.match(data, start)):
        return quote + hidden + quote, value.end()
    return None


@cache
def _string_value(backslashes: int) -> re.Pattern[bytes]:
    """Return the pattern of a string whose quotes come after so many backslashes.

    A backslash at the end of its text comes before the last quote, written twice on each level.
    """
    if not backslashes:
        return _STRING_VALUE
    quote = rb"(?<!\\)(?:\\{%d})*+\\{%d}\"" % (2 * (backslashes + 1), backslashes)
    return re.compile(rb"\\+\"(?:(?!" + quote + rb").)*+(?:" + quote + rb")?", re.DOTALL)


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
