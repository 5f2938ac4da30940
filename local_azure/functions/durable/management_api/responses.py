"""Responses of the management API: JSON bodies, and errors in the extension's format."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from local_azure.functions.durable.execution.function_registry import UnknownFunction
from local_azure.functions.durable.protocol.history import dumps
from local_azure.functions.durable.protocol.identifiers import InvalidIdentifier
from local_azure.functions.durable.storage.instance_store import InstanceExists

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ApiError(Exception):
    """A request that is answered with an error; `kind` is the name of the exception type in the answer."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class NotSupported(ApiError):
    """The request needs a part of the extension that this backend does not have (501)."""

    def __init__(self, what: str) -> None:
        super().__init__(501, "NotImplementedException", f"{what} is not implemented by this local Durable backend")


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return the body as JSON."""
    return web.Response(
        text=dumps(body), status=status, headers=headers, content_type="application/json", charset="utf-8"
    )


def error_response(status: int, kind: str, message: str) -> web.Response:
    """Return an error in the extension's shape; the SDK shows `ExceptionMessage`."""
    summaries = {
        400: "One or more of the arguments submitted is incorrect",
        409: "An instance with this id is running",
        501: "Not implemented",
    }
    summary = summaries.get(status, "Something went wrong while processing your request")
    return json_response(
        {"Message": summary, "ExceptionMessage": message, "ExceptionType": kind, "StackTrace": ""}, status
    )


def with_error_responses(handler: Handler) -> Handler:
    """Return the handler with its errors turned into responses."""

    @functools.wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            return error_response(error.status, error.kind, str(error))
        except (UnknownFunction, InvalidIdentifier) as error:
            return error_response(400, "ArgumentException", str(error))
        except InstanceExists as error:
            return error_response(409, "OrchestrationAlreadyExistsException", str(error))
        except web.HTTPException:
            raise
        except Exception as error:
            log.exception("durable request failed", extra={"method": request.method, "route": request.path})
            return error_response(500, type(error).__name__, str(error))

    return answer
