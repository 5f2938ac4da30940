"""Binding expressions: `%SETTING%` and `{name}` in the texts of a binding, and what takes their place.

This module has no I/O: settings, the trigger's data, the time and a source of ids are arguments.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from local_azure.functions.errors import BindingError

_SETTING = re.compile(r"%([^%]*)%")
_NAME = re.compile(r"\{([^{}]*)\}")
_UNQUOTED_IN_FILTER = re.compile(r"true|false|[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.IGNORECASE | re.ASCII)
# .NET's formats of a UUID, and the parts of its date formats.
_UUID_FORMATS: Mapping[str, Callable[[uuid.UUID], str]] = {
    "": str,
    "d": str,
    "n": lambda value: value.hex,
    "b": lambda value: f"{{{value}}}",
    "p": lambda value: f"({value})",
}
_DATE_PART = re.compile(r"([A-Za-z%])\1*")
_DATE_DIRECTIVES = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_LETTERS_IN_DATES = frozenset({"T", "Z"})
_DEFAULT_DATE_FORMAT = "yyyy-MM-ddTHH-mm-ssZ"


@dataclass(frozen=True, slots=True)
class ExpressionContext:
    """What expressions may name: app settings, and the data of the trigger by lower-case name.

    A value is a text, or a mapping for names with a dot, such as `query.room`. `now` is UTC.
    """

    settings: Mapping[str, str]
    data: Mapping[str, object]
    function_name: str
    now: datetime
    new_id: Callable[[], uuid.UUID] = uuid.uuid4


def resolve(text: str, context: ExpressionContext) -> str:
    """Return the text with its expressions replaced. Raises BindingError for one that has no value."""
    return _NAME.sub(lambda found: _value_of(found[1], context), resolve_settings(text, context.settings))


def resolve_filter(text: str, context: ExpressionContext) -> str:
    """Return an OData filter with its expressions replaced, so that a value cannot change what is asked.

    A name in quotes, `'{name}'`, takes any text; outside of quotes only a number, true or false. A filter that is one
    name and nothing else is taken as it is. Raises BindingError.
    """
    pattern = resolve_settings(text, context.settings)
    if (whole := _NAME.fullmatch(pattern)) is not None:
        return _value_of(whole[1], context)

    def replace(found: re.Match[str]) -> str:
        value = _value_of(found[1], context)
        is_quoted = pattern[: found.start()].endswith("'") and pattern[found.end() :].startswith("'")
        if is_quoted:
            return value.replace("'", "''")
        if not _UNQUOTED_IN_FILTER.fullmatch(value):
            raise BindingError(
                f"the filter's parameter '{found[1]}' must be a number, true or false where it is not in quotes"
            )
        return value

    return _NAME.sub(replace, pattern)


def resolve_settings(text: str, settings: Mapping[str, str]) -> str:
    """Return the text with the app settings in the place of their names. Raises BindingError for a missing one."""

    def replace(found: re.Match[str]) -> str:
        value = settings.get(found[1])
        if not value:
            raise BindingError(f"'%{found[1]}%' is not the name of an app setting that has a value")
        return value

    return _SETTING.sub(replace, text)


def _value_of(expression: str, context: ExpressionContext) -> str:
    name, _, form = expression.strip().partition(":")
    value: object = context.data
    for part in name.split("."):
        if not isinstance(value, Mapping) or (value := _find(value, part)) is None:
            return _built_in(name, form, context)
    if isinstance(value, (Mapping, list)):
        raise BindingError(f"the binding expression '{{{name}}}' names an object, not a value")
    return str(value)


def _find(values: Mapping[str, object], name: str) -> object:
    if name in values:
        return values[name]
    return next((value for key, value in values.items() if key.lower() == name.lower()), None)


def _built_in(name: str, form: str, context: ExpressionContext) -> str:
    kind = name.lower()
    if kind in ("rand-guid", "sys.randguid"):
        write = _UUID_FORMATS.get(form.lower())
        if write is None:
            raise BindingError(f"'{form}' is not a format of {{{name}}}: there are N, D, B and P")
        return write(context.new_id())
    if kind in ("datetime", "sys.utcnow"):
        return context.now.strftime(_DATE_PART.sub(_directive, form or _DEFAULT_DATE_FORMAT))
    if kind == "sys.methodname":
        return context.function_name
    raise BindingError(f"no value for the binding expression '{{{name}}}' in the trigger's data")


def _directive(found: re.Match[str]) -> str:
    part = found[0]
    if part in _LETTERS_IN_DATES:
        return part
    if part not in _DATE_DIRECTIVES:
        raise BindingError(f"'{part}' is not supported in a date format: there are {', '.join(_DATE_DIRECTIVES)}")
    return _DATE_DIRECTIVES[part]
