"""Injects the active faults into the calls of Table storage."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from local_azure.faults import FaultRegistry, FaultTarget, InjectionPoint, format_fault
from local_azure.observations import Publisher, StorageFaultTriggered, StorageObservation
from local_azure.tables.errors import ErrorCode, TableError
from local_azure.tables.faults.rules import KINDS, Cut, Delay, Fail, Throttle
from local_azure.tables.messages import Request, Response, error_response, failure_response
from local_azure.tables.operations import find_table

MESSAGE = "A fault was injected into this call."
OTHER_CODE = "InjectedFault"
_CODES = {code.status: code.code for code in (ErrorCode.INTERNAL_ERROR, ErrorCode.SERVER_BUSY)}


class ConnectionCut(Exception):
    """Raised instead of an answer: the connection must be closed without one."""


class FaultInjector(FaultRegistry):
    """The faults of a storage: add and remove them here; the HTTP server asks for each call."""

    kinds = KINDS
    id_prefix = "storage-fault"

    def __init__(
        self, observations: Publisher[StorageObservation], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` returns monotonic seconds."""
        super().__init__(clock)
        self._observations = observations

    async def call(self, request: Request, operation: str, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        """Answer a call: as it is, late, or with an error; raises `ConnectionCut` when there must be no answer.

        Of several faults that replace the answer, the first that was added counts.
        """
        if not self._active_faults:
            return await carry_out()
        failure: Fail | Throttle | Cut | None = None
        for fault in self._triggered_faults(request, operation):
            if isinstance(fault, Delay):
                await asyncio.sleep(fault.seconds)
            elif isinstance(fault, Fail | Throttle | Cut):
                failure = failure or fault
        if failure is None:
            return await carry_out()
        if not isinstance(failure, Throttle) and failure.carried_out:
            with suppress(TableError):  # the fault replaces a refusal like any other answer
                await carry_out()
        if isinstance(failure, Cut):
            raise ConnectionCut
        return _failed(failure, request)

    def _triggered_faults(self, request: Request, operation: str) -> list[object]:
        table = find_table(request)
        target = FaultTarget(injection_point=InjectionPoint.STORAGE, operation=operation, table=table or None)
        triggered = self.trigger(target, operation)
        if self._observations.active:
            for active in triggered:
                record = StorageFaultTriggered(
                    at=time.time(),
                    operation=operation,
                    table=table,
                    request_id=request.request_id,
                    client_request_id=request.client_request_id,
                    fault=format_fault(active.fault),
                )
                self._observations.publish(record)
        return [active.fault for active in triggered]


def _failed(failure: Fail | Throttle, request: Request) -> Response:
    if isinstance(failure, Throttle):
        busy = TableError(ErrorCode.SERVER_BUSY)
        response = error_response(busy, request.accept, request.request_id, request.now)
        return replace(response, headers={**response.headers, "Retry-After": str(int(failure.retry_after_seconds))})
    code = failure.code or _CODES.get(failure.status, OTHER_CODE)
    return failure_response(failure.status, code, MESSAGE, request.accept, request.request_id, request.now)
