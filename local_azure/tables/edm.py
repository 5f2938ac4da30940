"""The types of property values (OData's Entity Data Model) and their JSON forms.

In memory an Int64 is an int, a DateTime its ticks, a Guid its lower-case text, and Binary bytes.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from local_azure.tables.errors import ErrorCode, TableError, invalid_input
from local_azure.tables.timestamps import InvalidTime, TimeOutOfRange, format_datetime, parse_datetime

MAX_STRING_UNITS = 32_768
MAX_BINARY_BYTES = 65_536

Value = str | int | float | bool | bytes

_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?")
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


# Made once: `json.dumps` makes an encoder for each call that has options.
encode_json = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
"""Returns a value as JSON text without blanks."""


class EdmType(StrEnum):
    """The types that a property can have."""

    STRING = "Edm.String"
    INT32 = "Edm.Int32"
    INT64 = "Edm.Int64"
    DOUBLE = "Edm.Double"
    BOOLEAN = "Edm.Boolean"
    DATETIME = "Edm.DateTime"
    GUID = "Edm.Guid"
    BINARY = "Edm.Binary"


# The types that JSON has itself: in memory and in JSON their values are the same, and need no annotation.
_SHOWN_BY_JSON = frozenset((EdmType.STRING, EdmType.BOOLEAN, EdmType.INT32))


class Property(NamedTuple):
    """A typed value."""

    type: EdmType
    value: Value


def parse_property(json_value: object, annotation: str | None) -> Property | None:
    """Return the property that a JSON value stands for, None for null; `annotation` is its `@odata.type`, if any.

    Raises `TableError` when the value does not fit the type, or is too large.
    """
    parser = _IMPLIED_PARSERS.get(type(json_value)) if annotation is None else _PARSERS.get(annotation)
    if parser is None and annotation is not None:
        raise invalid_input(f"The type '{annotation[:64]}' is not known.")
    if json_value is None:
        return None
    if parser is None:
        raise invalid_input("A property's value must be a string, a number, true, false or null.")
    edm_type, parse = parser
    return Property(edm_type, parse(json_value))


def property_to_json(item: Property) -> str | int | float | bool:
    """Return the JSON value of a property."""
    render = _RENDERERS.get(item.type)
    return render(item.value) if render else item.value  # type: ignore[return-value]


def needs_annotation(item: Property) -> bool:
    """Return whether an answer names the property's type, because the JSON value alone does not show it."""
    if item.type is EdmType.DOUBLE:
        return not math.isfinite(item.value)  # type: ignore[arg-type]
    return item.type not in _SHOWN_BY_JSON


def property_bytes(item: Property) -> int:
    """Return the size of a value by the documented formula for the size of an entity."""
    if item.type is EdmType.STRING:
        return 4 + 2 * utf16_units(str(item.value))
    if item.type is EdmType.BINARY:
        return 4 + len(item.value)  # type: ignore[arg-type]
    return _FIXED_BYTES[item.type]


def utf16_units(text: str) -> int:
    """Return the length of a text in UTF-16 code units: a character above U+FFFF counts two.

    Raises `UnicodeEncodeError` for a lone surrogate, which no text has.
    """
    return len(text) if text.isascii() else len(text.encode("utf-16-be")) // 2


# --- from JSON -------------------------------------------------------------------------------------------------------
# With an annotation, a number or a truth value may also come as text: the JavaScript SDK sends `{type, value}` so.


def _mismatch(edm_type: EdmType) -> TableError:
    return invalid_input(f"The value of a property is no {edm_type}.")


def _parse_string(value: object) -> str:
    if not isinstance(value, str):
        raise _mismatch(EdmType.STRING)
    if len(value) <= MAX_STRING_UNITS and value.isascii():
        return value
    try:
        units = utf16_units(value)
    except UnicodeEncodeError:
        raise _mismatch(EdmType.STRING) from None
    if units > MAX_STRING_UNITS:
        raise TableError(ErrorCode.PROPERTY_VALUE_TOO_LARGE)
    return value


def _parse_int32(value: object) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    # bool is a subclass of int.
    if type(value) is not int or not -(2**31) <= value < 2**31:
        raise _mismatch(EdmType.INT32)
    return value


def _parse_int64(value: object) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise _mismatch(EdmType.INT64)
    return value


def _parse_double(value: object) -> float:
    if isinstance(value, str) and value in _NOT_FINITE:
        return _NOT_FINITE[value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise _mismatch(EdmType.DOUBLE)
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        raise _mismatch(EdmType.DOUBLE) from None
    if not math.isfinite(number):
        raise _mismatch(EdmType.DOUBLE)
    return number


def _parse_boolean(value: object) -> bool:
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise _mismatch(EdmType.BOOLEAN)
    return value


def _parse_datetime(value: object) -> int:
    if not isinstance(value, str):
        raise _mismatch(EdmType.DATETIME)
    try:
        return parse_datetime(value)
    except TimeOutOfRange:
        raise TableError(ErrorCode.OUT_OF_RANGE_INPUT) from None
    except InvalidTime:
        raise _mismatch(EdmType.DATETIME) from None


def _parse_guid(value: object) -> str:
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise _mismatch(EdmType.GUID)
    return value.lower()


def _parse_binary(value: object) -> bytes:
    if not isinstance(value, str):
        raise _mismatch(EdmType.BINARY)
    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise _mismatch(EdmType.BINARY) from None
    if len(content) > MAX_BINARY_BYTES:
        raise TableError(ErrorCode.PROPERTY_VALUE_TOO_LARGE)
    return content


_Parser = tuple[EdmType, Callable[[object], Value]]
_PARSERS: dict[str, _Parser] = {
    EdmType.STRING: (EdmType.STRING, _parse_string),
    EdmType.INT32: (EdmType.INT32, _parse_int32),
    EdmType.INT64: (EdmType.INT64, _parse_int64),
    EdmType.DOUBLE: (EdmType.DOUBLE, _parse_double),
    EdmType.BOOLEAN: (EdmType.BOOLEAN, _parse_boolean),
    EdmType.DATETIME: (EdmType.DATETIME, _parse_datetime),
    EdmType.GUID: (EdmType.GUID, _parse_guid),
    EdmType.BINARY: (EdmType.BINARY, _parse_binary),
}
# For a value without an annotation, by the type of what JSON is decoded to.
_IMPLIED_PARSERS: dict[type, _Parser] = {
    str: _PARSERS[EdmType.STRING],
    bool: _PARSERS[EdmType.BOOLEAN],
    int: _PARSERS[EdmType.INT32],
    float: _PARSERS[EdmType.DOUBLE],
}


# --- to JSON ---------------------------------------------------------------------------------------------------------


def _render_double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


_RENDERERS: dict[EdmType, Callable[..., str | int | float | bool]] = {
    EdmType.INT64: str,
    EdmType.DOUBLE: _render_double,
    EdmType.DATETIME: format_datetime,
    EdmType.BINARY: lambda content: base64.b64encode(content).decode(),
}
_FIXED_BYTES = {
    EdmType.BOOLEAN: 1,
    EdmType.INT32: 4,
    EdmType.INT64: 8,
    EdmType.DOUBLE: 8,
    EdmType.DATETIME: 8,
    EdmType.GUID: 16,
}
