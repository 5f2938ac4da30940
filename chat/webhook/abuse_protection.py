"""May this service deliver events here? (CloudEvents HTTP webhook, "abuse protection")

The service asks with `WebHook-Request-Origin` before it delivers, and repeats that from time to time.
"""

from collections.abc import Sequence

from chat.errors import InvalidEvent, OriginRefused

REQUEST_ORIGIN = "webhook-request-origin"
ALLOWED_ORIGIN = "WebHook-Allowed-Origin"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


def allowed_origin(requested: str | None, allowed: Sequence[str]) -> str:
    """Return the value of `WebHook-Allowed-Origin`: `*`, or the one requested origin that is allowed.

    A service with replicas or a custom domain sends several origins separated by commas, some with a space after it;
    the answer is always a single one, because a list in one header is refused. Raises InvalidEvent when nothing was
    requested and OriginRefused when nothing requested is allowed.
    """
    origins = [origin.strip() for origin in (requested or "").split(",") if origin.strip()]
    if not origins:
        raise InvalidEvent("the WebHook-Request-Origin header is missing")
    if "*" in allowed:
        return "*"
    names = {name.lower() for name in allowed}
    if names & _LOOPBACK:  # these are names of one machine
        names |= _LOOPBACK
    for origin in origins:
        if origin.lower() in names:
            return origin
    raise OriginRefused(f"none of the origins {', '.join(origins)!r} is allowed, only {', '.join(allowed)!r}")
