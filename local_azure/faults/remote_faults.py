"""The faults of a service of another process, over that service's own requests about faults."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from local_azure.faults.grammar import format_fault
from local_azure.faults.http_api import PATH, SourceUnavailable
from local_azure.faults.rules import Fault

CALL_SECONDS = 2.0


class RemoteFaults:
    """The faults of the service at one URL; every method raises SourceUnavailable."""

    def __init__(self, origin: str, load_kinds: Callable[[], Sequence[type[Fault]]]) -> None:
        """`origin` is the service's URL without a path; `load_kinds` returns the faults that it can inject.

        It is called when somebody asks for them: the module of another service takes time to import.
        """
        self._load_kinds = load_kinds
        self._url = origin + PATH

    @property
    def kinds(self) -> Sequence[type[Fault]]:
        """The kinds of faults that the service can inject."""
        return self._load_kinds()

    async def documents(self) -> list[dict[str, object]]:
        """Return the active faults as JSON documents."""
        async with self._call("GET", self._url, 200) as response:
            found: list[dict[str, object]] = await response.json()
            return found

    async def add(self, fault: Fault) -> str:
        """Make a fault active and return its id."""
        async with self._call("POST", self._url, 201, json={"fault": format_fault(fault)}) as response:
            return str((await response.json())["id"])

    async def remove(self, fault_id: str) -> bool:
        """Remove a fault; return whether it was active."""
        async with self._call("DELETE", f"{self._url}/{quote(fault_id, safe='')}", 204, 404) as response:
            return response.status == 204

    @asynccontextmanager
    async def _call(self, method: str, url: str, *statuses: int, **arguments: Any) -> AsyncIterator[ClientResponse]:
        try:
            async with (
                ClientSession(timeout=ClientTimeout(CALL_SECONDS)) as session,
                session.request(method, url, **arguments) as response,
            ):
                if response.status not in statuses:
                    raise SourceUnavailable(f"{url} answered {response.status}")
                yield response
        except (ClientError, TimeoutError, ValueError) as error:
            raise SourceUnavailable(f"{url} does not answer") from error
