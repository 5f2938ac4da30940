"""Bearer tokens of identities, as the services of this machine check them: signature, issuer, audience and lifetime.

They are JSON Web Tokens, signed with RS256 by the local authority (`local_azure.authority`), which publishes its keys.
As in Azure, a token says who its caller is, and each service knows which roles that identity has.
"""

from base64 import urlsafe_b64decode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from local_azure.json_depth import check_depth

if TYPE_CHECKING:
    from jwt import PyJWK

ALGORITHM = "RS256"
CLOCK_SKEW_SECONDS = 300
MAX_TOKEN_CHARACTERS = 64 * 1024

PublishedKey = Mapping[str, Any]
"""A public key as a JSON Web Key."""


class Role(StrEnum):
    """The built-in roles of Azure that count on this machine, by the names that the portal shows."""

    WEB_PUBSUB_OWNER = "Web PubSub Service Owner"
    WEB_PUBSUB_READER = "Web PubSub Service Reader"
    TABLE_CONTRIBUTOR = "Storage Table Data Contributor"
    TABLE_READER = "Storage Table Data Reader"


class InvalidBearerToken(Exception):
    """A token that is refused; the text says why and never holds the token."""


@dataclass(frozen=True, slots=True)
class TokenTrust:
    """Whose tokens a service accepts; it can be pickled for another process.

    `issuers` are the names of one tenant, `keys` what its authority publishes now, `roles` the roles of each identity
    by its object id. `authorization_url` is where callers are sent that have no valid token.
    """

    issuers: Collection[str]
    keys: Sequence[PublishedKey]
    roles: Mapping[str, Collection[str]]
    authorization_url: str


class BearerTokens:
    """Checks the tokens of one tenant."""

    def __init__(self, trust: TokenTrust) -> None:
        """The authority's keys may change later: see `replace_keys`."""
        self._trust = trust
        self._keys: dict[str, PyJWK] = {}
        # A server makes many calls with one token, and a check of the signature costs more than the call.
        self._signed_claims = lru_cache(maxsize=256)(self._verify_signature)
        self.replace_keys(trust.keys)

    @property
    def authorization_url(self) -> str:
        """Where callers are sent that have no valid token."""
        return self._trust.authorization_url

    def replace_keys(self, keys: Sequence[PublishedKey]) -> None:
        """Accept from now on what these keys sign, and nothing else."""
        from jwt import PyJWK

        parsed = [PyJWK.from_dict(dict(key)) for key in keys]
        self._keys = {key.key_id: key for key in parsed if key.key_id}
        self._signed_claims.cache_clear()

    def read_roles(self, token: str, *, audiences: Collection[str], now: float) -> Collection[str]:
        """Return the roles of the token's identity, none for one that has not been given any.

        `now` is in seconds since 1970. Raises InvalidBearerToken.
        """
        claims = self._signed_claims(token)
        if claims.get("iss") not in self._trust.issuers:
            raise InvalidBearerToken("the token was issued for another tenant")
        if claims.get("aud") not in audiences:
            raise InvalidBearerToken("the token is for another audience")
        if _seconds(claims, "exp") <= now - CLOCK_SKEW_SECONDS:
            raise InvalidBearerToken("the token has expired")
        if _seconds(claims, "nbf") > now + CLOCK_SKEW_SECONDS:
            raise InvalidBearerToken("the token is not valid yet")
        return self._trust.roles.get(str(claims.get("oid")), ())

    def _verify_signature(self, token: str) -> Mapping[str, Any]:
        import jwt

        if not is_of_authority(token):
            raise InvalidBearerToken(f"the token is not signed with {ALGORITHM}")
        try:
            key = self._keys.get(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                raise InvalidBearerToken("the token is signed with a key that the authority does not publish")
            # Times and names are checked by the caller: a token that was verified once is kept.
            options = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
            return jwt.decode(token, key, algorithms=[ALGORITHM], options=options)  # type: ignore[arg-type]
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise InvalidBearerToken(f"the token cannot be read ({type(error).__name__})") from None


@lru_cache(maxsize=256)
def is_of_authority(token: str) -> bool:
    """Return whether a text has the form of a token of the authority; its signature is not checked."""
    import jwt

    if len(token) > MAX_TOKEN_CHARACTERS:
        return False
    try:
        for part in token.split(".")[:2]:
            check_depth(urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode())
        return jwt.get_unverified_header(token).get("alg") == ALGORITHM
    except (jwt.PyJWTError, ValueError, TypeError):
        return False


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**53:
        raise InvalidBearerToken(f"the token has no usable {name} claim")
    return float(value)
