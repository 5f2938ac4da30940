"""The HTTP client for event handlers: attempts, retries and size limits."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp
from aiohttp.http import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from local_azure.log_lines import log_info
from local_azure.webpubsub.event_handlers.http_exchange import HttpExchange, ResponseTooLong
from local_azure.webpubsub.events import EventSource, HandlerResponse
from local_azure.webpubsub.observations import Observations, WebhookCalled, WebhookSent

log = logging.getLogger(__name__)

REQUEST_TIMEOUT = 408


class WebhookFailed(Exception):
    """The handler gave no usable response; the text says why and holds no URL."""


class _Unreachable(WebhookFailed):
    """The network failed; another attempt may succeed."""


@dataclass(slots=True)
class WebhookCall:
    """One request to one handler, with its names for logs and the inspector; validation requests have no `event_id`.

    Nobody changes one. It is not frozen, because making a frozen one takes three times as long.
    """

    method: str
    url: URL
    headers: CIMultiDict[str]
    body: bytes | None
    source: EventSource
    event: str
    event_id: int | None
    request_id: str | None
    handler: str


class WebhookClient:
    """Sends calls, with retries; call `close` when the service ends."""

    def __init__(self, *, retry_waits: Sequence[float], max_response_bytes: int, observations: Observations) -> None:
        """`retry_waits` are the seconds before the second, third … attempt."""
        self._retry_waits = retry_waits
        self._max_response_bytes = max_response_bytes
        self._observations = observations
        self._stopping = False
        self._http = HttpExchange(max_response_bytes)

    async def close(self) -> None:
        """Close idle HTTP connections."""
        await self._http.close()

    def stop_retrying(self) -> None:
        """Let every call end with its current attempt: the service shuts down."""
        self._stopping = True

    async def send(self, call: WebhookCall) -> HandlerResponse:
        """Return the handler's response, which may have an error status; raises `WebhookFailed` when there is none.

        Network errors, 408 and 5xx are retried. The caller sets the timeout.
        """
        if self._observations.active and call.request_id is not None:
            self._observations.link_request_id(call.request_id)
        for attempt, wait in enumerate((*self._retry_waits, None), start=1):
            try:
                response = await self._observed_attempt(call, attempt)
            except _Unreachable:
                if wait is None or self._stopping:
                    raise
            else:
                if wait is None or self._stopping or not _is_transient(response.status):
                    return response
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def send_once(self, call: WebhookCall) -> HandlerResponse:
        """Return the response to one attempt, as a cause of its own; raises `WebhookFailed`."""
        self._observations.start_trace()
        if self._observations.active and call.request_id is not None:
            self._observations.link_request_id(call.request_id)
        return await self._observed_attempt(call, 1)

    async def _observed_attempt(self, call: WebhookCall, attempt: int) -> HandlerResponse:
        started = time.perf_counter()
        status: int | None = None
        failure: str | None = None
        body: bytes | None = None
        answer_headers: Mapping[str, str] | None = None
        headers = self._with_cookies(call)
        cause = self._observations.meter.begin_webhook(call.request_id, len(call.body or b""))
        self._record_start(call, attempt, headers)
        try:
            response = await self._attempt(call, headers)
            status, body, answer_headers = response.status, response.body, response.headers
            return response
        except WebhookFailed as error:
            failure = str(error)
            raise
        except asyncio.CancelledError:
            failure = "cancelled: the client left or asked for it, or the time was up"
            raise
        finally:
            self._observations.meter.end_webhook(cause)
            milliseconds = (time.perf_counter() - started) * 1000
            self._record(call, attempt, status, milliseconds, failure, body, answer_headers)

    async def _attempt(self, call: WebhookCall, headers: CIMultiDict[str]) -> HandlerResponse:
        if self._http.closed:
            raise WebhookFailed("the service has shut down")
        try:
            return await self._http.send(call.method, call.url, headers, call.body)
        except ResponseTooLong:
            raise WebhookFailed(f"the answer is longer than {self._max_response_bytes} bytes") from None
        except (aiohttp.InvalidURL, ValueError) as error:
            raise WebhookFailed(f"the request cannot be sent ({type(error).__name__})") from None
        except (aiohttp.ClientError, HttpProcessingError, OSError) as error:
            raise _Unreachable(f"no answer ({type(error).__name__})") from None

    @staticmethod
    def _with_cookies(call: WebhookCall) -> CIMultiDict[str]:
        if call.source.cookies is None or call.event_id is None:
            return call.headers
        cookies = call.source.cookies.filter_cookies(call.url)
        headers = call.headers.copy()
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={morsel.coded_value}" for name, morsel in cookies.items())
        return headers

    def _record_start(self, call: WebhookCall, attempt: int, headers: Mapping[str, str]) -> None:
        if self._observations.active:
            source = call.source
            self._observations.publish(
                WebhookSent(
                    source.hub,
                    source.connection_id,
                    source.user_id,
                    call.event,
                    call.event_id,
                    call.request_id,
                    call.handler,
                    attempt,
                    call.body,
                    call.method,
                    call.url,
                    headers,
                )
            )

    def _record(
        self,
        call: WebhookCall,
        attempt: int,
        status: int | None,
        milliseconds: float,
        failure: str | None,
        answer: bytes | None,
        answer_headers: Mapping[str, str] | None,
    ) -> None:
        source = call.source
        log_info(
            log,
            "event handler called",
            fields={
                "hub": source.hub,
                "event": call.event,
                "connection": source.connection_id,
                "handler": call.handler,
                "attempt": attempt,
                "status": status,
                "milliseconds": round(milliseconds, 1),
                "failure": failure,
            },
        )
        if self._observations.active:
            self._observations.publish(
                WebhookCalled(
                    source.hub,
                    source.connection_id,
                    source.user_id,
                    call.event,
                    call.event_id,
                    call.request_id,
                    call.handler,
                    attempt,
                    status,
                    milliseconds,
                    failure,
                    answer,
                    answer_headers,
                )
            )


def _is_transient(status: int) -> bool:
    return status == REQUEST_TIMEOUT or status >= 500
