"""Was a bearer token issued to our service's managed identity, for our application? (Microsoft Entra ID)

Three settings say what to expect, and none has a default: `ChatWebhookTenant` (tenant id), `ChatWebhookAudience` (the
resource that the hub's event handler authenticates for) and `ChatWebhookIdentity` (the client id or object id of the
service's managed identity; without it any app of the tenant could send events).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chat.errors import NotConfigured, ServiceUnavailable, Untrusted
from chat.logs import log
from chat.settings import Settings

if TYPE_CHECKING:
    from jwt import PyJWK

AUTHORITY = "https://login.microsoftonline.com"
ALGORITHM = "RS256"
FETCH_SECONDS = 5.0
KEYS_LAST_SECONDS = 24 * 3600.0
# A token with an unknown key causes a fetch of the keys, but not more often than this.
REFETCH_SECONDS = 60.0
# After a fetch that failed, the next token that needs keys may cause another one so much later.
RETRY_SECONDS = 10.0
CLOCK_SKEW_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a token must say; `authority` is where the tenant's signing keys are published."""

    authority: str
    tenant: str
    audience: str
    identity: str

    @property
    def issuers(self) -> list[str]:
        """The issuers of tokens of version 1 and of version 2."""
        return [f"https://sts.windows.net/{self.tenant}/", f"{self.authority}/{self.tenant}/v2.0"]

    @property
    def keys_url(self) -> str:
        """Where the tenant's signing keys are published."""
        return f"{self.authority}/{self.tenant}/discovery/v2.0/keys"


def read_expectation(settings: Settings) -> Expectation:
    """Return what the settings demand; raises NotConfigured with the name of the first missing one."""
    names = ("ChatWebhookTenant", "ChatWebhookAudience", "ChatWebhookIdentity")
    values = [settings.text(name) for name in names]
    for name, value in zip(names, values, strict=True):
        if not value:
            raise NotConfigured(name, "is not set; ChatWebhookTrust 'identity' needs it")
    return Expectation(settings.text("ChatWebhookAuthority", AUTHORITY).rstrip("/"), *values)


@dataclass(slots=True)
class TenantKeys:
    """One tenant's published keys by their ids; times are in the cache's monotonic seconds.

    `failure` is what the last fetch failed with, None after one that succeeded. `fetch` is the last fetch.
    """

    keys: "dict[str, PyJWK]" = field(default_factory=dict)
    fetched_at: float = float("-inf")
    tried_at: float = float("-inf")
    failure: ServiceUnavailable | None = None
    fetch: "asyncio.Task[None] | None" = None


@dataclass(slots=True)
class KeyCache:
    """The published keys of tenants, each kept for a day; `clock` returns monotonic seconds.

    Whatever tokens come, at most one fetch runs at a time, and the next one begins a stated time after the last.
    """

    clock: Callable[[], float] = time.monotonic
    tenants: dict[str, TenantKeys] = field(default_factory=dict)

    async def read_key(self, url: str, key_id: str) -> "PyJWK":
        """Return the key with this id that is published at `url`.

        Raises Untrusted when the tenant publishes no such key, ServiceUnavailable when the keys cannot be fetched.
        """
        tenant = self.tenants.setdefault(url, TenantKeys())
        if not self._has_key(tenant, key_id):
            if tenant.fetch is None or tenant.fetch.done():
                pause = RETRY_SECONDS if tenant.failure else REFETCH_SECONDS
                if self.clock() - tenant.tried_at > pause:
                    tenant.tried_at = self.clock()
                    tenant.fetch = asyncio.ensure_future(self._fetch(tenant, url))
            if tenant.fetch is not None:
                # Shielded: a cancelled caller must not cancel the shared fetch.
                await asyncio.shield(tenant.fetch)
        if self._has_key(tenant, key_id):
            return tenant.keys[key_id]
        if tenant.failure:
            raise ServiceUnavailable(str(tenant.failure)) from tenant.failure.__cause__
        raise Untrusted("the bearer token is signed with a key that the tenant does not publish")

    def _has_key(self, tenant: TenantKeys, key_id: str) -> bool:
        return key_id in tenant.keys and self.clock() - tenant.fetched_at <= KEYS_LAST_SECONDS

    async def _fetch(self, tenant: TenantKeys, url: str) -> None:
        try:
            tenant.keys = await fetch_keys(url)
        except ServiceUnavailable as problem:
            tenant.failure = problem
        else:
            tenant.fetched_at, tenant.failure = self.clock(), None


async def fetch_keys(url: str) -> "dict[str, PyJWK]":
    """Return the published keys by their ids; raises ServiceUnavailable."""
    import aiohttp
    from jwt import PyJWKSet
    from jwt.exceptions import PyJWTError

    timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
            response.raise_for_status()
            published = PyJWKSet.from_dict(await response.json(content_type=None))
    except (TimeoutError, aiohttp.ClientError, ValueError, PyJWTError) as problem:
        raise ServiceUnavailable("the tenant's signing keys could not be read") from problem
    return {key.key_id: key for key in published.keys if key.key_id}


async def verify_bearer_token(authorization: str, settings: Settings, signing_keys: KeyCache) -> None:
    """Return when the `Authorization` header proves the service's identity.

    Raises Untrusted, NotConfigured or ServiceUnavailable.
    """
    import jwt

    expected = read_expectation(settings)
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Untrusted("the Authorization header has no bearer token")
    if not token.isascii():
        raise Untrusted("the bearer token has bytes that no token has")
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") != ALGORITHM or not (key_id := header.get("kid")):
            raise Untrusted(f"the bearer token is not signed with {ALGORITHM} and a named key")
        claims: dict[str, Any] = jwt.decode(
            token,
            await signing_keys.read_key(expected.keys_url, key_id),
            algorithms=[ALGORITHM],
            audience=expected.audience,
            issuer=expected.issuers,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": ["exp", "iss", "aud"]},
        )
    except (jwt.PyJWTError, RecursionError) as problem:
        if isinstance(problem, jwt.InvalidAudienceError):
            explain_audience(token, expected.audience)
        raise Untrusted(f"the bearer token is refused: {type(problem).__name__}") from problem
    if expected.identity not in {claims.get(name) for name in ("appid", "azp", "oid")}:
        raise Untrusted("the bearer token belongs to another identity than ChatWebhookIdentity")


def explain_audience(token: str, expected: str) -> None:
    """Log where a token of our tenant is for another audience: a slash at the end of a setting is easily overlooked.

    Call it only for a token whose signature is verified.
    """
    import jwt

    audience = jwt.decode(token, options={"verify_signature": False}).get("aud")
    found = [audience] if isinstance(audience, str) else [str(each) for each in audience or ()]
    by_slash = any(each.rstrip("/") == expected.rstrip("/") for each in found)
    problem = "differs from ChatWebhookAudience only by a slash at its end" if by_slash else "is another one"
    log.warning(f"the audience of a bearer token {problem}", extra={"audience": found, "expected": expected})
