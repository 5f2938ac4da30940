"""The requests that are sent to both hosts, and how to make further ones."""

import base64
import hashlib
import hmac
import json
from urllib.parse import quote

from local_azure.webpubsub import DEFAULT_ACCESS_KEY
from tests.local_azure.functions.official.comparison import Case

# Keys of RETURNS in behaviours/function_app.py.
RETURNS = (
    *("nothing", "none", "dict", "bytes", "int", "tuple", "html", "latin", "css", "every_byte", "created"),
    *("no_content", "not_modified", "number_header", "cookies", "repeated", "line_break", "raises", "dict_body"),
    "broken_cookie",
)
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; '
    b'name="f"; filename="x.txt"\r\n\r\ncontent\r\n--b--\r\n'
)


# H-087: the first is the form that the worker reads, the others are those of RFC 850, 6265, 2822, of C, and wrong ones.
EXPIRES = (
    "Wed, 21 Oct 2026 07:28:00 GMT",
    "Wed, 21-Oct-2026 07:28:00 GMT",
    "Wednesday, 21-Oct-26 07:28:00 GMT",
    "Wed, 21 Oct 26 07:28:00 GMT",
    "Wed Oct 21 07:28:00 2026",
    "Wed, 21 Oct 2026 07:28:00 UTC",
    "Wed, 21 Oct 2026 07:28:00 +0000",
    "wed, 21 oct 2026 07:28:00 gmt",
    "Wednesday, 21 Oct 2026 07:28:00 GMT",
    "Thu, 21 Oct 2026 07:28:00 GMT",
    "Wed, 1 Oct 2026 7:28:00 GMT",
    "21 Oct 2026 07:28:00 GMT",
    "Sat, 31 Feb 2026 07:28:00 GMT",
    "2026-10-21T07:28:00Z",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 01 Jan 2500 00:00:00 GMT",
    "0",
)

