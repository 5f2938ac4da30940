"""Is the app alive, and is it ready? Asked by platforms, deployments and people who look for a fault."""

import time
from collections.abc import Callable
from functools import lru_cache, partial
from platform import python_version
from typing import TypeVar
from urllib.parse import urlsplit

import azure.durable_functions as df
import azure.functions as func

from chat.call_record import CallRecord
from chat.durable_client import CLIENT_BINDING, DurableClient
from chat.errors import NotConfigured
from chat.functions.handled_calls import answer_request
from chat.functions.process_state import ProcessState, process_state
from chat.health.readiness import Check, Status, check_webhook, is_ready
from chat.http_answers import NO_STORE, json_response
from chat.logs import log
from chat.settings import Settings
from chat.times import timestamp

bp = df.Blueprint()

LIBRARIES = (
    *("azure-functions", "azure-functions-durable", "azure-messaging-webpubsubservice", "azure-identity"),
    *("azure-core", "aiohttp", "PyJWT", "opentelemetry-api"),
)
T = TypeVar("T")


@bp.route(route="healthz", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
async def healthz(req: func.HttpRequest) -> func.HttpResponse:
    """Return that the process runs the app; it needs no setting, and asks nobody. Without a line in the log."""
    return json_response({"status": "alive"}, headers=NO_STORE)


@bp.route(route="readyz", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.generic_input_binding(arg_name="client", type=CLIENT_BINDING)
async def readyz(req: func.HttpRequest, client: str, context: func.Context) -> func.HttpResponse:
    """Return 200 when people can chat, else 503; why is told to operators only."""
    return await answer_request(req, context, partial(answer_readiness, client))


async def answer_readiness(client: str, _: CallRecord) -> func.HttpResponse:
    """Return the status alone."""
    checks = await run_checks(client)
    return json_response({"status": status_of(checks)}, status=200 if is_ready(checks) else 503, headers=NO_STORE)


@bp.route(route="readyz/details", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@bp.generic_input_binding(arg_name="client", type=CLIENT_BINDING)
async def readyz_details(req: func.HttpRequest, client: str, context: func.Context) -> func.HttpResponse:
    """Return what each check found, and what the app is made of, to who has the function's key."""
    return await answer_request(req, context, partial(answer_details, client))


async def answer_details(client: str, _: CallRecord) -> func.HttpResponse:
    """Return the details with the status code of `readyz`."""
    checks, process = await run_checks(client), process_state()
    ago = None if process.event_at is None else time.perf_counter() - process.event_at
    shown = [check.as_dict() for check in (*checks, check_webhook(process.settings, ago))]
    content = {"status": status_of(checks), "checks": shown} | app_fields(process.settings)
    return json_response(content, status=200 if is_ready(checks) else 503, headers=NO_STORE)


def status_of(checks: tuple[Check, ...]) -> str:
    """Return the status as it is answered."""
    return "ready" if is_ready(checks) else "not ready"


async def run_checks(client: str) -> tuple[Check, ...]:
    """Return what the checks found at most some seconds ago: all callers of this time share them."""
    process = process_state()
    return await process.readiness.get("checks", partial(run_new_checks, process, client))


async def run_new_checks(process: ProcessState, client: str) -> tuple[Check, ...]:
    """Run the checks, and log what keeps the app from being ready."""
    checks = await process.probes.run(DurableClient(client))
    if not is_ready(checks):
        found = {check.name: check.detail for check in checks if check.status is not Status.OK}
        log.warning("the app is not ready", extra=found)
    return checks


def app_fields(settings: Settings) -> dict[str, object]:
    """Return what the app is made of and how it is set up; null is what cannot be used."""
    endpoint = usable(lambda: settings.endpoint)
    return {
        "python": python_version(),
        "libraries": library_versions(),
        "hub": settings.hub,
        "auth": usable(lambda: settings.auth),
        "trust": usable(lambda: settings.trust),
        "endpointHost": urlsplit(endpoint).hostname if endpoint else None,
        "tablePrefix": usable(lambda: settings.table_prefix),
        "now": timestamp(round(time.time() * 1000)),
    }


def usable(read: Callable[[], T]) -> T | None:
    """Return a setting, None where it is missing or unusable."""
    try:
        return read()
    except NotConfigured:
        return None


@lru_cache(maxsize=1)
def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that the app is made of, as they are installed; absent ones are left out."""
    from importlib import metadata  # a twentieth of what the whole app takes to import

    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
