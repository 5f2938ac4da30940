"""The files for whoever has this repository on GitHub or in an editor: they are valid, and what they name exists.

No workflow was ever run by those who wrote it: that it passes GitHub's schema, and that the commands of its build work
here, is what can be shown without GitHub and Azure.
"""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft7Validator

import dev
from tests.deployment.package import ROOT, package_files
from tests.deployment.project_files import read_jsonc, read_yaml
from tests.local_azure.functions.official.runtime import official_app
from tests.system_parts import needs_posix

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DEPENDABOT = ROOT / ".github" / "dependabot.yml"
# The major version of each action that the workflows use, and the one that is in this repository.
ACTIONS = {
    "./local_azure",
    "actions/checkout@v6",
    "actions/setup-python@v6",
    "actions/setup-node@v6",
    "actions/upload-artifact@v7",
    "actions/download-artifact@v8",
    "azure/login@v3",
    "azure/functions-action@v1",
}
COMMANDS = set(re.findall(r'commands\.add_parser\(\s*"(\w+)"', (ROOT / "dev.py").read_text(encoding="utf-8")))


def steps_of(workflow: Any) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def schema_errors(document: Any, schema: str) -> list[str]:
    return [error.message for error in Draft7Validator(get_builtin_schema(schema)).iter_errors(document)]


@pytest.mark.parametrize("schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"])
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_passes_the_schema_and_each_job_has_a_timeout(workflow: Path, schema: str) -> None:
    assert schema_errors(read_yaml(workflow), schema) == []


def test_dependabot_passes_its_schema() -> None:
    assert schema_errors(read_yaml(DEPENDABOT), "vendor.dependabot") == []


def test_a_misspelt_key_of_a_workflow_is_found() -> None:
    workflow = read_yaml(WORKFLOWS[0])
    workflow["jobs"]["build"]["run-on"] = workflow["jobs"]["build"].pop("runs-on")

    assert schema_errors(workflow, "vendor.github-workflows")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_has_known_actions_no_secret_and_few_rights(workflow: Path) -> None:
    document, text = read_yaml(workflow), workflow.read_text(encoding="utf-8")

    assert {step["uses"] for step in steps_of(document) if "uses" in step} <= ACTIONS
    assert "secrets." not in text
    assert document["permissions"] == {"contents": "read"}
    rights = {name: job["permissions"] for name, job in document["jobs"].items() if "permissions" in job}
    assert rights in ({}, {"deploy": {"contents": "read", "id-token": "write"}})


def test_every_command_and_path_that_the_workflows_and_tasks_give_to_dev_py_exists() -> None:
    files = [*WORKFLOWS, ROOT / ".vscode" / "tasks.json", ROOT / ".devcontainer" / "devcontainer.json"]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    # The doctor is a command as soon as it is in dev.py.
    named = set(re.findall(r"\b(?:python3?|py) dev\.py (\w+)", text))

    assert {"test", "check", "install", "run"} <= named
    assert named - {"doctor"} <= COMMANDS
    assert [path for path in re.findall(r"\btests/[\w./]+", text) if not (ROOT / path).exists()] == []


def test_the_tests_run_on_every_python_and_system_that_is_promised() -> None:
    jobs = read_yaml(ROOT / ".github" / "workflows" / "test.yml")["jobs"]

    assert jobs["linux"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert jobs["others"]["strategy"]["matrix"] == {
        "os": ["windows-latest", "macos-latest"],
        "python": ["3.11", "3.12", "3.13"],
    }


def build_steps() -> list[dict[str, Any]]:
    build = read_yaml(ROOT / ".github" / "workflows" / "deploy.yml")["jobs"]["build"]
    return [step for step in build["steps"] if "run" in step]


def test_the_deployed_files_are_those_that_funcignore_leaves() -> None:
    (copied,) = re.findall(r"cp -r (.+) package/", build_steps()[0]["run"])

    assert set(copied.split()) == {file.parts[0] for file in package_files()}


def run_step(step: dict[str, Any], checkout: Path) -> None:
    """Run a step as the runner does, with the Python of the tests as `python3`."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    # The runner compiles the packages as well, which takes as long as the rest.
    environment = {**os.environ, "PATH": path, "PIP_NO_COMPILE": "1", **step.get("env", {})}
    folder = checkout / step.get("working-directory", ".")
    command = ["bash", "-e", "-c", step["run"]]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@needs_posix("the shell that the workflow's runner has")
@pytest.mark.timeout(300)
async def test_the_build_of_the_workflow_makes_a_package_that_the_official_runtime_indexes(tmp_path: Path) -> None:
    """The steps run here as they are written, in a copy of what a checkout has."""
    checkout, unpacked = tmp_path / "checkout", tmp_path / "unpacked"
    for file in package_files():
        (checkout / file).parent.mkdir(parents=True, exist_ok=True)
        (checkout / file).write_bytes((ROOT / file).read_bytes())
    for step in build_steps():
        run_step(step, checkout)

    with zipfile.ZipFile(checkout / "package.zip") as package:
        package.extractall(unpacked)

    assert (unpacked / ".python_packages/lib/site-packages/aiohttp/__init__.py").exists()
    assert {path.name for path in unpacked.iterdir()} == {
        ".python_packages",
        *{file.parts[0] for file in package_files()},
    }
    async with official_app(unpacked, {"PYTHONPATH": str(unpacked / ".python_packages/lib/site-packages")}) as official:
        assert official.failure is None
        assert len(official.functions) > 20


def test_dependabot_looks_at_every_folder_that_has_packages() -> None:
    updates = {update["package-ecosystem"]: update for update in read_yaml(DEPENDABOT)["updates"]}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )

    def folders(names: str) -> set[str]:
        return {f"/{file.rpartition('/')[0]}" for file in tracked if re.fullmatch(names, file.rpartition("/")[2])}

    assert set(updates["npm"]["directories"]) == folders(r"package-lock\.json")
    assert set(updates["pip"]["directories"]) == folders(r"requirements.*\.txt")


def test_the_debugger_starts_modules_that_exist_after_tasks_that_exist() -> None:
    configurations = read_jsonc(ROOT / ".vscode" / "launch.json")["configurations"]
    tasks = {task["label"] for task in read_jsonc(ROOT / ".vscode" / "tasks.json")["tasks"]}

    for configuration in configurations:
        assert find_spec(configuration["module"]), configuration["name"]
        assert configuration.get("preLaunchTask", "Install") in tasks
    (on_local_azure,) = (c for c in configurations if c["module"] == "local_azure")
    assert on_local_azure["subProcess"] is True


def test_the_editors_recommendations_and_the_containers_extensions_agree() -> None:
    recommended = read_jsonc(ROOT / ".vscode" / "extensions.json")["recommendations"]
    container = read_jsonc(ROOT / ".devcontainer" / "devcontainer.json")

    assert set(container["customizations"]["vscode"]["extensions"]) <= set(recommended)
    read_jsonc(ROOT / ".vscode" / "settings.json")


def test_the_container_forwards_the_ports_that_dev_py_listens_on() -> None:
    container = read_jsonc(ROOT / ".devcontainer" / "devcontainer.json")

    assert container["forwardPorts"] == [dev.DEFAULT_PORT, dev.DEFAULT_WEBPUBSUB_PORT, dev.DEFAULT_TABLES_PORT]
    assert set(container["portsAttributes"]) == {str(port) for port in container["forwardPorts"]}
