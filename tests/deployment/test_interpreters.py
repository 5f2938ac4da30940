"""Which Pythons the deployment package is tried with."""

import sys
from pathlib import Path

import pytest

from tests.deployment.interpreters import VERSIONS, find_interpreters
from tests.system_parts import needs_posix

RUNNING = "{}.{}".format(*sys.version_info)


def test_the_python_that_runs_the_tests_is_always_tried() -> None:
    assert RUNNING in find_interpreters()


@needs_posix("a POSIX shell, for the stand-ins for interpreters")
def test_a_python_that_does_not_run_or_is_another_one_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pyenv has them on the PATH for versions that are not chosen."""
    other = next(version for version in VERSIONS if version != RUNNING)
    shims = {f"python{other}": "echo 'not installed' >&2; exit 127", f"python{VERSIONS[-1]}": "echo 2.7"}
    for name, does in shims.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))

    assert tmp_path not in {python.parent for python in find_interpreters().values()}
