"""The client of Table storage: reads, writes and transactions, each within a limit of time that the caller states.

A write is sent once: what became of one without an answer is the caller's to find out. A read is tried three times.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from chat.errors import StorageUnavailable
from chat.http_messages import HttpAnswer
from chat.settings import Settings
from chat.table_storage.addresses import Continuation, entities_query, entity_path, select_query
from chat.table_storage.batch import CONTENT_TYPE, UnreadableAnswer, decode_batch, encode_batch
from chat.table_storage.connection import StorageConnection, read_storage_connection
from chat.table_storage.entities import Entity, decode_entities, decode_entity
from chat.table_storage.errors import (
    NOT_FOUND,
    TABLE_ALREADY_EXISTS,
    TABLE_NOT_FOUND,
    Failure,
    parse_failure,
    read_error,
    write_error,
)
from chat.table_storage.operations import (
    ANY,
    Delete,
    Insert,
    Merge,
    Operation,
    Properties,
    Replace,
    Upsert,
    write_request,
)
from chat.table_storage.transport import Call, Transport

CALL_SECONDS = 5.0
MAX_PAGE = 1000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """Entities in the order of their keys; the query has more of them when there is a continuation."""

    entities: list[Entity]
    continuation: Continuation | None


class TableClient:
    """The tables of one account whose names begin with a prefix; it belongs to one event loop.

    Every method takes a table's name without the prefix, and `seconds`, the limit for the whole call. A read raises
    StorageUnavailable. A write raises Conflict when storage refused it and changed nothing, else StorageUnavailable,
    whose `may_have_happened` says whether it may have been carried out all the same. The first write to a table that
    is absent makes it; a read of such a table finds nothing.
    """

    def __init__(self, connection: StorageConnection, prefix: str = "") -> None:
        self._prefix = prefix
        self._endpoint = connection.endpoint
        self._transport = Transport(connection)
        self._creations: dict[str, asyncio.Task[None]] = {}

    async def get(
        self, table: str, partition: str, row: str, select: Sequence[str] = (), *, seconds: float = CALL_SECONDS
    ) -> Entity | None:
        """Return an entity, or those of its properties that `select` names, with its etag; None when it is absent.

        A selected property that the entity lacks is None or missing.
        """
        path = entity_path(self._prefix + table, partition, row)
        answer = await self._transport.read(Call("GET", path, select_query(select)), seconds)
        if answer.status == 200:
            return _readable(decode_entity, answer.body)
        failure = parse_failure(answer.status, answer.body)
        if failure.code in (NOT_FOUND, TABLE_NOT_FOUND):
            return None
        raise read_error(failure)

    async def query(
        self,
        table: str,
        filter_text: str,
        select: Sequence[str] = (),
        top: int | None = None,
        continuation: Continuation | None = None,
        *,
        seconds: float = CALL_SECONDS,
    ) -> Page:
        """Return one page of at most `top` entities (1 to 1,000) that match a filter.

        A page may have fewer entities, or none, and a continuation: the query ends where there is none.
        `addresses.key_range` makes the usual filter, `addresses.quote_text` a text within one.
        """
        query = entities_query(filter_text, select, top, continuation)
        answer = await self._transport.read(Call("GET", f"{self._prefix}{table}()", query), seconds)
        if answer.status == 200:
            return Page(_readable(decode_entities, answer.body), _continuation(answer.headers))
        failure = parse_failure(answer.status, answer.body)
        if failure.code == TABLE_NOT_FOUND:
            return Page([], None)
        raise read_error(failure)

    async def query_all(
        self,
        table: str,
        filter_text: str,
        select: Sequence[str] = (),
        *,
        limit: int,
        continuation: Continuation | None = None,
        seconds: float = CALL_SECONDS,
    ) -> Page:
        """Return the first `limit` entities that match, read page by page; a continuation when there may be more."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        found: list[Entity] = []
        while True:
            top = min(limit - len(found), MAX_PAGE)
            page = await self.query(table, filter_text, select, top, continuation, seconds=deadline - clock())
            found += page.entities
            continuation = page.continuation
            if continuation is None or len(found) >= limit:
                return Page(found, continuation)

    async def insert(self, table: str, entity: Properties, *, seconds: float = CALL_SECONDS) -> str:
        """Write an entity that must not exist (Conflict 409) and return its etag."""
        return await self._write(table, Insert(entity), seconds)

    async def upsert(
        self, table: str, entity: Properties, *, replace: bool = False, seconds: float = CALL_SECONDS
    ) -> str:
        """Write an entity that may exist and return its etag; its other properties stay, or go with `replace`."""
        return await self._write(table, Upsert(entity, replace), seconds)

    async def merge(self, table: str, entity: Properties, etag: str = ANY, *, seconds: float = CALL_SECONDS) -> str:
        """Change the given properties of an entity and return its new etag; Conflict 404 or 412."""
        return await self._write(table, Merge(entity, etag), seconds)

    async def replace(self, table: str, entity: Properties, etag: str = ANY, *, seconds: float = CALL_SECONDS) -> str:
        """Replace an entity as a whole and return its new etag; Conflict 404 or 412."""
        return await self._write(table, Replace(entity, etag), seconds)

    async def delete(
        self, table: str, partition: str, row: str, etag: str = ANY, *, seconds: float = CALL_SECONDS
    ) -> None:
        """Delete an entity; Conflict 404 or 412."""
        await self._write(table, Delete(partition, row, etag), seconds)

    async def transaction(
        self, table: str, operations: Sequence[Operation], *, seconds: float = CALL_SECONDS
    ) -> list[str]:
        """Carry out 1 to 100 writes to one partition, all of them or none; return their new etags, empty for a delete.

        Each entity may appear once. Conflict names the first operation that was refused by its index.
        """
        body = encode_batch(self._endpoint, self._prefix + table, operations)
        call = Call("POST", "$batch", "", {"Content-Type": CONTENT_TYPE}, body)

        def decode(answer: HttpAnswer) -> list[str] | Failure:
            if answer.status != 202:
                return parse_failure(answer.status, answer.body)
            return decode_batch(answer.body, len(operations))

        return await self._carry_out(table, call, decode, seconds)

    async def close(self) -> None:
        """Close the connections; the event loop does so when it ends."""
        await self._transport.close()

    async def _write(self, table: str, operation: Operation, seconds: float) -> str:
        request = write_request(self._prefix + table, operation)
        headers = {"Content-Type": "application/json"} if request.body else {}
        if request.method == "POST":
            headers["Prefer"] = "return-no-content"
        if request.if_match is not None:
            headers["If-Match"] = request.if_match
        call = Call(request.method, request.path, "", headers, request.body.encode() or None)
        return await self._carry_out(table, call, _decode_etag, seconds)

    async def _carry_out(
        self, table: str, call: Call, decode: Callable[[HttpAnswer], T | Failure], seconds: float
    ) -> T:
        """Send a write; when its table is absent, make that and send the write again."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        outcome = _decoded(decode, await self._transport.write(call, seconds))
        if isinstance(outcome, Failure) and outcome.code == TABLE_NOT_FOUND:
            await self._make_table(self._prefix + table, deadline - clock())
            outcome = _decoded(decode, await self._transport.write(call, deadline - clock()))
        if isinstance(outcome, Failure):
            raise write_error(outcome)
        return outcome

    async def _make_table(self, name: str, seconds: float) -> None:
        """Make a table; callers at the same time share one request."""
        creation = self._creations.get(name)
        if creation is None or creation.done():
            creation = self._creations[name] = asyncio.ensure_future(self._send_creation(name))
        try:
            async with asyncio.timeout(seconds):
                # Shielded: a cancelled caller must not cancel the shared request.
                await asyncio.shield(creation)
        except TimeoutError as problem:
            raise StorageUnavailable("storage did not make a table in time", may_have_happened=False) from problem

    async def _send_creation(self, name: str) -> None:
        headers = {"Content-Type": "application/json", "Prefer": "return-no-content"}
        call = Call("POST", "Tables", "", headers, json.dumps({"TableName": name}).encode())
        answer = await self._transport.read(call, CALL_SECONDS)
        if answer.status >= 300:
            failure = parse_failure(answer.status, answer.body)
            if failure.code != TABLE_ALREADY_EXISTS:
                raise read_error(failure)


@dataclass(slots=True)
class TableClients:
    """The clients of one event loop, one for each connection and prefix."""

    kept: dict[tuple[StorageConnection, str], TableClient] = field(default_factory=dict)
    _last: tuple[Settings, TableClient] | None = None

    async def get(self, settings: Settings) -> TableClient:
        """Return the client for the settings' storage; raises NotConfigured when that is not known."""
        if self._last is not None and self._last[0] is settings:  # the events of a process have one object
            return self._last[1]
        key = (read_storage_connection(settings), settings.table_prefix)
        if key not in self.kept:
            self.kept[key] = TableClient(*key)
        self._last = settings, self.kept[key]
        return self.kept[key]


def _decode_etag(answer: HttpAnswer) -> str | Failure:
    if answer.status >= 300:
        return parse_failure(answer.status, answer.body)
    return answer.headers.get("ETag", "")


def _decoded(decode: Callable[[HttpAnswer], T], answer: HttpAnswer) -> T:
    try:
        return decode(answer)
    except UnreadableAnswer as problem:
        raise StorageUnavailable(f"storage did not answer as documented: {problem}") from problem


def _readable(decode: Callable[[bytes], T], body: bytes) -> T:
    try:
        return decode(body)
    except ValueError as problem:
        raise StorageUnavailable("storage did not answer as documented", may_have_happened=False) from problem


def _continuation(headers: Mapping[str, str]) -> Continuation | None:
    partition = headers.get("x-ms-continuation-NextPartitionKey")
    if partition is None:
        return None
    return Continuation(partition, headers.get("x-ms-continuation-NextRowKey"))
