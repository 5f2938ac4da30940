"""The page: the files of `static/`, and nothing else."""

from collections.abc import Mapping

import azure.functions as func

from chat.errors import ChatError
from chat.logs import log
from chat.settings import Settings, current_settings
from chat.static_files import (
    NOT_FOUND,
    accepts_gzip,
    find_file,
    is_fresh,
    page_version,
    read_file,
    security_headers,
)

bp = func.Blueprint()
EMBEDDED_PAGE = "embed"
"""The page in a frame of another site: the same file, and the only one that may be framed."""
EMBED_SCRIPT = "embed.js"
"""The only file that pages of other sites may load as a module."""
PRELOAD = "Service-Worker-Navigation-Preload"
"""What a browser sends when it opens a page that a service worker answers for."""


# A sync function: the host runs it in its thread pool, because reading files blocks.
@bp.route(route="{*path}", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
def zz_page(req: func.HttpRequest) -> func.HttpResponse:
    """Return a file of the page, 304 when the reader has it already, or 404."""
    settings = current_settings()
    path = req.route_params.get("path", "")
    origins = embed_origins(settings) if path in (EMBEDDED_PAGE, EMBED_SCRIPT) else ()
    is_embedded = path == EMBEDDED_PAGE and bool(origins)
    headers = security_headers(service_endpoint(settings), origins if is_embedded else ())
    name = find_file("" if is_embedded else path)
    if name is None:
        return func.HttpResponse(NOT_FOUND, status_code=404, headers=headers | {"Cache-Control": "no-store"})
    file = read_file(name)
    # Weak: the same file is sent with and without gzip.
    headers |= {"ETag": f"W/{file.etag}", "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if path == EMBED_SCRIPT:
        headers |= cross_origin_headers(req.headers.get("origin", ""), origins)
    if name.suffix == ".html":
        headers |= version_headers(req.headers)
    if is_fresh(file.etag, req.headers.get("if-none-match", "")):
        return func.HttpResponse(status_code=304, headers=headers)
    headers["Content-Type"] = file.content_type
    if file.gzipped and accepts_gzip(req.headers.get("accept-encoding", "")):
        return func.HttpResponse(file.gzipped, headers=headers | {"Content-Encoding": "gzip"})
    return func.HttpResponse(file.content, headers=headers)


def version_headers(request: Mapping[str, str]) -> dict[str, str]:
    """Return the page's version for a service worker that opens the page, and on what the answer depends.

    Others do not need it, and it costs reading all files once.
    """
    vary = {"Vary": f"Accept-Encoding, {PRELOAD}"}
    return vary | ({"Chat-Version": page_version().version} if request.get(PRELOAD.lower()) else {})


def cross_origin_headers(origin: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """Return the headers that let a page of an allowed origin load the script as a module, and no other page."""
    headers = {"Vary": "Accept-Encoding, Origin"}
    return headers | {"Access-Control-Allow-Origin": origin} if origin in allowed else headers


def embed_origins(settings: Settings) -> tuple[str, ...]:
    """Return the origins that may embed the chat; none, after a line in the log, while the setting is unusable."""
    try:
        return settings.embed_origins
    except ChatError as error:
        log.error("nobody can embed the chat", extra={"code": error.code, "reason": str(error)})
        return ()


def service_endpoint(settings: Settings) -> str | None:
    """Return the service's endpoint, or None while it is not configured: the page is served even then."""
    try:
        return settings.endpoint
    except ChatError:
        return None
