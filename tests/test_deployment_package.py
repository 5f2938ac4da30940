"""What is deployed is complete: the package runs elsewhere, with nothing but what requirements.txt names.

It is unpacked into an empty folder and tried with each Python of `tests/deployment/interpreters.py`, in an environment
that was made for it. The official worker runtime indexes it there, then the embedded host serves it from there.
"""

import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from local_azure import tables, webpubsub
from local_azure.functions.worker.import_scope import app_import_scope
from local_azure.functions.worker.loading import load_functions
from tests.chat.local_chat import HUB, LocalChat
from tests.deployment.interpreters import (
    Environment,
    check_environment,
    create_environment,
    find_interpreters,
    install_runtime,
)
from tests.deployment.package import ROOT, build_package, package_files
from tests.deployment.served_package import PROGRAM, copy_host, serve_package
from tests.local_azure.functions.official.runtime import official_app

INTERPRETERS = find_interpreters()

# The first test waits for the environments, which are made at the same time.
pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The package in a folder of its own, the environments by their Python, and what is needed to try it there."""

    folder: Path
    environments: dict[str, Environment]
    runtime: Path
    host: Path


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    """The package as it is deployed, unpacked and installed."""
    folder = tmp_path_factory.mktemp("deployment").resolve()
    with zipfile.ZipFile(build_package(folder / "package.zip")) as archive:
        archive.extractall(folder / "package")
    requirements = folder / "package" / "requirements.txt"
    with ThreadPoolExecutor() as pool:
        runtime = pool.submit(install_runtime, folder / "runtime", ROOT / "requirements-runtime.txt")
        made = {
            version: pool.submit(create_environment, python, folder / f"environment-{version}", requirements)
            for version, python in INTERPRETERS.items()
        }
        environments = {version: environment.result() for version, environment in made.items()}
        return Unpacked(folder / "package", environments, runtime.result(), copy_host(folder / "host"))


def test_the_package_holds_no_caches_and_nothing_hidden() -> None:
    parts = {part for file in package_files() for part in file.parts}

    assert {"function_app.py", "host.json", "requirements.txt", "chat", "static"} <= parts
    assert [part for part in parts if part.startswith(".") or part == "__pycache__" or part.endswith(".pyc")] == []


@pytest.mark.parametrize("version", INTERPRETERS)
def test_what_requirements_txt_brings_fits_together(package: Unpacked, version: str) -> None:
    assert check_environment(package.environments[version]) == ""


@pytest.mark.parametrize("version", INTERPRETERS)
async def test_the_official_runtime_finds_every_function_in_the_package(package: Unpacked, version: str) -> None:
    with app_import_scope(ROOT):
        expected = [function.name for function in load_functions(ROOT)]
    # Only the runtime comes from elsewhere: its folder has no package that the app could import.
    assert {path.name for path in package.runtime.iterdir()} & {"azure", "aiohttp", "jwt"} == set()
    # What it compiles, the process of the next test loads.
    environment = {"PYTHONPATH": str(package.runtime), "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": ""}

    python = str(package.environments[version].python)
    async with official_app(package.folder, environment, python=python) as official:
        assert official.failure is None
        assert [function["name"] for function in official.functions] == expected


@pytest.mark.parametrize("version", INTERPRETERS)
async def test_people_chat_on_the_package_and_its_process_loads_nothing_from_elsewhere(
    package: Unpacked, version: str
) -> None:
    environment = package.environments[version]
    async with webpubsub.serve() as service, tables.serve() as storage, aiohttp.ClientSession() as http:
        settings = {
            "WebPubSubConnectionString": service.connection_string,
            "WebPubSubHub": HUB,
            "ChatAuth": "open",
            "AzureWebJobsStorage": storage.connection_string,
        }
        async with serve_package(environment.python, package.host, package.folder, settings) as served:
            chat = LocalChat(served.url, service, storage, http)
            chat.deliver("connect", "connected", "disconnected")
            async with http.get(f"{served.url}/") as page:
                assert page.status == 200
                assert await page.read() == (ROOT / "static" / "index.html").read_bytes()
            assert (await chat.get("/session"))["auth"] == "open"
            ana, bo = await chat.open("ana"), await chat.open("bo")

            await ana.ask("message", {"message": "hello from the package", "clientId": "m-1"})

            line = await bo.next(sender="ana")
            assert line["message"] == "hello from the package"
            await bo.ask("history", {"room": "lobby"})
            assert [entry["id"] for entry in (await bo.next(type="history"))["messages"]] == [line["id"]]
            modules = await served.modules()
            await ana.close()
            await bo.close()

    assert modules["chat.handlers"].is_relative_to(package.folder)
    assert foreign_modules(modules, package, version) == {}


def foreign_modules(modules: dict[str, Path], package: Unpacked, version: str) -> dict[str, Path]:
    """Return the modules that are neither of the package, nor of its environment, nor Python's own, nor the host's."""
    environment = package.environments[version]
    allowed = (package.folder, environment.folder, environment.library)
    ours = [name for name, file in modules.items() if file == PROGRAM or name.split(".")[0] == "local_azure"]
    return {
        name: file
        for name, file in modules.items()
        if name not in ours and not any(file.is_relative_to(folder) for folder in allowed)
    }
