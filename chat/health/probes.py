"""Checks that ask: does the service answer an authorised call, are the tables usable, is the task hub there?

Each ends within a limit of time and never raises: what is wrong is its result.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from chat.durable_client import DurableClient
from chat.errors import ChatError, NotConfigured
from chat.gateway import Gateways
from chat.health.readiness import Check, Status, check_settings
from chat.settings import CONNECTION, SERVICE_URI, Settings
from chat.table_storage.client import TableClient, TableClients
from chat.table_storage.errors import Conflict

CHECK_SECONDS = 3.0
# So seldom does a process write to storage only to see whether it may.
WRITE_SECONDS = 60.0
TABLE, PARTITION, ROW = "Health", "readyz", "probe"
NO_CONNECTION, NO_INSTANCE = "readyz-no-connection", "readyz-no-instance"
_REFUSED = (401, 403)


@dataclass(slots=True)
class Probes:
    """The checks of one process, each at most `seconds` long.

    `written_at` is when the process last wrote to storage to see whether it may (monotonic seconds).
    """

    settings: Settings
    gateways: Gateways
    tables: TableClients
    seconds: float = CHECK_SECONDS
    written_at: float = float("-inf")

    async def run(self, durable: DurableClient) -> tuple[Check, ...]:
        """Return what all checks found, those that ask at the same time."""
        asked = await asyncio.gather(
            self._timed("service", self._ask_service),
            self._timed("storage", self._use_storage),
            self._timed("durable", lambda: _ask_task_hub(durable)),
        )
        return (check_settings(self.settings), *asked)

    async def _timed(self, name: str, ask: Callable[[], Awaitable[str]]) -> Check:
        """Return what a question found; what the settings do not name cannot be asked."""
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self.seconds):
                status, detail = Status.OK, await ask()
        except NotConfigured as problem:
            status, detail = Status.UNKNOWN, str(problem)
        except _Wrong as problem:
            status, detail = Status.WRONG, str(problem)
        except TimeoutError:
            status, detail = Status.WRONG, f"no answer within {self.seconds:g} s"
        return Check(name, status, detail, (time.perf_counter() - began) * 1000)

    async def _ask_service(self) -> str:
        gateway = await self.gateways.get(self.settings)
        setting = CONNECTION if self.settings.connection else SERVICE_URI
        try:
            await gateway.exists(NO_CONNECTION)
        except ChatError as error:
            status = getattr(error.__cause__, "status_code", None)
            if status in _REFUSED:
                raise _Wrong(f"the service refuses what {setting} gives the app: {status}") from None
            reason = f"it answered {status}" if status else type(error.__cause__).__name__
            raise _Wrong(f"the service that {setting} names does not answer: {reason}") from None
        return "the service answers the app"

    async def _use_storage(self) -> str:
        tables = await self.tables.get(self.settings)
        try:
            await tables.get(TABLE, PARTITION, ROW, seconds=self.seconds)
            return await self._write(tables)
        except ChatError as error:
            raise _Wrong(f"the storage that {self.settings.storage_setting} names: {error}") from None

    async def _write(self, tables: TableClient) -> str:
        if time.monotonic() - self.written_at < WRITE_SECONDS:
            return "tables can be read; they could be written a moment ago"
        await tables.upsert(TABLE, {"PartitionKey": PARTITION, "RowKey": ROW}, seconds=self.seconds)
        with suppress(Conflict):  # another instance, which does the same, has deleted it
            await tables.delete(TABLE, PARTITION, ROW, seconds=self.seconds)
        self.written_at = time.monotonic()
        return "tables can be made, read and written"


class _Wrong(Exception):
    """What a check found to be wrong, as it is told."""


async def _ask_task_hub(durable: DurableClient) -> str:
    try:
        await durable.read_status(NO_INSTANCE)
    except ChatError:
        raise _Wrong("the task hub of Durable Functions does not answer: reminders and jobs do not run") from None
    return "the task hub answers"
