"""Authorized calls to the account's endpoint: a write is sent once, a read up to three times."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chat.entra_tokens import EntraTokens, app_credential
from chat.errors import StorageUnavailable
from chat.http_client import CallFailed, HttpAnswer, HttpClient
from chat.request_id import CAUSE, REQUEST_ID
from chat.table_storage.connection import Identity, SharedAccessSignature, SharedKey, StorageConnection
from chat.table_storage.errors import is_temporary
from chat.table_storage.signatures import SharedKeySigner

SCOPE = "https://storage.azure.com/.default"
READ_PAUSES = ((0.01, 0.06), (0.05, 0.3))
"""The limits of the random pause before the second and the third try of a read, in seconds."""
_HEADERS = {
    "x-ms-version": "2019-02-02",
    "DataServiceVersion": "3.0",
    "Accept": "application/json;odata=minimalmetadata",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request without its authorization; `path` is below the endpoint, `query` has no `?`."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


class Transport:
    """Sends calls to one account; it belongs to one event loop."""

    def __init__(self, connection: StorageConnection) -> None:
        self._endpoint = connection.endpoint
        self._base_path = urlsplit(connection.endpoint).path
        self._http = HttpClient(connection.endpoint)
        self._signer: SharedKeySigner | None = None
        self._tokens: EntraTokens | None = None
        self._signature = ""
        match connection.credential:
            case SharedKey(key):
                self._signer = SharedKeySigner(connection.account, key)
            case SharedAccessSignature(query):
                self._signature = query
            case Identity(client_id, is_managed):
                self._tokens = EntraTokens(SCOPE, lambda: app_credential(client_id, is_managed=is_managed))

    async def write(self, call: Call, seconds: float) -> HttpAnswer:
        """Return the answer, whatever its status is; raises StorageUnavailable when none came."""
        try:
            return await self._send(call, seconds)
        except CallFailed as problem:
            raise StorageUnavailable(
                f"storage did not answer: {problem}", may_have_happened=problem.was_sent
            ) from problem

    async def read(self, call: Call, seconds: float) -> HttpAnswer:
        """Return the answer, whatever its status is, of the last try; raises StorageUnavailable when none came."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        for low, high in READ_PAUSES:
            pause = random.uniform(low, high)  # noqa: S311 (no secret)
            try:
                answer = await self._send(call, deadline - clock())
            except CallFailed as problem:
                if clock() + pause >= deadline:
                    raise _unread(problem) from problem
            else:
                pause = max(pause, _retry_after(answer))
                if not is_temporary(answer.status) or clock() + pause >= deadline:
                    return answer
            await asyncio.sleep(pause)
        try:
            return await self._send(call, deadline - clock())
        except CallFailed as problem:
            raise _unread(problem) from problem

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _send(self, call: Call, seconds: float) -> HttpAnswer:
        headers = {**_HEADERS, **call.headers}
        if cause := CAUSE.get():
            headers[REQUEST_ID] = cause
        query = call.query
        if self._signer:
            headers.update(self._signer.headers(f"{self._base_path}/{call.path}", time.time()))
        elif self._tokens:
            headers["Authorization"] = f"Bearer {await self._token(self._tokens, seconds)}"
        else:
            query = f"{query}&{self._signature}" if query else self._signature
        url = f"{self._endpoint}/{call.path}"
        return await self._http.call(call.method, f"{url}?{query}" if query else url, headers, call.body, seconds)

    async def _token(self, tokens: EntraTokens, seconds: float) -> str:
        from azure.core.exceptions import AzureError

        try:
            async with asyncio.timeout(seconds):
                return await tokens.get()
        except (AzureError, TimeoutError) as problem:
            raise CallFailed("no token for the app's identity", was_sent=False) from problem


def _unread(problem: CallFailed) -> StorageUnavailable:
    return StorageUnavailable(f"storage did not answer: {problem}", may_have_happened=False)


def _retry_after(answer: HttpAnswer) -> float:
    """Return how many seconds a busy service wants to be left alone; 0 when it does not say so in seconds."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 0.0
