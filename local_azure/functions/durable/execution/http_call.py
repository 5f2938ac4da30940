"""`call_http`: the extension's built-in activity that performs an HTTP request for an orchestration.

An answer 202 with a `Location` is polled until another status comes back, as documented for durable HTTP calls.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urljoin

import aiohttp

from local_azure.functions.durable.options import DurableOptions
from local_azure.functions.durable.protocol.history import dumps


class HttpCalls:
    """Sends the requests; one client session is made at the first of them."""

    def __init__(self, options: DurableOptions) -> None:
        self._options = options
        self._session: aiohttp.ClientSession | None = None

    async def perform(self, request_text: str) -> str:
        """Return the response as JSON text with `statusCode`, `headers` and `content`.

        Raises aiohttp.ClientError or TimeoutError when no response comes, NotImplementedError for a token source.
        """
        request = json.loads(request_text)
        if request.get("tokenSource"):
            raise NotImplementedError("call_http with a token source (managed identity) is not implemented")
        response = await self._send(request["method"], request["uri"], request)
        while response["statusCode"] == 202 and (location := _header(response, "location")):
            await asyncio.sleep(self._delay(response))
            response = await self._send("GET", urljoin(request["uri"], location), {**request, "content": None})
        return dumps(response)

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    def _delay(self, response: dict[str, Any]) -> float:
        retry_after = _header(response, "retry-after") or ""
        return float(retry_after) if retry_after.isdecimal() else self._options.http_poll_seconds

    async def _send(self, method: str, uri: str, request: dict[str, Any]) -> dict[str, Any]:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._options.http_timeout_seconds)
            self._session = aiohttp.ClientSession(timeout=timeout)
        headers = request.get("headers") or {}
        content = request.get("content")
        if content is not None and not any(name.lower() == "content-type" for name in headers):
            headers = {**headers, "Content-Type": "application/json"}
        async with self._session.request(method, uri, data=content, headers=headers) as response:
            names = dict.fromkeys(response.headers)
            values = {name: response.headers.getall(name) for name in names}
            return {
                "statusCode": response.status,
                "headers": {name: many[0] if len(many) == 1 else many for name, many in values.items()},
                "content": await response.text(),
            }


def _header(response: dict[str, Any], name: str) -> str | None:
    for key, value in response["headers"].items():
        if key.lower() == name:
            return value if isinstance(value, str) else str(value[0])
    return None