BEHAVIOUR_CASES = (
    *(Case("GET", f"/api/cookie?expires={quote(expires)}") for expires in EXPIRES),
    *(Case("GET", f"/api/through/{what}") for what in ("response", "nothing")),
    *(Case("GET", f"/api/returns/{what}") for what in (*RETURNS, "unknown")),
    *(Case(method, "/api/echo") for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")),
    Case("GET", "/api/echo/a%20b%C3%A9?a=1&A=2&b=&flag&c=x+y&d=%C3%A9", (("X-Many", "1"), ("x-many", "2"))),
    Case("POST", "/api/echo", body=bytes(range(256))),
    Case("POST", "/api/echo", (("Content-Type", "application/x-www-form-urlencoded"),), b"a=1&b=%20x"),
    Case("POST", "/api/echo", (("Content-Type", "multipart/form-data; boundary=b"),), MULTIPART),
    *(Case("POST", "/api/json", body=body) for body in (b'{"a": [1.5]}', b"", b"{", b"\xff")),
    *(Case(method, "/api/all/x/y") for method in ("GET", "POST", "HEAD", "OPTIONS", "DELETE")),
    Case("GET", "/api/all"),
    Case("GET", "/api/all/%2e%2e/a%2Fb/"),
    Case("GET", "/api/parts/name"),
    Case("GET", "/api/parts/n4me"),
    Case("GET", "/api/text?text=plain"),
    *(Case("GET", f"/api/{name}") for name in ("thread", "text", "untyped", "texttyped", "out", "bare", "nothing")),
)


# Keys of RETURNS in streaming/function_app.py (H-107).
STREAMED = (
    *("text", "number", "float", "true", "dict", "list", "model", "bytes", "none", "raises", "unserialisable"),
    *("classic", "empty", "no_content", "teapot", "html", "json", "elsewhere", "cookies", "pieces", "length"),
)
STREAMING_CASES = (
    *(Case("GET", f"/api/returns/{what}") for what in (*STREAMED, "unknown")),
    *(Case("GET", f"/api/thread/{what}") for what in ("pieces", "dict", "raises")),
    *(Case(method, "/api/seen/x/y?a=1&a=2&b=&c=%20") for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS")),
    Case("POST", "/api/seen", (("X-Many", "1"), ("x-many", "2"), ("Content-Type", "text/plain")), bytes(range(256))),
    Case("HEAD", "/api/returns/text"),
    Case("HEAD", "/api/returns/pieces"),
    Case("POST", "/api/count", body=b"x" * 300_000),
    Case("GET", "/api/count"),
)


def without_token_times(body: bytes) -> bytes:
    """Return negotiate's answer with the token's claims in place of the token, those about the time left out."""
    if not body.startswith(b'{"url"'):
        return body
    url, _, token = json.loads(body)["url"].partition("access_token=")
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims.pop("exp") > claims.pop("iat")
    return json.dumps([url, claims], sort_keys=True).encode()


def event(kind: str, name: str, body: object, *, signed: bool = True, **more: str) -> Case:
    """Return a CloudEvent as Web PubSub posts it."""
    connection = "0123456789abcdef0123456789abcdef"
    digest = hmac.new(DEFAULT_ACCESS_KEY.encode(), connection.encode(), hashlib.sha256).hexdigest()
    attributes = {
        "specversion": "1.0",
        "awpsversion": "1.0",
        "type": f"azure.webpubsub.{kind}.{name}",
        "source": f"/hubs/sample_chatapp/client/{connection}",
        "id": "1",
        "time": "2026-01-31T12:00:00Z",
        "hub": "sample_chatapp",
        "eventName": name,
        "connectionId": connection,
        "signature": f"sha256={digest if signed else '0' * 64}",
        **more,
    }
    headers = tuple((f"ce-{attribute}", value) for attribute, value in attributes.items())
    is_text = isinstance(body, str)
    content_type = ("Content-Type", "text/plain; charset=utf-8" if is_text else "application/json; charset=utf-8")
    return Case("POST", f"/eventhandler/{name}", (*headers, content_type), (
        body.encode() if isinstance(body, str) else json.dumps(body).encode()
    ))  # fmt: skip


CHAT_CASES = (
    Case("GET", "/"),
    Case("GET", "/index.html"),
    Case("GET", "/app.js"),
    Case("HEAD", "/style.css"),
    Case("GET", "/", (("If-None-Match", "*"),)),
    Case("GET", "/missing.js"),
    Case("GET", "/..%2Ffunction_app.py"),
    Case("GET", "/%2e%2e/function_app.py"),
    Case("GET", "/..%5Cfunction_app.py"),
    Case("DELETE", "/index.html"),
    Case("GET", "/session"),
    Case("GET", "/negotiate?id=ana", timeless=without_token_times),
    Case("POST", "/negotiate", (("Content-Type", "application/json"),), b'{"id": "bo"}', timeless=without_token_times),
    Case("POST", "/negotiate", body=b"{"),
    Case("GET", "/negotiate"),
    Case("GET", "/negotiate?id="),
    Case("GET", "/negotiate?id=" + "x" * 500),
    Case("PUT", "/negotiate?id=ana"),
    Case("OPTIONS", "/eventhandler/connect", (("WebHook-Request-Origin", "localhost"),)),
    Case("OPTIONS", "/eventhandler", (("WebHook-Request-Origin", "a.example, localhost"),)),
    Case("OPTIONS", "/eventhandler"),
    Case("POST", "/eventhandler", body=b"{}"),
    event("sys", "connect", {"claims": {}, "query": {"id": ["ana"]}, "subprotocols": []}),
    event("sys", "connect", {"claims": {}, "query": {}, "subprotocols": ["json.webpubsub.azure.v1"]}, userId="ana"),
    event("sys", "connect", {"claims": {}, "query": {}}, signed=False),
    event("sys", "connected", {}, userId="ana"),
    event("user", "message", "", userId="ana"),
    event("user", "message", "hello", userId="ana", hub="other"),
    event("user", "nonsense", {"a": 1}, userId="ana"),
    event("sys", "disconnected", {"reason": ""}, userId="ana"),
)
