"""Authorized calls to the account's endpoint: a write is sent once, a read up to three times."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chat.correlation import call_headers
from chat.entra_tokens import EntraTokens, app_credential
from chat.errors import StorageUnavailable
from chat.http_client import HttpClient, call_with_retries
from chat.http_connections import CallFailed
from chat.http_messages import HttpAnswer
from chat.table_storage.connection import Identity, SharedAccessSignature, SharedKey, StorageConnection
from chat.table_storage.signatures import SharedKeySigner

SCOPE = "https://storage.azure.com/.default"
READ_PAUSES = ((0.01, 0.06), (0.05, 0.3))
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
        try:
            return await call_with_retries(lambda limit: self._send(call, limit), READ_PAUSES, seconds)
        except CallFailed as problem:
            raise StorageUnavailable(f"storage did not answer: {problem}", may_have_happened=False) from problem

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _send(self, call: Call, seconds: float) -> HttpAnswer:
        headers = {**_HEADERS, **call.headers, **call_headers()}
        query = call.query
        if self._signer:
            headers.update(self._signer.headers(f"{self._base_path}/{call.path}", time.time()))
        elif self._tokens:
            began = time.monotonic()
            headers["Authorization"] = f"Bearer {await self._tokens.get(seconds)}"
            seconds -= time.monotonic() - began
        else:
            query = f"{query}&{self._signature}" if query else self._signature
        url = f"{self._endpoint}/{call.path}"
        return await self._http.call(call.method, f"{url}?{query}" if query else url, headers, call.body, seconds)
