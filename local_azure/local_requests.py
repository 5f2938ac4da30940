"""Who may ask a service what it does, and change it while it runs: programs and pages of this machine only.

Such requests exist only where the service listens on a loopback address. Their Host header must name this machine
(against DNS rebinding), and one that changes something must have the Origin of the service itself, or none.
"""

from ipaddress import ip_address

from aiohttp import hdrs, web
from yarl import URL

THIS_MACHINE = frozenset(("localhost", "127.0.0.1", "::1"))
SAFE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def is_loopback(host: str) -> bool:
    """Return whether an address to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_other_hosts(request: web.BaseRequest) -> web.Response | None:
    """Return the refusal of a request whose Host header does not name this machine, None for any other request."""
    if _host_name(request.host) in THIS_MACHINE:
        return None
    return refusal(403, "wrong_host", "only localhost, 127.0.0.1 and [::1] are answered here")


def refuse_other_pages(request: web.BaseRequest) -> web.Response | None:
    """Return the refusal of a change that a page of another site asks for, None for any other request.

    A program that is not a page sends no Origin. A form of another site cannot send JSON.
    """
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        return refusal(403, "wrong_origin", "only the service's own page may change something")
    if request.method == hdrs.METH_POST and request.content_type != "application/json":
        return refusal(415, "wrong_content_type", "the body must be application/json")
    return None


def json_response(document: object, *, status: int = 200) -> web.Response:
    """Return an answer with a JSON document, which nobody stores."""
    return web.json_response(document, status=status, headers=SAFE_HEADERS | {"Cache-Control": "no-store"})


def refusal(status: int, code: str, message: str) -> web.Response:
    """Return an answer that says why the request is refused."""
    return json_response({"code": code, "message": message}, status=status)


def _host_name(host: str) -> str | None:
    try:
        return URL(f"//{host}").host
    except ValueError:
        return None
