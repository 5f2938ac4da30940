"""The observations of a storage over HTTP, for the inspector of another process: one JSON document on each line.

GET /inspector/observations    the records from now on, until the connection is closed
"""

import asyncio
import base64
import contextlib
import json
from collections import deque
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from local_azure.http_redaction import is_secret_name, mask_header, mask_url
from local_azure.local_requests import SAFE_HEADERS, refuse_other_hosts
from local_azure.observations import Publisher, StorageCalled, StorageFaultTriggered, StorageObservation

PATH = "/inspector/observations"
# A reader that is slower loses the oldest.
MAX_WAITING_RECORDS = 10_000
# How often the end of an idle connection is looked for, and a lost stream is asked for again.
CHECK_SECONDS = 0.2
CONNECT_SECONDS = 1.0
GATHER_SECONDS = 0.02
# A line is read whole: the two bodies of a call in Base64, and its headers.
READ_BYTES = 1024 * 1024
_BODIES = ("body", "answer")
_HEADERS = ("headers", "answer_headers")
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in (StorageCalled, StorageFaultTriggered)}
_KINDS = {kind.__name__: kind for kind in (StorageCalled, StorageFaultTriggered)}


class ObservationStreams:
    """The streams that are being read. A storage is observed for as long as there is one."""

    def __init__(self, observations: Publisher[StorageObservation]) -> None:
        self._observations = observations
        self._is_ending = False

    def end(self) -> None:
        """Let every stream end with its next line, or within a fifth of a second."""
        self._is_ending = True

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Send the records to a request of this machine until it is closed."""
        if (refused := refuse_other_hosts(request)) is not None:
            return refused
        response = web.StreamResponse(headers=SAFE_HEADERS | {"Content-Type": "application/x-ndjson"})
        waiting: deque[StorageObservation] = deque(maxlen=MAX_WAITING_RECORDS)
        has_records = asyncio.Event()

        def keep(record: StorageObservation) -> None:
            waiting.append(record)
            has_records.set()

        # Subscribed before the answer begins: who has read its headers misses nothing.
        unsubscribe = self._observations.subscribe(keep)
        try:
            await response.prepare(request)
            while not self._is_ending and request.transport is not None and not request.transport.is_closing():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(has_records.wait(), CHECK_SECONDS)
                has_records.clear()
                lines = [encode_record(waiting.popleft()) for _ in range(len(waiting))]
                if lines:
                    await response.write(b"".join(lines))
                    # What comes meanwhile is sent together: a write costs more than a record.
                    await asyncio.sleep(GATHER_SECONDS)
        except ConnectionError:
            pass  # the reader has gone
        finally:
            unsubscribe()
        return response


class StreamedObservations(Publisher[StorageObservation]):
    """Publishes the records of a storage of another process, which is asked for them while there is a subscriber."""

    __slots__ = ("_is_streaming", "_line_subscribers", "_receiving", "_url")

    def __init__(self, origin: str) -> None:
        """`origin` is the storage's URL without a path."""
        super().__init__()
        self._url = origin + PATH
        self._line_subscribers: list[Callable[[StorageObservation | bytes], None]] = []
        self._is_streaming = asyncio.Event()
        self._receiving: asyncio.Task[None] | None = None

    def subscribe_encoded(self, subscriber: Callable[[StorageObservation | bytes], None]) -> Callable[[], None]:
        """Call the subscriber with each line as it came; `decode_record` reads it."""
        self._line_subscribers.append(subscriber)
        self._on_change()

        def unsubscribe() -> None:
            if subscriber in self._line_subscribers:
                self._line_subscribers.remove(subscriber)
            self._on_change()

        return unsubscribe

    async def wait_until_observing(self) -> None:
        """Return when the storage sends its records; at the latest after a second, without them."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_streaming.wait(), CONNECT_SECONDS)

    def _on_change(self) -> None:
        is_wanted = self.active or bool(self._line_subscribers)
        if is_wanted and self._receiving is None:
            self._receiving = asyncio.create_task(self._receive())
        elif not is_wanted and self._receiving is not None:
            self._receiving.cancel()
            self._receiving = None

    async def _receive(self) -> None:
        timeout = ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        async with ClientSession(timeout=timeout, read_bufsize=READ_BYTES) as session:
            while True:
                # The storage may be starting again.
                with contextlib.suppress(ClientError, TimeoutError, ValueError):
                    await self._read_stream(session)
                await asyncio.sleep(CHECK_SECONDS)

    async def _read_stream(self, session: ClientSession) -> None:
        async with session.get(self._url, raise_for_status=True) as response:
            self._is_streaming.set()
            try:
                async for line in response.content:
                    for subscriber in tuple(self._line_subscribers):
                        subscriber(line)
                    if self.active:
                        self.publish(decode_record(line))
            finally:
                self._is_streaming.clear()


def encode_record(record: StorageObservation) -> bytes:
    """Return a record as a line of JSON, without signatures and tokens; bodies are in Base64."""
    # Not `asdict`, which copies every header.
    document: dict[str, Any] = {name: getattr(record, name) for name in _FIELDS[type(record)]}
    if isinstance(record, StorageCalled):
        document["url"] = mask_url(record.url)
        for name in _HEADERS:
            document[name] = [
                (header, mask_header(header, value) if is_secret_name(header) else value)
                for header, value in document[name]
            ]
    for name in _BODIES:
        if name in document:
            document[name] = base64.b64encode(document[name]).decode()
    return json.dumps({"kind": type(record).__name__, **document}).encode() + b"\n"


def decode_record(line: bytes) -> StorageObservation:
    """Return the record of a line; raises ValueError."""
    document = json.loads(line)
    try:
        kind = _KINDS[document.pop("kind")]
        for name in _BODIES:
            if name in document:
                document[name] = base64.b64decode(document[name], validate=True)
        for name in _HEADERS:
            if name in document:
                document[name] = tuple((header, value) for header, value in document[name])
        return kind(**document)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"the line is no record: {line[:200]!r}") from error
