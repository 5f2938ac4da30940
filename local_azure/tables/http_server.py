"""The edge to HTTP: from what aiohttp has received to a request, and from an answer to what it sends."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict

from local_azure.bearer_tokens import BearerTokens
from local_azure.faults.http_api import PATH as FAULTS_PATH
from local_azure.faults.http_api import FaultApi
from local_azure.observations import Publisher, StorageCalled, StorageObservation
from local_azure.random_uuid import random_uuid
from local_azure.tables.authentication import Credentials, authenticate, challenge
from local_azure.tables.errors import ErrorCode, TableError, invalid_input
from local_azure.tables.faults import ConnectionCut, FaultInjector
from local_azure.tables.json_format import Addresses
from local_azure.tables.messages import CLIENT_REQUEST_ID, Request, Response, error_response
from local_azure.tables.operations import find_operation, find_table
from local_azure.tables.resource_path import parse_resource, split_account
from local_azure.tables.settings import Settings
from local_azure.tables.store import TableStore

log = logging.getLogger(__name__)

API_VERSION = "2019-02-02"
MAX_BODY_BYTES = 4 * 1024 * 1024
OBSERVED_BODY_BYTES = 64 * 1024
OBSERVED_HEADERS = 100


@dataclass(slots=True)
class _Call:
    """One call, and what is known of it so far; `now` is when it came, in seconds since 1970."""

    received: web.BaseRequest
    request_id: str
    now: float
    request: Request | None = None
    operation: str = ""
    is_authenticated: bool = False


class HttpServer:
    """Answers the calls of one account."""

    def __init__(
        self,
        store: TableStore,
        settings: Settings,
        faults: FaultInjector,
        observations: Publisher[StorageObservation],
        tokens: BearerTokens | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._credentials = Credentials(settings.account, settings.keys, settings.allow_shared_key, tokens)
        self._faults = faults
        self._fault_api = FaultApi(lambda: [faults])
        self._observations = observations

    async def handle_local(self, received: web.BaseRequest) -> web.StreamResponse:
        """Answer one call, or a request of this machine about faults."""
        if received.raw_path == FAULTS_PATH or received.raw_path.startswith(f"{FAULTS_PATH}/"):
            return await self._fault_api.answer(received)
        return await self.handle(received)

    async def handle(self, received: web.BaseRequest) -> web.StreamResponse:
        """Answer one call; every refusal becomes an error body, what is unexpected a 500 with a line in the log."""
        call = _Call(received, random_uuid(), self._settings.now())
        is_observed = self._observations.active
        began, started = (time.time(), time.perf_counter()) if is_observed else (0.0, 0.0)
        response = await self._response(call)
        headers = _all_headers(response, received.headers, call.request_id) if response else CIMultiDict[str]()
        if is_observed:
            milliseconds = (time.perf_counter() - started) * 1000
            self._publish(call, response, headers, began + milliseconds / 1000, milliseconds)
        if response is None:
            if received.transport is not None:
                received.transport.abort()
            return web.Response()  # It is not sent: there is no connection any more.
        return web.Response(status=response.status, body=response.body, headers=headers)

    async def _response(self, call: _Call) -> Response | None:
        """Return the answer; None when the connection must be closed without one."""
        received = call.received
        try:
            response = await self._answer(call)
        except ConnectionCut:
            return None
        except TableError as error:
            response = error_response(error, received.headers.get("Accept", ""), call.request_id, call.now)
            if error.code is ErrorCode.INVALID_AUTHENTICATION_INFO:
                response = replace(response, headers={**response.headers, **challenge(self._credentials)})
            log.info("call refused", extra=_log_fields(received, response.status, error.code.code))
        except Exception:
            internal = TableError(ErrorCode.INTERNAL_ERROR)
            response = error_response(internal, received.headers.get("Accept", ""), call.request_id, call.now)
            log.exception("call failed", extra=_log_fields(received, response.status, internal.code.code))
        else:
            if log.isEnabledFor(logging.DEBUG):
                log.debug("call answered", extra=_log_fields(received, response.status, None))
        return response

    def _publish(
        self, call: _Call, response: Response | None, headers: CIMultiDict[str], at: float, milliseconds: float
    ) -> None:
        """Publish the record of a call: what it refers to is as it was received and is sent."""
        received, body, answer = call.received, call.request.body if call.request else b"", b""
        if response is not None:
            answer = response.body
        record = StorageCalled(
            at=at,
            operation=call.operation,
            table=find_table(call.request) if call.request else "",
            request_id=call.request_id,
            client_request_id=received.headers.get(CLIENT_REQUEST_ID),
            method=received.method,
            status=response.status if response else None,
            error_code=response.error_code if response else None,
            milliseconds=milliseconds,
            url=f"{received.scheme}://{received.host}{received.raw_path}",
            headers=tuple(islice(received.headers.items(), OBSERVED_HEADERS)),
            body=body[:OBSERVED_BODY_BYTES],
            body_size=len(body),
            answer_headers=tuple(headers.items()),
            answer=answer[:OBSERVED_BODY_BYTES],
            answer_size=len(answer),
            is_signed=_is_signed(call, response),
        )
        self._observations.publish(record)

    async def _answer(self, call: _Call) -> Response:
        received = call.received
        if received.method == "OPTIONS":
            raise TableError(ErrorCode.CORS_PREFLIGHT_FAILURE)
        raw_path, query = _split_target(received.raw_path)
        account = split_account(raw_path, self._settings.account)
        grant = authenticate(
            received.method, raw_path, query, received.headers, credentials=self._credentials, now=call.now
        )
        call.is_authenticated = True
        request = call.request = Request(
            received.method,
            parse_resource(account.rest),
            query,
            received.headers,
            await _read_body(received),
            Addresses(f"{received.scheme}://{received.host}/{account.account}", self._settings.account),
            call.request_id,
            call.now,
        )
        operation = find_operation(request)
        call.operation = operation.name
        return await self._faults.call(request, operation.name, partial(operation.handle, self._store, request, grant))


def _split_target(target: str) -> tuple[str, Mapping[str, str]]:
    """Return the raw path and the decoded query of a request line's target; raises `TableError`."""
    if not target.startswith("/"):
        url = urlsplit(target)
        target = f"{url.path}?{url.query}"
    raw_path, _, query = target.partition("?")
    if not query:
        return raw_path, {}
    try:
        return raw_path, dict(parse_qsl(query, keep_blank_values=True, errors="strict"))
    except ValueError:
        raise invalid_input("The query is not valid UTF-8.") from None


