"""The package `local-azure`, built and installed into empty environments, and how programs run there."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from local_azure import __version__

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "local_azure"
NAME = f"local_azure-{__version__}"
SECONDS = 60


@dataclass(frozen=True, slots=True)
class Package:
    """The distributions, and two environments: `core` has the wheel alone, `complete` with its extra `all`."""

    sdist: Path
    wheel: Path
    core: Path
    complete: Path


def build_package(folder: Path) -> Package:
    """Build the distributions and the environments in a folder; the wheel is made of the source distribution."""
    run(find_uv_bin(), "build", "--quiet", "--out-dir", folder / "dist", SOURCE)
    wheel = folder / "dist" / f"{NAME}-py3-none-any.whl"
    tools = [f"{name}=={version(name)}" for name in ("pytest", "pytest-xdist")]
    return Package(
        folder / "dist" / f"{NAME}.tar.gz",
        wheel,
        _create_environment(folder / "core", wheel, *tools),
        _create_environment(folder / "complete", f"{wheel}[all]"),
    )


def _create_environment(folder: Path, *requirements: str | Path) -> Path:
    """Install the requirements, and nothing else, into a new environment; return the folder of its programs."""
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    run(find_uv_bin(), "pip", "install", "--quiet", "--python", programs / "python", *requirements)
    return programs


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed."""
    ran = attempt(*command, **options)
    assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
    return ran


def attempt(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command, whatever its exit status."""
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, **options)


@contextmanager
def started(*command: str | Path, until: str, **options: Any) -> Iterator[list[str]]:
    """Run a server in the block; yield the lines that it prints until one matches. It must end cleanly on Ctrl-C."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **options) as process:
        try:
            assert process.stdout
            lines = []
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                if re.search(until, line):
                    break
            else:
                pytest.fail(f"the server ended before it was ready: {lines}")
            yield lines
            if os.name == "posix":  # Windows cannot press Ctrl-C for one process alone
                process.send_signal(signal.SIGINT)
                assert process.wait(timeout=SECONDS) == 0
        finally:
            process.kill()


def clean_environment(**variables: str) -> dict[str, str]:
    """Return this process's variables without those that let another Python find this repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))} | variables
