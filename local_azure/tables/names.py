"""What tables, keys and properties may be called, and how keys are ordered."""

import re
from functools import lru_cache

from local_azure.tables.edm import utf16_units
from local_azure.tables.errors import ErrorCode, TableError

MAX_KEY_UNITS = 512
MAX_PROPERTY_NAME_CHARACTERS = 255
SYSTEM_PROPERTIES = frozenset(("PartitionKey", "RowKey", "Timestamp"))
TABLE_NAME_LENGTHS = range(3, 64)
TABLE_OF_TABLES = "tables"

_TABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
# Most keys are like this, and it is found out at once.
_is_plain_key = re.compile("[A-Za-z0-9 !$&'()*+,.:;=@_~-]{0,512}").fullmatch
_FORBIDDEN_IN_KEYS = re.compile("[/\\\\#?\x00-\x1f\x7f-\x9f]")


# Cached: every call names a table.
@lru_cache(maxsize=256)
def check_table_name(name: str) -> None:
    """Raise `TableError` unless the name can be a table's: 3 to 63 letters and digits, a letter first."""
    if not _TABLE_NAME.fullmatch(name):
        raise TableError(ErrorCode.INVALID_RESOURCE_NAME)
    if len(name) not in TABLE_NAME_LENGTHS:
        raise TableError(
            ErrorCode.OUT_OF_RANGE_INPUT, "The specified resource name length is not within the permissible limits."
        )
    if table_key(name) == TABLE_OF_TABLES:
        raise TableError(ErrorCode.INVALID_RESOURCE_NAME)


def table_key(name: str) -> str:
    """Return what identifies a table: letter case makes no difference."""
    return name.lower()


def check_key(name: str, key: str, *, in_url: bool) -> None:
    """Raise `TableError` for a key that is too long or has a forbidden character; `name` is PartitionKey or RowKey."""
    if _is_plain_key(key):
        return
    try:
        units = utf16_units(key)
    except UnicodeEncodeError:
        raise TableError(ErrorCode.OUT_OF_RANGE_INPUT) from None
    if units > MAX_KEY_UNITS:
        raise TableError(ErrorCode.PROPERTY_VALUE_TOO_LARGE)
    if _FORBIDDEN_IN_KEYS.search(key):
        message = None if in_url else f"The '{name}' parameter of value '{key}' is out of range."
        raise TableError(ErrorCode.OUT_OF_RANGE_INPUT, message)


def check_property_name(name: str) -> None:
    """Raise `TableError` unless a property may be called so."""
    if len(name) > MAX_PROPERTY_NAME_CHARACTERS:
        raise TableError(ErrorCode.PROPERTY_NAME_TOO_LONG)
    if not name.isidentifier():
        raise TableError(ErrorCode.PROPERTY_NAME_INVALID)


def sort_key(text: str) -> bytes:
    """Return bytes that sort as the service sorts text: by UTF-16 code units.

    Python and SQLite compare by code point, which differs for characters above U+FFFF. Raises `UnicodeEncodeError`
    for a lone surrogate.
    """
    return text.encode("utf-16-be")


def from_sort_key(key: bytes) -> str:
    """Return the text of a sort key."""
    return key.decode("utf-16-be")
