"""Does a handler want our events? Ask with OPTIONS before the first one, and again from time to time.

This is the CloudEvents webhook specification's abuse protection (section 4): a handler agrees by naming our origin.
"""

import asyncio
import logging
from collections.abc import Callable

from yarl import URL

from local_azure.webpubsub.event_handlers.answers import Answer
from local_azure.webpubsub.event_handlers.calls import Call, CallFailed, WebhookClient
from local_azure.webpubsub.event_handlers.matching import VALIDATE
from local_azure.webpubsub.event_handlers.requests import validation_headers
from local_azure.webpubsub.event_handlers.source import EventSource
from local_azure.webpubsub.settings import Times

log = logging.getLogger(__name__)

ALLOWED_ORIGIN = "WebHook-Allowed-Origin"
NOT_FOUND = 404


class _Check:
    """What is known of one URL and origin: the last result, and when to ask again (monotonic seconds)."""

    __slots__ = ("accepted", "asking", "due_at", "failures")

    def __init__(self) -> None:
        self.accepted: bool | None = None
        self.due_at = 0.0
        self.failures = 0
        self.asking: asyncio.Task[bool] | None = None


class Validation:
    """The results for every handler URL, shared by all connections."""

    def __init__(self, client: WebhookClient, times: Times, clock: Callable[[], float]) -> None:
        self._client = client
        self._times = times
        self._clock = clock
        self._checks: dict[tuple[URL, str], _Check] = {}

    async def accepts(self, url: URL, source: EventSource, handler: str) -> bool:
        """Return whether the handler at this URL (with `validate` for the event) takes events from our origin.

        A handler that has agreed is asked again in the background; whoever meets one that has not, when it is time
        to ask again, waits for its answer.
        """
        # The origin is the host that the client dialled: a no to one name must not keep out those who used another.
        check = self._checks.setdefault((url, source.origin), _Check())
        if check.accepted is not None and self._clock() < check.due_at:
            return check.accepted
        asking = check.asking
        if asking is None:
            asking = check.asking = asyncio.create_task(self._ask(check, url, source, handler))
        if check.accepted:
            return True
        # One caller's impatience must not end the question that others wait for.
        return await asyncio.shield(asking)

    async def close(self) -> None:
        """Give up on questions that are still open."""
        asking = [check.asking for check in self._checks.values() if check.asking is not None]
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def _ask(self, check: _Check, url: URL, source: EventSource, handler: str) -> bool:
        try:
            accepted, why = await self._answer(url, source, handler)
        except Exception:
            log.exception("validation failed unexpectedly", extra={"handler": handler})
            accepted, why = False, "unexpected failure"
        finally:
            check.asking = None
        if accepted:
            check.failures = 0
            wait = self._times.validation_recheck_seconds
            log.info("event handler accepted our origin", extra={"hub": source.hub, "handler": handler})
        else:
            wait = min(
                self._times.validation_retry_seconds * 2 ** min(check.failures, 16),
                self._times.validation_retry_max_seconds,
            )
            check.failures += 1
            log.warning(
                "event handler did not accept our origin",
                extra={"hub": source.hub, "handler": handler, "origin": source.origin, "reason": why},
            )
        check.accepted = accepted
        check.due_at = self._clock() + wait
        return accepted

    async def _answer(self, url: URL, source: EventSource, handler: str) -> tuple[bool, str]:
        try:
            answer = await self._request("OPTIONS", url, source, handler)
            if answer.status == NOT_FOUND:
                answer = await self._request("GET", url, source, handler)
        except CallFailed as error:
            return False, str(error)
        except TimeoutError:
            return False, f"no answer within {self._times.validation_timeout_seconds} s"
        if not answer.is_success:
            return False, f"status {answer.status}"
        allowed = [value.strip().lower() for value in answer.headers.getall(ALLOWED_ORIGIN, [])]
        if not allowed:
            return False, f"no {ALLOWED_ORIGIN} header"
        return "*" in allowed or source.origin in allowed, f"{ALLOWED_ORIGIN} names another origin"

    async def _request(self, method: str, url: URL, source: EventSource, handler: str) -> Answer:
        call = Call(
            method,
            url,
            validation_headers(source.origin),
            None,
            source=source,
            event=VALIDATE,
            event_id=None,
            request_id=None,
            handler=handler,
        )
        async with asyncio.timeout(self._times.validation_timeout_seconds):
            return await self._client.send(call)
