"""Requests sent byte for byte to a host, and what the small apps of these tests begin with."""

import asyncio
import http.client
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local_azure.functions import RunningHost

HEADER = """
import asyncio, json, logging, threading, time
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
"""


@dataclass(frozen=True)
class Answer:
    """What came over the wire; header names as sent."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str:
        """Return a header's value, the values joined with a bar when it is repeated."""
        return " | ".join(value for key, value in self.headers if key.lower() == name.lower())

    def __contains__(self, name: str) -> bool:
        return any(key.lower() == name.lower() for key, _ in self.headers)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Served:
    """A running host and a client that changes nothing of what it is told to send."""

    host: RunningHost

    async def send(
        self,
        method: str,
        target: str,
        *headers: tuple[str, str],
        body: bytes | None = None,
        chunks: list[bytes] | None = None,
    ) -> Answer:
        return await asyncio.to_thread(send, self.host.url, method, target, headers, body, chunks)

    async def get(self, target: str, *headers: tuple[str, str]) -> Answer:
        return await self.send("GET", target, *headers)


def send(
    url: str,
    method: str,
    target: str,
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes | None = None,
    chunks: list[bytes] | None = None,
) -> Answer:
    """Send one request over a connection of its own, the target exactly as given."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=20)
    try:
        connection.putrequest(method, target, skip_host=any(n.lower() == "host" for n, _ in headers))
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        if chunks is not None:
            connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders(body if chunks is None else iter(chunks), encode_chunked=chunks is not None)
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


WriteApp = Callable[..., Path]
Serve = Callable[..., AbstractAsyncContextManager[Served]]
ROOT_PREFIX: dict[str, object] = {"extensions": {"http": {"routePrefix": ""}}}
