"""host.json, local.settings.json and the environment."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from local_azure.functions import ConfigurationError
from local_azure.functions.configuration.host_json import HostConfig, read_host_config
from local_azure.functions.configuration.local_settings import (
    read_local_settings,
    select_variables,
    temporary_environment,
)
from local_azure.functions.durable import DurableOptions
from tests.local_azure.functions.apps import Serve

README = Path(__file__).resolve().parents[4] / "local_azure" / "README.md"

SHOW = """
@app.route()
def show(req): return func.HttpResponse(json.dumps({name: os.environ.get(name) for name in req.params["n"].split()}))
import os
"""


def host_json(folder: Path, text: str) -> Path:
    (folder / "host.json").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", 'host.json must say "version": "2.0", not None'),
        ('{"version": "1.0"}', "not '1.0'"),
        ('{"version": 2.0}', "not 2.0"),
        ("[]", "must hold a JSON object, not list"),
        ('{"version": "2.0"', "host.json is not valid JSON"),
        ('{"version": "2.0", "extensions": {"http": {"routePrefix": 5}}}', "routePrefix must be a string, not 5"),
        ('{"version": "2.0", "extensions": {"durableTask": {"hubName": "%HUB%"}}}', "the setting %HUB%, which is not"),
    ],
)
def test_h001_a_host_json_that_cannot_be_used_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_host_config(host_json(tmp_path, text), {})

    assert reason in str(caught.value)


def test_h001_a_folder_without_host_json_is_no_app(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no host\.json in"):
        read_host_config(tmp_path, {})


def test_comments_and_trailing_commas_are_tolerated(tmp_path: Path) -> None:
    text = '{ // one\n "version": "2.0", /* "version": "1.0",\n */ "extensions": {"http": {"routePrefix": "a//b",},},}'

    assert read_host_config(host_json(tmp_path, text), {}).route_prefix == "a//b"


def test_names_are_found_in_any_case_and_values_in_the_environment(tmp_path: Path) -> None:
    text = '{"version": "2.0", "Extensions": {"HTTP": {"routeprefix": "a", "customHeaders": {"X-A": "1"}}}}'
    environment = {
        "AZUREFUNCTIONSJOBHOST__EXTENSIONS__HTTP__ROUTEPREFIX": "b",
        "AzureFunctionsJobHost__extensions__http__customHeaders__X-B": "2",
        "AzureFunctionsJobHost__extensions__durableTask__hubName": "%HUB%",
        "AzureFunctionsJobHost__logging__logLevel__default": "Warning",
        "HUB": "Rooms",
    }

    config = read_host_config(host_json(tmp_path, text), environment)

    durable = {"hubName": "%HUB%"}
    assert config == HostConfig("b", (("X-A", "1"), ("X-B", "2")), -1, "Rooms", "Warning", durable)


# A value for each setting of host.json that the README lists, other than the default.
CHANGED = {
    "extensions.http.routePrefix": "",
    "extensions.http.customHeaders": {"X-A": "1"},
    "extensions.http.maxOutstandingRequests": 5,
    "extensions.durableTask.hubName": "Rooms",
    "extensions.durableTask.maxConcurrentOrchestratorFunctions": 1,
    "extensions.durableTask.maxConcurrentActivityFunctions": 1,
    "extensions.durableTask.maxConcurrentEntityFunctions": 1,
    "extensions.durableTask.maxEntityOperationBatchSize": 1,
    "extensions.durableTask.defaultVersion": "2",
    "extensions.durableTask.overridableExistingInstanceStates": "AnyState",
    "logging.logLevel.default": "Warning",
}


def test_the_readme_lists_every_setting_of_host_json() -> None:
    table = README.read_text(encoding="utf-8").partition("| host.json | Meaning |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE) == ["version", *CHANGED]


@pytest.mark.parametrize("key", CHANGED)
def test_a_setting_of_host_json_counts(tmp_path: Path, key: str) -> None:
    document: dict[str, object] = {}
    section = document
    *sections, name = key.split(".")
    for part in sections:
        inner: dict[str, object] = {}
        section[part] = inner
        section = inner
    section[name] = CHANGED[key]

    default = read_host_config(host_json(tmp_path, '{"version": "2.0"}'), {})
    config = read_host_config(host_json(tmp_path, json.dumps({"version": "2.0", **document})), {})

    without_durable = [replace(each, durable={}) for each in (config, default)]
    options = [DurableOptions.from_host_json(each.durable) for each in (config, default)]
    assert without_durable[0] != without_durable[1] or options[0] != options[1]


def test_h071_what_the_environment_holds_wins_and_says_so() -> None:
    values = {"A": "file", "B": "file", "C": ""}

    chosen, notes = select_variables(values, {"A": "environment", "B": ""})

    assert chosen == {"B": "file", "C": ""}
    assert notes == ["Skipping 'A' from local settings as it's already defined in current environment variables."]


def test_h071_values_are_strings_null_is_skipped_and_connection_strings_have_names_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "local.settings.json").write_text(
        '{"IsEncrypted": false, "Values": {"A": "a", "B": "", "C": null, "D": 5}, '
        '"ConnectionStrings": {"Db": "one", "Other": {"ConnectionString": "two", "ProviderName": "x"}}, '
        '"Host": {"LocalHttpPort": 7072, "LocalHttpAddress": "0.0.0.0", "CORS": "a, b", "CORSCredentials": true}}'
    )

    settings = read_local_settings(tmp_path)

    assert settings.values == {
        "A": "a",
        "B": "",
        "D": "5",
        "ConnectionStrings:Db": "one",
        "ConnectionStrings:Other": "two",
    }
    assert (settings.port, settings.address) == (7072, "0.0.0.0")
    assert (settings.cors_origins, settings.cors_credentials) == (("a", "b"), True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"Values": {}}', '"IsEncrypted" must be false. Where it is absent, Core Tools expects encrypted values'),
        ('{"IsEncrypted": true}', '"IsEncrypted" must be false'),
        ('{"IsEncrypted": false, "Values": {"A": {"B": "c"}}}', "Values: A must be a string, not dict"),
        ('{"IsEncrypted": false, "Values": []}', "Values must be an object, not list"),
        ('{"IsEncrypted": false, "Host": {"LocalHttpPort": "x"}}', "LocalHttpPort must be a port number, not 'x'"),
        ("{", "local.settings.json is not valid JSON"),
    ],
)
def test_h071_settings_that_cannot_be_used_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "local.settings.json").write_text(text)

    with pytest.raises(ConfigurationError) as caught:
        read_local_settings(tmp_path)

    assert reason in str(caught.value)


def test_the_example_stands_in_for_the_file_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "local.settings.json.example").write_text('{"IsEncrypted": false, "Values": {"A": "example"}}')
    assert read_local_settings(tmp_path).values == {"A": "example"}
    assert read_local_settings(tmp_path).note == (
        "There is no local.settings.json: using the values of local.settings.json.example."
    )

    (tmp_path / "local.settings.json").write_text('{"IsEncrypted": false, "Values": {"A": "own"}}')
    assert (read_local_settings(tmp_path).values, read_local_settings(tmp_path).note) == ({"A": "own"}, "")


async def test_settings_are_in_the_environment_while_the_host_runs_and_not_after(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("H_GIVEN", "before")
    monkeypatch.setenv("H_ENVIRONMENT", "environment")
    file = '{"IsEncrypted": false, "Values": {"H_FILE": "file", "H_ENVIRONMENT": "file", "H_GIVEN": "file"}}'

    async with serve(SHOW, files={"local.settings.json": file}, settings={"H_GIVEN": "given"}) as app:
        names = "H_FILE+H_ENVIRONMENT+H_GIVEN+WEBSITE_HOSTNAME+AZURE_FUNCTIONS_ENVIRONMENT"
        values = (await app.get(f"/api/show?n={names}")).json()
        port = app.host.port

    assert values == {
        "H_FILE": "file",
        "H_ENVIRONMENT": "environment",
        "H_GIVEN": "given",
        "WEBSITE_HOSTNAME": f"localhost:{port}",
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
    }
    assert (os.environ.get("H_FILE"), os.environ["H_GIVEN"]) == (None, "before")
    assert "AZURE_FUNCTIONS_ENVIRONMENT" not in os.environ


@pytest.mark.parametrize(
    ("setting", "level", "expected"),
    [
        (None, "Debug", "Debug"),
        ("1", "Trace", "Trace"),
        ("Yes", "Debug", "Debug"),
        ("0", "Debug", "Information"),
        ("off", "trace", "Information"),
        ("0", "Warning", "Warning"),
        ("1", "Information", "Information"),
    ],
)
async def test_h084_debug_records_need_the_setting_and_the_level_of_host_json(
    serve: Serve, setting: str | None, level: str, expected: str
) -> None:
    settings = {} if setting is None else {"PYTHON_ENABLE_DEBUG_LOGGING": setting}

    async with serve(SHOW, host_json={"logging": {"logLevel": {"default": level}}}, settings=settings) as app:
        seen = (await app.get("/api/show?n=PYTHON_ENABLE_DEBUG_LOGGING")).json()
        log_level = app.host.log_level

    assert log_level == expected
    assert seen == {"PYTHON_ENABLE_DEBUG_LOGGING": setting or "1"}


def test_applied_settings_are_put_back_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("H_A", "before")

    with pytest.raises(RuntimeError), temporary_environment({"H_A": "during", "H_B": "during"}):
        raise RuntimeError
    assert (os.environ["H_A"], os.environ.get("H_B")) == ("before", None)
