"""A client of the REST data plane without an SDK, so that tests see exactly what is sent and received."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import jwt
from yarl import URL

from local_azure.webpubsub import Service
from tests.local_azure.webpubsub.harness import HUB

NEWEST = "2024-12-01"

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: its status, headers and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The error code in the header."""
        return self.headers.get("x-ms-error-code")


@dataclass(frozen=True, slots=True)
class RestClient:
    """Calls operations of the hub `chat` with a token made with the service's access key."""

    service: Service
    http: aiohttp.ClientSession

    def token(self, url: str, lifetime_seconds: float = 60) -> str:
        """Return a REST token for a URL."""
        claims = {"aud": url, "exp": time.time() + lifetime_seconds}
        return jwt.encode(claims, self.service.settings.access_key, "HS256")

    async def __call__(
        self,
        method: str,
        path: str,
        *query: tuple[str, str],
        body: str | bytes | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        version: str | None = NEWEST,
    ) -> Answered:
        """Call an operation of the hub; the path is sent as it is."""
        versions = [("api-version", version)] if version else []
        url = f"{self.service.endpoint}/api/hubs/{HUB}{path}"
        token = {"Authorization": f"Bearer {self.token(url)}"}
        kind = {"Content-Type": content_type} if content_type else {}
        return await self.request(
            method, f"{url}?{urlencode([*versions, *query])}", body, token | kind | dict(headers or {})
        )

    async def request(
        self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answered:
        """Send any request."""
        async with self.http.request(
            method,
            URL(url, encoded=True),
            data=body,
            headers=headers,
            allow_redirects=False,
            skip_auto_headers=["Content-Type"],
        ) as response:
            return Answered(response.status, response.headers, await response.read())

    async def text(self, path: str, text: str, *query: tuple[str, str]) -> int:
        """Send a text message and return the status."""
        return (await self("POST", path, *query, body=text, content_type="text/plain")).status

    async def document(self, path: str, document: object) -> Answered:
        """Post a JSON document."""
        return await self("POST", path, body=json.dumps(document), content_type="application/json")

    async def link(self, url: str) -> Answered:
        """Follow a link that the service gave."""
        parts = urlsplit(url)
        token = self.token(f"{parts.scheme}://{parts.netloc}{parts.path}")
        return await self.request("GET", url, headers={"Authorization": f"Bearer {token}"})
