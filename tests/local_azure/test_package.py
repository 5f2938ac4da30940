"""The package `local-azure` as others get it: built, installed into an empty environment, used from another project.

The wheel is made of the source distribution. The commands of the Dockerfile and of the GitHub Action run here as they
are written; no image was built and no workflow was run by those who wrote them.
"""

import email
import json
import os
import re
import shlex
import shutil
import signal
import sys
import tarfile
import urllib.request
import zipfile
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft7Validator

from local_azure import __version__
from tests.deployment.project_files import read_yaml
from tests.local_azure.built_package import (
    NAME,
    ROOT,
    SECONDS,
    SOURCE,
    Package,
    attempt,
    build_package,
    clean_environment,
    run,
    started,
)
from tests.system_parts import miss, needs_posix

# For the build alone.
NOT_INSTALLED = {
    "Dockerfile",
    "action.yml",
    "pyproject.toml",
    "requirements.txt",
    "requirements-functions.txt",
    "CHANGELOG.md",
    "LICENSE",
    "PACKAGE.md",
    "README.md",
}
# The first test waits for the build and the environments.
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return build_package(tmp_path_factory.mktemp("package").resolve())


def metadata(package: Package) -> Message:
    with zipfile.ZipFile(package.wheel) as wheel:
        return email.message_from_bytes(wheel.read(f"{NAME}.dist-info/METADATA"))


def test_the_wheel_holds_the_tracked_files_of_the_package_and_no_other(package: Package) -> None:
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "."]
    tracked = run(*listing, cwd=SOURCE).stdout.splitlines()
    with zipfile.ZipFile(package.wheel) as wheel:
        names = {name.removeprefix("local_azure/") for name in wheel.namelist() if ".dist-info/" not in name}
        license_text = wheel.read(f"{NAME}.dist-info/licenses/LICENSE")

    assert names == {name for name in tracked if (SOURCE / name).exists()} - NOT_INSTALLED
    assert {"py.typed", "pytest_plugin.py", "webpubsub/inspector/page/index.html"} <= names
    assert license_text == (ROOT / "LICENSE").read_bytes()


def test_the_source_distribution_has_what_a_build_needs_and_the_documents(package: Package) -> None:
    with tarfile.open(package.sdist) as sdist:
        names = {name.removeprefix(f"{NAME}/") for name in sdist.getnames()}

    assert names >= NOT_INSTALLED


def test_the_metadata_say_what_it_is_and_what_each_extra_brings(package: Package) -> None:
    found = metadata(package)
    extras = {
        extra: {re.split(r"[<>=\[ ;]", text)[0] for text in found.get_all("Requires-Dist", []) if f"'{extra}'" in text}
        for extra in found.get_all("Provides-Extra", [])
    }
    core = {re.split(r"[<>=\[ ;]", text)[0] for text in found.get_all("Requires-Dist", []) if "extra ==" not in text}

    assert (found["Name"], found["Version"], found["License-Expression"]) == ("local-azure", __version__, "MIT")
    assert core == {"aiohttp", "protobuf", "pyjwt"}
    functions = {"azure-functions", "watchfiles"}
    assert extras == {"all": functions, "functions": functions, "tables": set()}
    assert {"Typing :: Typed", "Framework :: Pytest"} <= set(found.get_all("Classifier", []))
    assert found.get_payload() == (SOURCE / "PACKAGE.md").read_text(encoding="utf-8")


def test_links_of_the_packages_page_lead_somewhere_from_any_place() -> None:
    """The page is shown outside the repository."""
    links = re.findall(r"\]\(([^)]+)\)", (SOURCE / "PACKAGE.md").read_text(encoding="utf-8"))

    assert [link for link in links if not link.startswith(("https://", "#"))] == []


@pytest.mark.parametrize(
    ("words", "first_line"),
    [
        (["webpubsub", "--port", "0"], r"Web PubSub listens on http://127\.0\.0\.1:\d+"),
        (["tables", "--port", "0"], r"Table storage listens on http://127\.0\.0\.1:\d+/devstoreaccount1"),
    ],
)
def test_the_console_script_serves_without_any_extra(
    package: Package, tmp_path: Path, words: list[str], first_line: str
) -> None:
    serving = started(package.core / "local-azure", *words, until="^Connection", cwd=tmp_path, env=clean_environment())
    with serving as lines:
        assert re.fullmatch(first_line, lines[0])


@pytest.mark.parametrize("words", [[], ["functions"]])
def test_the_functions_host_says_which_packages_it_misses(package: Package, tmp_path: Path, words: list[str]) -> None:
    ran = attempt(package.core / "local-azure", *words, cwd=tmp_path, env=clean_environment())

    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        "error: the Functions host needs azure-functions, which is not installed: install local-azure "
        "with its extra 'functions', or run: python -m pip install azure-functions\n"
    )


