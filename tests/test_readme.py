"""The programs in the README work as they are printed there."""

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


def readme_program(marker: str) -> str:
    """Return the README's Python program that contains the marker."""
    blocks = re.findall(r"^( *)```python\n(.*?)^\1```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    (found,) = (textwrap.dedent(block) for _, block in blocks if marker in block)
    return found


def copy_app(folder: Path) -> Path:
    """Copy the app that is deployed into a folder; return the path of its handlers."""
    for part in ("function_app.py", "host.json", "chat", "static"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)
    return folder / "chat" / "handlers.py"


def insert_behind(file: Path, line: str, new: str) -> None:
    """Insert text behind a line that stands in the file once."""
    before, found, after = file.read_text().partition(f"{line}\n")
    assert found
    assert f"\n{line}\n" not in after
    file.write_text(before + found + new + after)


@asynccontextmanager
async def run_app(folder: Path) -> AsyncIterator[LocalChat]:
    """Run a copy of the app while the block lasts."""
    async with webpubsub.serve() as service, tables.serve() as storage, aiohttp.ClientSession() as http:
        settings = {
            "WebPubSubConnectionString": service.connection_string,
            "WebPubSubHub": HUB,
            "ChatAuth": "open",
            "AzureWebJobsStorage": storage.connection_string,
        }
        async with functions.serve(folder, settings=settings) as host:
            chat = LocalChat(host.url, service, storage, http)
            chat.deliver("connect", "connected", "disconnected")
            yield chat


async def test_a_command_added_as_the_readme_shows_answers_and_is_listed(tmp_path: Path) -> None:
    handlers, program = copy_app(tmp_path), readme_program("@command")
    (path,) = re.findall(r"^# (chat/commands/\w+\.py)$", program, re.MULTILINE)
    (tmp_path / path).write_text(program)
    insert_behind(handlers, "from chat.commands import builtin", "from chat.commands.roll import roll\n")
    insert_behind(handlers, "        builtin.cancel_reminder,", "        roll,\n")

    async with run_app(tmp_path) as chat:
        ana = await chat.open("ana")
        await ana.send("message", "/roll")
        assert re.fullmatch(r"ana rolls [1-6]", (await ana.next(sender="ana"))["message"])
        await ana.send("message", "/help")
        assert "/roll: throw a die" in (await ana.next(type="system", event="notice"))["message"]
        await ana.close()


async def test_an_event_added_as_the_readme_shows_reaches_the_room(tmp_path: Path) -> None:
    handlers, program = copy_app(tmp_path), readme_program("handle_wave")
    insert_behind(handlers, '    "react": handle_react,', '    "wave": handle_wave,\n')
    insert_behind(handlers, "from chat.names import room_name, user_id", "from chat.names import rich_group\n")
    before, table, after = handlers.read_text().partition("HANDLERS: ")
    handlers.write_text(f"{before}{program}\n\n{table}{after}")

    async with run_app(tmp_path) as chat:
        ana, bo = await chat.open("ana"), await chat.open("bo")
        await ana.ask("wave", {"room": "lobby"})
        assert await bo.next(type="wave") == {"type": "wave", "room": "lobby", "user": "ana"}
        await ana.close()
        await bo.close()
