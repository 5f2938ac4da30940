"""The table bindings of an app: read inputs before a function runs, write outputs after it.

The rules are those of the host and its tables extension. An input with both keys is one row: its JSON text, or None
when there is none. An input without a row key is the JSON text of a list. An output inserts the rows that the function
set; a table that does not exist is created.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from local_azure.functions.bindings.expressions import ExpressionContext, resolve, resolve_filter
from local_azure.functions.bindings.support import TABLE
from local_azure.functions.bindings.table_client import TableClient
from local_azure.functions.bindings.table_connection import find_account
from local_azure.functions.bindings.table_entities import read_output, to_function_json, to_transactions, to_write
from local_azure.functions.bindings.trigger_data import read_trigger_data
from local_azure.functions.errors import BindingError
from local_azure.functions.worker.loading import LoadedFunction

_TABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{2,62}")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class TableBinding:
    """One table binding as the app wrote it, its binding expressions not resolved yet."""

    name: str
    table: str
    connection: str
    partition_key: str | None
    row_key: str | None
    filter: str
    take: int

    @classmethod
    def from_binding(cls, binding: Mapping[str, object]) -> "TableBinding":
        """Return the binding of a function's raw bindings."""
        partition_key, row_key = binding.get("partitionKey"), binding.get("rowKey")
        take = str(binding.get("take") or 0)
        return cls(
            name=str(binding["name"]),
            table=str(binding.get("tableName") or ""),
            connection=str(binding.get("connection") or ""),
            partition_key=None if partition_key is None else str(partition_key),
            row_key=None if row_key is None else str(row_key),
            filter=str(binding.get("filter") or ""),
            take=int(take) if take.isdecimal() else 0,
        )


class TableBindings:
    """Binds the tables of an app's functions. `settings` are its app settings."""

    def __init__(
        self,
        functions: Iterable[LoadedFunction],
        settings: Mapping[str, str],
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._client = TableClient(clock)
        self._inputs: dict[str, Sequence[TableBinding]] = {}
        self._outputs: dict[str, Sequence[TableBinding]] = {}
        for function in functions:
            for direction, bindings in (("IN", self._inputs), ("OUT", self._outputs)):
                if found := _table_bindings(function, direction):
                    bindings[function.name] = found

    def has_bindings(self, function: LoadedFunction) -> bool:
        """Return whether the function has a table binding."""
        return function.name in self._inputs or function.name in self._outputs

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def read_inputs(self, function: LoadedFunction, arguments: Mapping[str, object]) -> dict[str, str | None]:
        """Return the values of the function's table inputs by name. Raises BindingError."""
        bindings = self._inputs.get(function.name, ())
        context = self._context(function, arguments)
        values = await asyncio.gather(*[self._read(binding, context) for binding in bindings])
        return {binding.name: value for binding, value in zip(bindings, values, strict=True)}

    async def write_outputs(
        self, function: LoadedFunction, arguments: Mapping[str, object], outputs: Mapping[str, object]
    ) -> None:
        """Write what the function set its table outputs to, by name; None writes nothing. Raises BindingError."""
        context = self._context(function, arguments)
        bindings = self._outputs.get(function.name, ())
        written = [(binding, outputs.get(binding.name)) for binding in bindings]
        await asyncio.gather(*[self._write(binding, context, value) for binding, value in written if value is not None])

    async def _read(self, binding: TableBinding, context: ExpressionContext) -> str | None:
        account, table = find_account(binding.connection, self._settings), _table_name(binding, context)
        partition_key, row_key = _keys(binding, context)
        if row_key is not None:
            if partition_key is None:
                raise BindingError(f"the table input '{binding.name}' has a row key, so it needs a partition key")
            entity = await self._client.get_entity(account, table, partition_key, row_key)
            return None if entity is None else _dumps(to_function_json(entity))
        conditions = [resolve_filter(binding.filter, context)] if binding.filter else []
        if partition_key:
            quoted = partition_key.replace("'", "''")
            # No parentheses around the filter: the extension adds none, so an `or` in it reaches other partitions.
            conditions.insert(0, f"PartitionKey eq '{quoted}'")
        entities = await self._client.query(account, table, " and ".join(conditions), binding.take)
        return _dumps([to_function_json(entity) for entity in entities])

    async def _write(self, binding: TableBinding, context: ExpressionContext, value: object) -> None:
        rows = read_output(value)
        partition_key, row_key = _keys(binding, context)
        writes = [to_write(row, partition_key, row_key) for row in rows]
        account, table = find_account(binding.connection, self._settings), _table_name(binding, context)
        for transaction in to_transactions(writes):
            await self._client.submit(account, table, transaction)

    def _context(self, function: LoadedFunction, arguments: Mapping[str, object]) -> ExpressionContext:
        data = read_trigger_data(arguments.get(str(function.trigger["name"])))
        return ExpressionContext(self._settings, data, function.name, self._clock())


def _table_bindings(function: LoadedFunction, direction: str) -> list[TableBinding]:
    return [
        TableBinding.from_binding(binding)
        for binding in function.bindings
        if binding["type"] == TABLE and binding["direction"] == direction
    ]


def _table_name(binding: TableBinding, context: ExpressionContext) -> str:
    name = resolve(binding.table, context)
    if not _TABLE_NAME.fullmatch(name):
        raise BindingError(f"{name[:64]!r} is no table's name: it must be 3 to 63 letters and digits, a letter first")
    return name


def _keys(binding: TableBinding, context: ExpressionContext) -> tuple[str | None, str | None]:
    keys = [None if key is None else resolve(key, context) for key in (binding.partition_key, binding.row_key)]
    return keys[0], keys[1]


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
