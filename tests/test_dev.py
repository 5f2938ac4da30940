"""`dev.py`, the one entry point: its refusals are one clear line, and it starts what it says."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import dev

ROOT = Path(dev.__file__).parent


def run_dev(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CI": ""} | ({} if path is None else {"PATH": path})
    command = [sys.executable, str(ROOT / "dev.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


def test_an_old_python_is_told_which_one_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "OLDEST_PYTHON", (99, 0))

    assert dev.main(["run"]) == 2

    assert "is needed" in capsys.readouterr().err


def test_an_unknown_option_of_run_is_refused() -> None:
    result = run_dev("run", "--prot", "1")

    assert result.returncode == 2
    assert "run does not take --prot 1" in result.stderr


def test_the_digest_changes_with_the_content_of_any_requirements_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("two")
    before = dev.requirements_digest(["a.txt", "b.txt"], tmp_path)

    (tmp_path / "b.txt").write_text("three")

    assert dev.requirements_digest(["a.txt", "b.txt"], tmp_path) != before


def test_nothing_is_installed_while_the_requirements_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """The suite runs in an environment that dev.py just made, so a second look finds nothing to do."""
    python = dev.ensure_environment(for_tests=True)

    assert python.exists()
    assert capsys.readouterr().out == ""


def test_a_missing_core_tools_is_named_with_where_to_get_it(tmp_path: Path) -> None:
    result = run_dev("func", path=str(tmp_path))

    assert result.returncode == 2
    assert result.stderr.startswith("dev.py: `func` is not on the PATH. It comes with Azure Functions Core Tools")
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="the stand-ins for func and azurite are shell scripts")
def test_func_start_runs_beside_azurite_and_the_emulator_and_all_stop_together(tmp_path: Path) -> None:
    """Core Tools and Azurite are the outside world: stand-ins note how they are called and wait to be stopped."""
    for tool in ("func", "azurite"):
        script = tmp_path / tool
        script.write_text(
            f'#!/bin/sh\necho "$@" > "{tmp_path}/{tool}.called"\necho $$ > "{tmp_path}/{tool}.pid"\nexec sleep 60\n'
        )
        script.chmod(script.stat().st_mode | stat.S_IEXEC)
    settings = ROOT / "local.settings.json"
    made = not settings.exists()
    command = [sys.executable, str(ROOT / "dev.py"), "func", "--port", "7999"]
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_for_files(tmp_path / "func.pid", tmp_path / "azurite.pid")
        assert json.loads(settings.read_text())["IsEncrypted"] is False
        assert (tmp_path / "func.called").read_text() == "start --port 7999\n"
        assert "--skipApiVersionCheck" in (tmp_path / "azurite.called").read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        process.communicate()
        if made:
            settings.unlink()
    for tool in ("func", "azurite"):
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / f"{tool}.pid").read_text()), 0)


def wait_for_files(*files: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not all(file.exists() and file.read_text() for file in files):
        assert time.monotonic() < deadline, f"missing: {[file.name for file in files if not file.exists()]}"
        time.sleep(0.02)
