"""The packaging hook lets host.json name the place of Durable Functions' state, and puts the file back."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.hooks.durable_backend import CONNECTION_SETTING, HUB_SETTING
from tests.infra.bicep_reader import INFRA, read_infra
from tests.infra.deployment_rules import Shape, deploy

HOST = INFRA.parent / "host.json"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    shutil.copy(HOST, tmp_path)
    return tmp_path


def run(app: Path, command: str, backend: str | None) -> subprocess.CompletedProcess[str]:
    """Run the hook as azure.yaml does."""
    environment = {name: value for name, value in os.environ.items() if name != "CHAT_DURABLE"}
    environment |= {"CHAT_DURABLE": backend} if backend is not None else {}
    hook = [sys.executable, str(INFRA / "hooks" / "durable_backend.py"), command]
    return subprocess.run(hook, cwd=app, env=environment, capture_output=True, text=True, timeout=20)


def content(app: Path) -> dict[str, Any]:
    host: dict[str, Any] = json.loads((app / "host.json").read_text())
    return host


@pytest.mark.parametrize("backend", [None, "", "azureStorage"])
def test_with_the_storage_account_host_json_stays_as_it_is(app: Path, backend: str | None) -> None:
    assert run(app, "prepare", backend).returncode == 0

    assert (app / "host.json").read_bytes() == HOST.read_bytes()


def test_with_the_scheduler_host_json_names_the_settings_that_the_template_makes(app: Path) -> None:
    settings = deploy(read_infra(), Shape("open", "azureManaged")).settings

    assert run(app, "prepare", "azureManaged").returncode == 0

    durable = content(app)["extensions"]["durableTask"]
    assert durable["storageProvider"] == {"type": "azureManaged", "connectionStringName": CONNECTION_SETTING}
    assert durable["hubName"] == f"%{HUB_SETTING}%"
    assert {CONNECTION_SETTING, HUB_SETTING} <= set(settings)
    rest = content(app)
    rest["extensions"]["durableTask"] = json.loads(HOST.read_text())["extensions"]["durableTask"]
    assert rest == json.loads(HOST.read_text())


def test_after_the_packaging_the_file_is_as_it_was(app: Path) -> None:
    run(app, "prepare", "azureManaged")

    assert run(app, "restore", "azureManaged").returncode == 0

    assert (app / "host.json").read_bytes() == HOST.read_bytes()
    assert run(app, "restore", "azureManaged").returncode == 0
    assert list((app / ".azure").iterdir()) == []


def test_a_packaging_that_failed_leaves_nothing_for_the_next_one(app: Path) -> None:
    run(app, "prepare", "azureManaged")

    run(app, "prepare", "azureStorage")

    assert (app / "host.json").read_bytes() == HOST.read_bytes()


def test_an_unknown_backend_stops_the_packaging_with_the_value_and_the_choices(app: Path) -> None:
    answer = run(app, "prepare", "netherite")

    assert answer.returncode == 1
    assert "'netherite'" in answer.stderr
    assert "'azureStorage' or 'azureManaged'" in answer.stderr
