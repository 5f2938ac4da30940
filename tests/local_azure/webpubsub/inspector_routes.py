"""The routes of the inspector, as a test asks them."""

from collections.abc import Sequence
from typing import Any

from tests.local_azure.webpubsub.small_app import Person, SmallApp

Document = dict[str, Any]


class Inspector:
    """The routes of the inspector of an application's service."""

    def __init__(self, app: SmallApp, people: Sequence[Person] = ()) -> None:
        """`people` stay connected."""
        self.people = people
        self._session = app.session
        self._base = f"{app.service.endpoint}/inspector"

    async def get(self, path: str, status: int = 200) -> Document:
        async with self._session.get(f"{self._base}/{path}") as answer:
            assert answer.status == status, await answer.text()
            document: Document = await answer.json()
            return document

    async def text(self, path: str) -> str:
        async with self._session.get(f"{self._base}/{path}") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.text()

    async def post(self, path: str, document: object, status: int = 200) -> Document:
        async with self._session.post(f"{self._base}/{path}", json=document) as answer:
            assert answer.status == status, await answer.text()
            answered: Document = await answer.json()
            return answered

    async def clear(self) -> None:
        async with self._session.delete(f"{self._base}/entries") as answer:
            assert answer.status == 204

    async def entries(self, query: str = "") -> list[Document]:
        entries: list[Document] = (await self.get(f"entries?{query}"))["entries"]
        return entries

    async def entry(self, query: str) -> Document:
        """Return the details of the newest entry that a query finds."""
        found = (await self.entries(query))[-1]
        entry: Document = (await self.get(f"entries/{found['id']}"))["entry"]
        return entry

    async def http(self, query: str) -> Document:
        call: Document = (await self.entry(query))["http"]
        return call
