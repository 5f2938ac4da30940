"""HTTP to event handlers: one attempt, retries, size limits; what came back, or why nothing did."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from local_azure.webpubsub.event_handlers.answers import Answer
from local_azure.webpubsub.event_handlers.source import EventSource
from local_azure.webpubsub.observations import Observations, WebhookCalled, WebhookSent

log = logging.getLogger(__name__)

REQUEST_TIMEOUT = 408
MAX_HANDLER_CONNECTIONS = 1000
# The connection state comes in one; .NET, in which the official emulator is written, takes as much.
MAX_ANSWER_HEADER_BYTES = 64 * 1024

# An event carries the documented headers and no others.
_NO_AUTOMATIC_HEADERS = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class CallFailed(Exception):
    """There was no usable answer; the text says why and holds no URL."""


class _Unreachable(CallFailed):
    """The network failed, which is worth another attempt."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one handler, and how it is named in logs and to the inspector; `event_id` None is a question."""

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
    """Sends calls, again and again where that helps; `close` when the service ends."""

    def __init__(self, *, retry_waits: Sequence[float], max_answer_bytes: int, observations: Observations) -> None:
        """`retry_waits` are the seconds before the second, third … attempt."""
        self._retry_waits = retry_waits
        self._max_answer_bytes = max_answer_bytes
        self._observations = observations
        self._stopping = False
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_HANDLER_CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),  # each connection has its own
            timeout=aiohttp.ClientTimeout(total=None),  # the caller's timeout covers all attempts
            skip_auto_headers=_NO_AUTOMATIC_HEADERS,
            max_field_size=MAX_ANSWER_HEADER_BYTES,
        )

    async def close(self) -> None:
        """Close idle HTTP connections."""
        await self._session.close()

    def stop_retrying(self) -> None:
        """Let every call end with its present attempt: the service shuts down."""
        self._stopping = True

    async def send(self, call: Call) -> Answer:
        """Return the handler's answer, which may be an error status; raises `CallFailed` when there is none.

        Network errors, 408 and 5xx are tried again. The caller sets the timeout.
        """
        if self._observations.active and call.request_id is not None:
            self._observations.remember(call.request_id)
        for attempt, wait in enumerate((*self._retry_waits, None), start=1):
            try:
                answer = await self._observed_attempt(call, attempt)
            except _Unreachable:
                if wait is None or self._stopping:
                    raise
            else:
                if wait is None or self._stopping or not _is_transient(answer.status):
                    return answer
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def _observed_attempt(self, call: Call, attempt: int) -> Answer:
        started = time.perf_counter()
        status: int | None = None
        failure: str | None = None
        body: bytes | None = None
        self._record_start(call, attempt)
        try:
            answer = await self._attempt(call)
            status, body = answer.status, answer.body
            return answer
        except CallFailed as error:
            failure = str(error)
            raise
        except asyncio.CancelledError:
            failure = "cancelled: the client left, or the time was up"
            raise
        finally:
            self._record(call, attempt, status, (time.perf_counter() - started) * 1000, failure, body)

    async def _attempt(self, call: Call) -> Answer:
        if self._session.closed:
            raise CallFailed("the service has shut down")
        try:
            async with self._session.request(
                call.method, call.url, headers=self._with_cookies(call), data=call.body, allow_redirects=False
            ) as response:
                body = await self._read(response)
                return Answer(call.url, response.status, response.headers, response.cookies, body)
        except (aiohttp.InvalidURL, ValueError) as error:
            raise CallFailed(f"the request cannot be sent ({type(error).__name__})") from None
        except (aiohttp.ClientError, OSError) as error:
            raise _Unreachable(f"no answer ({type(error).__name__})") from None

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._max_answer_bytes:
                raise CallFailed(f"the answer is longer than {self._max_answer_bytes} bytes")
        return bytes(body)

    @staticmethod
    def _with_cookies(call: Call) -> CIMultiDict[str]:
        if call.source.cookies is None or call.event_id is None:
            return call.headers
        cookies = call.source.cookies.filter_cookies(call.url)
        headers = call.headers.copy()
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={morsel.coded_value}" for name, morsel in cookies.items())
        return headers

    def _record_start(self, call: Call, attempt: int) -> None:
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
                )
            )

    def _record(
        self,
        call: Call,
        attempt: int,
        status: int | None,
        milliseconds: float,
        failure: str | None,
        answer: bytes | None,
    ) -> None:
        source = call.source
        log.info(
            "event handler called",
            extra={
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
                )
            )


def _is_transient(status: int) -> bool:
    return status == REQUEST_TIMEOUT or status >= 500
