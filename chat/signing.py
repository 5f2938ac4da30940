"""Does an event come from the service? Its signature says so.

The service signs every event with each access key it holds (`ce-signature`, one `sha256=<hex>` per key), so a key can
be rotated without a moment in which honest events are refused.
"""

import hmac
from collections.abc import Sequence


def signature(connection_id: str, key: str) -> str:
    """Return `sha256=` and the lower-case hex HMAC-SHA256 of the connection id, as the service writes it."""
    return "sha256=" + hmac.digest(key.encode(), raw(connection_id), "sha256").hex()


def signature_matches(header: str, connection_id: str, keys: Sequence[str]) -> bool:
    """Return whether any signature in the `ce-signature` header was made with one of the keys."""
    received = [raw(part.strip().lower()) for part in header.split(",")]
    expected = [signature(connection_id, key).encode() for key in keys]
    # Every pair is compared: stopping at the first match would tell which key is in use.
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in received]
    return any(matches)


def raw(header: str) -> bytes:
    """Return a header's bytes, also where some of them are no text."""
    return header.encode(errors="surrogatepass")
