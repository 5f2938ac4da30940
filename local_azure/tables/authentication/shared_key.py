"""The two forms of the Authorization header that an account key signs.

The path is signed as it is sent, percent-encoded; of the query only `comp` is signed.
"""

import base64
import hmac
from collections.abc import Iterable, Mapping
from functools import lru_cache

SHARED_KEY = "SharedKey"
SHARED_KEY_LITE = "SharedKeyLite"


# Cached: what a caller signs holds the second, the path and the type of the body, so it repeats within a second.
@lru_cache(maxsize=64)
def sign(text: str, key: str) -> str:
    """Return the base64 HMAC-SHA256 of a text; `key` is base64 as well."""
    return base64.b64encode(hmac.digest(_decode_key(key), text.encode(), "sha256")).decode()


@lru_cache(maxsize=8)
def _decode_key(key: str) -> bytes:
    return base64.b64decode(key)


def signature_matches(signature: str, texts: Iterable[str], keys: Iterable[str]) -> bool:
    """Return whether one of the keys made the signature of one of the texts."""
    received = signature.encode()
    return any(hmac.compare_digest(received, sign(text, key).encode()) for text in texts for key in keys)


def canonical_resource(account: str, raw_path: str, comp: str | None) -> str:
    """Return the resource as it is signed: the account, the path as sent, and `comp`."""
    suffix = f"?comp={comp}" if comp is not None else ""
    return f"/{account}{raw_path}{suffix}"


def string_to_sign(scheme: str, method: str, headers: Mapping[str, str], date: str, resource: str) -> str:
    """Return the text that the scheme signs."""
    if scheme == SHARED_KEY_LITE:
        return f"{date}\n{resource}"
    md5, content_type = headers.get("Content-MD5", ""), headers.get("Content-Type", "")
    return f"{method}\n{md5}\n{content_type}\n{date}\n{resource}"
