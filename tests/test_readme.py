"""What the README shows works as it stands there."""

import re
import shutil
from pathlib import Path

import aiohttp

from local_azure import functions, webpubsub
from tests.chat.local_chat import HUB, LocalChat

ROOT = Path(__file__).resolve().parents[1]


async def test_a_command_added_as_the_readme_shows_answers_and_is_listed(tmp_path: Path) -> None:
    for part in ("function_app.py", "host.json", "chat", "static"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, tmp_path / part)
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    with (tmp_path / "chat" / "builtin_commands.py").open("a") as commands:
        commands.write("\n\n" + "\n".join(line.removeprefix("  ") for line in example.splitlines()) + "\n")

    async with webpubsub.serve() as service, aiohttp.ClientSession() as http:
        settings = {"WebPubSubConnectionString": service.connection_string, "WebPubSubHub": HUB, "ChatAuth": "open"}
        async with functions.serve(tmp_path, settings=settings) as host:
            chat = LocalChat(host.url, service, http)
            chat.deliver("connect", "connected", "disconnected")
            ana = await chat.open("ana")
            await ana.send("message", "/roll")
            assert re.fullmatch(r"ana rolls [1-6]", (await ana.next(sender="ana"))["message"])
            await ana.send("message", "/help")
            assert "/roll: throw a die" in (await ana.next(type="system", event="notice"))["message"]
            await ana.close()
