"""Three event handlers under load, each in a process of its own: our app, a tutorial's chat, and the bare limit.

`python -m bench.load.publishers ours ENDPOINT` calls the handler with signed CloudEvents as a worker would, without a
host in between, and prints one JSON line. ENDPOINT is a sink that accepts every REST call. Our app's storage is the one
that the environment names. `ours-lines` has a log that takes every line, `ours-spans` an OpenTelemetry SDK as well.
"""

import asyncio
import hashlib
import hmac
import importlib
import json
import logging
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import azure.functions as func
from aiohttp import ClientSession
from azure.durable_functions.models.utils import http_utils

from local_azure.functions.worker.invocation_context import Context

ROOT = Path(__file__).resolve().parents[2]
KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
CONNECTION_ID = "0123456789abcdef0123456789abcdef"
SIGNATURE = "sha256=" + hmac.new(KEY.encode(), CONNECTION_ID.encode(), hashlib.sha256).hexdigest()
SENT_AT = datetime.now(UTC).isoformat()
WARM_UP, ALONE, AT_ONCE, IN_FLIGHT = 50, 300, 1600, 16

STATE = "ce-connectionState"

Handler = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]


def message_event(number: int, state: str | None) -> func.HttpRequest:
    """Return one signed `message` event, as the service delivers it; `state` is what the last answer set."""
    headers = {
        "content-type": "text/plain; charset=utf-8",
        "ce-specversion": "1.0",
        "ce-type": "azure.webpubsub.user.message",
        "ce-source": f"/hubs/sample_chatapp/client/{CONNECTION_ID}",
        "ce-id": str(number),
        "ce-time": SENT_AT,
        "ce-signature": SIGNATURE,
        "ce-userid": "ana",
        "ce-connectionid": CONNECTION_ID,
        "ce-hub": "sample_chatapp",
        "ce-eventname": "message",
    }
    if state:
        headers["ce-connectionstate"] = state
    return func.HttpRequest("POST", "http://localhost:7071/eventhandler/message", headers=headers, body=b"hello")


def registered_handler(folder: Path) -> Callable[..., object]:
    """Return what the worker calls for the app's function `eventhandler`."""
    sys.path.insert(0, str(folder))
    app = importlib.import_module("function_app").app
    functions = {function.get_function_name(): function for function in app.get_functions()}
    handler: Callable[..., object] = functions["eventhandler"].get_user_function()
    return handler


@asynccontextmanager
async def ours(endpoint: str) -> AsyncIterator[Handler]:
    """Our app: it verifies the signature, appends to the room's log, and publishes."""
    handler = registered_handler(ROOT)
    urls = {"rpcBaseUrl": f"{endpoint}/", "creationUrls": {}, "managementUrls": {}, "taskHubName": "hub"}
    binding = json.dumps({**urls, "requiredQueryStringParameters": ""})

    context = Context("00000000-0000-0000-0000-000000000001", "eventhandler", str(ROOT))

    async def call(request: func.HttpRequest) -> func.HttpResponse:
        answer = handler(req=request, client=binding, context=context)
        assert isinstance(answer, Coroutine)
        response: func.HttpResponse = await answer
        return response

    yield call
    await http_utils._close_session()  # the SDK keeps one for the process


@asynccontextmanager
async def tutorial(endpoint: str) -> AsyncIterator[Handler]:
    """A chat as tutorials write it: a plain function, which the worker runs in a thread."""
    handler = registered_handler(ROOT / "bench/peers/tutorial")
    pool = ThreadPoolExecutor()

    async def call(request: func.HttpRequest) -> func.HttpResponse:
        answer = await asyncio.get_running_loop().run_in_executor(pool, handler, request)
        assert isinstance(answer, func.HttpResponse)
        return answer

    yield call
    pool.shutdown()


@asynccontextmanager
async def bare(endpoint: str) -> AsyncIterator[Handler]:
    """The limit: verify the signature and post the line with a token made once."""
    url = f"{endpoint}/api/hubs/sample_chatapp/groups/lobby/:send?api-version=2024-12-01"
    async with ClientSession(headers={"Authorization": "Bearer made-once"}) as session:

        async def call(request: func.HttpRequest) -> func.HttpResponse:
            assert hmac.compare_digest(request.headers["ce-signature"], SIGNATURE)
            line = {"from": request.headers["ce-userid"], "message": request.get_body().decode()}
            async with session.post(url, json=line):
                return func.HttpResponse(status_code=204)

        yield call


class Discard(logging.Handler):
    """Makes the text of every line, as the worker's handler does, and drops it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.format(record)


def set_up_telemetry(which: str) -> None:
    """Let the process have a log that takes every line (`lines`), and an SDK that drops every span (`spans`)."""
    if which:
        logging.basicConfig(level=logging.INFO, handlers=[Discard()])
    if which == "spans":
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
        trace.set_tracer_provider(provider)
        os.environ["ChatTelemetry"] = "opentelemetry"


async def measure(handler: Handler) -> dict[str, float]:
    """Return milliseconds of one message alone (median), messages a second and CPU milliseconds with many in flight."""
    numbers = iter(range(1, 1_000_000))

    state: str | None = None

    async def tell() -> float:
        nonlocal state
        started = time.perf_counter()
        response = await handler(message_event(next(numbers), state))
        assert response.status_code == 204, response.get_body()
        state = response.headers.get(STATE, state)
        return (time.perf_counter() - started) * 1000

    async def tell_many() -> None:
        for _ in range(AT_ONCE // IN_FLIGHT):
            await tell()

    for _ in range(WARM_UP):  # the first calls import, connect and fill caches
        await tell()
    alone = statistics.median([await tell() for _ in range(ALONE)])
    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(tell_many() for _ in range(IN_FLIGHT)))
    per_second = AT_ONCE / (time.perf_counter() - started)
    return {"alone": alone, "per_second": per_second, "cpu": (time.process_time() - cpu) * 1000 / AT_ONCE}


async def main(kind: str, endpoint: str) -> None:
    """Measure one handler and print what came out."""
    os.environ |= {
        "WebPubSubConnectionString": f"Endpoint={endpoint};AccessKey={KEY};Version=1.0;",
        "WebPubSubHub": "Sample_ChatApp",
        "ChatAuth": "open",
        "ChatRateLimits": "message=60000/60000",
    }
    kind, _, telemetry = kind.partition("-")
    set_up_telemetry(telemetry)
    async with {"ours": ours, "tutorial": tutorial, "bare": bare}[kind](endpoint) as handler:
        print(json.dumps(await measure(handler)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
