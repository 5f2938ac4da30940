"""Writes to many rows of one partition that other work may remove at the same time."""

from collections.abc import Sequence

from chat.table_storage.client import TableClient
from chat.table_storage.errors import Conflict
from chat.table_storage.operations import Delete, Merge

MAX_OPERATIONS = 100
ABSENT = 404


async def change_rows(tables: TableClient, table: str, operations: Sequence[Delete | Merge]) -> None:
    """Carry out merges and deletions of one partition, in transactions of 100; rows that are gone stay gone.

    May be repeated after it was cut off. Raises StorageUnavailable, or Conflict for a row that changed.
    """
    for begin in range(0, len(operations), MAX_OPERATIONS):
        batch = operations[begin : begin + MAX_OPERATIONS]
        try:
            await tables.transaction(table, batch)
        except Conflict as problem:
            if problem.status != ABSENT:
                raise
            # A row was gone, so the transaction changed nothing: each row alone.
            for operation in batch:
                await _change_row(tables, table, operation)


async def _change_row(tables: TableClient, table: str, operation: Delete | Merge) -> None:
    try:
        await tables.transaction(table, [operation])
    except Conflict as problem:
        if problem.status != ABSENT:
            raise
