"""Which parts of an HTTP request and its answer are secret: in headers, in a URL, and in the fields of a body."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

MASK = "***"

WORDS_OF_SECRETS = (
    r"(?:access|account|api|function|functions|host|master|private|shared|subscription|encryption|signing)[-_]?keys?"
    r"|(?<!continuation)(?<!continuation[-_])tokens?|secrets?|passwords?|passwd|pwd|credentials?|signature|authorization"
    r"|connection[-_]?string|cookies?"
)
"""The end of a field's name whose value is secret, as the source of a regular expression."""

_SECRET_NAME = re.compile(rf"(?:.*(?:{WORDS_OF_SECRETS})|key|.*[-_]key|code|sig|.*[-_]sig|.*[-_]code)", re.IGNORECASE)
_NOT_SECRET = frozenset(
    ("rowkey", "partitionkey", "nextrowkey", "nextpartitionkey", "sec-websocket-key", "idempotency-key")
)
_NOT_SECRET_IN_HEADERS = frozenset(("x-ms-error-code", "x-ms-copy-status-code", "status-code"))
TOKEN_START = "eyJ"  # noqa: S105 (no token)
"""How a JSON Web Token begins: the Base64 of `{"`."""

TOKEN_WORD = r"[A-Za-z0-9_.-]{8,}+"  # noqa: S105 (a pattern)
"""A word that may have JSON Web Tokens, as the source of a regular expression."""

_MIN_PART_CHARACTERS = 5
_TOKEN_WORD = re.compile(TOKEN_WORD)
_QUERY_PAIR = re.compile(r"([^&=#?;]+)=([^&#]*)")
_USER_INFO = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/?#@]*@", re.IGNORECASE)
_SCHEME = re.compile(
    r"(?:Bearer|Basic|Digest|SharedKeyLite|SharedKey|SharedAccessSignature|Negotiate) +", re.IGNORECASE
)
_SIGNATURE_METHOD = re.compile(r"(sha256=)[^,]*", re.IGNORECASE)


@lru_cache(maxsize=1_000)
def is_secret_name(name: str) -> bool:
    """Return whether the value of a query's parameter, or of a header, of this name is secret."""
    return name.lower() not in _NOT_SECRET and _SECRET_NAME.fullmatch(name) is not None


def mask_header(name: str, value: str) -> str:
    """Return a header's value; of a secret one only the scheme of the authentication is left."""
    lowered = name.lower()
    if lowered in _NOT_SECRET_IN_HEADERS or not is_secret_name(lowered):
        return mask_url(value)
    if scheme := _SCHEME.match(value):
        return scheme.group() + MASK
    if lowered == "ce-signature" and _SIGNATURE_METHOD.fullmatch(value.partition(",")[0]):
        return _SIGNATURE_METHOD.sub(rf"\1{MASK}", value)
    return MASK


def mask_url(url: str) -> str:
    """Return a URL, or a text with one, without credentials, and without the values of secret parameters."""
    if "=" in url:
        url = _QUERY_PAIR.sub(_mask_pair, url)
    if TOKEN_START in url:
        url = _TOKEN_WORD.sub(lambda word: mask_tokens(word.group()), url)
    return _USER_INFO.sub(rf"\1{MASK}@", url) if "@" in url else url


def mask_headers(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return headers, in their order, with secret values masked."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [(name, mask_header(name, value)) for name, value in pairs]


def mask_tokens(word: str, *, is_cut: bool = False) -> str:
    """Return a word with each JSON Web Token in it masked; at the end of what is cut, also the start of one.

    A token is two or three parts with points between.
    """
    parts = word.split(".")
    masked: list[str] = []
    place = 0
    while place < len(parts):
        before, start, content = parts[place].partition(TOKEN_START)
        following = parts[place + 1] if place + 1 < len(parts) else None
        is_token = (
            len(content) >= _MIN_PART_CHARACTERS and following is not None and len(following) >= _MIN_PART_CHARACTERS
        )
        if start and (is_token or (is_cut and place + 3 >= len(parts))):
            masked.append(before + MASK)
            place += 3
        else:
            masked.append(parts[place])
            place += 1
    return ".".join(masked)


def _mask_pair(match: re.Match[str]) -> str:
    name, value = match.groups()
    return f"{name}={MASK}" if value and is_secret_name(_last_word(name)) else f"{name}={value}"


def _last_word(name: str) -> str:
    """Return the name of a parameter that may follow other text: `see http://host/?code` ends with `code`."""
    return re.split(r"[\s/?;\"'(]|%3[Ff]|%26", name)[-1]
