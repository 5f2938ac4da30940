"""The endpoint of App Service that gives an app the tokens of its managed identity, on this machine."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from tests.chat.stub_server import a_server


@dataclass
class IdentityEndpoint:
    """Gives the tokens `token-1`, `token-2`, …; `asked` are the queries."""

    asked: list[dict[str, str]] = field(default_factory=list)
    status: int = 200

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request for a token."""
        self.asked.append(dict(request.query))
        if self.status != 200:
            return web.json_response({"message": "no identity"}, status=self.status)
        content = {
            "access_token": f"token-{len(self.asked)}",
            "expires_on": str(int(time.time()) + 3600),
            "resource": request.query["resource"],
            "token_type": "Bearer",
        }
        return web.json_response(content)


@asynccontextmanager
async def serve_identity(environment: pytest.MonkeyPatch) -> AsyncIterator[IdentityEndpoint]:
    """Run the endpoint, and tell azure-identity where it is, as App Service does."""
    endpoint = IdentityEndpoint()
    async with a_server(endpoint.answer) as address:
        environment.setenv("IDENTITY_ENDPOINT", f"{address}/msi/token")
        environment.setenv("IDENTITY_HEADER", "header")
        yield endpoint
