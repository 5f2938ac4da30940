"""Faults over HTTP, for a program in any language and for a page: list, add and remove them while the service runs.

GET    /inspector/faults       the active faults
POST   /inspector/faults       {"fault": "drop webhook count=1"} adds one and answers its id
DELETE /inspector/faults/{id}  removes one
"""

import json
from collections.abc import Callable, Sequence

from aiohttp import web

from local_azure.faults.active_faults import ActiveFault
from local_azure.faults.grammar import format_fault, parse_fault
from local_azure.faults.registry import FaultRegistry
from local_azure.faults.rules import Fault
from local_azure.faults.values import InvalidFault
from local_azure.json_depth import check_depth
from local_azure.local_requests import SAFE_HEADERS, json_response, refusal, refuse_other_hosts, refuse_other_pages

PATH = "/inspector/faults"


class FaultApi:
    """The requests at `PATH` and below it; `registries` returns the faults of each service that they are about."""

    def __init__(self, registries: Callable[[], Sequence[FaultRegistry]]) -> None:
        self._registries = registries

    def kinds(self) -> list[type[Fault]]:
        """Return the kinds of faults that can be added."""
        return [kind for registry in self._registries() for kind in registry.kinds]

    def documents(self) -> list[dict[str, object]]:
        """Return the active faults as JSON documents."""
        return [_document(registry, active) for registry in self._registries() for active in registry.active()]

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; it must come from this machine, and not from a page of another site."""
        for refuse in (refuse_other_hosts, refuse_other_pages):
            refused = refuse(request)
            if refused is not None:
                return refused
        fault_id = request.path.removeprefix(PATH).removeprefix("/")
        if request.method == "GET" and not fault_id:
            return json_response(self.documents())
        if request.method == "POST" and not fault_id:
            return await self._add(request)
        if request.method == "DELETE" and fault_id:
            return self._remove(fault_id)
        return refusal(405, "wrong_method", "faults are listed, added and, one by one, deleted here")

    async def _add(self, request: web.BaseRequest) -> web.Response:
        line = await _read_line(request)
        if line is None:
            return refusal(400, "invalid_body", 'the body must be like {"fault": "drop webhook count=1"}')
        try:
            fault = parse_fault(line, self.kinds())
        except InvalidFault as error:
            return refusal(400, "invalid_fault", str(error))
        [registry] = [registry for registry in self._registries() if isinstance(fault, tuple(registry.kinds))]
        return json_response({"id": registry.add(fault).id}, status=201)

    def _remove(self, fault_id: str) -> web.Response:
        if any(registry.remove(fault_id) for registry in self._registries()):
            return web.Response(status=204, headers=SAFE_HEADERS)
        return refusal(404, "not_active", "this fault is not active any more")


def _document(registry: FaultRegistry, active: ActiveFault) -> dict[str, object]:
    return {
        "id": active.id,
        "text": format_fault(active.fault),
        "timesTriggered": active.times_triggered,
        "timesLeft": active.times_left,
        "secondsLeft": _rounded_up(registry.seconds_left(active)),
    }


async def _read_line(request: web.BaseRequest) -> str | None:
    try:
        document = json.loads(check_depth((await request.read()).decode()))
    except ValueError:
        return None
    line = document.get("fault") if isinstance(document, dict) else None
    return line if isinstance(line, str) else None


def _rounded_up(seconds: float | None) -> int | None:
    return None if seconds is None else -int(-seconds // 1)
