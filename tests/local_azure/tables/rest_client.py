"""RestClient to a table storage by hand: signed requests over HTTP, with nothing of an SDK in between."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from local_azure.tables import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY

VERSION = "2019-02-02"
NO_METADATA = {"Accept": "application/json;odata=nometadata"}
FULL_METADATA = {"Accept": "application/json;odata=fullmetadata"}
NO_CONTENT = {"Prefer": "return-no-content"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The code of an error's body, JSON or XML."""
        found = re.search(r'"code":\s*"(\w*)"|<[cC]ode>(\w*)<', self.text)
        return (found[1] or found[2] or "") if found else ""

    @property
    def message(self) -> str:
        """The message of an error's body in JSON."""
        return str(self.json["odata.error"]["message"]["value"])

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.code

    @property
    def etag(self) -> str:
        return self.headers["ETag"]

    @property
    def rows(self) -> list[str]:
        """The row keys of a query's answer."""
        return [entity["RowKey"] for entity in self.json["value"]]

    @property
    def continuation(self) -> dict[str, str]:
        """The options that continue the query."""
        prefix = "x-ms-continuation-"
        names = ("NextPartitionKey", "NextRowKey", "NextTableName")
        return {name: self.headers[prefix + name] for name in names if prefix + name in self.headers}


def entity_path(table: str, partition: str, row: str) -> str:
    """Return an entity's path below the account, percent-encoded."""
    keys = [quote(key.replace("'", "''"), safe="") for key in (partition, row)]
    return f"{table}(PartitionKey='{keys[0]}',RowKey='{keys[1]}')"


def sign(text: str, key: str = DEVELOPMENT_KEY) -> str:
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class RestClient:
    """A caller of one account; `table` is a table of the test's own."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: str, table: str) -> None:
        self.session = session
        self.endpoint = endpoint
        self.origin = "{0.scheme}://{0.netloc}".format(urlsplit(endpoint))
        self.table = table

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request that is signed with Shared Key Lite; `path` is percent-encoded and below the account."""
        options = "&".join(f"{name}={quote(value, safe='')}" for name, value in (query or {}).items())
        raw_path = f"/{DEVELOPMENT_ACCOUNT}/{path}"
        date = formatdate(usegmt=True)
        comp = f"?comp={query['comp']}" if query and "comp" in query else ""
        sent = {
            "x-ms-date": date,
            "x-ms-version": VERSION,
            "Accept": "application/json",
            "Authorization": f"SharedKeyLite {DEVELOPMENT_ACCOUNT}:"
            + sign(f"{date}\n/{DEVELOPMENT_ACCOUNT}{raw_path}{comp}"),
        }
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        if not isinstance(body, bytes | str | None):
            body = json.dumps(body)
        return await self.send(method, raw_path + (f"?{options}" if options else ""), body, sent)

    async def send(self, method: str, target: str, body: str | bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send a request as it is; an empty value leaves a header out."""
        wanted = {name: value for name, value in headers.items() if value}
        async with self.session.request(
            method,
            URL(self.origin + target, encoded=True),
            data=body,
            headers=wanted,
            skip_auto_headers=("Accept", "Content-Type"),
        ) as response:
            return Answer(response.status, response.headers.copy(), (await response.read()).decode("utf-8-sig"))

    # --- the common operations on the test's own table ---------------------------------------------------------------

    async def insert(self, partition: str, row: str, **own: Any) -> Answer:
        entity = {"PartitionKey": partition, "RowKey": row, **own}
        return await self.call("POST", self.table, entity, headers=NO_CONTENT)

    async def get(self, partition: str, row: str, **options: Any) -> Answer:
        return await self.call("GET", entity_path(self.table, partition, row), **options)

    async def write(
        self, method: str, partition: str, row: str, own: object = None, *, if_match: str = "", **headers: str
    ) -> Answer:
        sent = {"If-Match": if_match, **headers}
        return await self.call(method, entity_path(self.table, partition, row), own, headers=sent)

    async def query(self, filter_text: str = "", *, headers: Any = None, **options: Any) -> Answer:
        """Query the table; options are given without their `$`."""
        query = {f"${name}" if name in ("select", "top") else name: value for name, value in options.items()}
        if filter_text:
            query["$filter"] = filter_text
        return await self.call("GET", f"{self.table}()", query=query, headers=headers)

    async def transaction(self, operations: Sequence["Operation"], **headers: str) -> tuple[Answer, list[Answer]]:
        """Send a batch of one change set; return the answer and its parts."""
        body = batch_body(self.endpoint, operations)
        answer = await self.call(
            "POST", "$batch", body, headers={"Content-Type": "multipart/mixed; boundary=batch_1", **headers}
        )
        return answer, parse_parts(answer) if answer.status == 202 else []


@dataclass(frozen=True)
class Operation:
    """One operation of a batch; `path` is below the account."""

    method: str
    path: str
    body: object = None
    if_match: str = ""
    prefer: str = "return-no-content"


def insert_operation(table: str, partition: str, row: str, **own: object) -> Operation:
    return Operation("POST", table, {"PartitionKey": partition, "RowKey": row, **own})


def write_operation(
    method: str,
    table: str,
    partition: str,
    row: str,
    own: Mapping[str, object] | None = None,
    *,
    if_match: str = "",
) -> Operation:
    keys = {"PartitionKey": partition, "RowKey": row}
    body = None if method == "DELETE" else {**keys, **(own or {})}
    return Operation(method, entity_path(table, partition, row), body, if_match, prefer="")


def batch_body(endpoint: str, operations: Sequence[Operation]) -> str:
    """Return a batch with one change set, written as the Python SDK writes it."""
    lines = ["--batch_1", "Content-Type: multipart/mixed; boundary=changeset_1", ""]
    for number, operation in enumerate(operations):
        lines += ["--changeset_1", "Content-Type: application/http", "Content-Transfer-Encoding: binary"]
        lines += [f"Content-ID: {number}", "", f"{operation.method} {endpoint}/{operation.path} HTTP/1.1"]
        lines += ["Content-Type: application/json", "Accept: application/json"]
        lines += [f"If-Match: {operation.if_match}"] * bool(operation.if_match)
        lines += [f"Prefer: {operation.prefer}"] * bool(operation.prefer)
        lines += ["", json.dumps(operation.body) if operation.body is not None else "", ""]
    return "\r\n".join([*lines, "--changeset_1--", "", "--batch_1--", ""])


def parse_parts(answer: Answer) -> list[Answer]:
    """Return the parts of a batch's answer."""
    parts = []
    for text in re.split(r"^--changesetresponse_[\w-]+", answer.text, flags=re.MULTILINE)[1:-1]:
        head, _, body = text.partition("HTTP/1.1 ")[2].partition("\r\n\r\n")
        status, *lines = head.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        parts.append(Answer(int(status.split()[0]), headers, body.strip()))
    return parts
