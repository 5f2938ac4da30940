"""Asks event handlers with OPTIONS whether they accept our events: before the first one, and again at intervals.

This is the abuse protection of the CloudEvents webhook specification (section 4): a handler agrees by naming our
origin.
"""

import asyncio
import logging
from collections.abc import Callable

from yarl import URL

from local_azure.webpubsub.event_handlers.matching import VALIDATE
from local_azure.webpubsub.event_handlers.requests import validation_headers
from local_azure.webpubsub.event_handlers.webhook_client import WebhookCall, WebhookClient, WebhookFailed
from local_azure.webpubsub.events import EventSource, HandlerResponse
from local_azure.webpubsub.settings import Times

log = logging.getLogger(__name__)

ALLOWED_ORIGIN = "WebHook-Allowed-Origin"
NOT_FOUND = 404


class _Check:
    """The last result for one URL and origin, and when to ask again (monotonic seconds)."""

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
        """Return whether the handler at this URL (with `validate` for the event) accepts events of our origin.

        A handler that has agreed is asked again in the background. If it has not agreed and it is time to ask again,
        the caller waits for its answer.
        """
        # The origin is the host name that the client used. A refusal of one name does not apply to another name.
        check = self._checks.get((url, source.origin))
        if check is None:
            check = self._checks[url, source.origin] = _Check()
        if check.accepted is not None and self._clock() < check.due_at:
            return check.accepted
        asking = check.asking
        if asking is None:
            asking = check.asking = asyncio.create_task(self._ask(check, url, source, handler))
        if check.accepted:
            return True
        # Shielded: a cancelled caller must not cancel the request that others wait for.
        return await asyncio.shield(asking)

    async def close(self) -> None:
        """Cancel requests that are not answered yet."""
        asking = [check.asking for check in self._checks.values() if check.asking is not None]
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def _ask(self, check: _Check, url: URL, source: EventSource, handler: str) -> bool:
        try:
            accepted, why = await self._request_permission(url, source, handler)
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

    async def _request_permission(self, url: URL, source: EventSource, handler: str) -> tuple[bool, str]:
        try:
            response = await self._request("OPTIONS", url, source, handler)
            if response.status == NOT_FOUND:
                response = await self._request("GET", url, source, handler)
        except WebhookFailed as error:
            return False, str(error)
        except TimeoutError:
            return False, f"no answer within {self._times.validation_timeout_seconds} s"
        if not response.is_success:
            return False, f"status {response.status}"
        allowed = [value.strip().lower() for value in response.headers.getall(ALLOWED_ORIGIN, [])]
        if not allowed:
            return False, f"no {ALLOWED_ORIGIN} header"
        return "*" in allowed or source.origin in allowed, f"{ALLOWED_ORIGIN} names another origin"

    async def _request(self, method: str, url: URL, source: EventSource, handler: str) -> HandlerResponse:
        call = WebhookCall(
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
