"""The Pythons of this machine that the deployment package is tried with, and an environment for each.

Tried are those of `VERSIONS` that are installed, and always the one that runs the tests. No package registry brings an
interpreter, so a machine with one Python tries one.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

# What Flex Consumption offers for Python, from the oldest that the app runs on.
VERSIONS = ("3.11", "3.12", "3.13")
INSTALL_SECONDS = 240.0
REPORT = "import sys; print('%d.%d' % sys.version_info[:2])"
LIBRARY = "import sysconfig; print(sysconfig.get_path('stdlib'))"


@dataclass(frozen=True, slots=True)
class Environment:
    """A fresh virtual environment; `python` is its interpreter, `library` the folder of Python's own modules."""

    python: Path
    folder: Path
    library: Path


def find_interpreters() -> dict[str, Path]:
    """Return an interpreter for each version: the one that runs this, those on the PATH, those of pyenv and of uv."""
    # In an environment, the interpreter that it was made with.
    found = {"{}.{}".format(*sys.version_info): Path(getattr(sys, "_base_executable", sys.executable))}
    for version in VERSIONS:
        for candidate in _candidates(version):
            if version not in found and _version(candidate) == version:
                found[version] = candidate
    return dict(sorted(found.items(), key=lambda item: [int(part) for part in item[0].split(".")]))


def _candidates(version: str) -> Iterator[Path]:
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted((pyenv / "versions").glob(f"{version}.*/bin/python"))
    uv = [find_uv_bin(), "python", "find", "--no-python-downloads", "--no-project", version]
    known_to_uv = subprocess.run(uv, capture_output=True, text=True, check=False)
    if known_to_uv.returncode == 0:
        yield Path(known_to_uv.stdout.strip())


def _version(python: Path) -> str | None:
    """Return the interpreter's version, None when it does not run: a shim of pyenv may lead nowhere."""
    try:
        return _run(str(python), "-I", "-c", REPORT)
    except (OSError, AssertionError):
        return None


def create_environment(python: Path, folder: Path, requirements: Path) -> Environment:
    """Create an environment with the interpreter and install the requirements, and nothing else, into it."""
    _run(str(python), "-I", "-m", "venv", "--without-pip", str(folder))
    created = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    _run(find_uv_bin(), "pip", "install", "--python", str(created), "-r", str(requirements))
    library = Path(_run(str(created), "-I", "-c", LIBRARY))
    return Environment(created, folder, library.resolve())


def install_runtime(folder: Path, requirements: Path) -> Path:
    """Install the official worker runtime alone, without what it depends on, into a folder; return the folder.

    It is plain Python, the same for every version. uv asks for the Python that the runtime names as its oldest one.
    """
    install = ["pip", "install", "--no-deps", "--target", str(folder), "--python-version", "3.13"]
    _run(find_uv_bin(), *install, "-r", str(requirements))
    return folder


def check_environment(environment: Environment) -> str:
    """Return what does not fit together in the environment, "" when all does."""
    checked = subprocess.run(
        [find_uv_bin(), "pip", "check", "--python", str(environment.python)],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if checked.returncode == 0 else checked.stderr


def _run(*command: str) -> str:
    """Return what a command that must succeed prints."""
    ran = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    assert ran.returncode == 0, f"{' '.join(command)}\n{ran.stdout}{ran.stderr}"
    return ran.stdout.strip()
