"""What the README of local_azure shows works: its programs, settings and faults; the programs of its other pages too.

Its commands are run with those of all documents, by `tests/test_commands_of_documents.py`.
"""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import pytest

from local_azure.authority import Identities
from local_azure.faults import Fault, format_fault, parse_fault
from local_azure.pytest_plugin import running, running_table_storage
from local_azure.tables import faults as storage_faults
from local_azure.tables.operations import OPERATION_NAMES
from local_azure.webpubsub import DEFAULT_ACCESS_KEY, Settings, SettingsError
from local_azure.webpubsub import faults as webpubsub_faults

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "local_azure" / "README.md").read_text(encoding="utf-8")
INSTALLING = (ROOT / "docs" / "local-azure" / "installing.md").read_text(encoding="utf-8")
PACKAGE_PAGE = (ROOT / "local_azure" / "PACKAGE.md").read_text(encoding="utf-8")
EXAMPLE_ENDPOINT = "http://127.0.0.1:8080"


def blocks(language: str, page: str = README) -> list[str]:
    """Return the code blocks of a language in a page."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [block for name, block in found if name == language]


def run(source: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a Python program that finds local_azure on its path."""
    program = folder / "program.py"
    program.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{source}")
    return subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=30, check=False)


@contextmanager
def command(*arguments: str) -> Iterator[IO[str]]:
    """Run a command of the README and yield its standard output; it must end cleanly when interrupted."""
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield process.stdout
        if os.name == "posix":  # Windows cannot press Ctrl-C for one process alone
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=15) == 0
    finally:
        process.kill()
        process.stdout.close()


PROGRAMS = [block for block in blocks("python") if "def test_" not in block]


@pytest.mark.parametrize("source", [block for block in PROGRAMS if "azure.data.tables" in block])
def test_a_program_that_uses_tables_runs(source: str, tmp_path: Path) -> None:
    with running_table_storage() as storage:
        ran = run(source.replace("UseDevelopmentStorage=true", storage.connection_string), tmp_path)

    assert (ran.stdout, ran.stderr) == ("['hello']\n", "")


@pytest.mark.parametrize("source", [block for block in PROGRAMS if "azure.data.tables" not in block])
def test_a_program_of_the_readme_runs(source: str, tmp_path: Path) -> None:
    with running() as service:
        ran = run(source.replace(EXAMPLE_ENDPOINT, service.endpoint), tmp_path)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(("ws://", "False"))


def test_the_program_without_pytest_prints_what_is_said(tmp_path: Path) -> None:
    (source,) = blocks("python", INSTALLING)

    ran = run(source, tmp_path)

    assert (ran.stdout, ran.stderr) == ("['hello']\n", "")


