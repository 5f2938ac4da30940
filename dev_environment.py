"""The environment that the commands of dev.py run in: `.venv` with its packages, and the npm packages of the tests.

What somebody else created is used as it is, or refused with a sentence; it is never cleared.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST_PYTHON = (3, 11)
RUN_REQUIREMENTS = ("requirements.txt", "local_azure/requirements.txt", "local_azure/requirements-functions.txt")
DEV_REQUIREMENTS = ("requirements-dev.txt",)
# The official worker runtime says Python >= 3.13 but works on 3.11 and 3.12 as well.
RUNTIME_REQUIREMENTS = "requirements-runtime.txt"
NODE_PROJECTS = ("tests/page", "tests/interop", "tests/azurite", "bench/peers/express")


class SetupError(Exception):
    """Something that a command needs is missing or unusable; the message says what, and how to correct it."""


@dataclass(frozen=True)
class Stamp:
    """What is known about an environment; stored in it as `installed.json`.

    `created` is true when dev.py created the environment: only then it may be cleared. `python` is the `sys.version`
    that its packages are for, "" while it is being created. `run` and `dev` are the digests of the requirements that
    are installed completely, or "".
    """

    created: bool
    python: str = ""
    run: str = ""
    dev: str = ""


@dataclass(frozen=True)
class Interpreter:
    """What the interpreter of an environment reports about itself; `version` is its `sys.version`."""

    version: str
    major_minor: tuple[int, int]
    has_pip: bool


def ensure_environment(root: Path = ROOT, *, for_tests: bool) -> Path:
    """Return the interpreter of the `.venv` in `root`, with all that the command needs installed.

    Creates `.venv` where there is none, and creates it anew when dev.py itself had created it with another Python. An
    environment that somebody else created is installed into and never cleared. Raises SetupError when `.venv` is
    nothing that can be used, or when the tools to create it or to install into it are missing.
    """
    venv = root / ".venv"
    stamp, interpreter = read_stamp(venv), read_interpreter(venv)
    is_current = interpreter is not None and interpreter.version == stamp.python == sys.version
    if may_clear(venv, stamp) and not is_current:
        create_environment(venv)
        stamp, interpreter = Stamp(created=True), read_interpreter(venv)
    install_requirements(root, usable_interpreter(venv, interpreter), stamp, for_tests=for_tests)
    return venv_python(venv)


def venv_python(venv: Path) -> Path:
    """Return the path of the environment's interpreter on this platform."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def read_interpreter(venv: Path) -> Interpreter | None:
    """Return what the environment's interpreter reports; None when it does not run or belongs to another folder."""
    report = (
        "import importlib.util, json, sys; print(json.dumps({'prefix': sys.prefix, 'version': sys.version, "
        "'major_minor': sys.version_info[:2], 'has_pip': importlib.util.find_spec('pip') is not None}))"
    )
    try:
        ran = subprocess.run([str(venv_python(venv)), "-I", "-c", report], capture_output=True, text=True, check=True)
        fields = json.loads(ran.stdout)
        # A link to a Python of the system is no environment: an install would change the system.
        if not venv.samefile(fields["prefix"]):
            return None
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    major, minor = fields["major_minor"]
    return Interpreter(fields["version"], (major, minor), fields["has_pip"])


def may_clear(venv: Path, stamp: Stamp) -> bool:
    """Return whether `.venv` holds nothing that somebody else made: it is absent, empty, or created by dev.py."""
    if venv.resolve() != venv.parent.resolve() / venv.name:
        return False  # A symbolic link or a junction: what it leads to may belong to another checkout.
    return not venv.exists() or (venv.is_dir() and (stamp.created or not any(venv.iterdir())))


def create_environment(venv: Path) -> None:
    """Create the environment with the Python that runs this file; what an earlier run left there is removed.

    Raises SetupError when this very Python is the one of `.venv`, or when it cannot create environments.
    """
    if venv.exists() and venv.samefile(sys.prefix):
        raise SetupError("`.venv` must be created anew, but its own Python runs dev.py: run `deactivate`, then repeat.")
    command = _creation_command(venv)
    print(f"Making .venv with Python {sys.version_info.major}.{sys.version_info.minor} …", flush=True)
    venv.mkdir(exist_ok=True)
    # The stamp comes first and stays: an environment that an interruption left incomplete is known as created here.
    write_stamp(venv, Stamp(created=True))
    _clear(venv)
    _call(command, venv.parent)


def _clear(venv: Path) -> None:
    """Remove everything but the stamp."""
    for entry in venv.iterdir():
        if entry == _stamp_file(venv):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _creation_command(venv: Path) -> list[str]:
    uv = shutil.which("uv")
    if uv:
        return [uv, "venv", "--quiet", "--allow-existing", "--seed", "--python", sys.executable, str(venv)]
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise SetupError(
                f"this Python has no '{module}' module, which creates environments. "
                "On Debian and Ubuntu: apt install python3-venv. Or put uv on the PATH."
            )
    return [sys.executable, "-m", "venv", str(venv)]


def usable_interpreter(venv: Path, interpreter: Interpreter | None) -> Interpreter:
    """Return the interpreter if the commands can run with it; raises SetupError when not."""
    remedy = "dev.py did not create it and leaves it alone: move it away, and dev.py creates its own."
    if interpreter is None:
        raise SetupError(f"{venv} is not a Python environment that runs on this machine; {remedy}")
    if interpreter.major_minor < OLDEST_PYTHON:
        found = interpreter.version.split()[0]
        raise SetupError(f"{venv} has Python {found}, but 3.11 or newer is needed; {remedy}")
    return interpreter


