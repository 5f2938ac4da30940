"""An app that uses what functions can see and return with the web extension, to be served by both hosts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import azure.functions as func
from azurefunctions.extensions.http.fastapi import (  # type: ignore[import-untyped]
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Request,
    Response,
    StreamingResponse,
)
from pydantic import BaseModel

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
released = asyncio.Event()
ended = asyncio.Event()


class Point(BaseModel):
    x: int
    y: int


def pieces() -> Iterator[str]:
    yield "one "
    yield "two"


async def broken_pieces() -> AsyncIterator[bytes]:
    yield b"begun"
    raise RuntimeError("in the middle")


async def waiting_pieces() -> AsyncIterator[str]:
    try:
        yield "first"
        await released.wait()
        yield "second"
    finally:
        ended.set()


def with_cookies() -> Any:
    response = Response("x", status_code=201, headers={"X-Own": "1"})
    response.set_cookie("a", "1", max_age=60)
    response.set_cookie("b", "2", path="/chat")
    return response


RETURNS: dict[str, Callable[[], Any]] = {
    "text": lambda: "text é",
    "number": lambda: 5,
    "float": lambda: 1.5,
    "true": lambda: True,
    "dict": lambda: {"a": [1, None]},
    "list": lambda: [1, "two"],
    "model": lambda: Point(x=1, y=2),
    "bytes": lambda: b"bytes",
    "none": lambda: None,
    "raises": lambda: 1 / 0,
    "unserialisable": lambda: object(),
    "classic": lambda: func.HttpResponse("x"),
    "empty": Response,
    "no_content": lambda: Response(status_code=204),
    "teapot": lambda: PlainTextResponse("short", status_code=418),
    "html": lambda: HTMLResponse("<p>é"),
    "json": lambda: JSONResponse({"a": 1}, status_code=202),
    "elsewhere": lambda: RedirectResponse("/api/other"),
    "cookies": with_cookies,
    "pieces": lambda: StreamingResponse(pieces(), media_type="text/plain"),
    "bare_pieces": lambda: StreamingResponse(pieces()),
    "length": lambda: StreamingResponse(pieces(), headers={"Content-Length": "7"}),
}


@app.route(route="returns/{what}")
async def returns(req: Request):  # type: ignore[no-untyped-def]
    return RETURNS[req.path_params["what"]]()


@app.route(route="thread/{what}")
def returns_in_thread(req: Request, context: func.Context) -> StreamingResponse:
    return RETURNS[req.path_params["what"]]()


@app.route(route="seen/{*path}")
async def seen(req: Request) -> dict:  # type: ignore[type-arg]
    headers = {name: value for name, value in req.headers.items() if name != "x-ms-invocation-id"}
    return {
        "method": req.method,
        "url": str(req.url),
        "headers": sorted(headers.items()),
        "query": req.query_params.multi_items(),
        "path": req.path_params,
        "body": (await req.body()).decode("latin-1"),
        "invocation": len(req.headers["x-ms-invocation-id"]) > 0,
    }


@app.route(route="count", methods=["POST"])
async def count(req: Request) -> Response:
    sizes = [len(piece) async for piece in req.stream()]
    return Response(str(sum(sizes)))


@app.route(route="wait")
async def wait(req: Request) -> StreamingResponse:
    return StreamingResponse(waiting_pieces(), media_type="text/event-stream")


@app.route(route="release")
async def release(req: Request) -> str:
    released.set()
    return "released"


@app.route(route="ended")
async def is_ended(req: Request) -> str:
    await ended.wait()
    return "ended"


@app.route(route="break")
async def breaks(req: Request) -> StreamingResponse:
    return StreamingResponse(broken_pieces(), media_type="text/plain")