def test_importing_the_functions_host_says_the_same(package: Package, tmp_path: Path) -> None:
    program = "from local_azure.functions import ConfigurationError\nfrom local_azure.functions import serve"

    ran = attempt(package.core / "python", "-c", program, cwd=tmp_path, env=clean_environment())

    assert "MissingExtra: the Functions host needs azure-functions, which is not installed" in ran.stderr


def test_with_the_extra_the_console_script_serves_an_app_with_its_services(package: Package, tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text(
        "import os\nimport azure.functions as func\n\napp = func.FunctionApp(func.AuthLevel.ANONYMOUS)\n\n"
        "@app.route(route='hello')\ndef hello(req: func.HttpRequest) -> func.HttpResponse:\n"
        "    return func.HttpResponse(os.environ['WebPubSubConnectionString'])\n"
    )
    ports = [word for name in ("port", "webpubsub-port", "tables-port") for word in (f"--{name}", "0")]
    serving = started(
        package.complete / "local-azure", *ports, until="^Ready after", cwd=tmp_path, env=clean_environment()
    )

    with serving as lines:
        (url,) = re.findall(r"http://localhost:\d+/api/hello", "\n".join(lines))
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            assert answer.read().decode() in "\n".join(lines)


PROJECT = Path(__file__).parent / "package_project"


def test_another_project_tests_with_the_fixtures_in_several_processes(package: Package, tmp_path: Path) -> None:
    """Its own pytest finds the plugin by itself; each warning would be an error."""
    shutil.copytree(PROJECT, tmp_path / "project")
    # As in a clone, where pytest does not find the plugin by itself.
    (tmp_path / "project" / "conftest.py").write_text('pytest_plugins = ["local_azure.pytest_plugin"]\n')

    options = ["-W", "error", "-n", "2", "--tb=short", "-p", "no:cacheprovider"]
    command: list[str | Path] = [package.core / "python", "-m", "pytest", *options]
    ran = attempt(*command, cwd=tmp_path / "project", env=clean_environment())

    assert re.search(r"^=+ 1 failed, 6 passed in ", ran.stdout, re.MULTILINE), ran.stdout + ran.stderr
    # The failure is the caller's line and what was published.
    (failure,) = re.findall(r"^_+ test_a_message_that_never_comes _+$(.*?)^=", ran.stdout, re.MULTILINE | re.DOTALL)
    assert "chat_tests.py" in failure
    assert "web_pubsub.py" not in failure
    assert "0 messages published to group 'rom' of hub 'chat' within 0.1 s, expected 1." in failure
    assert """<json {"text": "hello"} to group 'room', hub 'chat'>""" in failure


def test_types_of_the_package_are_known_to_a_strict_project(package: Package, tmp_path: Path) -> None:
    source = (PROJECT / "typed_use.py").read_text() + "\n\ndef wrong(web_pubsub: WebPubSub) -> None:\n"
    (tmp_path / "typed_use.py").write_text(source + "    web_pubsub.published(1)\n")
    line = source.count("\n") + 1

    options: list[str | Path] = [
        "--strict",
        "--python-executable",
        package.core / "python",
        "--cache-dir",
        tmp_path / "cache",
    ]
    ran = attempt(sys.executable, "-m", "mypy", *options, "typed_use.py", cwd=tmp_path, env=clean_environment())

    assert ran.stdout.splitlines() == [
        f'typed_use.py:{line}: error: Argument 1 to "published" of "WebPubSub" has incompatible type "int"; '
        'expected "str"  [arg-type]',
        "Found 1 error in 1 file (checked 1 source file)",
    ]


# --- the Dockerfile ---------------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile in order, each with its argument on one line."""
    text = re.sub(r"^#.*\n", "", (SOURCE / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(name, " ".join(argument.split())) for name, _, argument in (line.partition(" ") for line in lines if line)]


def last(name: str) -> str:
    return [argument for found, argument in instructions() if found == name][-1]


def test_the_dockerfile_has_no_fault_that_its_linter_knows() -> None:
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    linter = shutil.which("hadolint", path=places) or miss("hadolint")

    run(linter, "--failure-threshold", "style", SOURCE / "Dockerfile")


def test_the_image_is_pinned_and_does_not_run_as_root() -> None:
    bases = {argument.split()[0] for name, argument in instructions() if name == "FROM"}

    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases.pop())
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", last("USER"))


def test_the_image_serves_and_its_health_check_knows_whether_it_does(package: Package, tmp_path: Path) -> None:
    entry_point, options = json.loads(last("ENTRYPOINT")), json.loads(last("CMD"))
    port = options[options.index("--port") + 1]
    assert (last("EXPOSE"), port) == (port, "8080")
    assert f"HEALTH_PORT={port}" in shlex.split(last("ENV"))
    check = json.loads(last("HEALTHCHECK").partition(" CMD ")[2])
    any_port = [word if word != port else "0" for word in options]

    serving = started(package.core / entry_point[0], *any_port, until="^Connection", cwd=tmp_path)
    with serving as lines:
        environment = clean_environment(HEALTH_PORT=lines[0].rpartition(":")[2])
        run(package.core / check[0], *check[1:], env=environment)
    assert attempt(package.core / check[0], *check[1:], env=environment).returncode != 0


# --- the GitHub Action ------------------------------------------------------------------------------------------------

ACTION = read_yaml(SOURCE / "action.yml")


def test_the_action_passes_the_schema_of_github() -> None:
    assert list(Draft7Validator(get_builtin_schema("vendor.github-actions")).iter_errors(ACTION)) == []


def test_the_page_about_installing_lists_the_inputs_and_outputs_of_the_action() -> None:
    section = (
        (ROOT / "docs" / "local-azure" / "installing.md").read_text(encoding="utf-8").partition("GitHub Action\n")[2]
    )
    inputs = re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE)
    outputs = re.findall(r"`([\w-]+)`", section.partition("Outputs: ")[2].partition(".")[0])

    assert inputs == list(ACTION["inputs"])
    assert set(outputs) == set(ACTION["outputs"])


