"""Does a request come from our service? One named way decides (`ChatWebhookTrust`); without one, all are refused.

`signature` checks `ce-signature` with the access keys. The service signs every event with each access key that it holds
(one `sha256=<hex>` for a key), so a key can be rotated while events arrive. `identity` checks the bearer token that the
service's managed identity got for our application. `functionkey` leaves the check to the Functions host, which then
demands the route's key.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from chat.errors import Untrusted
from chat.logs import log
from chat.settings import Settings, Trust
from chat.webhook.bearer_tokens import KeyCache, verify_bearer_token


async def verify_sender(
    headers: Mapping[str, str], connection_id: str, settings: Settings, signing_keys: KeyCache
) -> None:
    """Return when the request is verified; header names are lower case.

    Raises Untrusted (401) or NotConfigured (503). `signing_keys` keeps the tenant's keys between requests.
    """
    match settings.trust:
        case Trust.SIGNATURE:
            verify_signature(headers.get("ce-signature", ""), connection_id, settings)
        case Trust.IDENTITY:
            await verify_bearer_token(headers.get("authorization", ""), settings, signing_keys)
        case Trust.FUNCTION_KEY:
            return


def verify_age(time: datetime, now: float, limit: float | None) -> None:
    """Return when an event's time is at most `limit` seconds away from `now` (seconds since 1970), either way.

    None allows any time. Raises Untrusted.
    """
    if limit is None or abs(now - time.timestamp()) <= limit:
        return
    age = round(now - time.timestamp())
    log.warning("an event has a time far from ours", extra={"age": age, "limit": limit})
    raise Untrusted(f"the event is {age} s old by ce-time, ChatEventMaxAgeSeconds allows {limit:g} s either way")


def verify_signature(header: str, connection_id: str, settings: Settings) -> None:
    """Return when one of our keys made the `ce-signature` header; raises Untrusted."""
    if not header:
        raise Untrusted("the ce-signature header is missing")
    if not signature_matches(header, connection_id, settings.access_keys):
        raise Untrusted("the ce-signature was not made with our access key")


# A connection's events all carry the same signature.
@lru_cache(maxsize=4096)
def signature(connection_id: str, key: str) -> str:
    """Return `sha256=` and the lower-case hex HMAC-SHA256 of the connection id, as the service writes it."""
    return "sha256=" + hmac.digest(key.encode(), header_bytes(connection_id), "sha256").hex()


def signature_matches(header: str, connection_id: str, keys: Sequence[str]) -> bool:
    """Return whether any signature in the `ce-signature` header was made with one of the keys."""
    received = [header_bytes(part.strip().lower()) for part in header.split(",")]
    # Every pair is compared: stopping at the first match would show which key is in use.
    matches = [hmac.compare_digest(signature(connection_id, key).encode(), each) for key in keys for each in received]
    return any(matches)


def header_bytes(header: str) -> bytes:
    """Return a header's bytes, also where some of them are no text."""
    return header.encode(errors="surrogatepass")
