"""The data of a trigger that binding expressions may name: of a request its route, query, headers and JSON body."""

import json
from collections.abc import Mapping
from typing import Any

from azure.functions import HttpRequest

# The query parameter of the access key.
KEY_PARAMETER = "code"


def read_trigger_data(argument: object) -> dict[str, object]:
    """Return the data of a function's trigger argument.

    Of several sources of a name, the last in this order counts: body, query, route. `query` and `headers` are there
    as a whole too, unless a parameter has that name.
    """
    if isinstance(argument, HttpRequest):
        body = argument.get_body().decode("utf-8", "replace")
        return _read_request(argument.route_params, argument.params, argument.headers, body)
    if hasattr(argument, "path_params") and hasattr(argument, "query_params"):
        # The request of a web extension, whose body is a stream that only the function reads.
        return _read_request(argument.path_params, argument.query_params, getattr(argument, "headers", {}), "")
    if isinstance(argument, Mapping):
        return _properties(argument)
    text = getattr(argument, "body", argument)
    return _parse_properties(text) if isinstance(text, str) else {}


def _read_request(
    route: Mapping[str, str], query: Mapping[str, str], headers: Mapping[str, str], body: str
) -> dict[str, object]:
    data = _parse_properties(body)
    data |= {name: value for name, value in query.items() if name.lower() != KEY_PARAMETER}
    data |= route
    names = {name.lower() for name in data}
    for name, values in (("query", query), ("headers", headers)):
        if name not in names:
            data[name] = dict(values)
    return data


def _parse_properties(text: str) -> dict[str, object]:
    stripped = text.strip()
    if not stripped.startswith("{") or not stripped.endswith("}"):
        return {}
    try:
        return _properties(json.loads(stripped))
    except (ValueError, RecursionError):
        return {}


def _properties(values: Mapping[str, Any]) -> dict[str, object]:
    return {
        str(name): value if isinstance(value, Mapping) else _to_text(value)
        for name, value in values.items()
        if value is not None and not isinstance(value, list)
    }


def _to_text(value: object) -> str:
    return json.dumps(value).capitalize() if isinstance(value, bool) else str(value)
