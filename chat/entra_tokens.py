"""Bearer tokens of the app's identity in Microsoft Entra ID, kept until shortly before they end.

azure-identity is imported when the first token is asked for.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING

from chat.http_connections import CallFailed, close_with_loop

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.core.credentials_async import AsyncTokenCredential

REQUEST_SECONDS = 10.0
REFRESH_SECONDS = 300.0
"""How long before its end a token is replaced: the service's clock may differ, and a call takes time."""


class EntraTokens:
    """The tokens for one scope; it belongs to one event loop, and the credential is closed with that."""

    def __init__(
        self,
        scope: str,
        new_credential: "Callable[[], AsyncTokenCredential]",
        now: Callable[[], float] = time.time,
    ) -> None:
        self._scope = scope
        self._new_credential = new_credential
        self._now = now
        self._credential: AsyncTokenCredential | None = None
        self._token: AccessToken | None = None
        self._request: asyncio.Task[AccessToken] | None = None
        self._closer: AsyncGenerator[None, None] | None = None

    async def get(self, seconds: float) -> str:
        """Return a token that is valid for some minutes; callers at the same time share one request for it.

        Raises CallFailed when none is given within that many seconds.
        """
        if self._token is None or self._token.expires_on - REFRESH_SECONDS <= self._now():
            self._token = await self._request_token(seconds)
        return self._token.token

    async def _request_token(self, seconds: float) -> "AccessToken":
        from azure.core.exceptions import AzureError

        if self._request is None or self._request.done():
            self._request = asyncio.ensure_future(self._ask())
        try:
            async with asyncio.timeout(seconds):
                # Shielded: a cancelled caller must not cancel the shared request.
                return await asyncio.shield(self._request)
        except (AzureError, TimeoutError) as problem:
            raise CallFailed("no token for the app's identity", was_sent=False) from problem

    async def _ask(self) -> "AccessToken":
        if self._credential is None:
            self._credential = self._new_credential()
            self._closer = await close_with_loop(self._credential.close)
        # azure-identity itself waits for minutes, and callers would share that.
        async with asyncio.timeout(REQUEST_SECONDS):
            return await self._credential.get_token(self._scope)


def app_credential(client_id: str | None, *, is_managed: bool) -> "AsyncTokenCredential":
    """Return the credential of the app's identity: a managed one only, or whatever this machine is signed in with.

    A client id names a user-assigned identity.
    """
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    if is_managed:
        return ManagedIdentityCredential(client_id=client_id)
    return DefaultAzureCredential(managed_identity_client_id=client_id)
