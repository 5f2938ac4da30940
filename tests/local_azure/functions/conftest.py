"""Small apps written into a folder, and a host that serves them in this process."""

import json
import textwrap
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from local_azure import functions
from tests.local_azure.functions.apps import HEADER, Serve, Served, WriteApp
from tests.local_azure.functions.programs import ANSWER_SECONDS, Program, Start


@pytest.fixture
def write_app(tmp_path: Path) -> WriteApp:
    """Return a function that writes an app's folder: the body of function_app.py, host.json, and further files."""

    def write(
        source: str,
        *,
        header: str = HEADER,
        host_json: Mapping[str, object] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Path:
        folder = tmp_path / "app"
        folder.mkdir(exist_ok=True)
        (folder / "function_app.py").write_text(header + textwrap.dedent(source))
        (folder / "host.json").write_text(json.dumps({"version": "2.0", **(host_json or {})}))
        for name, text in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return folder

    return write


@pytest.fixture
def serve(write_app: WriteApp) -> Serve:
    """Return a context manager that writes an app and serves it; `options` go to `functions.serve`."""

    @asynccontextmanager
    async def serve_app(
        source: str,
        *,
        header: str = HEADER,
        host_json: Mapping[str, object] | None = None,
        files: Mapping[str, str] | None = None,
        **options: Any,
    ) -> AsyncIterator[Served]:
        folder = write_app(source, header=header, host_json=host_json, files=files)
        async with functions.serve(folder, **options) as host:
            yield Served(host)

    return serve_app


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts `python -m` with arguments; what still runs at the end is killed."""
    programs: list[Program] = []

    def run(*arguments: str, **environment: str) -> Program:
        programs.append(Program(list(arguments), environment))
        return programs[-1]

    yield run
    for program in programs:
        program.process.kill()
        program.process.wait(ANSWER_SECONDS)
