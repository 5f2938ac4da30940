"""`python -m local_azure.tables`: the table storage alone, for any application that uses Azure Table storage."""

from local_azure.interrupts import exit_at_interrupt, stop_at_signals

if __name__ == "__main__":
    exit_at_interrupt()

import argparse
import asyncio
import errno
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from local_azure.command_line import program_name
from local_azure.faults import Fault, add_fault_option
from local_azure.garbage_collection import collect_seldom
from local_azure.listening import parse_port
from local_azure.log_lines import log_to_stderr
from local_azure.tables.faults import KINDS
from local_azure.tables.service import serve
from local_azure.tables.settings import Settings
from local_azure.tables.store import StoreError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 10002


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until interrupted; return the exit status: 0, 1 when the address is taken, 2 for unusable data."""
    options = _parser().parse_args(arguments)
    log_to_stderr(logging.DEBUG if options.verbose else logging.INFO)
    try:
        asyncio.run(_run(Settings(data=options.data), options.host, options.port, options.fault))
    except StoreError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except OSError as error:
        print(f"error: {_address_problem(options.host, options.port, error)}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _address_problem(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken, perhaps by another storage emulator; choose another with --port"
    return f"cannot listen on {host}:{port}: {error.strerror or error}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program_name("local_azure.tables"),
        description="Azure Table storage on this machine, for development and tests.",
    )
    parser.add_argument("--host", default=DEFAULT_HOST, help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=parse_port, default=DEFAULT_PORT, help="port; 0 takes a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--data", type=Path, metavar="FILE_OR_DIR", help="folder or .sqlite3 file of the data (default: memory)"
    )
    add_fault_option(parser, KINDS)
    parser.add_argument("--verbose", action="store_true", help="log every call")
    return parser


async def _run(settings: Settings, host: str, port: int, faults: Sequence[Fault]) -> None:
    stopped = asyncio.Event()
    async with serve(settings, host=host, port=port) as service:
        for fault in faults:
            service.faults.add(fault)
        stop_at_signals(stopped)
        print(f"Table storage listens on {service.endpoint}")  # noqa: T201
        print(f"Connection string: {service.connection_string}", flush=True)  # noqa: T201
        collect_seldom()
        await stopped.wait()


if __name__ == "__main__":
    sys.exit(main())
