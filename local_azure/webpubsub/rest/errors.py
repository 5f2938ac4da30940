"""The errors of the REST data plane: a status, a code that never changes, and a sentence."""

import json
from http import HTTPStatus

from aiohttp import web

ERROR_CODE_HEADER = "x-ms-error-code"


class RestError(Exception):
    """A refused request; it becomes an `ErrorDetail` body and the `x-ms-error-code` header."""

    def __init__(self, status: HTTPStatus, code: str, message: str, target: str = "Request") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.target = target


def bad_request(message: str, target: str = "Request") -> RestError:
    """Return the error for a request that violates a rule."""
    return RestError(HTTPStatus.BAD_REQUEST, "Error.BadRequest", message, target)


def not_found(code: str, kind: str, name: str) -> RestError:
    """Return the error for a connection, group or user that does not exist."""
    return RestError(HTTPStatus.NOT_FOUND, code, f"{kind} `{name}` is not found.", kind)


def unsupported_media_type(message: str) -> RestError:
    """Return the error for a body in a form that the service does not accept."""
    return RestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Error.UnsupportedMediaType", message, "Content-Type")


def error_response(error: RestError) -> web.Response:
    """Return the response; for HEAD the server sends its headers only."""
    body = {"code": error.code, "message": error.message, "target": error.target}
    return web.Response(
        status=error.status,
        text=json.dumps(body),
        content_type="application/json",
        headers={ERROR_CODE_HEADER: error.code},
    )
