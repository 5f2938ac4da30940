"""`dev.py`, the entry point: an error is one clear line, and it starts what it says."""

import ast
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import dev
from dev_environment import (
    DEV_REQUIREMENTS,
    NODE_PROJECTS,
    RUN_REQUIREMENTS,
    RUNTIME_REQUIREMENTS,
    SetupError,
    ensure_environment,
    ensure_node_packages,
    requirements_digest,
)
from tests.system_parts import needs, needs_posix

ROOT = Path(dev.__file__).parent


def run_dev(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CI": ""} | ({} if path is None else {"PATH": path})
    command = [sys.executable, str(ROOT / "dev.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


def test_an_old_python_is_told_which_one_is_needed() -> None:
    """Its standard library may lack modules: `None` in `sys.modules` makes their import fail."""
    program = (
        "import runpy, sys; sys.version_info, sys.version = (3, 6, 15), '3.6.15 (default)'; "
        "sys.modules['dataclasses'] = None; runpy.run_path(sys.argv[1], run_name='__main__')"
    )

    result = subprocess.run(
        [sys.executable, "-c", program, ROOT / "dev.py"], capture_output=True, text=True, check=False
    )

    assert result.returncode == 2
    assert result.stderr == "Python 3.11 or newer is needed, this is 3.6.15.\n"


def test_an_old_python_can_parse_the_file() -> None:
    ast.parse((ROOT / "dev.py").read_text(), feature_version=(3, 7))


def test_an_unknown_option_of_run_is_refused() -> None:
    result = run_dev("run", "--prot", "1")

    assert result.returncode == 2
    assert "run does not take --prot 1" in result.stderr


@pytest.mark.parametrize(
    ("package", "too_old", "lowest"), [("PyJWT", "2.10.1", "2.11.0"), ("aiohttp", "3.14.0", "3.14.1")]
)
def test_a_release_that_does_not_work_is_not_allowed(package: str, too_old: str, lowest: str) -> None:
    """PyJWT 2.10 has no `jwt.types.Options`; azure-functions-durable 1.7 depends on aiohttp >= 3.14.1."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    (allowed,) = [requirement.specifier for requirement in requirements if requirement.name == package]

    assert too_old not in allowed
    assert lowest in allowed


@pytest.mark.parametrize(("ci", "workers", "exit_code"), [("true", "1", 1), ("", "0", 0)])
def test_a_skipped_test_makes_the_run_fail_where_ci_is_true(
    tmp_path: Path, ci: str, workers: str, exit_code: int
) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_sample.py").write_text("import pytest\n\ndef test_one():\n    pytest.skip('no browser')\n")

    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-n", workers, "--rootdir", str(tmp_path), str(tmp_path)]
    environment = {**os.environ, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)

    assert result.returncode == exit_code, result.stdout


def test_the_digest_changes_with_the_content_of_any_requirements_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("two")
    before = requirements_digest(["a.txt", "b.txt"], tmp_path)

    (tmp_path / "b.txt").write_text("three")

    assert requirements_digest(["a.txt", "b.txt"], tmp_path) != before


def test_nothing_is_installed_while_the_requirements_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """The suite runs in an environment that dev.py just made, so a second look finds nothing to do."""
    python = ensure_environment(for_tests=True)

    assert python.exists()
    assert capsys.readouterr().out == ""


@needs("npm", is_there=shutil.which("npm") is not None)
def test_a_second_installation_finds_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(["install"]) == 0
    assert capsys.readouterr().out == ""


def test_a_missing_core_tools_is_named_with_where_to_get_it(tmp_path: Path) -> None:
    result = run_dev("func", path=str(tmp_path))

    assert result.returncode == 2
    assert result.stderr.startswith("dev.py: `func` is not on the PATH. It comes with Azure Functions Core Tools")
    assert "Traceback" not in result.stderr


@needs_posix("a POSIX shell, for the stand-ins for func and azurite")
def test_func_start_runs_with_azurite_and_web_pubsub_and_all_stop_together(tmp_path: Path) -> None:
    """Core Tools and Azurite are the outside world: stand-ins note how they are called and wait to be stopped."""
    project, tools = checkout(tmp_path / "project"), tmp_path / "tools"
    tools.mkdir()
    for tool in ("func", "azurite"):
        script = tools / tool
        script.write_text(
            f'#!/bin/sh\necho "$@" > {tools}/{tool}.called\necho $$ > {tools}/{tool}.pid\nexec sleep 60\n'
        )
        script.chmod(script.stat().st_mode | stat.S_IEXEC)
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    port = free_port()
    command = [sys.executable, str(project / "dev.py"), "func", "--port", "7999", "--webpubsub-port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: (tools / "func.pid").exists() and (tools / "azurite.pid").exists(), "func and azurite")
        wait_for(lambda: answers(f"http://localhost:{port}/api/health"), "Web PubSub")
        assert json.loads((project / "local.settings.json").read_text())["IsEncrypted"] is False
        assert (tools / "func.called").read_text() == "start --port 7999\n"
        assert "--skipApiVersionCheck" in (tools / "azurite.called").read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert not answers(f"http://localhost:{port}/api/health")
    for tool in ("func", "azurite"):
        with pytest.raises(ProcessLookupError):
            os.kill(int((tools / f"{tool}.pid").read_text()), 0)


@needs_posix("a POSIX shell, for the stand-in for npm")
def test_npm_packages_are_installed_once_and_what_somebody_else_installed_is_never_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """npm is the outside world: the stand-in notes where it is called, and does what `npm ci` does first."""
    npm, calls = tmp_path / "bin" / "npm", tmp_path / "calls"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\nrm -rf node_modules\nmkdir node_modules\npwd >> {calls}\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}{os.pathsep}{os.environ['PATH']}")
    ours, foreign = (tmp_path / project for project in NODE_PROJECTS[:2])
    for project in (ours, foreign):
        project.mkdir(parents=True)
        (project / "package-lock.json").write_text("{}")
    marker = foreign / "node_modules" / "mine.js"
    marker.parent.mkdir()
    marker.write_text("kept")

    for _ in range(2):
        with pytest.raises(SetupError, match="was not installed by dev"):
            ensure_node_packages(tmp_path)

    assert marker.read_text() == "kept"
    assert calls.read_text().splitlines() == [str(ours)]
    (ours / ".node_modules_installed").write_bytes(b"")  # as an interruption leaves it
    shutil.rmtree(foreign / "node_modules")
    ensure_node_packages(tmp_path)
    assert calls.read_text().splitlines() == [str(ours), str(ours), str(foreign)]


def test_without_npm_the_page_is_not_checked_on_a_laptop_and_an_error_in_ci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ensure_environment(for_tests=True)
    monkeypatch.setattr(dev, "PYTHON_CHECKS", {})
    monkeypatch.setenv("PATH", str(tmp_path))

    monkeypatch.setenv("CI", "false")
    assert dev.main(["check"]) == 0
    assert "npm is not on the PATH" in capsys.readouterr().out

    monkeypatch.setenv("CI", "true")
    assert dev.main(["check"]) == 2
    assert "npm is not on the PATH" in capsys.readouterr().err


@needs("npm", is_there=shutil.which("npm") is not None)
def test_every_check_runs_and_each_failure_is_reported(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    ensure_environment(for_tests=True)
    monkeypatch.setattr(dev, "ensure_node_packages", lambda: None)
    monkeypatch.setattr(dev, "PYTHON_CHECKS", {"first": "no_such_module", "second": "json.tool --help"})
    monkeypatch.setattr(dev, "PAGE_CHECKS", {"third": "--no-such-option", "fourth": "--version"})

    assert dev.main(["check"]) == 1

    lines = capfd.readouterr().out.splitlines()
    # Python's checks and the page's run beside each other, so either may be the first to end.
    assert sorted(line for line in lines if line.endswith(" failed.")) == ["first failed.", "third failed."]
    assert {"Checked with second", "Checked with fourth"} <= set(lines)
    assert lines[-1] == "Failed: first, third"


def checkout(folder: Path) -> Path:
    """Make a checkout of its own that shares this one's code and environment."""
    folder.mkdir()
    for shared in (
        ".venv",
        "local_azure",
        *RUN_REQUIREMENTS[:1],
        *DEV_REQUIREMENTS,
        RUNTIME_REQUIREMENTS,
    ):
        (folder / shared).symlink_to(ROOT / shared)
    for own in ("dev.py", "dev_environment.py", "webpubsub.json", "local.settings.json.example"):
        shutil.copy(ROOT / own, folder / own)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=2):
            return True
    except OSError:
        return False


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"no sign of {what}"
        time.sleep(0.02)