def install_requirements(root: Path, interpreter: Interpreter, stamp: Stamp, *, for_tests: bool) -> None:
    """Install what is not installed yet into the `.venv` in `root`, and record it there.

    Raises SetupError when there is neither pip nor uv, or when an installation fails.
    """
    venv = root / ".venv"
    run_digest = requirements_digest(RUN_REQUIREMENTS, root, interpreter.version)
    dev_files = (*RUN_REQUIREMENTS, *DEV_REQUIREMENTS, RUNTIME_REQUIREMENTS)
    dev_digest = requirements_digest(dev_files, root, interpreter.version)
    if stamp.dev == dev_digest or (not for_tests and stamp.run == run_digest):
        return
    # Until the installation is complete, nothing counts as installed.
    write_stamp(venv, replace(stamp, python=interpreter.version, run="", dev=""))
    files = DEV_REQUIREMENTS if for_tests else RUN_REQUIREMENTS
    print(f"Installing {', '.join(files)} into .venv …", flush=True)
    _install(root, files, has_pip=interpreter.has_pip)
    if for_tests:
        _install_runtime(root)
    installed = replace(stamp, python=interpreter.version, run=run_digest, dev=dev_digest if for_tests else "")
    write_stamp(venv, installed)


def requirements_digest(files: Sequence[str], root: Path = ROOT, python: str = sys.version) -> str:
    """Return a digest of the Python version and of the files' content: it changes when an installation is due."""
    digest = hashlib.sha256(python.encode())
    for name in files:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def _install(root: Path, files: Sequence[str], *, has_pip: bool) -> None:
    python = str(venv_python(root / ".venv"))
    requirements = [argument for name in files for argument in ("-r", str(root / name))]
    uv = shutil.which("uv")
    if uv:
        # The worker runtime is installed by pip.
        pip = [] if has_pip else ["pip"]
        _call([uv, "pip", "install", "--quiet", "--python", python, *requirements, *pip], root)
    elif has_pip:
        _call([*_pip_install(python), *requirements], root)
    else:
        raise SetupError(f"{root / '.venv'} has no pip: run `{python} -m ensurepip`, or put uv on the PATH.")


def _install_runtime(root: Path) -> None:
    pip_install = _pip_install(str(venv_python(root / ".venv")))
    _call([*pip_install, "--no-deps", "--ignore-requires-python", "-r", str(root / RUNTIME_REQUIREMENTS)], root)


def _pip_install(python: str) -> list[str]:
    return [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def _stamp_file(venv: Path) -> Path:
    return venv / "installed.json"


def read_stamp(venv: Path) -> Stamp:
    """Return what the environment's stamp says; without a readable stamp, dev.py did not create the environment."""
    try:
        fields = json.loads(_stamp_file(venv).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Stamp(created=False)
    if not isinstance(fields, dict):
        return Stamp(created=False)
    texts = {name: fields[name] for name in ("python", "run", "dev") if isinstance(fields.get(name), str)}
    # Version 1 had no field for its version, and was written only into environments that dev.py had created.
    created = fields.get("created") is True if "version" in fields else {"python", "run"} <= texts.keys()
    return Stamp(created, **texts)


def write_stamp(venv: Path, stamp: Stamp) -> None:
    """Store the stamp, completely or not at all; raises SetupError where that is not allowed."""
    file = _stamp_file(venv)
    try:
        new = file.with_suffix(".new")
        new.write_text(json.dumps({"version": 2, **asdict(stamp)}), encoding="utf-8")
        new.replace(file)
    except OSError as problem:
        raise SetupError(f"{file} cannot be written: {problem.strerror}.") from problem


# --- Node.js packages --------------------------------------------------------


def ensure_node_packages(root: Path = ROOT) -> None:
    """Install the npm packages that checks and tests use; say so when there is no npm.

    Raises SetupError when there is no npm with CI=true, and for a `node_modules` that somebody else installed, because
    `npm ci` would delete it.
    """
    npm = shutil.which("npm")
    if npm is None:
        if os.environ.get("CI") == "true":
            raise SetupError("npm is not on the PATH; with CI=true the JavaScript tests may not be left out.")
        print("npm is not on the PATH: tests that need Node.js packages are skipped.", flush=True)
        return
    for project in NODE_PROJECTS:
        lock, packages = root / project / "package-lock.json", root / project / "node_modules"
        stamp = root / project / ".node_modules_installed"
        if not lock.exists() or (stamp.exists() and packages.exists() and stamp.read_bytes() == lock.read_bytes()):
            continue
        # The earlier form of the stamp was a file in `node_modules` itself.
        if packages.exists() and not stamp.exists() and not (packages / ".installed").exists():
            raise SetupError(f"{packages} was not installed by dev.py: move it away, and dev.py installs its own.")
        print(f"Installing npm packages in {project} …", flush=True)
        # The stamp comes first, so that what an interruption leaves is known as ours; it is complete afterwards.
        stamp.write_bytes(b"")
        _call([npm, "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], lock.parent)
        stamp.write_bytes(lock.read_bytes())


def _call(command: Sequence[str], folder: Path) -> None:
    """Run a command that must succeed; raises SetupError when it does not."""
    result = subprocess.run(command, cwd=folder, check=False)
    if result.returncode:
        name = " ".join([Path(command[0]).name, *command[1:3]])
        raise SetupError(f"`{name}` ended with exit code {result.returncode}, see above.")
