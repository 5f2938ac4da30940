"""The embedded host against the official worker runtime: the same app, the same requests, the same answers.

`azure-functions-runtime` is the library that Azure runs Python functions with. It indexes each app here in a process of
its own; then every request goes to both. Another app is one more entry in `APPS`.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local_azure import functions, webpubsub
from local_azure.functions.errors import AppLoadError
from local_azure.functions.worker.import_scope import app_import_scope
from local_azure.functions.worker.loading import load_functions
from tests.local_azure.functions.apps import HEADER, Served
from tests.local_azure.functions.official.cases import BEHAVIOUR_CASES, CHAT_CASES, STREAMING_CASES
from tests.local_azure.functions.official.comparison import HOST, Case, answers_to
from tests.local_azure.functions.official.flows import durable_client
from tests.local_azure.functions.official.runtime import index_apps, official_app

ROOT = Path(__file__).resolve().parents[3]
BEHAVIOURS = Path(__file__).parent / "official" / "behaviours"
STREAMING = Path(__file__).parent / "official" / "streaming"
DIRECTIONS = {"IN": 0, "OUT": 1}


@dataclass(frozen=True)
class ComparedApp:
    """An app's folder, the route prefix that its host.json sets, and the requests to compare."""

    folder: Path
    cases: tuple[Case, ...]
    prefix: str = "api"
    settings: Mapping[str, str] = field(default_factory=dict)


APPS = {
    "behaviours": ComparedApp(
        BEHAVIOURS, BEHAVIOUR_CASES, settings={"AzureWebJobsStorage": "UseDevelopmentStorage=true"}
    ),
    "streaming": ComparedApp(STREAMING, STREAMING_CASES),
    "chat": ComparedApp(ROOT, CHAT_CASES, prefix=""),
}


@pytest.mark.parametrize("name", APPS)
async def test_every_answer_is_equal_in_status_headers_and_body(name: str) -> None:
    compared = APPS[name]
    async with webpubsub.serve() as service:
        settings = {
            "WebPubSubConnectionString": service.connection_string,
            "WebPubSubHub": "Sample_ChatApp",
            "ChatAuth": "open",
            "WEBSITE_HOSTNAME": HOST,
            **compared.settings,
        }
        async with functions.serve(compared.folder, settings=settings) as host:
            binding = durable_client(host.url)
            async with official_app(compared.folder, settings, prefix=compared.prefix, durable_client=binding) as other:
                assert other.failure is None
                answers = [(str(case), *await answers_to(case, Served(host), other)) for case in compared.cases]

    different = [f"{case}\n  embedded {ours}\n  official {theirs}" for case, ours, theirs in answers if ours != theirs]
    assert not different, "\n".join([*different, *other.failures])
    assert len({str(ours) for _, ours, _ in answers}) > len(answers) / 2, "most answers are the same: is it up?"


@pytest.mark.parametrize("name", APPS)
async def test_the_same_functions_with_the_same_bindings_are_indexed(name: str) -> None:
    folder = APPS[name].folder

    async with official_app(folder, {"ChatAuth": "open"}) as official, functions.serve(folder) as host:
        ours = host.app.functions

    assert [function["name"] for function in official.functions] == [function.name for function in ours]
    for theirs, function in zip(official.functions, ours, strict=True):
        assert tuple(theirs["rawBindings"]) == function.bindings
        assert theirs["functionId"] == str(uuid.uuid5(uuid.NAMESPACE_OID, function.name))
        assert theirs["bindings"] == {
            b["name"]: [b["type"], DIRECTIONS[str(b["direction"])]] for b in function.bindings
        }


DEFINITIONS = {
    "no app": "del app",
    "two apps": "other = func.FunctionApp()",
    "import error": "import no_such_module",
    "error at import": "1 / 0",
    "same name twice": "@app.function_name('f')\n@app.route()\ndef g(req): ...",
    "unbound parameter": "@app.route()\ndef g(req, more): ...",
    "binding without parameter": "@app.route()\ndef g(): ...",
    "dict request": "@app.route()\ndef g(req: dict): ...",
    "dict answer": "@app.route()\ndef g(req) -> dict: ...",
    "generic answer": "@app.route()\ndef g(req) -> list[str]: ...",
    "context of another type": "@app.route()\ndef g(req, context: str): ...",
    "unknown annotation": "@app.route()\ndef g(req: 'Nothing'): ...",
    "classic request in an app that streams": "from azurefunctions.extensions.http.fastapi import Request\n"
    "@app.route()\ndef g(req: func.HttpRequest): ...",
    "two triggers": "@app.route()\n@app.timer_trigger('t', '0 * * * * *')\ndef g(req, t): ...",
    "output that is no Out": "@app.route()\n@app.queue_output('q', 'q', 'c')\ndef g(req, q: str): ...",
    "Out that is no output": "@app.route()\ndef g(req: func.Out[str]): ...",
    "activity with list[str]": "@app.activity_trigger('a')\ndef g(a: list[str]): ...",
    "activity with a union": "@app.activity_trigger('a')\ndef g(a: str | None): ...",
    "orchestration with another name": "@app.orchestration_trigger('ctx')\ndef g(ctx): yield",
    "table row as dict": "@app.route()\n@app.table_input('t', 'c', 'rows')\ndef g(req, t: dict): ...",
    "table output of dict": "@app.route()\n@app.table_output('t', 'c', 'rows')\ndef g(req, t: func.Out[dict]): ...",
    # What one of them accepts, both must accept.
    "tables": "@app.route()\n@app.table_output('o', 'c', 'rows')\n@app.table_input('t', 'c', 'rows', take=1)\n"
    "def g(req, t: str, o: func.Out[bytes]): ...",
    "activity with dict": "@app.activity_trigger('a')\ndef g(a: dict): ...",
    "activity with List[str]": "import typing\n@app.activity_trigger('a')\ndef g(a: typing.List[str]): ...",
    "text request": "@app.route()\ndef g(req: str) -> str: ...",
    "output": "@app.route()\n@app.queue_output('q', 'q', 'c')\ndef g(req, q: func.Out[str]): ...",
    "output of List": "import typing\n@app.route()\n@app.queue_output('q', 'q', 'c')\n"
    "def g(req, q: func.Out[typing.List[str]]): ...",
}


@dataclass(frozen=True)
class IndexedApp:
    """An app's folder, and what the official runtime made of it."""

    folder: Path
    functions: list[str]
    failure: str | None


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, IndexedApp]:
    """The apps of `DEFINITIONS`, each with one more function."""
    folders = [tmp_path_factory.mktemp("app") for _ in DEFINITIONS]
    for folder, source in zip(folders, DEFINITIONS.values(), strict=True):
        (folder / "function_app.py").write_text(f"{HEADER}@app.route()\ndef f(req): ...\n{source}")
        (folder / "host.json").write_text('{"version": "2.0"}')
    return {
        name: IndexedApp(folder, [function["name"] for function in official["functions"]], official["failure"])
        for name, folder, official in zip(DEFINITIONS, folders, index_apps(folders), strict=True)
    }


@pytest.mark.parametrize("name", DEFINITIONS)
def test_an_app_is_refused_by_both_or_by_neither(indexed: dict[str, IndexedApp], name: str) -> None:
    official = indexed[name]
    try:
        with app_import_scope(official.folder):
            ours = [function.name for function in load_functions(official.folder)]
    except AppLoadError:
        ours = []

    assert official.functions == ours
    assert (official.failure is not None) == (ours == [])
