#!/usr/bin/env python3
"""The one entry point for people: run, test, check, bench, screenshots, func.

Needs only a stock Python 3.11 or newer. It keeps an environment in `.venv`, installs into it when the requirements
changed, and then hands over to the tools inside. `python3 dev.py --help` lists the commands.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
OLDEST_PYTHON = (3, 11)
DEFAULT_PORT = 7071
DEFAULT_WEBPUBSUB_PORT = 8080

RUN_REQUIREMENTS = ("requirements.txt", "local_azure/requirements.txt")
DEV_REQUIREMENTS = ("requirements-dev.txt",)
# The official worker runtime says Python >= 3.13 but works on 3.11 and 3.12 as well.
RUNTIME_REQUIREMENTS = "requirements-runtime.txt"
# Where webpubsub.json says which address the hub's events go to, in the form that the environment overrides it.
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


class Refusal(Exception):
    """Something outside this repository is missing; the message says what and how to get it."""


# --- the environment ---------------------------------------------------------


def venv_python(venv: Path = VENV) -> Path:
    """Return the path of the environment's interpreter on this platform."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def requirements_digest(files: Sequence[str], root: Path = ROOT) -> str:
    """Return a digest of the interpreter's version and these files' content: it changes when an install is due."""
    digest = hashlib.sha256(sys.version.encode())
    for name in files:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def ensure_environment(*, for_tests: bool) -> Path:
    """Make `.venv` and install into it what is missing; return its interpreter.

    Raises Refusal when venv or pip is missing and no `uv` is there to stand in.
    """
    run_digest = requirements_digest(RUN_REQUIREMENTS)
    dev_digest = requirements_digest((*RUN_REQUIREMENTS, *DEV_REQUIREMENTS, RUNTIME_REQUIREMENTS))
    installed = _read_stamp()
    if venv_python().exists() and installed.get("python") == sys.version:
        if installed.get("dev") == dev_digest or (not for_tests and installed.get("run") == run_digest):
            return venv_python()
    else:
        _make_venv()
        installed = {}
    files = DEV_REQUIREMENTS if for_tests else RUN_REQUIREMENTS
    print(f"Installing {', '.join(files)} into .venv …", flush=True)
    _install([argument for name in files for argument in ("-r", str(ROOT / name))])
    installed |= {"python": sys.version, "run": run_digest}
    if for_tests:
        _install_runtime()
        installed["dev"] = dev_digest
    _stamp_file().write_text(json.dumps(installed))
    return venv_python()


def _stamp_file() -> Path:
    return VENV / "installed.json"


