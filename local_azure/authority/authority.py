"""Issues tokens to the identities of one tenant, with the claims of Entra ID's access tokens of version 1 and 2."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import jwt

from local_azure.authority.identities import Identities, Identity
from local_azure.authority.signing_keys import SigningKey, SigningKeys
from local_azure.bearer_tokens import ALGORITHM, TokenTrust

# As for managed identities in Azure.
LIFETIME_SECONDS = 24 * 3600
BACKDATED_SECONDS = 300
# The service asks for a new token of its own so long before the old one ends.
RENEWAL_SECONDS = 300
_APPLICATION_ID = re.compile(r"(?:api://)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token, and when it ends in seconds since 1970."""

    text: str
    expires_at: int


class Authority:
    """One tenant's authority; `url` is where it is reached, without a slash at the end."""

    def __init__(self, identities: Identities, url: str = "", clock: Callable[[], float] = time.time) -> None:
        """`clock` returns seconds since 1970."""
        self.identities = identities
        self.url = url
        self.keys = SigningKeys()
        self._clock = clock
        self._own_tokens: dict[str, tuple[str, IssuedToken]] = {}

    @property
    def tenant_url(self) -> str:
        """The address of the tenant."""
        return f"{self.url}/{self.identities.tenant}"

    def issuer(self, version: int) -> str:
        """Return the issuer in tokens of version 1 or 2."""
        return f"https://sts.windows.net/{self.identities.tenant}/" if version == 1 else f"{self.tenant_url}/v2.0"

    def trust(self) -> TokenTrust:
        """Return what a service must know to check tokens; its keys are those that are published now."""
        return TokenTrust(
            issuers=(self.issuer(1), self.issuer(2)),
            keys=self.keys.published(),
            roles={identity.object_id: tuple(identity.roles) for identity in self.identities.all},
            authorization_url=f"{self.tenant_url}/oauth2/authorize",
        )

    def issue(
        self,
        identity: Identity,
        audience: str,
        *,
        lifetime_seconds: int = LIFETIME_SECONDS,
        issuer: str | None = None,
        version: int | None = None,
        key: SigningKey | None = None,
    ) -> IssuedToken:
        """Return a token of an identity for an audience; the other arguments make ones that must be refused.

        An audience that is the id of an application gets a token of version 2, any other one of version 1.
        """
        version = version or (2 if _APPLICATION_ID.fullmatch(audience) else 1)
        now, key = int(self._clock()), key or self.keys.current
        expires_at = now + lifetime_seconds
        start = min(now, expires_at) - BACKDATED_SECONDS
        client = "appid" if version == 1 else "azp"
        claims = {
            "aud": audience,
            "iss": issuer or self.issuer(version),
            "iat": start,
            "nbf": start,
            "exp": expires_at,
            client: identity.client_id,
            f"{client}acr": "2",
            "idtyp": "app",
            "oid": identity.object_id,
            "sub": identity.object_id,
            "tid": self.identities.tenant,
            "uti": uuid4().hex,
            "ver": f"{version}.0",
        }
        text = jwt.encode(claims, key.private_key, ALGORITHM, headers={"kid": key.id})
        return IssuedToken(text, expires_at)

    def own_token(self, resource: str) -> str:
        """Return a token of Web PubSub's own identity for a resource, the same one for as long as it can be used."""
        key_id, token = self._own_tokens.get(resource, ("", IssuedToken("", 0)))
        if key_id != self.keys.current.id or token.expires_at - RENEWAL_SECONDS <= self._clock():
            token = self.issue(self.identities.web_pubsub, resource)
            self._own_tokens[resource] = (self.keys.current.id, token)
        return token.text
