"""How an answer or an error becomes an HTTP response."""

import json
import math
from collections.abc import Mapping
from typing import Any

import azure.functions as func

from chat.errors import ChatError
from chat.logs import cause_of, log

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
NO_STORE = {"Cache-Control": "no-store"}


def json_response(content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """Return a JSON response."""
    body = _ENCODER.encode(content)
    return func.HttpResponse(body, status_code=status, headers=headers, mimetype="application/json")


def error_response(error: ChatError, *, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """Return the response for an error: `{"error": {"code", "message"}}` with its status.

    `Retry-After` is in whole seconds. The reason of a failure (5xx) is logged; a refusal is in the line of its call.
    """
    if error.status >= 500:
        log.error("request failed", extra={"code": error.code, "reason": str(error), "cause": cause_of(error)})
    content = {"error": {"code": error.code, "message": str(error)}}
    if error.retry_after is not None:
        headers = {**(headers or {}), "Retry-After": str(math.ceil(error.retry_after))}
    return json_response(content, status=error.status, headers=headers)
