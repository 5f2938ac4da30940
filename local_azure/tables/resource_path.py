"""What the path of a request names: the service, its tables, one table, a table's entities, one entity, or a batch.

The path is percent-decoded as a whole before it is split: clients encode brackets, quotes and commas or not, and a
quote within a key is doubled before it is encoded.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from local_azure.tables.entities import EntityKey
from local_azure.tables.errors import ErrorCode, TableError, invalid_input
from local_azure.tables.names import check_key

SECONDARY = "-secondary"

_QUOTED = r"'((?:[^']|'')*)'"
_TABLE = re.compile(r"(?i:Tables)\(\s*" + _QUOTED + r"\s*\)")
_SET = re.compile(r"([^()/]+)(?:\(\s*\))?")
_ENTITY = re.compile(
    rf"([^()/]+)\(\s*(PartitionKey|RowKey)\s*=\s*{_QUOTED}\s*,\s*(PartitionKey|RowKey)\s*=\s*{_QUOTED}\s*\)", re.DOTALL
)


class ResourceKind(Enum):
    """The kinds of things that have an address."""

    SERVICE = auto()
    TABLES = auto()
    TABLE = auto()
    ENTITIES = auto()
    ENTITY = auto()
    BATCH = auto()


@dataclass(frozen=True, slots=True)
class Resource:
    """What a path names; `table` and `key` are there where the kind has them."""

    kind: ResourceKind
    table: str = ""
    key: EntityKey | None = None


@dataclass(frozen=True, slots=True)
class AccountPath:
    """A path split at its account; `rest` is raw and without a slash at its beginning."""

    account: str
    rest: str
    is_secondary: bool


def split_account(raw_path: str, account: str) -> AccountPath:
    """Return the path split after its first segment, which names the account.

    The Python SDK asks the secondary for `/<account>-secondary/<account>/…`. Raises `TableError` for another account.
    """
    first, _, rest = raw_path.removeprefix("/").partition("/")
    is_secondary = first == account + SECONDARY
    if not is_secondary and first != account:
        raise TableError(ErrorCode.AUTHENTICATION_FAILED)
    if is_secondary and (rest == account or rest.startswith(f"{account}/")):
        rest = rest.removeprefix(account).removeprefix("/")
    return AccountPath(first, rest, is_secondary)


# Cached: a caller asks for the same again and again, above all for a batch.
@lru_cache(maxsize=256)
def parse_resource(raw: str) -> Resource:
    """Return what the rest of a path, after the account, names; raises `TableError` for what names nothing."""
    try:
        text = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise invalid_input("The path is not valid UTF-8.") from None
    if text == "":
        return Resource(ResourceKind.SERVICE)
    if text == "$batch":
        return Resource(ResourceKind.BATCH)
    if match := _TABLE.fullmatch(text):
        return Resource(ResourceKind.TABLE, _undoubled(match[1]))
    if match := _ENTITY.fullmatch(text):
        return Resource(ResourceKind.ENTITY, match[1], _parse_key(match))
    if match := _SET.fullmatch(text):
        is_tables = match[1].lower() == "tables"
        return Resource(ResourceKind.TABLES) if is_tables else Resource(ResourceKind.ENTITIES, match[1])
    raise invalid_input("The path names no table and no entity.")


def _parse_key(match: re.Match[str]) -> EntityKey:
    keys = {match[2]: _undoubled(match[3]), match[4]: _undoubled(match[5])}
    if len(keys) != 2:
        raise invalid_input("The path must have PartitionKey and RowKey.")
    for name, key in keys.items():
        check_key(name, key, in_url=True)
    return EntityKey(keys["PartitionKey"], keys["RowKey"])


def _undoubled(text: str) -> str:
    return text.replace("''", "'")