def _read_stamp() -> dict[str, str]:
    try:
        stamp = json.loads(_stamp_file().read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _make_venv() -> None:
    print(f"Making .venv with Python {sys.version_info.major}.{sys.version_info.minor} …", flush=True)
    uv = shutil.which("uv")
    if uv:
        _call([uv, "venv", "--quiet", "--clear", "--seed", "--python", sys.executable, str(VENV)])
        return
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as missing:
        raise Refusal(
            f"this Python has no '{missing.name}' module, which makes environments. "
            "On Debian and Ubuntu: apt install python3-venv. Or put uv on the PATH."
        ) from missing
    _call([sys.executable, "-m", "venv", "--clear", str(VENV)])


def _install(arguments: Sequence[str]) -> None:
    uv = shutil.which("uv")
    if uv:
        _call([uv, "pip", "install", "--quiet", "--python", str(venv_python()), *arguments])
    else:
        _call([*_pip(), *arguments])


def _install_runtime() -> None:
    _call([*_pip(), "--no-deps", "--ignore-requires-python", "-r", str(ROOT / RUNTIME_REQUIREMENTS)])


def _pip() -> list[str]:
    return [str(venv_python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def ensure_node_packages() -> None:
    """Install the npm packages that tests use; say so when there is no npm (with CI=true that is an error)."""
    npm = shutil.which("npm")
    if npm is None:
        if os.environ.get("CI") == "true":
            raise Refusal("npm is not on the PATH; with CI=true the JavaScript tests may not be left out.")
        print("npm is not on the PATH: tests that need Node.js packages are skipped.", flush=True)
        return
    for project in NODE_PROJECTS:
        lock = ROOT / project / "package-lock.json"
        stamp = ROOT / project / "node_modules" / ".installed"
        if not lock.exists() or (stamp.exists() and stamp.read_bytes() == lock.read_bytes()):
            continue
        print(f"Installing npm packages in {project} …", flush=True)
        _call([npm, "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=lock.parent)
        stamp.write_bytes(lock.read_bytes())


def _call(command: Sequence[str], cwd: Path = ROOT) -> None:
    result = subprocess.run(command, cwd=cwd, check=False)
    if result.returncode:
        raise Refusal(f"`{Path(command[0]).name} {command[1]}` ended with exit code {result.returncode}, see above.")


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
    return _hand_over(command)


def test(arguments: argparse.Namespace) -> int:
    """Run every test, or those that the pytest arguments choose."""
    python = ensure_environment(for_tests=True)
    ensure_node_packages()
    return _hand_over([str(python), "-m", "pytest", "-n", "auto", "--dist", "loadfile", *arguments.rest])


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
    return _hand_over([str(python), "-m", "bench", *arguments.rest])


def screenshots(arguments: argparse.Namespace) -> int:
    """Take pictures of the page into `screenshots/`."""
    python = ensure_environment(for_tests=True)
    return _hand_over([str(python), "-m", "tests.e2e.screenshots", *arguments.rest])


def func(arguments: argparse.Namespace) -> int:
    """Serve the app under the real `func start`, with the emulator as Web PubSub and Azurite as storage."""
    tools = {
        "func": "Azure Functions Core Tools (npm install -g azure-functions-core-tools@4)",
        "azurite": "Azurite (npm install -g azurite)",
    }
    for tool, source in tools.items():
        if shutil.which(tool) is None:
            raise Refusal(f"`{tool}` is not on the PATH. It comes with {source}.")
    python = ensure_environment(for_tests=False)
    settings = ROOT / "local.settings.json"
    if not settings.exists():
        shutil.copy(ROOT / "local.settings.json.example", settings)
        print(
            "Made local.settings.json from local.settings.json.example: func start reads nothing else.",
            flush=True,
        )
    azurite_data = ROOT / ".local" / "azurite"
    azurite_data.mkdir(parents=True, exist_ok=True)
    # Core Tools takes the interpreter of the active environment.
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV)}
    environment["PATH"] = os.pathsep.join([str(python.parent), environment.get("PATH", "")])
    handler = {HANDLER_SETTING: f"http://localhost:{arguments.port}/eventhandler/{{event}}"}
    webpubsub = [str(python), "-m", "local_azure.webpubsub", "--settings", str(ROOT / "webpubsub.json")]
    webpubsub += ["--port", str(arguments.webpubsub_port)]
    azurite = ["azurite", "--silent", "--skipApiVersionCheck", "--location", str(azurite_data)]
    with ExitStack() as companions:
        companions.enter_context(_companion(webpubsub, {**os.environ, **handler}))
        companions.enter_context(_companion(azurite))
        return _wait(_start(["func", "start", "--port", str(arguments.port)], environment | _connection(arguments)))


def _connection(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the connection string where local.settings.json names the default port and another one is used."""
    if arguments.webpubsub_port == DEFAULT_WEBPUBSUB_PORT or "WebPubSubConnectionString" in os.environ:
        return {}
    example = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]["WebPubSubConnectionString"]
    return {"WebPubSubConnectionString": example.replace(str(DEFAULT_WEBPUBSUB_PORT), str(arguments.webpubsub_port))}


# --- processes ---------------------------------------------------------------


def _hand_over(command: list[str]) -> int:
    """Become the command where the platform can, so that signals reach it; else run it and return its exit code."""
    os.chdir(ROOT)
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(command[0], command)
    return _wait(_start(command))


def _start(command: Sequence[str], environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    program = shutil.which(command[0]) or command[0]
    return subprocess.Popen([program, *command[1:]], cwd=ROOT, env=environment)


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for a child that gets Ctrl-C from the terminal as we do, and pass SIGTERM on to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    return process.wait()


@contextmanager
def _companion(command: Sequence[str], environment: dict[str, str] | None = None) -> Iterator[None]:
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
    fault = (
        "make something go wrong, may be repeated: 'delay webhook 200ms event=message count=3' (local_azure/README.md)"
    )
    runs.add_argument("--fault", action="append", default=[], metavar="TEXT", help=fault)

    commands.add_parser("test", help="run every test; further arguments go to pytest")
    commands.add_parser("check", help="ruff and mypy --strict; prettier, eslint and tsc for the page")
    commands.add_parser("bench", help="the measurements, as a table; further arguments choose some")
    commands.add_parser("screenshots", help="pictures of the page into screenshots/")
    funcs = commands.add_parser("func", help="the same app under the real `func start`, with the emulator and Azurite")
    for serving in (runs, funcs):
        serving.add_argument("--port", type=int, default=DEFAULT_PORT, help="the app's port (default %(default)s)")
        serving.add_argument(
            "--webpubsub-port", type=int, default=DEFAULT_WEBPUBSUB_PORT, help="Web PubSub's port (default %(default)s)"
        )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code (2 when something outside the repository is missing)."""
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(str(part) for part in sys.version_info[:3])
        print(f"Python 3.11 or newer is needed, this is {found}.", file=sys.stderr)
        return 2
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
    except Refusal as refusal:
        print(f"dev.py: {refusal}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
