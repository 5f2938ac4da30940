"""Tokens of the app's managed identity, from the endpoint that App Service, and local Azure, give to an app.

The endpoint is in the settings IDENTITY_ENDPOINT and IDENTITY_HEADER (api-version 2019-08-01).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp

from local_azure.functions.errors import BindingError

RESOURCE = "https://storage.azure.com"
API_VERSION = "2019-08-01"
# A token is used no longer when it expires so soon.
RENEW_BEFORE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """An identity of the app, the one with the client id where there is one, and the endpoint that gives its tokens."""

    endpoint: str
    header: str = field(repr=False)
    client_id: str = ""


class IdentityTokens:
    """The tokens of identities for storage, each kept until shortly before it expires."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._tokens: dict[ManagedIdentity, tuple[str, float]] = {}

    async def get(self, identity: ManagedIdentity, session: aiohttp.ClientSession) -> str:
        """Return a token. Raises BindingError when the endpoint gives none."""
        token, expires = self._tokens.get(identity, ("", 0.0))
        if expires - RENEW_BEFORE_SECONDS <= self._clock().timestamp():
            token, expires = await self._request(identity, session)
            self._tokens[identity] = token, expires
        return token

    async def _request(self, identity: ManagedIdentity, session: aiohttp.ClientSession) -> tuple[str, float]:
        query = {"resource": RESOURCE, "api-version": API_VERSION}
        if identity.client_id:
            query["client_id"] = identity.client_id
        headers = {"X-IDENTITY-HEADER": identity.header}
        try:
            async with session.get(identity.endpoint, params=query, headers=headers) as response:
                if response.status != 200:
                    raise BindingError(f"the endpoint of the managed identity answered {response.status}")
                answer = await response.json(content_type=None)
                return str(answer["access_token"]), float(answer["expires_on"])
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            raise BindingError(
                f"the endpoint of the managed identity gives no token: {type(error).__name__}"
            ) from error
