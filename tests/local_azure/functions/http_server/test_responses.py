"""How a function's return value becomes the response that is sent."""

import logging
from http import HTTPStatus

import azure.functions as func
import pytest

from local_azure.functions.http_server.responses import build_response
from local_azure.functions.worker.signatures import converter
from tests.local_azure.functions.apps import Answer, Serve


def app_that_returns(expression: str) -> str:
    return f"@app.route()\ndef f(req): return {expression}"


async def answer_to(serve: Serve, expression: str) -> Answer:
    async with serve(app_that_returns(expression)) as app:
        return await app.get("/api/f")


async def test_h044_the_default_response(serve: Serve) -> None:
    answer = await answer_to(serve, "func.HttpResponse()")

    assert (answer.status, answer["content-type"], answer.body) == (200, "text/plain; charset=utf-8", b"")


@pytest.mark.parametrize(
    ("arguments", "content_type"),
    [
        ("'{}', mimetype='application/json'", "application/json"),
        ("'x', mimetype='text/html'", "text/html; charset=utf-8"),
        ("'x', mimetype='text/html; charset=utf-8'", "text/html; charset=utf-8; charset=utf-8"),
        ("'x', charset='latin-1'", "text/plain; charset=latin-1"),
        ("'x', mimetype='text/html', headers={'Content-Type': 'text/css'}", "text/css"),
    ],
)
async def test_h045_h046_content_types(serve: Serve, arguments: str, content_type: str) -> None:
    assert (await answer_to(serve, f"func.HttpResponse({arguments})"))["content-type"] == content_type


async def test_h047_bytes_are_exact(serve: Serve) -> None:
    answer = await answer_to(serve, "func.HttpResponse(bytes(range(256)), mimetype='application/octet-stream')")

    assert answer.body == bytes(range(256))


@pytest.mark.parametrize(
    ("name", "value"),
    [("X", "a\r\nb: c"), ("X", "\0"), ("X", "é"), ("X\r\nb", "c"), ("X Y", "c"), ("", "c"), ("X:", "c"), ("X", "\x7f")],
)
async def test_h049_a_header_that_no_server_may_send_is_a_500_and_nothing_of_it_arrives(
    serve: Serve, name: str, value: str
) -> None:
    answer = await answer_to(serve, f"func.HttpResponse('x', headers={{{name!r}: {value!r}}})")

    assert (answer.status, answer.body) == (500, b"")
    assert "b" not in answer
    assert "x" not in answer


async def test_h048_every_cookie_is_a_header_of_its_own_in_the_format_of_the_host(serve: Serve) -> None:
    source = """
    @app.route()
    def f(req):
        response = func.HttpResponse()
        response.headers.add("Set-Cookie", "a=1; Path=/chat; Secure; HttpOnly; SameSite=Lax; Max-Age=60")
        response.headers.add("Set-Cookie", "b=x/y")
        return response
    """

    async with serve(source) as app:
        answer = await app.get("/api/f")

    assert [value for name, value in answer.headers if name == "Set-Cookie"] == [
        "a=1; max-age=60; path=/chat; secure; samesite=lax; httponly",
        "b=x%2Fy; path=/",
    ]


async def test_any_other_repeated_header_keeps_its_last_value(serve: Serve) -> None:
    source = """
    @app.route()
    def f(req):
        response = func.HttpResponse()
        response.headers.add("X-Many", "1")
        response.headers.add("X-Many", "2")
        return response
    """

    async with serve(source) as app:
        assert (await app.get("/api/f"))["x-many"] == "2"


async def test_h049_a_line_break_in_a_header_is_500_and_injects_nothing(serve: Serve) -> None:
    answer = await answer_to(serve, "func.HttpResponse(headers={'x-a': 'b\\r\\nSet-Cookie: c=d'})")

    assert (answer.status, answer.body) == (500, b"")
    assert "Set-Cookie" not in answer


