"""A storage account, and signed calls to its table service."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from aiohttp import ClientSession
from yarl import URL

from conformance.expectations import expect
from conformance.http_answer import HttpAnswer

VERSION = "2019-02-02"
JSON = "application/json;odata=minimalmetadata"
DEVELOPMENT = (
    "AccountName=devstoreaccount1;AccountKey="
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1"
)
"""The account of every development storage; its key is published."""


class InvalidStorageConnectionString(Exception):
    """The connection string lacks a part; the text names it."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where the table service of an account is, without a slash at the end, and how its calls are signed."""

    name: str
    endpoint: str
    key: bytes = field(repr=False)


class Answer(HttpAnswer):
    """The answer to a call."""

    __slots__ = ()

    @property
    def error(self) -> str | None:
        """The code of a JSON error, None where there is none."""
        try:
            return str(self.json()["odata.error"]["code"])
        except (ValueError, KeyError, TypeError):
            return None


def parse_account(text: str) -> Account:
    """Return the account of a connection string; raises `InvalidStorageConnectionString`."""
    if text.strip().rstrip(";").lower() == "usedevelopmentstorage=true":
        text = DEVELOPMENT
    parts = {name.strip().lower(): value for name, _, value in (part.partition("=") for part in text.split(";"))}
    for name in ("accountname", "accountkey"):
        if not parts.get(name):
            raise InvalidStorageConnectionString(f"the connection string has no {name}")
    default = "{defaultendpointsprotocol}://{accountname}.table.{endpointsuffix}"
    known = {"defaultendpointsprotocol": "https", "endpointsuffix": "core.windows.net"} | parts
    endpoint = parts.get("tableendpoint") or default.format_map(known)
    return Account(parts["accountname"], endpoint.rstrip("/"), base64.b64decode(parts["accountkey"]))


@dataclass
class TablesContext:
    """The means of one case: its own table, which is created and removed around it, and signed calls."""

    account: Account
    table: str
    http: ClientSession

    def entities(self, partition: str | None = None, row: str | None = None) -> str:
        """Return the path of the table, or of one of its entities."""
        if partition is None or row is None:
            return self.table
        keys = (quote(key.replace("'", "''"), safe="") for key in (partition, row))
        return "{}(PartitionKey='{}',RowKey='{}')".format(self.table, *keys)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        authorization: str | None = None,
    ) -> Answer:
        """Return the answer to a call; a body that is not bytes is sent as JSON."""
        date = format_datetime(datetime.now(UTC), usegmt=True)
        url = f"{self.account.endpoint}/{path}"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"x-ms-date": date, "x-ms-version": VERSION, "Accept": JSON, "DataServiceVersion": "3.0"}
        sent |= {"Content-Type": "application/json"} if data is not None else {}
        sent["Authorization"] = authorization or self.sign(date, url)
        async with self.http.request(
            method,
            URL(f"{url}?{urlencode(query, quote_via=quote)}" if query else url, encoded=True),
            data=data,
            headers=sent | dict(headers or {}),
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    def sign(self, date: str, url: str) -> str:
        """Return a SharedKeyLite signature."""
        text = f"{date}\n/{self.account.name}{urlsplit(url).path}"
        digest = hmac.new(self.account.key, text.encode(), hashlib.sha256).digest()
        return f"SharedKeyLite {self.account.name}:{base64.b64encode(digest).decode()}"

    async def succeed(self, status: int, method: str, path: str, body: object = None, **call: Any) -> Answer:
        """Make a call that must have this status."""
        answer = await self.call(method, path, body, **call)
        expect(f"the status of {method}", answer.status, status)
        return answer

    async def fail(self, status: int, error: str, method: str, path: str, body: object = None, **call: Any) -> None:
        """Make a call that must have this status and error code."""
        answer = await self.call(method, path, body, **call)
        expect(f"status and code of {method}", (answer.status, answer.error), (status, error))

    async def insert(self, partition: str, row: str, **properties: object) -> str:
        """Insert an entity and return its ETag."""
        answer = await self.succeed(201, "POST", self.table, {"PartitionKey": partition, "RowKey": row} | properties)
        return answer.headers["ETag"]

    async def read(self, partition: str, row: str) -> dict[str, Any]:
        """Return an entity."""
        entity: dict[str, Any] = (await self.succeed(200, "GET", self.entities(partition, row))).json()
        return entity

    async def query(self, filter_: str, **options: str) -> list[dict[str, Any]]:
        """Return the entities of one page that a filter selects."""
        named = {"$filter": filter_} | {f"${name}": value for name, value in options.items()}
        entities: list[dict[str, Any]] = (await self.succeed(200, "GET", f"{self.table}()", query=named)).json()[
            "value"
        ]
        return entities

    async def transaction(self, *operations: tuple[str, str, object]) -> Answer:
        """Send operations, each a method, a path and a body, as one transaction."""
        parts = []
        for method, path, body in operations:
            condition = "If-Match: *\r\n" if method in ("DELETE",) else ""
            content = f"Content-Type: application/json\r\n\r\n{json.dumps(body)}" if body is not None else "\r\n"
            lines = f"{method} {self.account.endpoint}/{path} HTTP/1.1\r\nAccept: {JSON}\r\n{condition}{content}"
            head = "--changeset_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
            parts.append(f"{head}{lines}\r\n")
        changes = "".join(parts) + "--changeset_1--\r\n"
        start = "--batch_1\r\nContent-Type: multipart/mixed; boundary=changeset_1\r\n\r\n"
        headers = {"Content-Type": "multipart/mixed; boundary=batch_1"}
        return await self.call("POST", "$batch", f"{start}{changes}--batch_1--\r\n".encode(), headers=headers)
