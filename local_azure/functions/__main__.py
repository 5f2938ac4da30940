"""`python -m local_azure.functions APP_ROOT`: the Functions host alone, for any Python v2 app folder.

The app finds its Web PubSub service, or any other, in its settings; this command starts nothing else.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local_azure import PROCESS_STARTED
from local_azure.functions.cli import (
    HostOptions,
    add_arguments,
    finish_process,
    parse_options,
    run_host,
    run_until_stopped,
)
from local_azure.functions.console import log_to_console, print_error
from local_azure.functions.errors import HostError
from local_azure.functions.host import listen


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C; return 0, 1 when the port is in use or the settings cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m local_azure.functions", description=__doc__)
    parser.add_argument("app_root", type=Path, nargs="?", default=Path(), help="the app's folder (default: this one)")
    add_arguments(parser)
    parsed = parser.parse_args(arguments)
    try:
        options = parse_options(parsed, parsed.app_root)
    except HostError as error:
        print_error(f"error: {error}")
        return 1
    if not parsed.reload:
        # With --reload, the child process logs to the console itself.
        log_to_console()
    return finish_process(run_until_stopped(_run(options, reload=parsed.reload)))


async def _run(options: HostOptions, *, reload: bool) -> None:
    with listen(options.host, options.port) as listener:
        if reload:
            from local_azure.functions.reload import run_reloading

            await run_reloading(options, listener, PROCESS_STARTED)
        else:
            await run_host(options, listener, PROCESS_STARTED)


if __name__ == "__main__":
    sys.exit(main())
