"""A proxy in front of Table storage: it counts the calls, and lets transactions and reads go wrong as a test says."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto

import aiohttp
from aiohttp import web

BUSY = '{"odata.error":{"code":"ServerBusy","message":{"lang":"en-us","value":"The server is busy."}}}'


class Fate(Enum):
    """What becomes of a call."""

    PASS = auto()
    BUSY = auto()  # 503 ServerBusy, not carried out
    FAIL = auto()  # 500, not carried out
    CUT = auto()  # the connection ends, not carried out
    FAIL_AFTER = auto()  # 500 although it was carried out
    CUT_AFTER = auto()  # the connection ends although it was carried out


@dataclass
class TableProxy:
    """The running proxy; `transactions` and `reads` are how many calls came, `connection_string` is its own.

    `head_reads` is how many of the reads were of a head, `reads_done` how many the storage has answered.

    `fates` are those of the next transactions, in their order. `all_fail` is the fate of every call, where it is set.
    `before_transaction` is awaited before a transaction is handed on, with its number (from 1), `before_read` before a
    read with that.
    """

    target: str
    connection_string: str = ""
    transactions: int = 0
    reads: int = 0
    head_reads: int = 0
    reads_done: int = 0
    fates: deque[Fate] = field(default_factory=deque)
    read_fates: deque[Fate] = field(default_factory=deque)
    all_fail: Fate | None = None
    before_transaction: Callable[[int], Awaitable[None]] | None = None
    before_read: Callable[[int], Awaitable[None]] | None = None

    def choose_fate(self, *, is_transaction: bool) -> Fate:
        """Return what becomes of a call that has come."""
        fates = self.fates if is_transaction else self.read_fates
        planned = fates.popleft() if fates else Fate.PASS
        return self.all_fail or planned


@asynccontextmanager
async def serve_proxy(target: str, connection_string: str) -> AsyncIterator[TableProxy]:
    """Run a proxy in front of the storage at the endpoint `target`, which has that connection string."""
    proxy = TableProxy(target)
    async with aiohttp.ClientSession(auto_decompress=False) as http:

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            is_transaction = request.path.endswith("$batch")
            proxy.transactions += is_transaction
            proxy.reads += request.method == "GET"
            proxy.head_reads += request.path.endswith("RowKey='head')")
            number = proxy.transactions if is_transaction else proxy.reads
            body = await request.read()
            fate = proxy.choose_fate(is_transaction=is_transaction)
            if is_transaction and proxy.before_transaction:
                await proxy.before_transaction(number)
            if not is_transaction and proxy.before_read:
                await proxy.before_read(number)
            if fate in (Fate.PASS, Fate.FAIL_AFTER, Fate.CUT_AFTER):
                answer = await hand_on(http, proxy.target, request, body)
                proxy.reads_done += not is_transaction
            if fate in (Fate.CUT, Fate.CUT_AFTER):
                assert request.transport
                request.transport.abort()
                return web.Response()
            if fate is Fate.BUSY:
                return web.Response(status=503, text=BUSY, content_type="application/json")
            return answer if fate is Fate.PASS else web.Response(status=500, text="something went wrong")

        runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            account = target.rpartition("/")[2]
            endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}/{account}"
            proxy.connection_string = connection_string.replace(target, endpoint)
            yield proxy
        finally:
            await runner.cleanup()


async def hand_on(http: aiohttp.ClientSession, target: str, request: web.BaseRequest, body: bytes) -> web.Response:
    """Return the storage's own answer; what is signed is the path, which stays as it is."""
    account = target.rpartition("/")[0]
    headers = {name: value for name, value in request.headers.items() if name.lower() not in ("host", "content-length")}
    async with http.request(request.method, f"{account}{request.raw_path}", headers=headers, data=body) as response:
        kept = {name: value for name, value in response.headers.items() if name.lower() in KEPT}
        return web.Response(status=response.status, headers=kept, body=await response.read())


KEPT = {"content-type", "etag", "x-ms-continuation-nextpartitionkey", "x-ms-continuation-nextrowkey"}


class Gate:
    """Lets callers wait until a test opens it; `waiting` is how many wait now."""

    def __init__(self) -> None:
        self._opened = asyncio.Event()
        self.waiting = 0

    async def wait(self, _: object = None) -> None:
        """Wait until the gate is open."""
        self.waiting += 1
        await self._opened.wait()
        self.waiting -= 1

    def open(self) -> None:
        """Let everyone through from now on."""
        self._opened.set()
