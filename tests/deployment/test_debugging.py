"""The editor's debugger reaches the app, which local Azure serves in a process of its own."""

import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.deployment.debug_session import Breakpoint, debug
from tests.deployment.package import ROOT
from tests.deployment.project_files import read_jsonc

LINE = "    settings = current_settings()\n"
SESSION = ROOT / "chat" / "functions" / "session.py"


def launch_configuration(name: str, data: Path) -> dict[str, Any]:
    """Return a configuration of launch.json as an editor resolves it, on free ports and with a state of its own."""
    (found,) = (c for c in read_jsonc(ROOT / ".vscode" / "launch.json")["configurations"] if c["name"] == name)
    options = ["--port", "0", "--webpubsub-port", "0", "--tables-port", "0", "--data", str(data)]
    # An adapter without an editor has no terminal.
    return {**found, "cwd": str(ROOT), "console": "internalConsole", "args": [*found["args"], *options]}


@pytest.mark.timeout(180)
async def test_a_breakpoint_in_the_app_is_reached_when_the_editor_starts_local_azure(tmp_path: Path) -> None:
    line = SESSION.read_text(encoding="utf-8").splitlines(keepends=True).index(LINE) + 1

    async with debug(launch_configuration("Chat on local Azure", tmp_path), Breakpoint(SESSION, line)) as debugger:
        printed = await debugger.output_with("zz_page: ")
        (url,) = re.findall(r"session: \S+ (http://\S+)", printed)
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            stop = await debugger.next_stop()
            assert answer.status == 200

    assert (stop.function, stop.file, stop.line) == ("answer_session", SESSION, line)
