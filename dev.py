#!/usr/bin/env python3
"""The commands of this repository: run, test, check, bench, screenshots, func.

Needs only the standard library of Python 3.11 or newer. Keeps an environment in `.venv`, installs into it when the
requirements changed, and starts the tools in it. `python3 dev.py --help` lists the commands.
"""

import sys

OLDEST_PYTHON = (3, 11)
# Comes before the other imports, and the file has no syntax that Python 3.6 cannot parse: there, this sentence appears
# and not a SyntaxError or an ImportError.
# ruff: noqa: E402
if sys.version_info < OLDEST_PYTHON:
    print(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}.", file=sys.stderr)
    sys.exit(2)

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent
DEFAULT_PORT = 7071
DEFAULT_WEBPUBSUB_PORT = 8080

RUN_REQUIREMENTS = ("requirements.txt", "local_azure/requirements.txt")
DEV_REQUIREMENTS = ("requirements-dev.txt",)
# The official worker runtime says Python >= 3.13 but works on 3.11 and 3.12 as well.
RUNTIME_REQUIREMENTS = "requirements-runtime.txt"
# The environment variable that overrides the event handler's address in webpubsub.json.
HANDLER_SETTING = "WebPubSub__Hubs__Sample_ChatApp__EventHandlers__0__UrlTemplate"
NODE_PROJECTS = ("tests/page", "tests/interop")

# What `check` runs in this folder. A Node.js program is named by its own file, which is the same on every platform.
PYTHON_CHECKS = {
    "ruff (lint)": "ruff check .",
    "ruff (format)": "ruff format --check .",
    "mypy": "mypy",
}
NODE_TOOLS = "tests/page/node_modules"
PAGE_CHECKS = {
    "prettier": f"{NODE_TOOLS}/prettier/bin/prettier.cjs --check --log-level warn static tests/page",
    "eslint": f"{NODE_TOOLS}/eslint/bin/eslint.js --config tests/page/eslint.config.js static tests/page",
    "tsc (static/client, strict)": f"{NODE_TOOLS}/typescript/bin/tsc --project tests/page/tsconfig.json",
    "tsc (static)": f"{NODE_TOOLS}/typescript/bin/tsc --project tests/page/tsconfig.view.json",
}


class SetupError(Exception):
    """Something that a command needs is missing or unusable; the message says what, and how to correct it."""


# --- the environment ---------------------------------------------------------


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


