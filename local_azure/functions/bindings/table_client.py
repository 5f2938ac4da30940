"""Calls of a table service over HTTP: read an entity, query, submit a transaction, create a table."""

import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from local_azure.functions.bindings.managed_identity import IdentityTokens
from local_azure.functions.bindings.table_connection import TableAccount
from local_azure.functions.bindings.table_entities import EntityWrite
from local_azure.functions.errors import BindingError

TIMEOUT_SECONDS = 100.0
_INNER_STATUS = re.compile(r"^HTTP/1\.\d (\d{3})", re.MULTILINE)
_READING = {"Accept": "application/json;odata=minimalmetadata", "DataServiceVersion": "3.0;NetFx"}
_NEXT = {"x-ms-continuation-NextPartitionKey": "NextPartitionKey", "x-ms-continuation-NextRowKey": "NextRowKey"}


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    text: str


class TableClient:
    """The tables of one or several accounts; one HTTP session is made at the first call."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._tokens = IdentityTokens(clock)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def get_entity(
        self, account: TableAccount, table: str, partition_key: str, row_key: str
    ) -> dict[str, Any] | None:
        """Return an entity, None when it or its table does not exist. Raises BindingError."""
        answer = await self._send(account, "GET", _entity_path(table, partition_key, row_key), _READING)
        if answer.status == 404:
            return None
        entity: dict[str, Any] = json.loads(_expect(answer, 200, f"reading a row of the table {table}").text)
        return entity

    async def query(self, account: TableAccount, table: str, condition: str, take: int) -> list[dict[str, Any]]:
        """Return the entities that match, at most `take` unless it is 0. Raises BindingError."""
        found: list[dict[str, Any]] = []
        page: dict[str, str] | None = {}
        while page is not None:
            query = page | ({"$filter": condition} if condition else {}) | ({"$top": str(take)} if take else {})
            path = f"/{quote(table)}()" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
            answer = _expect(await self._send(account, "GET", path, _READING), 200, f"querying the table {table}")
            found += json.loads(answer.text)["value"]
            page = {name: answer.headers[header] for header, name in _NEXT.items() if header in answer.headers} or None
            if take and len(found) >= take:
                return found[:take]
        return found

    async def submit(self, account: TableAccount, table: str, writes: Sequence[EntityWrite]) -> None:
        """Write the entities in one transaction; a table that does not exist is created. Raises BindingError."""
        answer = await self._submit(account, table, writes)
        if answer.status == 404:
            await self._create_table(account, table)
            answer = await self._submit(account, table, writes)
        _expect(answer, 202, f"writing to the table {table}")

    async def _submit(self, account: TableAccount, table: str, writes: Sequence[EntityWrite]) -> _Answer:
        boundary = f"batch_{uuid.uuid4()}"
        headers = {"Content-Type": f"multipart/mixed; boundary={boundary}", "DataServiceVersion": "3.0"}
        body = _transaction_body(account, table, writes, boundary)
        answer = await self._send(account, "POST", "/$batch", headers, body)
        inner = [int(status) for status in _INNER_STATUS.findall(answer.text)]
        failed = next((status for status in inner if status >= 400), None)
        return answer if failed is None else _Answer(failed, answer.headers, answer.text)

    async def _create_table(self, account: TableAccount, table: str) -> None:
        headers = {**_READING, "Content-Type": "application/json"}
        answer = await self._send(account, "POST", "/Tables", headers, json.dumps({"TableName": table}).encode())
        if answer.status != 409:  # another call has created it meanwhile
            _expect(answer, 201, f"creating the table {table}")

    async def _send(
        self, account: TableAccount, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> _Answer:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS))
        complete = {**headers, **account.authorize(path, self._clock())}
        if account.identity is not None:
            complete["Authorization"] = f"Bearer {await self._tokens.get(account.identity, self._session)}"
        try:
            url = URL(account.address(path), encoded=True)
            async with self._session.request(
                method, url, data=body, headers=complete, allow_redirects=False
            ) as response:
                return _Answer(response.status, response.headers, await response.text())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            # Other texts, and the error itself, may hold the address with its signature.
            reason = (isinstance(error, aiohttp.ClientConnectionError) and str(error)) or type(error).__name__
            raise BindingError(f"the table service at {account.url} does not answer: {reason}") from None


def _entity_path(table: str, partition_key: str, row_key: str) -> str:
    return f"/{quote(table)}(PartitionKey='{_quote_key(partition_key)}',RowKey='{_quote_key(row_key)}')"


def _quote_key(key: str) -> str:
    return quote(key.replace("'", "''"), safe="")


def _transaction_body(account: TableAccount, table: str, writes: Sequence[EntityWrite], boundary: str) -> bytes:
    changes = f"changeset_{uuid.uuid4()}"
    lines = [f"--{boundary}", f"Content-Type: multipart/mixed; boundary={changes}", ""]
    for write in writes:
        method, path = ("POST", f"/{quote(table)}()")
        if write.etag is not None:
            method, path = "PUT", _entity_path(table, write.partition_key, write.row_key)
        lines += [f"--{changes}", "Content-Type: application/http", "Content-Transfer-Encoding: binary", ""]
        lines += [f"{method} {account.url}{path} HTTP/1.1", "Content-Type: application/json"]
        lines += ["Accept: application/json;odata=minimalmetadata", "Prefer: return-no-content"]
        lines += ["DataServiceVersion: 3.0"]
        if write.etag not in (None, "*"):
            lines.append(f"If-Match: {write.etag}")
        lines += ["", write.body]
    lines += [f"--{changes}--", f"--{boundary}--", ""]
    return "\r\n".join(lines).encode()


def _expect(answer: _Answer, status: int, doing: str) -> _Answer:
    """Return the answer if it has the status. Raises BindingError with the service's code."""
    if answer.status == status:
        return answer
    code = re.search(r'"code"\s*:\s*"(\w+)"', answer.text)
    raise BindingError(f"{doing} failed: the table service answered {answer.status}{f' {code[1]}' if code else ''}")
