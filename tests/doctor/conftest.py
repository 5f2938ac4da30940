"""One chat for all tests of a module, and ways to ask it that leave its event loop free."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.chat.local_chat import LocalChat, run_chat


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chat() -> AsyncIterator[LocalChat]:
    """The whole chat on free ports, for all tests of the module."""
    async with run_chat() as running:
        yield running
