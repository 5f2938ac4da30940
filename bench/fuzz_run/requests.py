"""HTTP requests of the fuzz run, written to a socket byte for byte."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from bench.fuzz_run.inputs import Request, SignedEvent
from chat.webhook.trust import signature

ANSWER_SECONDS = 20.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
HUB = "sample_chatapp"


@dataclass
class RequestSender:
    """Sends requests to the app; `statuses` counts the answers."""

    app_url: str
    access_key: str
    statuses: Counter[int] = field(default_factory=Counter)

    async def send(self, request: Request) -> None:
        """Send a request; raises TimeoutError without an answer, AssertionError for a 5xx."""
        names = {name.lower() for name, _ in request.headers}
        host = [] if b"host" in names else [(b"Host", urlsplit(self.app_url).netloc.encode())]
        await self._exchange(request.method, request.target, [*host, *request.headers], request.body)

    async def send_event(self, event: SignedEvent, connection_id: str, user: str) -> None:
        """Send an event of an open connection as the service would; raises as `send` does."""
        written = {
            "specversion": b"1.0",
            "type": f"azure.webpubsub.{event.kind}.{event.name}".encode(),
            "eventName": event.name.encode(),
            "id": str(time.monotonic_ns()).encode(),
            "time": datetime.now(UTC).isoformat().encode(),
            "hub": HUB.encode(),
            "connectionId": connection_id.encode(),
            "userId": user.encode(),
            "subprotocol": b"json.webpubsub.azure.v1",
            "signature": signature(connection_id, self.access_key).encode(),
        } | dict(event.attributes)
        headers = [(b"Host", urlsplit(self.app_url).netloc.encode()), (b"Content-Type", event.content_type)]
        headers += [(b"ce-" + name.encode(), value) for name, value in written.items()]
        await self._exchange(b"POST", b"/eventhandler/x", headers, event.body)

    async def _exchange(
        self, method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes
    ) -> None:
        lines = [method + b" " + target + b" HTTP/1.1", *(name + b": " + value for name, value in headers)]
        lines += [b"Content-Length: %d" % len(body), b"Connection: close", b"", b""]
        address = urlsplit(self.app_url)
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            try:
                writer.write(b"\r\n".join(lines) + body)
                head, _, content = (await reader.read(MAX_ANSWER_BYTES)).partition(b"\r\n\r\n")
                content += await reader.read(MAX_ANSWER_BYTES)
            except ConnectionError:
                # The server refused the head while the body was on its way.
                return
            finally:
                writer.close()
        status = int(head.split(b" ", 2)[1])
        self.statuses[status] += 1
        # 501: what local Azure says of a call of the real host that it does not have.
        assert status < 500 or status == 501, f"{status} {code_of(content)}"


def code_of(content: bytes) -> str:
    """Return the code of an error's answer, "" without one."""
    try:
        return str(json.loads(content)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""
