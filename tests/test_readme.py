"""The programs in the README work as they are printed there."""

import re
from pathlib import Path

from tests.app_copy import copy_app, document_program, run_app


def insert_behind(file: Path, beginning: str, new: str) -> None:
    """Insert text behind the one line of the file that begins so."""
    text = file.read_text()
    (line,) = re.findall(rf"^{re.escape(beginning)}.*\n", text, re.MULTILINE)
    file.write_text(text.replace(line, line + new))


async def test_a_command_added_as_the_readme_shows_answers_and_is_listed(tmp_path: Path) -> None:
    handlers, program = copy_app(tmp_path), document_program("README.md", "@command")
    (path,) = re.findall(r"^# (chat/commands/\w+\.py)$", program, re.MULTILINE)
    (tmp_path / path).write_text(program)
    insert_behind(
        handlers,
        "from chat.commands import builtin, moderation, room_commands",
        "from chat.commands.roll import roll\n",
    )
    insert_behind(handlers, "        builtin.cancel_reminder,", "        roll,\n")

    async with run_app(tmp_path) as chat:
        ana = await chat.open("ana")
        await ana.send("message", "/roll")
        assert re.fullmatch(r"ana rolls [1-6]", (await ana.next(sender="ana"))["message"])
        await ana.send("message", "/help")
        assert "/roll: throw a die" in (await ana.next(type="system", event="notice"))["message"]
        await ana.close()


async def test_an_event_added_as_the_readme_shows_reaches_the_room(tmp_path: Path) -> None:
    handlers, program = copy_app(tmp_path), document_program("README.md", "handle_wave")
    insert_behind(handlers, '    "react": handle_react,', '    "wave": handle_wave,\n')
    insert_behind(handlers, "from chat.names import room_name", "from chat.names import rich_group\n")
    before, table, after = handlers.read_text().partition("HANDLERS: ")
    handlers.write_text(f"{before}{program}\n\n{table}{after}")

    async with run_app(tmp_path) as chat:
        ana, bo = await chat.open("ana"), await chat.open("bo")
        await ana.ask("wave", {"room": "lobby"})
        assert await bo.next(type="wave") == {"type": "wave", "room": "lobby", "user": "ana"}
        await ana.close()
        await bo.close()
