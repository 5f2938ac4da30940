"""Was a bearer token issued to our service's managed identity, for our application? (Microsoft Entra ID)

Three settings say what to expect, and none has a default: `ChatWebhookTenant` (tenant id), `ChatWebhookAudience` (the
resource that the hub's event handler authenticates for) and `ChatWebhookIdentity` (the client id or object id of the
service's managed identity; without it any app of the tenant could pose as the service).
"""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chat.errors import NotConfigured, ServiceUnavailable, Untrusted
from chat.settings import Settings

if TYPE_CHECKING:
    from jwt import PyJWK

AUTHORITY = "https://login.microsoftonline.com"
FETCH_SECONDS = 5.0
KEYS_LAST_SECONDS = 24 * 3600.0
# A token with an unknown key makes us look for new keys, but not more often than this.
REFETCH_SECONDS = 60.0
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
        """The issuer of tokens of version 1 and of version 2."""
        return [f"https://sts.windows.net/{self.tenant}/", f"{self.authority}/{self.tenant}/v2.0"]

    @property
    def keys_url(self) -> str:
        """Where the tenant's signing keys are published."""
        return f"{self.authority}/{self.tenant}/discovery/v2.0/keys"


def expectation(settings: Settings) -> Expectation:
    """Return what the settings demand; raises NotConfigured with the first one that is missing."""
    found = [settings.text(name) for name in ("ChatWebhookTenant", "ChatWebhookAudience", "ChatWebhookIdentity")]
    for name, value in zip(("ChatWebhookTenant", "ChatWebhookAudience", "ChatWebhookIdentity"), found, strict=True):
        if not value:
            raise NotConfigured(name, "is not set; ChatWebhookTrust 'identity' needs it")
    return Expectation(settings.text("ChatWebhookAuthority", AUTHORITY).rstrip("/"), *found)


@dataclass(slots=True)
class SigningKeys:
    """A tenant's published keys, kept for a day."""

    url: str
    keys: "dict[str, PyJWK]" = field(default_factory=dict)
    fetched_at: float = float("-inf")

    async def key(self, key_id: str) -> "PyJWK":
        """Return a key by its id; raises Untrusted when there is none such, ServiceUnavailable when unreachable."""
        age = time.monotonic() - self.fetched_at
        if age > KEYS_LAST_SECONDS or (key_id not in self.keys and age > REFETCH_SECONDS):
            self.keys = await fetch_keys(self.url)
            self.fetched_at = time.monotonic()
        if key_id not in self.keys:
            raise Untrusted("the bearer token is signed with a key that the tenant does not publish")
        return self.keys[key_id]


async def fetch_keys(url: str) -> "dict[str, PyJWK]":
    """Return the published keys by their ids."""
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


_signing_keys: dict[str, SigningKeys] = {}


async def verify_bearer_token(authorization: str, settings: Settings) -> None:
    """Return when the `Authorization` header proves the service's identity; raises Untrusted or NotConfigured."""
    import jwt

    expected = expectation(settings)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Untrusted("the Authorization header has no bearer token")
    keys = _signing_keys.setdefault(expected.keys_url, SigningKeys(expected.keys_url))
    try:
        key_id = jwt.get_unverified_header(token.strip()).get("kid", "")
        claims: dict[str, Any] = jwt.decode(
            token.strip(),
            await keys.key(key_id),
            algorithms=["RS256"],
            audience=expected.audience,
            issuer=expected.issuers,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": ["exp", "iss", "aud"]},
        )
    except jwt.PyJWTError as problem:
        raise Untrusted(f"the bearer token is refused: {type(problem).__name__}") from problem
    if expected.identity not in {claims.get(name) for name in ("appid", "azp", "oid")}:
        raise Untrusted("the bearer token belongs to another identity than ChatWebhookIdentity")
