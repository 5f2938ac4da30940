"""Run the host as a process: command-line options, signals, output and exit code."""

import argparse
import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from local_azure.functions.configuration.local_settings import read_local_settings, split_origins
from local_azure.functions.console import print_error, print_line, set_log_level
from local_azure.functions.errors import ConfigurationError, HostError
from local_azure.functions.host import RunningHost, serve
from local_azure.functions.http_server.access_keys import load_or_create_keys
from local_azure.functions.http_server.cors import Cors

DEFAULT_ADDRESS = "127.0.0.1"
DEFAULT_PORT = 7071


@dataclass(frozen=True, slots=True)
class HostOptions:
    """The options of the Functions host; they can be pickled for a child process."""

    app_root: Path
    host: str = DEFAULT_ADDRESS
    port: int = DEFAULT_PORT
    data: Path | None = None
    enable_auth: bool = False
    cors: str | None = None
    cors_credentials: bool = False
    settings: dict[str, str] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that both `python -m local_azure` and `python -m local_azure.functions` take."""
    parser.add_argument("--host", help=f"address to listen on (default {DEFAULT_ADDRESS})")
    parser.add_argument("--port", type=int, help=f"port of the Functions host (default {DEFAULT_PORT}, 0 for any)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of durable state and keys (default: memory)")
    parser.add_argument("--enable-auth", action="store_true", help="check access keys (they are in DIR/keys.json)")
    parser.add_argument("--cors", metavar="ORIGINS", help="allowed origins, joined by commas")
    parser.add_argument("--cors-credentials", action="store_true", help="allow credentials across origins")
    parser.add_argument("--reload", action="store_true", help="restart the Functions host when the app's files change")


def parse_options(arguments: argparse.Namespace, app_root: Path) -> HostOptions:
    """Return the options; what the command line does not say comes from `Host` in local.settings.json.

    Raises ConfigurationError when the options contradict each other, or local.settings.json cannot be used.
    """
    if arguments.enable_auth and arguments.data is None:
        raise ConfigurationError("--enable-auth needs --data DIR, where the keys are kept")
    if not app_root.is_dir():
        raise ConfigurationError(f"there is no folder {app_root}")
    local = read_local_settings(app_root)
    return HostOptions(
        app_root=app_root.resolve(),
        host=arguments.host or local.address or DEFAULT_ADDRESS,
        port=arguments.port if arguments.port is not None else (local.port or DEFAULT_PORT),
        data=arguments.data.resolve() if arguments.data else None,
        enable_auth=arguments.enable_auth,
        cors=arguments.cors,
        cors_credentials=arguments.cors_credentials,
    )


async def run_host(options: HostOptions, listener: socket.socket, started: float) -> None:
    """Serve the app and print its functions and the time since `started` (Unix time); runs until it is cancelled."""
    # As under `func start`, the app's folder is the working directory.
    os.chdir(options.app_root)
    local = read_local_settings(options.app_root)
    origins = split_origins(options.cors) if options.cors is not None else local.cors_origins
    async with serve(
        options.app_root,
        settings=options.settings,
        data=options.data,
        keys=load_or_create_keys(options.data) if options.enable_auth and options.data else None,
        cors=Cors(origins, options.cors_credentials or local.cors_credentials),
        listener=listener,
    ) as host:
        print_startup(host, started)
        await asyncio.Event().wait()


def print_startup(host: RunningHost, started: float) -> None:
    """Print the notes about settings, the functions and the time since `started`; set host.json's log level."""
    for note in host.notes:
        print_line(note)
    print_line(host.startup_banner())
    state = "The app did not load: see above. The host is up" if host.app.failure else "Ready"
    print_line(f"{state} after {time.time() - started:.2f} s. Ctrl-C stops.")
    set_log_level(host.log_level)


def run_until_stopped(work: Coroutine[Any, Any, None]) -> int:
    """Run the coroutine until it ends or the process is told to stop (Ctrl-C, SIGTERM); return the exit code.

    A HostError (bad settings, a port in use) is one line on standard error and the code 1.
    """

    async def main() -> None:
        cancel_on_signals()
        await work

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        return 0
    except HostError as error:
        print_error(f"error: {error}")
        return 1
    return 0


def cancel_on_signals() -> None:
    """Cancel the current task at the first Ctrl-C or SIGTERM; end the process at the second."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    assert task is not None
    is_stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal is_stopping
        if is_stopping:
            os._exit(128 + number)
        is_stopping = True
        loop.call_soon_threadsafe(task.cancel)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def finish_process(code: int) -> int:
    """Return the exit code, or end the process at once when a thread of a function still runs.

    The interpreter would wait for that thread, and it may never end.
    """
    threads = [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    if threads:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