def test_no_input_of_the_action_is_put_into_a_script() -> None:
    """A value is a variable there: as a part of the script it would be run."""
    assert [step["name"] for step in ACTION["runs"]["steps"] if "${{" in step["run"]] == []


def run_step(step: Mapping[str, Any], folder: Path, inputs: Mapping[str, str], **variables: str) -> Any:
    """Run a step as the runner does: its inputs in its variables, the Python of the tests as `python3`."""
    values = {name: text.partition("inputs.")[2].strip(" }") for name, text in step["env"].items()}
    environment = clean_environment(
        PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        RUNNER_TEMP=str(folder),
        GITHUB_OUTPUT=str(folder / "output"),
        GITHUB_ENV=str(folder / "env"),
        GITHUB_ACTION_PATH=str(SOURCE),
        **{name: inputs.get(key, ACTION["inputs"][key]["default"]) for name, key in values.items()},
        **variables,
    )
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return attempt(*shell, cwd=folder, env=environment)


def pairs(file: Path) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition("=") for line in file.read_text().splitlines())}


@needs_posix("the shell that the action's runner has")
def test_the_action_installs_starts_and_tells_the_job_where_the_service_is(package: Package, tmp_path: Path) -> None:
    """The other packages are those of the environment above: pip would load them again."""
    install, start = ACTION["runs"]["steps"]
    (tmp_path / "hubs.json").write_text('{"WebPubSub": {"AccessKey": "a key of this test, long enough for it"}}')
    inputs = {"path": str(package.wheel), "port": "0", "settings": "hubs.json"}
    (packages,) = package.core.parent.glob("lib/*/site-packages")

    installed = run_step(install, tmp_path, inputs, PIP_NO_DEPS="1", PIP_NO_COMPILE="1")
    assert (installed.returncode, installed.stdout) == (0, ""), installed.stderr
    ran = run_step(start, tmp_path, inputs, PYTHONPATH=str(packages))

    assert ran.returncode == 0, ran.stdout + ran.stderr
    outputs = pairs(tmp_path / "output")
    try:
        assert set(outputs) == set(ACTION["outputs"])
        assert outputs["connection-string"].startswith(f"Endpoint={outputs['endpoint']};AccessKey=a key of this test")
        assert pairs(tmp_path / "env") == {"WebPubSubConnectionString": outputs["connection-string"]}
        assert "AccessKey" not in ran.stdout
        health = urllib.request.Request(f"{outputs['endpoint']}/api/health", method="HEAD")
        urllib.request.urlopen(health, timeout=SECONDS).close()
    finally:
        os.kill(int(outputs["process-id"]), signal.SIGTERM)


@needs_posix("the shell that the action's runner has")
def test_the_action_fails_with_the_log_of_a_service_that_does_not_start(package: Package, tmp_path: Path) -> None:
    (tmp_path / "local-azure").symlink_to(package.core.parent)
    (tmp_path / "webpubsub.json").write_text('{"WebPubSub": {"AccessKey": "short"}}')

    ran = run_step(ACTION["runs"]["steps"][1], tmp_path, {"port": "0"})

    assert ran.returncode == 1
    assert re.match(r"::error::Web PubSub is not ready after \d+ seconds. Its log:\n.*AccessKey is 5 bytes", ran.stdout)
    assert not (tmp_path / "output").exists()
