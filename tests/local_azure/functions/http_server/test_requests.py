"""How a request that was received becomes a `func.HttpRequest`."""

import asyncio
import gzip
import logging
from urllib.parse import urlsplit

import pytest

from tests.local_azure.functions.apps import Serve

ECHO = """
@app.route(route="echo/{name?}")
def echo(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps({
        "method": req.method, "url": req.url, "headers": dict(req.headers.items()), "names": list(req.headers),
        "params": dict(req.params), "body": req.get_body().decode("latin-1"), "type": type(req.get_body()).__name__,
    }), mimetype="application/json")
"""


async def test_h035_header_names_are_lower_case_and_found_in_any_case(serve: Serve) -> None:
    source = """
    @app.route()
    def echo(req): return func.HttpResponse(req.headers["X-MIXED"] + ",".join(n for n in req.headers if "mixed" in n))
    """

    async with serve(source) as app:
        assert (await app.get("/api/echo", ("X-Mixed", "value,"))).body == b"value,x-mixed"


async def test_h036_repeated_headers_are_joined_and_empty_ones_kept(serve: Serve) -> None:
    async with serve(ECHO) as app:
        sent = (("X-Many", "a"), ("x-many", "b"), ("X-Empty", ""))
        headers = (await app.get("/api/echo", *sent)).json()["headers"]

    assert headers["x-many"] == "a,b"
    assert headers["x-empty"] == ""


async def test_h037_h038_parameters_are_merged_and_empty_ones_dropped(serve: Serve) -> None:
    async with serve(ECHO) as app:
        assert (await app.get("/api/echo?a=1&A=2&b=&flag&c=x+y")).json()["params"] == {"a": "1,2", "c": "x y"}


async def test_h039_the_body_is_bytes_also_when_there_is_none(serve: Serve) -> None:
    async with serve(ECHO) as app:
        empty = (await app.get("/api/echo")).json()
        full = (await app.send("POST", "/api/echo", body=bytes(range(256)))).json()

    assert (empty["type"], empty["body"]) == ("bytes", "")
    assert full["body"].encode("latin-1") == bytes(range(256))


@pytest.mark.parametrize("body", [b"", b"not json", b"\xff"])
async def test_h040_get_json_raises_value_error_for_what_is_no_json(serve: Serve, body: bytes) -> None:
    source = """
    @app.route()
    def parse(req):
        try:
            return func.HttpResponse(json.dumps(req.get_json()))
        except ValueError as error:
            return func.HttpResponse("ValueError", status_code=400)
    """

    async with serve(source) as app:
        answer = await app.send("POST", "/api/parse", body=body)
        parsed = await app.send("POST", "/api/parse", body=b'{"a": 1}')

    assert (answer.status, answer.body) == (400, b"ValueError")
    assert parsed.json() == {"a": 1}


async def test_h041_a_chunked_body_arrives_with_a_warning_on_the_console(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(ECHO) as app:
        answer = await app.send("POST", "/api/echo", chunks=[b"one ", b"two"])

    assert answer.json()["body"] == "one two"
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "chunked request body of 7 bytes" in warning


async def test_h042_the_url_is_absolute_and_as_received(serve: Serve) -> None:
    async with serve(ECHO) as app:
        answer = await app.get("/api/echo/a%20b?x=%C3%A9&flag", ("Host", "chat.example:81"))

    assert answer.json()["url"] == "http://chat.example:81/api/echo/a%20b?x=%C3%A9&flag"


async def test_h043_forms_are_read(serve: Serve) -> None:
    source = """
    @app.route()
    def form(req):
        files = {name: [file.filename, file.read().decode()] for name, file in req.files.items()}
        return func.HttpResponse(json.dumps([dict(req.form), files]))
    """
    multipart = (
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; '
        b'name="f"; filename="x.txt"\r\nContent-Type: text/plain\r\n\r\ncontent\r\n--b--\r\n'
    )

    async with serve(source) as app:
        urlencoded = ("Content-Type", "application/x-www-form-urlencoded")
        assert (await app.send("POST", "/api/form", urlencoded, body=b"a=1&b=%20")).json() == [{"a": "1", "b": " "}, {}]
        boundary = ("Content-Type", "multipart/form-data; boundary=b")
        answer = await app.send("POST", "/api/form", boundary, body=multipart)

    assert answer.json() == [{"a": "1"}, {"f": ["x.txt", "content"]}]


async def test_h068_easy_auth_headers_arrive_unchanged(serve: Serve) -> None:
    """Whether they are trusted is decided by a setting of the app; for the host they are headers like all others."""
    principal = "eyJhdXRoX3R5cCI6ImFhZCJ9"
    sent = (("X-MS-CLIENT-PRINCIPAL", principal), ("X-MS-CLIENT-PRINCIPAL-NAME", "ana"))

    async with serve(ECHO) as app:
        headers = (await app.get("/api/echo", *sent)).json()["headers"]

    assert headers["x-ms-client-principal"] == principal
    assert headers["x-ms-client-principal-name"] == "ana"


async def test_h070_a_body_above_the_limit_is_413_and_the_host_goes_on(serve: Serve) -> None:
    async with serve(ECHO, settings={"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1000"}) as app:
        assert (await app.send("POST", "/api/echo", body=b"x" * 1000)).status == 200
        assert (await app.send("POST", "/api/echo", body=b"x" * 1001)).status == 413
        assert (await app.send("POST", "/api/echo", chunks=[b"x" * 600, b"x" * 600])).status == 413
        assert (await app.get("/api/echo")).status == 200


async def test_the_default_limit_lets_large_bodies_in(serve: Serve) -> None:
    source = "@app.route()\ndef size(req): return func.HttpResponse(str(len(req.get_body())))"

    async with serve(source) as app:
        assert (await app.send("POST", "/api/size", body=b"x" * 5_000_000)).body == b"5000000"


async def test_a_compressed_body_arrives_as_it_was_sent(serve: Serve) -> None:
    source = """
    @app.route()
    def f(req): return func.HttpResponse(req.get_body(), mimetype="application/octet-stream")
    """
    encoding = ("Content-Encoding", "gzip")
    async with serve(source) as app:
        for body in (gzip.compress(b"hi"), b"not compressed at all"):
            assert (await app.send("POST", "/api/f", encoding, body=body)).body == body


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 10\r\n\r\nhi",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhi",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nh",
        b"Content-Length: many\r\n\r\n",
        b"Cookie: secret" + b"x" * 10_000 + b"\r\n\r\n",
        b"secret\r\n\r\n",
    ],
)
async def test_a_request_that_is_broken_reaches_no_function_and_leaves_no_traceback(
    serve: Serve, caplog: pytest.LogCaptureFixture, rest: bytes
) -> None:
    source = """
    @app.route()
    def f(req): raise AssertionError("called")
    """
    caplog.set_level("DEBUG")
    async with serve(source) as app:
        address = urlsplit(app.host.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(b"POST /api/f HTTP/1.1\r\nHost: a\r\n" + rest)
        writer.write_eof()
        assert (await reader.read())[9:12] in (b"400", b"")
        writer.close()

    assert not [record for record in caplog.records if record.exc_info]
    assert "called" not in caplog.text
    assert "secret" not in caplog.text
