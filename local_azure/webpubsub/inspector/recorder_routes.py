"""The HTTP routes for what was recorded: search, replay, export and import, curl, clear."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import uuid4

from aiohttp import hdrs, web

from local_azure.json_depth import check_depth
from local_azure.local_requests import SAFE_HEADERS, json_response
from local_azure.webpubsub.event_handlers.requests import RepeatedEvent
from local_azure.webpubsub.events import HandlerResponse
from local_azure.webpubsub.inspector.curl import curl_command
from local_azure.webpubsub.inspector.documents import Document, InvalidDocument, json_document, read_json
from local_azure.webpubsub.inspector.entries import Entry
from local_azure.webpubsub.inspector.entry_pages import matching_entries, read_page
from local_azure.webpubsub.inspector.filters import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    EntryFilter,
    InvalidFilter,
    read_number,
)
from local_azure.webpubsub.inspector.har import har_document, read_har
from local_azure.webpubsub.inspector.recorder import Recorder
from local_azure.webpubsub.inspector.redaction import Redactor
from local_azure.webpubsub.inspector.replay import (
    ReplayRefused,
    find_request,
    make_repeated_event,
    new_request_id,
    send_repeated_event,
)

MAX_IMPORT_BYTES = 64 * 1024 * 1024
MAX_REPLAY_BYTES = 8 * 1024 * 1024
EXPORTED_OF_A_BODY_BYTES = 1024 * 1024
MAX_ENTRY_ID = 10**15
IMPORTED_AT_ONCE = 200
CREATOR_VERSION = "1"


class RecorderRoutes:
    """Answers the requests about what was recorded. Who may ask is decided before."""

    def __init__(
        self,
        recorder: Recorder,
        redactor: Redactor,
        send_again: Callable[[RepeatedEvent], Awaitable[HandlerResponse]],
    ) -> None:
        self._recorder = recorder
        self._redactor = redactor
        self._send_again = send_again

    async def list_entries(self, request: web.Request) -> web.StreamResponse:
        """Answer the newest entries that a filter lets pass."""
        try:
            entry_filter = EntryFilter.from_query(request.query)
            limit = read_number(request.query, "limit", DEFAULT_LIMIT, MAX_LIMIT)
            before = read_number(request.query, "before", 0, MAX_ENTRY_ID) or None
        except InvalidFilter as error:
            return error_response(400, "invalid_filter", str(error))
        page = await read_page(await self._recorder.look(), entry_filter, before=before, limit=limit)
        entries = [entry.summary() for entry in page.entries]
        return json_response({"entries": entries, "more": page.has_more, "total": page.total})

    async def clear(self, _request: web.Request) -> web.StreamResponse:
        """Remove everything that was recorded and imported."""
        self._recorder.clear()
        return web.Response(status=204, headers=SAFE_HEADERS)

    async def show_recorder(self, _request: web.Request) -> web.StreamResponse:
        """Answer whether the recorder is on, and what it takes."""
        recorder = self._recorder
        return json_response(
            {
                "enabled": recorder.enabled,
                "entries": recorder.count,
                "bytes": recorder.size,
                "maxBytes": recorder.max_bytes,
            }
        )

    async def show_curl(self, request: web.Request) -> web.StreamResponse:
        """Answer an entry's HTTP call as a curl command."""
        entry = (await self._recorder.look()).entry(int(request.match_info["id"]))
        if entry is None:
            return error_response(404, "gone", "this entry is no longer kept")
        if entry.exchange is None:
            return error_response(409, "no_http_call", f"an entry of the kind {entry.kind} is no HTTP call")
        headers = SAFE_HEADERS | {"Cache-Control": "no-store"}
        return web.Response(text=curl_command(entry.exchange, self._redactor), headers=headers)

    async def replay(self, request: web.Request) -> web.StreamResponse:
        """Send an event again; answer the entry of the new call, and its result."""
        try:
            document = await _read_json_body(request, MAX_REPLAY_BYTES)
            entry_id, body, headers = _replay_arguments(document)
            with self._recorder.recording():
                entry = (await self._recorder.look()).entry(entry_id)
                if entry is None:
                    raise ReplayRefused(404, "gone", "this entry is no longer kept")
                request_id = new_request_id()
                event = make_repeated_event(entry, body, headers, request_id)
                result = await send_repeated_event(self._send_again, event)
                made = find_request(await self._recorder.look(), event.request_id)
        except ReplayRefused as error:
            return error_response(error.status, error.code, str(error))
        except InvalidDocument as error:
            return error_response(400, "invalid_body", str(error))
        return json_response({"entry": made.id if made else None, **result})

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Answer the entries that a filter lets pass as a file."""
        form = request.query.get("form", "json")
        try:
            entry_filter = EntryFilter.from_query(request.query)
            if form not in ("har", "json"):
                raise InvalidFilter(f"form is {form[:64]!r}; it must be har or json")
        except InvalidFilter as error:
            return error_response(400, "invalid_filter", str(error))
        buffer = await self._recorder.look()
        entries: list[Entry] = [entry async for entry in matching_entries(buffer, entry_filter)]
        entries.reverse()
        # Not in this thread: it may take seconds, and the service goes on meanwhile.
        text = await asyncio.to_thread(self._export, form, entries)
        name = "inspector.har" if form == "har" else "inspector.json"
        headers = SAFE_HEADERS | {
            "Cache-Control": "no-store",
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"',
            hdrs.CONTENT_TYPE: "application/json",
        }
        return web.Response(body=text, headers=headers)

    async def import_entries(self, request: web.Request) -> web.StreamResponse:
        """Add the entries of a file, and answer how many there are."""
        try:
            document = await _read_json_body(request, MAX_IMPORT_BYTES)
            read = read_har(document) if "log" in document else read_json(document)
            documents = await asyncio.to_thread(list, read)
        except InvalidDocument as error:
            return error_response(400, "invalid_import", str(error))
        except ReplayRefused as error:
            return error_response(error.status, error.code, str(error))
        await self._add(documents)
        return json_response({"entries": len(documents)})

    async def _add(self, documents: Iterable[Document]) -> None:
        buffer = await self._recorder.look()
        run = f"import-{uuid4().hex[:8]}"
        for number, document in enumerate(documents):
            buffer.add_imported(document.make_entry(self._redactor, run), document.size())
            self._recorder.make_room()
            if number % IMPORTED_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _export(self, form: str, entries: list[Entry]) -> bytes:
        if form == "har":
            document = har_document(entries, self._redactor, CREATOR_VERSION, EXPORTED_OF_A_BODY_BYTES)
        else:
            document = json_document(entries, self._redactor, EXPORTED_OF_A_BODY_BYTES)
        return json.dumps(document, separators=(",", ":")).encode()


def error_response(status: int, code: str, message: str) -> web.Response:
    """Return a refusal with a code that never changes its meaning."""
    return json_response({"error": {"code": code, "message": message}}, status=status)


async def _read_json_body(request: web.Request, limit: int) -> dict[str, Any]:
    """Return the object in a request's body; raises `ReplayRefused` for one that is too large, `InvalidDocument`."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise ReplayRefused(413, "body_too_large", f"the body is over the limit of {limit} bytes")
    try:
        document = json.loads(check_depth(body.decode("utf-8-sig")))
    except ValueError as error:
        raise InvalidDocument(f"the body is not JSON: {str(error)[:200]}") from None
    if not isinstance(document, dict):
        raise InvalidDocument("the body must be one JSON object")
    return document


def _replay_arguments(document: dict[str, Any]) -> tuple[int, str | None, dict[str, str | None]]:
    entry_id, body, headers = document.get("entry"), document.get("body"), document.get("headers", {})
    if isinstance(entry_id, bool) or not isinstance(entry_id, int):
        raise InvalidDocument("entry must be the number of an entry")
    if body is not None and not isinstance(body, str):
        raise InvalidDocument("body must be a text")
    if not isinstance(headers, dict) or not all(value is None or isinstance(value, str) for value in headers.values()):
        raise InvalidDocument("headers must be an object of texts")
    return entry_id, body, headers
