"""Where tables and entities are kept: one SQLite database."""

from local_azure.tables.store.database import Database, StoreError
from local_azure.tables.store.table_store import Page, TableStore, WrittenTransaction

__all__ = ["Database", "Page", "StoreError", "TableStore", "WrittenTransaction"]