def ensure_node_packages() -> None:
    """Install the npm packages that tests use; say so when there is no npm (with CI=true that is an error)."""
    npm = shutil.which("npm")
    if npm is None:
        if os.environ.get("CI") == "true":
            raise SetupError("npm is not on the PATH; with CI=true the JavaScript tests may not be left out.")
        print("npm is not on the PATH: tests that need Node.js packages are skipped.", flush=True)
        return
    for project in NODE_PROJECTS:
        lock = ROOT / project / "package-lock.json"
        stamp = ROOT / project / "node_modules" / ".installed"
        if not lock.exists() or (stamp.exists() and stamp.read_bytes() == lock.read_bytes()):
            continue
        print(f"Installing npm packages in {project} …", flush=True)
        _call([npm, "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], lock.parent)
        stamp.write_bytes(lock.read_bytes())


def _call(command: Sequence[str], folder: Path) -> None:
    """Run a command that must succeed; raises SetupError when it does not."""
    result = subprocess.run(command, cwd=folder, check=False)
    if result.returncode:
        name = " ".join([Path(command[0]).name, *command[1:3]])
        raise SetupError(f"`{name}` ended with exit code {result.returncode}, see above.")


# --- the commands ------------------------------------------------------------


def run(arguments: argparse.Namespace) -> int:
    """Serve the Function App of this folder and the embedded Web PubSub service until Ctrl-C."""
    python = ensure_environment(for_tests=False)
    command = [str(python), "-m", "local_azure", "--app", str(ROOT), "--host", arguments.host]
    command += ["--port", str(arguments.port), "--webpubsub-port", str(arguments.webpubsub_port)]
    command += ["--data", str(arguments.data)]
    if arguments.reload:
        command.append("--reload")
    for fault in arguments.fault:
        command += ["--fault", fault]
    return _replace_process(command)


def test(arguments: argparse.Namespace) -> int:
    """Run every test, or those that the pytest arguments choose."""
    python = ensure_environment(for_tests=True)
    ensure_node_packages()
    return _replace_process([str(python), "-m", "pytest", "-n", "auto", "--dist", "loadfile", *arguments.rest])


def check(arguments: argparse.Namespace) -> int:
    """Lint, compare the format, and check the types: of Python, then of the page where there is Node.js."""
    python = str(ensure_environment(for_tests=True))
    failures = _run_checks([python, "-m"], PYTHON_CHECKS)
    ensure_node_packages()
    if shutil.which("npm"):
        failures += _run_checks(["node"], PAGE_CHECKS)
    else:
        print("The page's JavaScript, CSS and HTML are not checked.", flush=True)
    if failures:
        print(f"Failed: {', '.join(failures)}", flush=True)
    return 1 if failures else 0


def _run_checks(program: list[str], checks: Mapping[str, str]) -> list[str]:
    """Run the checks one after the other; return the names of those that failed."""
    failures = []
    for name, arguments in checks.items():
        print(f"Checking with {name} …", flush=True)
        if subprocess.run([*program, *arguments.split()], cwd=ROOT, check=False).returncode:
            failures.append(name)
    return failures


def bench(arguments: argparse.Namespace) -> int:
    """Run the measurements of `bench/`, or the named ones."""
    python = ensure_environment(for_tests=True)
    return _replace_process([str(python), "-m", "bench", *arguments.rest])


def screenshots(arguments: argparse.Namespace) -> int:
    """Take pictures of the page into `screenshots/`."""
    python = ensure_environment(for_tests=True)
    return _replace_process([str(python), "-m", "tests.e2e.screenshots", *arguments.rest])


def func(arguments: argparse.Namespace) -> int:
    """Serve the app under the real `func start`, with the local Web PubSub service, and Azurite as storage."""
    _require_func_tools()
    python = ensure_environment(for_tests=False)
    _ensure_local_settings()
    azurite_data = ROOT / ".local" / "azurite"
    azurite_data.mkdir(parents=True, exist_ok=True)
    webpubsub = [str(python), "-m", "local_azure.webpubsub", "--settings", str(ROOT / "webpubsub.json")]
    webpubsub += ["--port", str(arguments.webpubsub_port)]
    azurite = ["azurite", "--silent", "--skipApiVersionCheck", "--location", str(azurite_data)]
    handler = {HANDLER_SETTING: f"http://localhost:{arguments.port}/eventhandler/{{event}}"}
    # Core Tools takes the interpreter of the active environment.
    active = {"VIRTUAL_ENV": str(python.parents[1])}
    active["PATH"] = os.pathsep.join([str(python.parent), os.environ.get("PATH", "")])
    with ExitStack() as background:
        background.enter_context(_background_process(webpubsub, {**os.environ, **handler}))
        background.enter_context(_background_process(azurite))
        settings = {**os.environ, **active, **_connection_setting(arguments)}
        return _wait(_start(["func", "start", "--port", str(arguments.port)], settings))


def _require_func_tools() -> None:
    tools = {
        "func": "Azure Functions Core Tools (npm install -g azure-functions-core-tools@4)",
        "azurite": "Azurite (npm install -g azurite)",
    }
    for tool, source in tools.items():
        if shutil.which(tool) is None:
            raise SetupError(f"`{tool}` is not on the PATH. It comes with {source}.")


def _ensure_local_settings() -> None:
    settings, example = ROOT / "local.settings.json", ROOT / "local.settings.json.example"
    if not settings.exists():
        shutil.copy(example, settings)
        print(f"Made {settings.name} from {example.name}: func start reads nothing else.", flush=True)


def _connection_setting(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the connection string for a port other than the one in local.settings.json; {} for that one."""
    if arguments.webpubsub_port == DEFAULT_WEBPUBSUB_PORT or "WebPubSubConnectionString" in os.environ:
        return {}
    example = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]["WebPubSubConnectionString"]
    return {"WebPubSubConnectionString": example.replace(str(DEFAULT_WEBPUBSUB_PORT), str(arguments.webpubsub_port))}


# --- processes ---------------------------------------------------------------


def _replace_process(command: list[str]) -> int:
    """Run the command in `ROOT` in place of this process, so that signals reach it.

    Where the platform cannot replace a process: wait for the command and return its exit code.
    """
    os.chdir(ROOT)
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(command[0], command)
    return _wait(_start(command))


def _start(command: Sequence[str], environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    program = shutil.which(command[0]) or command[0]
    return subprocess.Popen([program, *command[1:]], cwd=ROOT, env=environment)


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Return the child's exit code. Ctrl-C reaches it from the terminal; SIGTERM is passed on to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    return process.wait()


@contextmanager
def _background_process(command: Sequence[str], environment: dict[str, str] | None = None) -> Iterator[None]:
    """Run the command for as long as the context is open."""
    process = _start(command, environment)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    runs = commands.add_parser("run", help="serve the chat at http://localhost:7071/ (nothing but Python needed)")
    runs.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    runs.add_argument("--data", type=Path, default=ROOT / ".local", help="folder of the durable state (default .local)")
    runs.add_argument("--reload", action="store_true", help="restart the app when its files change")
    fault = "inject a fault, may be repeated: 'delay webhook 200ms event=message count=3' (local_azure/README.md)"
    runs.add_argument("--fault", action="append", default=[], metavar="TEXT", help=fault)

    commands.add_parser("test", help="run every test; further arguments go to pytest")
    commands.add_parser("check", help="ruff and mypy --strict; prettier, eslint and tsc for the page")
    commands.add_parser("bench", help="the measurements, as a table; further arguments choose some")
    commands.add_parser("screenshots", help="pictures of the page into screenshots/")
    funcs = commands.add_parser("func", help="the same app under the real `func start`, with Azurite as storage")
    for serving in (runs, funcs):
        serving.add_argument("--port", type=int, default=DEFAULT_PORT, help="the app's port (default %(default)s)")
        serving.add_argument(
            "--webpubsub-port", type=int, default=DEFAULT_WEBPUBSUB_PORT, help="Web PubSub's port (default %(default)s)"
        )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code (2 when something that it needs is missing or unusable)."""
    parsed, rest = _parser().parse_known_args(arguments)
    commands = {
        "run": run,
        "test": test,
        "check": check,
        "bench": bench,
        "screenshots": screenshots,
        "func": func,
    }
    if rest and parsed.command not in ("test", "bench", "screenshots"):
        _parser().error(f"{parsed.command} does not take {' '.join(rest)}")
    parsed.rest = rest
    try:
        return commands[parsed.command](parsed)
    except SetupError as problem:
        print(f"dev.py: {problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
