"""The authority over HTTP: what a tenant publishes, App Service's endpoint for an app's tokens, and requests of tests.

The endpoint is that of App Service (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`, api-version 2019-08-01), so that
azure-identity and its counterparts in other languages use it unchanged. `/test/tokens` and `/test/keys` exist on this
machine only: a token as somebody needs it to see a refusal, and a rotation of the keys.
"""

import hmac
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from secrets import token_hex

from aiohttp import web

from local_azure.authority.authority import LIFETIME_SECONDS, Authority
from local_azure.authority.identities import Identities, Identity
from local_azure.authority.signing_keys import make_key
from local_azure.listening import start_sites
from local_azure.local_requests import json_response, refusal, refuse_other_hosts, refuse_other_pages
from local_azure.log_lines import http_logger

IDENTITY_PATH = "/msi/token"
API_VERSION = "2019-08-01"
HOST = "127.0.0.1"
MAX_BODY_BYTES = 64 * 1024
MAX_AUDIENCE_CHARACTERS = 2048
MAX_LIFETIME_SECONDS = 10 * 365 * 86_400


class AuthorityServer:
    """A running authority. `identity_header` is the secret by which the app's own requests are known."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.identity_header = token_hex(16)

    def app_variables(self) -> Mapping[str, str]:
        """Return the environment variables by which an app finds its managed identity, as App Service sets them."""
        return {
            "IDENTITY_ENDPOINT": f"{self.authority.url}{IDENTITY_PATH}",
            "IDENTITY_HEADER": self.identity_header,
        }

    def application(self) -> web.Application:
        """Return the routes."""
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.add_routes(
            [
                web.get("/{tenant}/v2.0/.well-known/openid-configuration", self._discovery_2),
                web.get("/{tenant}/.well-known/openid-configuration", self._discovery_1),
                web.get("/{tenant}/discovery/v2.0/keys", self._keys),
                web.get("/{tenant}/discovery/keys", self._keys),
                web.get(IDENTITY_PATH, self._identity_token),
                web.post("/test/tokens", self._test_token),
                web.post("/test/keys", self._rotate),
            ]
        )
        return application

    async def _discovery_1(self, request: web.Request) -> web.Response:
        return self._discovery(request, 1, "discovery/keys", "oauth2")

    async def _discovery_2(self, request: web.Request) -> web.Response:
        return self._discovery(request, 2, "discovery/v2.0/keys", "oauth2/v2.0")

    def _discovery(self, request: web.Request, version: int, keys_path: str, path: str) -> web.Response:
        """Answer the OpenID configuration; the endpoints for people and secrets are named and not served."""
        if unknown := self._refuse_other_tenants(request):
            return unknown
        url = self.authority.tenant_url
        document = {
            "issuer": self.authority.issuer(version),
            "jwks_uri": f"{url}/{keys_path}",
            "authorization_endpoint": f"{url}/{path}/authorize",
            "token_endpoint": f"{url}/{path}/token",
            "response_types_supported": ["code", "id_token", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return web.json_response(document)

    async def _keys(self, request: web.Request) -> web.Response:
        if unknown := self._refuse_other_tenants(request):
            return unknown
        issuer = self.authority.issuer(2 if "v2.0" in request.path else 1)
        return web.json_response({"keys": [{**key, "issuer": issuer} for key in self.authority.keys.published()]})

    def _refuse_other_tenants(self, request: web.Request) -> web.Response | None:
        if request.match_info["tenant"].lower() == self.authority.identities.tenant:
            return None
        return web.json_response({"error": "invalid_tenant", "error_description": "no such tenant"}, status=400)

    async def _identity_token(self, request: web.Request) -> web.Response:
        """Answer a token of one of the app's identities."""
        header, query = request.headers.get("X-IDENTITY-HEADER", ""), request.query
        if not hmac.compare_digest(header.encode(errors="surrogateescape"), self.identity_header.encode()):
            return _identity_refusal(401, "X-IDENTITY-HEADER is not the value of IDENTITY_HEADER")
        if query.get("api-version") != API_VERSION:
            return _identity_refusal(400, f"api-version must be {API_VERSION}")
        resource = query.get("resource", "")
        if not 0 < len(resource) <= MAX_AUDIENCE_CHARACTERS:
            return _identity_refusal(400, f"resource must have 1 to {MAX_AUDIENCE_CHARACTERS} characters")
        identity = _chosen_identity(self.authority.identities, query)
        if identity is None:
            return _identity_refusal(400, "the app has no identity with this id, or no system-assigned one")
        token = self.authority.issue(identity, resource)
        document = {
            "access_token": token.text,
            "client_id": identity.client_id,
            "expires_on": str(token.expires_at),
            "resource": resource,
            "token_type": "Bearer",
        }
        return web.json_response(document, headers={"Cache-Control": "no-store"})

    async def _test_token(self, request: web.Request) -> web.Response:
        """Answer any token: for `identity` and `audience`, with `expiresIn`, `issuer`, `version`, `unpublishedKey`."""
        if refused := refuse_other_hosts(request) or refuse_other_pages(request):
            return refused
        try:
            wanted = await request.json()
            identity = self.authority.identities.find(str(wanted["identity"]))
            audience = str(wanted["audience"])
            lifetime, version = int(wanted.get("expiresIn", LIFETIME_SECONDS)), wanted.get("version")
            issuer, is_unpublished = wanted.get("issuer"), wanted.get("unpublishedKey", False)
        except (ValueError, LookupError, TypeError, AttributeError):
            return refusal(400, "bad_request", "the body must be JSON with identity and audience")
        if identity is None:
            return refusal(404, "no_such_identity", "no identity has this name, client id or object id")
        if version not in (None, 1, 2) or not isinstance(issuer, str | None):
            return refusal(400, "bad_request", "version must be 1 or 2, and issuer a text")
        if abs(lifetime) > MAX_LIFETIME_SECONDS:
            return refusal(400, "bad_request", f"expiresIn must be at most {MAX_LIFETIME_SECONDS} s either way")
        token = self.authority.issue(
            identity,
            audience,
            lifetime_seconds=lifetime,
            issuer=issuer,
            version=version,
            key=make_key() if is_unpublished else None,
        )
        return json_response({"token": token.text, "expiresOn": token.expires_at})

    async def _rotate(self, request: web.Request) -> web.Response:
        """Sign with the next key, and answer the ids of the keys that are published now."""
        if refused := refuse_other_hosts(request) or refuse_other_pages(request):
            return refused
        self.authority.keys.rotate()
        return json_response({"keys": [key["kid"] for key in self.authority.keys.published()]})


@asynccontextmanager
async def serve(
    identities: Identities, *, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[AuthorityServer]:
    """Run an authority on this machine's loopback address while the context is open; port 0 takes any free one.

    Raises OSError when the address is not available.
    """
    server = AuthorityServer(Authority(identities))
    runner = web.AppRunner(server.application(), access_log=None, logger=http_logger("authority"), handle_signals=False)
    await runner.setup()
    try:
        chosen = await start_sites(runner, HOST, port, tls)
        server.authority.url = f"{'https' if tls else 'http'}://{HOST}:{chosen}"
        yield server
    finally:
        await runner.cleanup()


def _chosen_identity(identities: Identities, query: Mapping[str, str]) -> Identity | None:
    """Return the app's identity that a request names, else the system-assigned one."""
    name = next((query[key] for key in ("client_id", "principal_id", "object_id") if key in query), None)
    if name is None:
        return identities.system_assigned
    ids = name.lower()
    return next((each for each in identities.of_app if ids in (each.client_id, each.object_id)), None)


def _identity_refusal(status: int, message: str) -> web.Response:
    return web.json_response({"statusCode": status, "message": message}, status=status)
