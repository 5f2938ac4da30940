"""Faults over HTTP, for a program in any language and for a page: list, add and remove them while the service runs.

GET    /inspector/faults       the active faults
POST   /inspector/faults       {"fault": "drop webhook count=1"} adds one and answers its id
DELETE /inspector/faults/{id}  removes one
"""

import json
from collections.abc import Callable, Sequence
from typing import Protocol

from aiohttp import web

from local_azure.faults.grammar import format_fault, parse_fault
from local_azure.faults.registry import FaultRegistry
from local_azure.faults.rules import Fault
from local_azure.faults.values import InvalidFault
from local_azure.json_depth import check_depth
from local_azure.local_requests import SAFE_HEADERS, json_response, refusal, refuse_other_hosts, refuse_other_pages

PATH = "/inspector/faults"


class SourceUnavailable(Exception):
    """The process that injects these faults does not answer; the text says which."""


class FaultSource(Protocol):
    """The faults of one service, of this process or another one; `kinds` are those that it can inject.

    Each method raises SourceUnavailable.
    """

    @property
    def kinds(self) -> Sequence[type[Fault]]:
        """The kinds of faults that the service can inject."""
        ...

    async def documents(self) -> list[dict[str, object]]:
        """Return the active faults as JSON documents."""
        ...

    async def add(self, fault: Fault) -> str:
        """Make a fault active and return its id."""
        ...

    async def remove(self, fault_id: str) -> bool:
        """Remove a fault; return whether it was active."""
        ...


class LocalFaults:
    """The faults of a service of this process."""

    def __init__(self, registry: FaultRegistry) -> None:
        self._registry = registry

    @property
    def kinds(self) -> Sequence[type[Fault]]:
        """The kinds of faults that the service can inject."""
        return self._registry.kinds

    async def documents(self) -> list[dict[str, object]]:
        """Return the active faults as JSON documents."""
        return [
            {
                "id": active.id,
                "text": format_fault(active.fault),
                "timesTriggered": active.times_triggered,
                "timesLeft": active.times_left,
                "secondsLeft": _rounded_up(self._registry.seconds_left(active)),
            }
            for active in self._registry.active()
        ]

    async def add(self, fault: Fault) -> str:
        """Make a fault active and return its id."""
        return self._registry.add(fault).id

    async def remove(self, fault_id: str) -> bool:
        """Remove a fault; return whether it was active."""
        return self._registry.remove(fault_id)


class FaultApi:
    """The requests at `PATH` and below it; `sources` returns the faults of each service that they are about."""

    def __init__(self, sources: Callable[[], Sequence[FaultSource]]) -> None:
        self._sources = sources

    def kinds(self) -> list[type[Fault]]:
        """Return the kinds of faults that can be added."""
        return [kind for source in self._sources() for kind in source.kinds]

    async def documents(self) -> list[dict[str, object]]:
        """Return the active faults as JSON documents; raises SourceUnavailable."""
        return [document for source in self._sources() for document in await source.documents()]

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; it must come from this machine, and not from a page of another site."""
        for refuse in (refuse_other_hosts, refuse_other_pages):
            refused = refuse(request)
            if refused is not None:
                return refused
        try:
            return await self._answer(request, request.path.removeprefix(PATH).removeprefix("/"))
        except SourceUnavailable as error:
            return refusal(503, "unavailable", str(error))

    async def _answer(self, request: web.BaseRequest, fault_id: str) -> web.StreamResponse:
        if request.method == "GET" and not fault_id:
            return json_response(await self.documents())
        if request.method == "POST" and not fault_id:
            return await self._add(request)
        if request.method == "DELETE" and fault_id:
            return await self._remove(fault_id)
        return refusal(405, "wrong_method", "faults are listed, added and, one by one, deleted here")

    async def _add(self, request: web.BaseRequest) -> web.Response:
        line = await _read_line(request)
        if line is None:
            return refusal(400, "invalid_body", 'the body must be like {"fault": "drop webhook count=1"}')
        try:
            fault = parse_fault(line, self.kinds())
        except InvalidFault as error:
            return refusal(400, "invalid_fault", str(error))
        [source] = [source for source in self._sources() if isinstance(fault, tuple(source.kinds))]
        return json_response({"id": await source.add(fault)}, status=201)

    async def _remove(self, fault_id: str) -> web.Response:
        for source in self._sources():
            if await source.remove(fault_id):
                return web.Response(status=204, headers=SAFE_HEADERS)
        return refusal(404, "not_active", "this fault is not active any more")


async def _read_line(request: web.BaseRequest) -> str | None:
    try:
        document = json.loads(check_depth((await request.read()).decode()))
    except ValueError:
        return None
    line = document.get("fault") if isinstance(document, dict) else None
    return line if isinstance(line, str) else None


def _rounded_up(seconds: float | None) -> int | None:
    return None if seconds is None else -int(-seconds // 1)
