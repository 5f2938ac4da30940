"""An app that uses what functions can see and return, to be served by both hosts."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import azure.functions as func
from parts import bp  # type: ignore[import-not-found]  # the app's folder is on the path when it is served

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
app.register_functions(bp)
at_import = asyncio.get_running_loop()


@app.route(route="echo/{name?}")
def echo(req: func.HttpRequest) -> func.HttpResponse:
    content = {
        "method": req.method,
        "url": req.url,
        "headers": dict(sorted(req.headers.items())),
        "params": dict(req.params),
        "route": dict(req.route_params),
        "body": req.get_body().decode("latin-1"),
        "form": dict(req.form),
        "files": {name: file.filename for name, file in req.files.items()},
    }
    return func.HttpResponse(json.dumps(content), mimetype="application/json")


@app.route(route="all/{*path}", methods=["GET", "POST", "HEAD", "OPTIONS"])
async def everything(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    same = asyncio.get_running_loop() is at_import
    content = [context.function_name, bool(context.invocation_id), dict(req.route_params), same]
    return func.HttpResponse(json.dumps(content), headers={"X-Route": req.route_params.get("path", "none")})


@app.route(route="json")
def parse(req: func.HttpRequest) -> func.HttpResponse:
    try:
        return func.HttpResponse(json.dumps(req.get_json()), mimetype="application/json")
    except ValueError as error:
        return func.HttpResponse(str(error), status_code=400)


@app.route(route="thread")
def in_thread(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(str(threading.current_thread() is threading.main_thread()))


@app.route(route="text")
def as_text(req: func.HttpRequest) -> str:
    return str(req.params["text"])


@app.route(route="untyped")
def untyped(req):  # type: ignore[no-untyped-def]
    return func.HttpResponse(type(req).__name__)


@app.route(route="texttyped")
def text_typed(req: str) -> func.HttpResponse:
    return func.HttpResponse(type(req).__name__)


@app.route(route="out")
@app.table_output(arg_name="rows", connection="AzureWebJobsStorage", table_name="rows")
def with_output(req: func.HttpRequest, rows: func.Out[str]) -> func.HttpResponse:
    rows.set("[]")
    return func.HttpResponse(rows.get())


@app.generic_trigger(arg_name="req", type="httpTrigger", route="bare")
def without_return_binding(req: func.HttpRequest) -> Any:
    return func.HttpResponse("lost")


def with_cookies() -> func.HttpResponse:
    response = func.HttpResponse()
    response.headers.add("Set-Cookie", "a=1; Path=/chat; Secure; HttpOnly; SameSite=Strict; Max-Age=60")
    response.headers.add("Set-Cookie", "b=x/y=z; Domain=chat.example; Expires=Wed, 21 Oct 2026 07:28:00 GMT")
    response.headers.add("Set-Cookie", 'c="quoted value"; SameSite=None')
    response.headers.add("Set-Cookie", "d=two words")
    return response


def with_repeated_header() -> func.HttpResponse:
    response = func.HttpResponse()
    response.headers.add("X-Many", "1")
    response.headers.add("X-Many", "2")
    return response


def with_line_break() -> func.HttpResponse:
    return func.HttpResponse(headers={"x-a": "b\r\nSet-Cookie: c=d"})


RETURNS: dict[str, Callable[[], Any]] = {
    "nothing": func.HttpResponse,
    "none": lambda: None,
    "dict": lambda: {"body": "x"},
    "bytes": lambda: b"x",
    "int": lambda: 5,
    "tuple": lambda: ("x", 200),
    "html": lambda: func.HttpResponse("<p>é", mimetype="text/html"),
    "latin": lambda: func.HttpResponse("é", charset="latin-1"),
    "css": lambda: func.HttpResponse("x", mimetype="text/html", headers={"Content-Type": "text/css"}),
    "every_byte": lambda: func.HttpResponse(bytes(range(256)), mimetype="application/octet-stream"),
    "created": lambda: func.HttpResponse("x", status_code=201, headers={"Location": "/x", "X-Empty": ""}),
    "no_content": lambda: func.HttpResponse(status_code=204),
    "not_modified": lambda: func.HttpResponse(status_code=304, headers={"ETag": '"x"'}),
    "number_header": lambda: func.HttpResponse(headers={"X-N": 5, "X-None": None}),  # type: ignore[dict-item]
    "cookies": with_cookies,
    "repeated": with_repeated_header,
    "line_break": with_line_break,
    "raises": lambda: 1 / 0,
    "dict_body": lambda: func.HttpResponse({"a": 1}),  # type: ignore[arg-type]
    "broken_cookie": lambda: func.HttpResponse(headers={"Set-Cookie": "a=1; Expires=tomorrow"}),
}


@app.route(route="returns/{what}", methods=["GET"])
async def returns(req: func.HttpRequest) -> func.HttpResponse:
    return RETURNS[req.route_params["what"]]()  # type: ignore[no-any-return]


@app.route(route="cookie", methods=["GET"])
def cookie_that_expires(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(headers={"Set-Cookie": f"a=1; Expires={req.params['expires']}"})


@app.generic_trigger(arg_name="req", type="httpTrigger", route="through/{what}")
@app.generic_output_binding(arg_name="answer", type="http")
def through_output(req: func.HttpRequest, answer: func.Out[func.HttpResponse]) -> None:
    if req.route_params["what"] == "response":
        answer.set(func.HttpResponse("made", status_code=201, headers={"X-Own": "1"}))


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
def yearly(timer: func.TimerRequest) -> None: ...
