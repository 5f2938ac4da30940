#!/usr/bin/env python3
"""The commands of this repository: run, test, check, bench, cost, doctor, screenshots, install, func.

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
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dev_environment import ROOT, SetupError, ensure_environment, ensure_node_packages

DEFAULT_PORT = 7071
DEFAULT_WEBPUBSUB_PORT = 8080
DEFAULT_TABLES_PORT = 10002
DEFAULT_AUTHORITY_PORT = 8090

# The environment variable that overrides the event handler's address in webpubsub.json.
HANDLER_SETTING = "WebPubSub__Hubs__Sample_ChatApp__EventHandlers__0__UrlTemplate"

# How the chat verifies events of a Web PubSub that has a managed identity; local Azure fills in what is in braces.
IDENTITY_SETTINGS = {
    "ChatWebhookTrust": "identity",
    "ChatWebhookTenant": "{tenant}",
    "ChatWebhookAudience": "https://webpubsub.azure.com",
    "ChatWebhookIdentity": "{web-pubsub-object-id}",
    "ChatWebhookAuthority": "{authority}",
}

# What the tests start again and again.
STARTED_BY_TESTS = ("bench", "chat", "cost", "doctor", "local_azure")

# What `check` runs in this folder. A Node.js program is named by its own file, which is the same on every platform.
PYTHON_CHECKS = {
    "ruff (lint)": "ruff check .",
    "ruff (format)": "ruff format --check .",
    "mypy": "mypy",
}
NODE_TOOLS = "tests/page/node_modules"
# The chat's page, the inspector's page, and the tests that are written in JavaScript.
JAVASCRIPT_FOLDERS = "static local_azure/webpubsub/inspector/page tests/page tests/interop/programs bench/peers/express"
PAGE_CHECKS = {
    "prettier": f"{NODE_TOOLS}/prettier/bin/prettier.cjs --check --log-level warn {JAVASCRIPT_FOLDERS}",
    "eslint": (
        f"{NODE_TOOLS}/eslint/bin/eslint.js --max-warnings 0 --config tests/page/eslint.config.js {JAVASCRIPT_FOLDERS}"
    ),
    "tsc (static/client, strict)": f"{NODE_TOOLS}/typescript/bin/tsc --project tests/page/tsconfig.json",
    "tsc (static)": f"{NODE_TOOLS}/typescript/bin/tsc --project tests/page/tsconfig.view.json",
}


def run(arguments: argparse.Namespace) -> int:
    """Serve the Function App of this folder, with local Web PubSub and Table storage, until Ctrl-C."""
    python = ensure_environment(for_tests=False)
    command = [str(python), "-m", "local_azure", "--app", str(ROOT), "--host", arguments.host]
    command += ["--port", str(arguments.port), "--webpubsub-port", str(arguments.webpubsub_port)]
    command += ["--tables-port", str(arguments.tables_port), "--data", str(arguments.data)]
    command += ["--instances", str(arguments.instances)]
    if arguments.reload:
        command.append("--reload")
    if arguments.identity:
        command += ["--identity", arguments.identity, "--authority-port", str(arguments.authority_port)]
        for name, value in IDENTITY_SETTINGS.items():
            command += ["--setting", f"{name}={value}"]
    elif arguments.tls:
        command.append("--tls")
    for fault in arguments.fault:
        command += ["--fault", fault]
    if arguments.record:
        command += ["--record", arguments.record]
    if arguments.meter is not None:
        command.append(f"--meter={arguments.meter}" if arguments.meter else "--meter")
    return _replace_process(command)


def test(arguments: argparse.Namespace) -> int:
    """Run every test, or those that the pytest arguments choose."""
    python = ensure_environment(for_tests=True)
    ensure_node_packages()
    # Compiled once, the hundreds of processes that the tests start do not compile it again where Python may not write.
    folders = [folder for folder in STARTED_BY_TESTS if (ROOT / folder).is_dir()]
    subprocess.run([str(python), "-m", "compileall", "-q", *folders], cwd=ROOT, check=False)
    # One process more than there are processors: a browser test waits as long as it works.
    processes = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadfile", "--no-loadscope-reorder"]
    return _replace_process([str(python), "-m", "pytest", *processes, *arguments.rest])


def check(arguments: argparse.Namespace) -> int:
    """Lint, compare the format, and check the types: of Python and, where there is Node.js, of JavaScript beside it."""
    python = str(ensure_environment(for_tests=True))
    with ThreadPoolExecutor(1) as beside:
        python_failures = beside.submit(_run_checks, [python, "-m"], PYTHON_CHECKS)
        ensure_node_packages()
        if shutil.which("npm"):
            page_failures = _run_checks(["node"], PAGE_CHECKS)
        else:
            page_failures = []
            print("JavaScript, CSS and HTML are not checked.", flush=True)
        failures = python_failures.result() + page_failures
    if failures:
        print(f"Failed: {', '.join(failures)}", flush=True)
    return 1 if failures else 0


def _run_checks(program: list[str], checks: Mapping[str, str]) -> list[str]:
    """Run the checks one after the other, and print what each has said when it ends; return those that failed."""
    environment = os.environ | ({"FORCE_COLOR": "1"} if sys.stdout.isatty() else {})
    failures = []
    for name, arguments in checks.items():
        result = subprocess.run(
            [*program, *arguments.split()],
            cwd=ROOT,
            env=environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said = result.stdout.decode(errors="replace")
        if result.returncode:
            said += f"{name} failed.\n"  # at once: an error may end the command before its summary
            failures.append(name)
        print(f"Checked with {name}\n{said}", end="", flush=True)
    return failures


def bench(arguments: argparse.Namespace) -> int:
    """Run the measurements of `bench/`, or the named ones."""
    python = ensure_environment(for_tests=True)
    ensure_node_packages()
    return _replace_process([str(python), "-m", "bench", *arguments.rest])


def cost(arguments: argparse.Namespace) -> int:
    """Estimate what the chat takes of Azure and costs; needs no environment."""
    return _replace_process([sys.executable, "-m", "cost", *arguments.rest])


def screenshots(arguments: argparse.Namespace) -> int:
    """Take pictures of the page into `screenshots/`."""
    python = ensure_environment(for_tests=True)
    return _replace_process([str(python), "-m", "tests.e2e.screenshots", *arguments.rest])


def install(arguments: argparse.Namespace) -> int:
    """Install everything that tests, checks and the debugger need; quick when nothing changed."""
    ensure_environment(for_tests=True)
    ensure_node_packages()
    return 0


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


def doctor(arguments: argparse.Namespace) -> int:
    """Find what is wrong with the chat on this machine, or with the one that the arguments name."""
    python = ensure_environment(for_tests=False)
    return _replace_process([str(python), "-m", "doctor", *arguments.rest])


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
    runs.add_argument(
        "--tables-port", type=int, default=DEFAULT_TABLES_PORT, help="Table storage's port (default %(default)s)"
    )
    runs.add_argument("--instances", type=int, default=1, metavar="N", help="processes of the app (default 1)")
    runs.add_argument("--reload", action="store_true", help="restart the app when its files change")
    runs.add_argument("--tls", action="store_true", help="serve Web PubSub and Table storage by https")
    runs.add_argument(
        "--identity",
        nargs="?",
        choices=("system", "user"),
        const="system",
        help="no keys: everything is called with managed identities, of a local authority (local_azure/README.md)",
    )
    runs.add_argument(
        "--authority-port", type=int, default=DEFAULT_AUTHORITY_PORT, help="the authority's port (default %(default)s)"
    )
    fault = "inject a fault, may be repeated: 'delay webhook 200ms event=message count=3' (local_azure/README.md)"
    runs.add_argument("--fault", action="append", default=[], metavar="TEXT", help=fault)
    runs.add_argument(
        "--meter", nargs="?", const="", metavar="FILE", help="say at the end what it would cost, and write it as JSON"
    )
    runs.add_argument("--record", metavar="FILE", help="record frames, events and REST calls into a file")

    commands.add_parser("test", help="run every test; further arguments go to pytest")
    commands.add_parser("check", help="ruff and mypy --strict; prettier, eslint and tsc for JavaScript")
    commands.add_parser("bench", help="the measurements, as a table; further arguments choose some")
    commands.add_parser("cost", help="what a chat costs on Azure a month, and which limit comes first", add_help=False)
    commands.add_parser("screenshots", help="pictures of the page into screenshots/")
    commands.add_parser("install", help="only install what tests, checks and the debugger need")
    funcs = commands.add_parser("func", help="the same app under the real `func start`, with Azurite as storage")
    # Its options, `--help` among them, are its own.
    commands.add_parser("doctor", add_help=False, help="say what is wrong with a chat, here or deployed, and the fix")
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
        "cost": cost,
        "screenshots": screenshots,
        "install": install,
        "func": func,
        "doctor": doctor,
    }
    if rest and parsed.command not in ("test", "bench", "cost", "doctor", "screenshots"):
        _parser().error(f"{parsed.command} does not take {' '.join(rest)}")
    parsed.rest = rest
    try:
        return commands[parsed.command](parsed)
    except SetupError as problem:
        print(f"dev.py: {problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
