"""A copy of the app that a test changes and runs, and the programs that documents show."""

import re
import shutil
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from local_azure import functions, tables, webpubsub
from tests.chat.local_chat import HUB, LocalChat

ROOT = Path(__file__).resolve().parents[1]


def document_program(document: str, marker: str) -> str:
    """Return the one Python program of a document that contains the marker."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^( *)```python\n(.*?)^\1```", text, re.DOTALL | re.MULTILINE)
    (found,) = (textwrap.dedent(block) for _, block in blocks if marker in block)
    return found


def copy_app(folder: Path) -> Path:
    """Copy the app that is deployed into a folder; return the path of its handlers."""
    for part in ("function_app.py", "host.json", "chat", "static"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)
    return folder / "chat" / "handlers.py"


@asynccontextmanager
async def run_app(folder: Path, **more: str) -> AsyncIterator[LocalChat]:
    """Run a copy of the app while the block lasts; `more` are further settings."""
    async with webpubsub.serve() as service, tables.serve() as storage, aiohttp.ClientSession() as http:
        settings = {
            "WebPubSubConnectionString": service.connection_string,
            "WebPubSubHub": HUB,
            "ChatAuth": "open",
            "AzureWebJobsStorage": storage.connection_string,
        } | more
        async with functions.serve(folder, settings=settings) as host:
            chat = LocalChat(host.url, service, storage, http)
            chat.deliver("connect", "connected", "disconnected")
            yield chat
