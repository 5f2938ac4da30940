"""Who may call the data plane: whoever has an access key, and identities with a role."""

import logging
from http import HTTPStatus

from aiohttp import hdrs, web

from local_azure.bearer_tokens import BearerTokens, InvalidBearerToken, Role, is_of_authority
from local_azure.webpubsub.rest.errors import RestError
from local_azure.webpubsub.settings import Settings
from local_azure.webpubsub.tokens import ENTRA_AUDIENCE, InvalidToken, bearer, check_rest_token

log = logging.getLogger(__name__)

READING = frozenset(("GET", "HEAD"))


class Authorization:
    """Decides about each call."""

    def __init__(self, settings: Settings, tokens: BearerTokens | None) -> None:
        """`tokens` checks those of identities; without it only keys count."""
        self._settings = settings
        self._tokens = tokens

    def allows(self, request: web.Request, path: str, now: float) -> bool:
        """Return whether the caller is known; `now` is in seconds since the epoch.

        Raises RestError with status 403 for an identity that is known and has no role for the call.
        """
        token = bearer(request.headers.get(hdrs.AUTHORIZATION))
        if token is None:
            return False
        if self._tokens is not None and is_of_authority(token):
            return self._allows_identity(self._tokens, token, request.method, now)
        return self._allows_key(token, request, path, now)

    def _allows_identity(self, tokens: BearerTokens, token: str, method: str, now: float) -> bool:
        try:
            roles = tokens.read_roles(token, audiences=(ENTRA_AUDIENCE,), now=now)
        except InvalidBearerToken as error:
            log.info("bearer token refused", extra={"reason": str(error)})
            return False
        if Role.WEB_PUBSUB_OWNER in roles or (Role.WEB_PUBSUB_READER in roles and method in READING):
            return True
        needed = f"{Role.WEB_PUBSUB_OWNER}, or for reading {Role.WEB_PUBSUB_READER}"
        raise RestError(HTTPStatus.FORBIDDEN, "Forbidden", f"The identity does not have the role {needed}.")

    def _allows_key(self, token: str, request: web.Request, path: str, now: float) -> bool:
        try:
            check_rest_token(
                token,
                keys=self._settings.access_keys,
                endpoints=(f"{request.scheme}://{request.host}", *self._settings.public_endpoints),
                path=path,
                now=now,
                skew_seconds=self._settings.times.clock_skew_seconds,
                allow_entra=self._settings.allow_unvalidated_entra_tokens,
            )
        except InvalidToken:
            return False
        return True
