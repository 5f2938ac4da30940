"""Read the requests of the management API: JSON bodies, filters, pages and flags from the query string."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from local_azure.functions.durable.management_api.responses import ApiError
from local_azure.functions.durable.protocol.history import dumps, parse_time
from local_azure.functions.durable.storage.queries import InstanceFilter, Page

CONTINUATION_HEADER = "x-ms-continuation-token"
DEFAULT_PAGE_SIZE = 100
MAX_DIGITS = 9
STATUSES = ("Running", "Completed", "ContinuedAsNew", "Failed", "Canceled", "Terminated", "Pending", "Suspended")


async def read_json(request: web.Request) -> str | None:
    """Return the body's JSON text in compact form, None for an empty body. Raises ApiError (400)."""
    text = await request.text()
    if not text.strip():
        return None
    try:
        return dumps(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "JsonReaderException", f"Invalid JSON content: {error}") from None


def read_instance_filter(query: Mapping[str, str]) -> InstanceFilter:
    """Return the filter that the query parameters describe. Raises ApiError (400)."""
    return InstanceFilter(
        read_time(query, "createdTimeFrom"),
        read_time(query, "createdTimeTo"),
        _read_statuses(query.get("runtimeStatus", "")),
        query.get("instanceIdPrefix", ""),
    )


def read_page(request: web.Request) -> Page:
    """Return the page that the request asks for, by default the first 100 rows. Raises ApiError (400)."""
    top = request.query.get("top") or str(DEFAULT_PAGE_SIZE)
    if not top.isdecimal() or len(top) > MAX_DIGITS or int(top) < 1:
        raise ApiError(400, "ArgumentException", f"top must be a whole number of at least 1, not '{top}'")
    token = request.headers.get(CONTINUATION_HEADER)
    return Page(int(top), _decode_token(token) if token else None)


def continuation_headers(next_key: tuple[Any, ...] | None) -> dict[str, str] | None:
    """Return the header that continues after the last key of a page, None when nothing follows."""
    if next_key is None:
        return None
    return {CONTINUATION_HEADER: base64.urlsafe_b64encode(json.dumps(next_key).encode()).decode()}


def read_time(query: Mapping[str, str], name: str) -> datetime | None:
    """Return the time in the query parameter, None when it is absent. Raises ApiError (400)."""
    text = query.get(name)
    if not text:
        return None
    try:
        return parse_time(text)
    except ValueError:
        raise ApiError(400, "ArgumentException", f"{name} is not an ISO 8601 time: '{text}'") from None


def read_flag(query: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """Return whether the query parameter is `true`, in any case; the default when it is absent."""
    value = query.get(name)
    return default if value is None else value.lower() == "true"


def read_seconds(text: str | None) -> timedelta | None:
    """Return the number of seconds as a duration, None for an empty text. Raises ApiError (400)."""
    if not text:
        return None
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        raise ApiError(400, "ArgumentException", f"timeout is not a number of seconds: '{text}'") from None


def _decode_token(token: str) -> tuple[Any, ...]:
    try:
        first, second = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise ApiError(400, "ArgumentException", "the continuation token is not one of ours") from None
    return first, second


def _read_statuses(text: str) -> tuple[str, ...]:
    known = {status.lower(): status for status in STATUSES}
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    for part in wanted:
        if part.lower() not in known:
            raise ApiError(
                400, "ArgumentException", f"'{part}' is not a runtime status; there are {', '.join(STATUSES)}"
            )
    return tuple(known[part.lower()] for part in wanted)