async def _read_body(received: web.BaseRequest) -> bytes:
    """Return the body; raises `TableError` as soon as it is larger than allowed."""
    if (received.content_length or 0) > MAX_BODY_BYTES:
        raise TableError(ErrorCode.REQUEST_BODY_TOO_LARGE)
    if not received.can_read_body:
        return b""
    if received.headers.get("Expect", "").lower() == "100-continue":
        await received.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        received.writer.output_size = 0  # As aiohttp does: the answer itself has not begun.
    body = bytearray()
    try:
        while chunk := await received.content.readany():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise TableError(ErrorCode.REQUEST_BODY_TOO_LARGE)
    except (ConnectionError, HttpProcessingError, web.RequestPayloadError):
        # The client is gone, or what it sends is no HTTP; an answer that cannot be sent is dropped.
        raise invalid_input("The body was not received.") from None
    return bytes(body)


def _is_signed(call: _Call, response: Response | None) -> bool | None:
    """Return whether one of the account's keys signed the call; None where no signature was looked at."""
    authorization = call.received.headers.get("Authorization", "")
    if authorization[:6].lower() == "bearer" or not (authorization or "sig=" in call.received.raw_path):
        return None
    if call.is_authenticated:
        return True
    failed = response is not None and response.error_code == ErrorCode.AUTHENTICATION_FAILED.code
    return False if failed else None


def _all_headers(response: Response, received: Mapping[str, str], request_id: str) -> CIMultiDict[str]:
    headers = CIMultiDict(response.headers)
    headers["x-ms-request-id"] = request_id
    headers["x-ms-version"] = received.get("x-ms-version", API_VERSION)
    headers["Cache-Control"] = "no-cache"
    headers["X-Content-Type-Options"] = "nosniff"
    client_request_id = received.get(CLIENT_REQUEST_ID)
    if client_request_id is not None:
        headers[CLIENT_REQUEST_ID] = client_request_id
    return headers


def _log_fields(received: web.BaseRequest, status: int, code: str | None) -> dict[str, object]:
    # The query stays out of the log: it may hold a signature.
    return {"method": received.method, "path": received.raw_path.partition("?")[0], "status": status, "code": code}