async def test_h050_an_exception_is_500_without_a_body_and_its_traceback_is_on_the_console(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = """
    @app.route()
    async def f(req): return func.HttpResponse(str(1 / int(req.params["n"])))
    """

    async with serve(source) as app:
        answer = await app.get("/api/f?n=0&token=secret")
        again = await app.get("/api/f?n=1")

    assert (answer.status, answer.body) == (500, b"")
    assert again.body == b"1.0"
    assert "ZeroDivisionError: division by zero" in caplog.text
    assert "function_app.py" in caplog.text
    assert "Executed 'Functions.f' (Failed, Id=" in caplog.text
    assert "secret" not in caplog.text
    assert "worker.py" not in caplog.text


@pytest.mark.parametrize(
    "response",
    [
        func.HttpResponse(),
        func.HttpResponse(status_code=204, headers={}),
        func.HttpResponse("x", mimetype="application/json", headers={"X-One": "1", "x-one": "2"}),
        func.HttpResponse("é", mimetype="text/html", charset="latin-1", headers={"Etag": "a"}),
        func.HttpResponse(b"x", headers={"CONTENT-TYPE": "text/css", "X-Number": "5"}),
        func.HttpResponse(status_code=HTTPStatus.NOT_FOUND),
    ],
)
def test_a_response_without_cookies_is_what_the_library_makes_of_it(response: func.HttpResponse) -> None:
    built = build_response(response, "http")

    expected = converter("http").encode(response, expected_type=None).value
    assert (str(built.status), built.body) == (expected["status_code"].value, expected["body"].value)
    assert dict(built.headers) == {name: value.value for name, value in expected["headers"].items()}


@pytest.mark.parametrize("value", ["None", "{'body': 'x'}", "b'bytes'", "5", "('a', 200)", "[1]"])
async def test_h051_what_is_no_response_is_500(serve: Serve, value: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = await answer_to(serve, value)

    assert (answer.status, answer.body) == (500, b"")
    assert "an HTTP function must return azure.functions.HttpResponse" in caplog.text


@pytest.mark.parametrize(
    ("text", "status", "body"),
    [
        ("plain text", 200, "plain text"),
        ('{"a": [1, true, null], "é": {}}', 200, '{\n  "a": [\n    1,\n    true,\n    null\n  ],\n  "é": {}\n}'),
        ("true", 200, "True"),
        ("null", 200, ""),
        ('"quoted"', 200, "quoted"),
        ("5", 200, "5"),
        ('{"Body": "described", "status": 201}', 201, "described"),
        ('{"body": {"a": 1}, "statusCode": "404"}', 404, '{\n  "a": 1\n}'),
        ('{"body": null}', 200, ""),
        ('{"status": 201}', 200, '{\n  "status": 201\n}'),
    ],
)
async def test_h052_a_returned_text_is_read_as_json_first(serve: Serve, text: str, status: int, body: str) -> None:
    answer = await answer_to(serve, repr(text))

    assert (answer.status, answer.body.decode(), answer["content-type"]) == (status, body, "text/plain; charset=utf-8")


async def test_h052_a_described_response_may_have_headers(serve: Serve) -> None:
    answer = await answer_to(serve, repr('{"body": "<b>", "headers": {"Content-Type": "text/html", "x-n": 1}}'))

    assert (answer["content-type"], answer["x-n"], answer.body) == ("text/html", "1", b"<b>")


async def test_a_204_and_a_304_have_no_body(serve: Serve) -> None:
    source = "@app.route()\ndef f(req): return func.HttpResponse('x', status_code=int(req.params['s']))"

    async with serve(source) as app:
        for status in (204, 304):
            answer = await app.get(f"/api/f?s={status}")
            assert (answer.status, answer.body) == (status, b"")


async def test_a_function_cannot_set_headers_of_the_connection(serve: Serve) -> None:
    headers = {"Content-Length": "999", "Transfer-Encoding": "chunked", "Connection": "close", "X-Own": "1"}
    answer = await answer_to(serve, f"func.HttpResponse('four', headers={headers})")

    assert (answer.body, answer["content-length"], answer["x-own"]) == (b"four", "4", "1")


async def test_custom_headers_of_host_json_are_on_every_answer(serve: Serve) -> None:
    host_json = {"extensions": {"http": {"customHeaders": {"X-Frame-Options": "DENY"}}}}

    async with serve(app_that_returns("func.HttpResponse()"), host_json=host_json) as app:
        for target in ("/api/f", "/nothing", "/admin/host/status"):
            assert (await app.get(target))["x-frame-options"] == "DENY"


async def test_an_asgi_app_is_a_function_like_any_other(serve: Serve) -> None:
    header = """
import azure.functions as func

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        return await send({"type": "lifespan.startup.complete"})
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-path", scope["path"].encode())]})
    await send({"type": "http.response.body", "body": scope["method"].encode()})

class App(func.AsgiFunctionApp):
    def __del__(self):
        pass  # the SDK's own starts an event loop, which fails when it is collected while another test runs one

app = App(app=asgi, http_auth_level=func.AuthLevel.ANONYMOUS)
"""
    root: dict[str, object] = {"extensions": {"http": {"routePrefix": ""}}}

    async with serve("", header=header, host_json=root) as app:
        answer = await app.send("POST", "/any/path", body=b"")

    assert (answer.status, answer["x-path"], answer.body) == (201, "/any/path", b"POST")