def test_the_tests_of_both_pages_pass_in_another_project(tmp_path: Path) -> None:
    pages = [[block for block in blocks("python", page) if "def test_" in block] for page in (PACKAGE_PAGE, README)]
    assert all(pages)
    sources = [source for page in pages for source in page]
    for number, source in enumerate(sources):
        (tmp_path / f"test_{number}.py").write_text(source)
    conftest = re.search(r'`(pytest_plugins = \[".*?"\])`', README)
    assert conftest
    (tmp_path / "conftest.py").write_text(conftest[1])
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n")

    pytest_command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    ran = subprocess.run(pytest_command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{len(sources)} passed" in ran.stdout


def test_the_settings_of_the_readme_are_understood() -> None:
    document, _ = map(json.loads, blocks("json"))
    override = re.search(r"`(WebPubSub__\w+)=(\S+)`", README)
    assert override

    handlers = Settings.from_json(document).hub("chat").event_handlers
    overridden = Settings.from_json(document, {override[1]: override[2]}).hub("chat").event_handlers

    assert (handlers[0].url_template, handlers[0].event_pattern) == ("http://localhost:7071/eventhandler/{event}", "*")
    assert overridden[0].url_template == override[2] == "http://localhost:3000/{event}"


VALUES = {
    "Urls": EXAMPLE_ENDPOINT,
    "WebPubSub:AccessKey": DEFAULT_ACCESS_KEY,
    "WebPubSub:SecondaryAccessKey": DEFAULT_ACCESS_KEY[::-1],
    "WebPubSub:AllowUnvalidatedEntraTokens": True,
    "WebPubSub:DisableLocalAuth": True,
    "WebPubSub:PublicEndpoints": ["https://chat.example"],
    "WebPubSub:Recorder": {"Enabled": False, "MaxBytes": 1024 * 1024},
    "WebPubSub:Hubs:<hub>:EventHandlers": [{"UrlTemplate": "http://localhost/{event}"}],
    "WebPubSub:Hubs:<hub>:AnonymousConnectPolicy": "allow",
    "WebPubSub:Hubs:<hub>:WebSocketKeepAliveIntervalInSeconds": 5,
    "WebPubSub:Hubs:<hub>:Invocations": False,
    "WebPubSub:Hubs:<hub>:Streams": False,
}


def test_the_readme_lists_every_setting_and_no_other() -> None:
    listed = re.findall(r"^\| `((?:Urls|WebPubSub:)[^`]*)` \|", README, re.MULTILINE)

    assert listed == list(VALUES)


@pytest.mark.parametrize("key", VALUES)
def test_a_setting_of_the_readme_exists(key: str) -> None:
    *sections, name = key.split(":")

    def nested(name: str) -> dict[str, object]:
        document: dict[str, object] = {name: VALUES[key]}
        for section in reversed(sections):
            document = {section.strip("<>"): document}
        return document

    Settings.from_json(nested(name))
    with pytest.raises(SettingsError, match=f"unknown setting .*{name}x"):
        Settings.from_json(nested(f"{name}x"))


def test_the_identities_of_the_readme_and_its_token_for_a_handler_are_understood() -> None:
    _, document = map(json.loads, blocks("json"))
    handler = re.search(r'`"Auth": (\{.*?\}\})`', README)
    assert handler

    identities = Identities.from_json(document)
    auth = {"UrlTemplate": "http://localhost/", "Auth": json.loads(handler[1])}
    settings = Settings.from_json({"WebPubSub": {"Hubs": {"chat": {"EventHandlers": [auth]}}}})

    assert (identities.tenant, len(identities.of_app)) == (document["tenant"], 1)
    assert settings.hub("chat").event_handlers[0].auth_resource == "api://my-app"


SERVICES_WITH_FAULTS = [
    ("local_azure.webpubsub", webpubsub_faults.KINDS),
    ("local_azure.tables", storage_faults.KINDS),
]
FAULTS = [
    pytest.param(module, block.splitlines(), kinds, id=module)
    for (module, kinds), block in zip(SERVICES_WITH_FAULTS, blocks("faults"), strict=True)
]


@pytest.mark.parametrize(("module", "lines", "kinds"), FAULTS)
def test_every_kind_of_fault_is_shown_and_every_line_shown_is_one(
    module: str, lines: list[str], kinds: tuple[type[Fault], ...]
) -> None:
    faults = [parse_fault(line, kinds) for line in lines]

    assert {type(fault) for fault in faults} == set(kinds)
    assert [format_fault(fault).split()[:2] for fault in faults] == [line.split()[:2] for line in lines]


@pytest.mark.parametrize(("module", "lines", "kinds"), FAULTS)
def test_the_faults_of_the_readme_can_be_given_on_the_command_line_and_are_listed(
    module: str, lines: list[str], kinds: tuple[type[Fault], ...]
) -> None:
    with command("-m", module, "--port", "0", *[f"--fault={line}" for line in lines]) as output:
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(output.readline().split()[-1]))
        with urllib.request.urlopen(f"{origin}/inspector/faults", timeout=10) as answer:
            listed = json.load(answer)

    assert [fault["text"] for fault in listed] == [format_fault(parse_fault(line, kinds)) for line in lines]


def test_the_readme_names_every_operation_of_the_storage() -> None:
    section = README.partition("### Faults of Table storage")[2].partition("\n## ")[0]
    listed = section.partition("`operation=` is one of ")[2].partition("`table=`")[0]

    assert set(re.findall(r"`(\w+)`", listed)) == set(OPERATION_NAMES)


def test_the_inspector_is_at_the_address_of_the_service() -> None:
    with command("-m", "local_azure.webpubsub", "--port", "0") as output:
        endpoint = output.readline().split()[-1]
        with urllib.request.urlopen(f"{endpoint}/", timeout=10) as page:
            assert page.headers["Content-Type"] == "text/html; charset=utf-8"


def test_the_functions_host_serves_an_apps_folder(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text(
        "import azure.functions as func\n\napp = func.FunctionApp()\n\n"
        "@app.route(route='hello')\ndef hello(req: func.HttpRequest) -> func.HttpResponse:\n"
        "    return func.HttpResponse('hello')\n"
    )

    with command("-m", "local_azure.functions", str(tmp_path), "--port", "0") as output:
        printed = next(line for line in output if "hello" in line)

    assert re.search(r"http://localhost:\d+/api/hello", printed)
