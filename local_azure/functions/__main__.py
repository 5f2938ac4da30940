"""`python -m local_azure.functions APP_ROOT`: the Functions host alone, for any Python v2 app folder.

The app finds its Web PubSub service, or any other, in its settings; this command starts nothing else. It serves the app
in its own process, unless `--instances` or `--reload` needs others.
"""

from local_azure.interrupts import exit_at_interrupt

if __name__ == "__main__":
    exit_at_interrupt()

import argparse
import asyncio
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from local_azure import PROCESS_STARTED
from local_azure.command_line import program_name
from local_azure.extras import MissingExtra, require_extra
from local_azure.functions.console import print_error, print_startup, set_log_level
from local_azure.functions.errors import HostError
from local_azure.functions.instances.app_instances import AppInstances
from local_azure.functions.listener import listen
from local_azure.functions.options import HostOptions, add_arguments, parse_options
from local_azure.functions.process import finish_process, run_until_stopped
from local_azure.garbage_collection import collect_seldom
from local_azure.log_lines import log_to_stdout


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C; return 0, 1 when the port is in use or the settings cannot be used."""
    parser = argparse.ArgumentParser(prog=program_name("local_azure.functions"), description=__doc__)
    parser.add_argument("app_root", type=Path, nargs="?", default=Path(), help="the app's folder (default: this one)")
    add_arguments(parser)
    parsed = parser.parse_args(arguments)
    try:
        require_extra("functions", "the Functions host")
        if parsed.reload:
            require_extra("functions", "--reload")
        options = parse_options(parsed, parsed.app_root)
        listener = listen(options.host, options.port)
    except (HostError, MissingExtra) as error:
        print_error(f"error: {error}")
        return 1
    with listener:
        if options.instances == 1 and not options.reload:
            return finish_process(run_until_stopped(_serve_here(options, listener)))
        with AppInstances(options, listener) as instances:
            return finish_process(run_until_stopped(_serve_in_processes(instances)))


async def _serve_here(options: HostOptions, listener: socket.socket) -> None:
    from local_azure.functions.serving import serve_with_options, startup_text

    log_to_stdout()
    async with serve_with_options(options, listener) as host:
        seconds = time.time() - PROCESS_STARTED
        print_startup(startup_text(host), seconds, is_loaded=host.app.failure is None)
        set_log_level(host.log_level)
        collect_seldom()
        await asyncio.Event().wait()


async def _serve_in_processes(instances: AppInstances) -> None:
    log_to_stdout()
    await instances.run({}, PROCESS_STARTED)


if __name__ == "__main__":
    sys.exit(main())
