"""The part of the host's admin API that is useful locally: status, ping, the list of functions, run a timer once."""

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping

from aiohttp import web

from local_azure.functions.app import App
from local_azure.functions.worker.loading import LoadedFunction
from local_azure.functions.worker.worker import Worker, raised_by_function

# The host version whose behaviour this host follows.
HOST_VERSION = "4.1052.200"

log = logging.getLogger("local_azure.functions")


class AdminApi:
    """Answers `/admin/host/*` and `/admin/functions*` for one app.

    Call `stop` at the end: functions that were started here are cancelled.
    """

    def __init__(self, app: App, worker: Worker, base_url: str) -> None:
        self._app = app
        self._worker = worker
        self._base_url = base_url
        self._started = time.monotonic()
        self._host_id = uuid.uuid5(uuid.NAMESPACE_URL, base_url).hex
        self._runs: set[asyncio.Task[None]] = set()

    @property
    def routes(self) -> list[web.RouteDef]:
        """The admin routes for an aiohttp application."""
        return [
            web.get("/admin/host/status", self._status),
            web.get("/admin/host/ping", self._ping),
            web.post("/admin/host/ping", self._ping),
            web.get("/admin/functions", self._list),
            web.get("/admin/functions/{name}", self._read),
            web.post("/admin/functions/{name}", self._run_once),
        ]

    async def stop(self) -> None:
        """Cancel what `POST /admin/functions/{name}` started and is still running."""
        for run in self._runs:
            run.cancel()
        await asyncio.gather(*self._runs, return_exceptions=True)

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "id": self._host_id,
                "state": "Running",
                "version": HOST_VERSION,
                "processUptime": int((time.monotonic() - self._started) * 1000),
            }
        )

    async def _ping(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response([self._description(function) for function in self._app.functions])

    async def _read(self, request: web.Request) -> web.Response:
        function = self._function(request)
        return web.json_response(self._description(function)) if function else web.Response(status=404)

    async def _run_once(self, request: web.Request) -> web.Response:
        function = self._function(request)
        if function is None or function not in self._app.served:
            return web.Response(status=404)
        if function.trigger_type != "timerTrigger":
            return web.Response(status=501, text=f"This host cannot run a {function.trigger_type} by hand.")
        run = asyncio.create_task(self._run_timer(function))
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)
        return web.Response(status=202)

    async def _run_timer(self, function: LoadedFunction) -> None:
        # Imported here, because most runs of the host never need it.
        from local_azure.functions.timers.timers import make_request

        timer = make_request(None, adjusts_for_dst=True, is_past_due=False)
        try:
            await self._worker.invoke(function, {str(function.trigger["name"]): timer})
        except BaseException as error:
            if not raised_by_function(error):
                raise
            log.error("Executed 'Functions.%s' (Failed)", function.name, exc_info=error)

    def _function(self, request: web.Request) -> LoadedFunction | None:
        name = request.match_info["name"].lower()
        return next((function for function in self._app.functions if function.name.lower() == name), None)

    def _description(self, function: LoadedFunction) -> Mapping[str, object]:
        template = next((r.template.text for r in self._app.routes.routes if r.function is function), None)
        return {
            "name": function.name,
            "href": f"{self._base_url}/admin/functions/{function.name}",
            "invoke_url_template": None if template is None else f"{self._base_url}/{template}",
            "language": "python",
            "isDisabled": function.name in self._app.disabled,
            "config": {"bindings": function.bindings},
        }
