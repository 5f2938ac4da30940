"""`python -m local_azure`: Azure Web PubSub, Table storage and the Functions host in one command, wired together.

The services run in this process, the app in one of its own: their interpreters work at the same time, and an app that
ends takes no connection with it. The app's process is started before anything else is imported, because that takes most
of the time until it is ready.
"""

from local_azure.interrupts import exit_at_interrupt

if __name__ == "__main__":
    exit_at_interrupt()

import argparse
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from local_azure.command_line import list_subcommands, program_name
from local_azure.command_line import main as run_command
from local_azure.extras import MissingExtra, require_extra
from local_azure.functions.console import print_error
from local_azure.functions.errors import ConfigurationError, HostError
from local_azure.functions.instances.app_instances import AppInstances
from local_azure.functions.listener import listen, port_of
from local_azure.functions.options import HostOptions, add_arguments, parse_options
from local_azure.functions.process import finish_process, run_until_stopped
from local_azure.listening import parse_port
from local_azure.meter.options import add_meter_options, read_meter_options

if TYPE_CHECKING:
    from local_azure.certificates import TlsFiles

WEBPUBSUB_PORT = 8080
TABLES_PORT = 10002
AUTHORITY_PORT = 8090


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve all until Ctrl-C; return 0, 1 when a port is in use or settings cannot be used."""
    parsed = _parser().parse_args(arguments)
    try:
        require_extra("functions", "the Functions host")
        if parsed.reload:
            require_extra("functions", "--reload")
        options = parse_options(parsed, parsed.app)
        # The app's process must be able to trust the certificates from its start.
        with (
            _certificates(parsed, options) as tls,
            listen(options.host, options.port) as listener,
            AppInstances(options, listener) as instances,
        ):
            serving = _serve(parsed, options, port_of(listener), instances, tls)
            return finish_process(run_until_stopped(serving))
    except (HostError, MissingExtra) as error:
        print_error(f"error: {error}")
        return 1


def _certificates(parsed: argparse.Namespace, options: HostOptions) -> "AbstractContextManager[TlsFiles | None]":
    if not parsed.tls and not parsed.identity:
        return nullcontext()
    # Imported here, because most starts need no certificates.
    from local_azure.identity_connections import trusted_certificates

    return trusted_certificates(options.data, options.host)


async def _serve(
    parsed: argparse.Namespace,
    options: HostOptions,
    port: int,
    instances: AppInstances,
    tls: "TlsFiles | None",
) -> None:
    # Imported here, while the app's processes start.
    from local_azure.identity_connections import IdentityOptions
    from local_azure.services import ServiceOptions, run_services

    identity = None
    if parsed.identity:
        identity = IdentityOptions(parsed.identity, parsed.identities, parsed.authority_port)
    from local_azure.meter.prices import InvalidPrice

    try:
        meter = read_meter_options(parsed)
    except InvalidPrice as error:
        raise ConfigurationError(str(error)) from error
    services = ServiceOptions(
        app_root=options.app_root,
        host=options.host,
        functions_port=port,
        webpubsub_port=parsed.webpubsub_port,
        tables_port=parsed.tables_port,
        data=options.data,
        webpubsub_settings=parsed.webpubsub_settings,
        faults=parsed.fault,
        app_settings=parsed.setting,
        tls=tls,
        identity=identity,
        meter=meter,
        record=parsed.record,
        has_recorder=not parsed.no_recorder,
    )
    await run_services(services, instances)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program_name("local_azure"),
        description="Serve a Function App's folder, and Azure Web PubSub and Table storage for it.",
        epilog=list_subcommands(),
    )
    parser.add_argument("--app", type=Path, default=Path(), metavar="DIR", help="the app's folder (default: this one)")
    add_arguments(parser)
    parser.add_argument(
        "--webpubsub-port",
        type=parse_port,
        default=WEBPUBSUB_PORT,
        help="port of Web PubSub (default %(default)s, 0 for any)",
    )
    parser.add_argument(
        "--webpubsub-settings",
        type=Path,
        metavar="FILE",
        help="hubs and event handlers (default: webpubsub.json in the app's folder)",
    )
    parser.add_argument(
        "--tables-port",
        type=parse_port,
        default=TABLES_PORT,
        help="port of Table storage (default %(default)s, 0 for any)",
    )
    parser.add_argument(
        "--fault",
        type=_parse_fault,
        action="append",
        default=[],
        metavar="TEXT",
        help="inject a fault, may be repeated: 'delay webhook 200ms event=message count=3' (local_azure/README.md)",
    )
    parser.add_argument("--no-recorder", action="store_true", help="the inspector records only while its page is open")
    _add_identity_arguments(parser)
    add_meter_options(parser)
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="record frames, events and REST calls (docs/local-azure/recording.md)",
    )
    return parser


def _add_identity_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tls", action="store_true", help="serve Web PubSub and Table storage by https (certificates in DIR/tls)"
    )
    parser.add_argument(
        "--identity",
        nargs="?",
        choices=("system", "user"),
        const="system",
        help="no keys: the app and Web PubSub call each other with managed identities, the app with a system-assigned "
        "one (default) or a user-assigned one; with --tls, and a local authority",
    )
    parser.add_argument("--identities", type=Path, metavar="FILE", help="the tenant's identities (default: fixed ones)")
    parser.add_argument(
        "--authority-port",
        type=parse_port,
        default=AUTHORITY_PORT,
        help="port of the authority (default %(default)s, 0 for any)",
    )
    parser.add_argument(
        "--setting",
        type=_parse_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the app, may be repeated; with --identity {authority}, {tenant}, {web-pubsub-client-id} and "
        "{web-pubsub-object-id} stand for what they say",
    )


def _parse_setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, not {text[:64]!r}")
    return name, value


def _parse_fault(text: str) -> object:
    # Imported here, because a start without faults should not wait for the import.
    from local_azure.faults import InvalidFault, parse_fault
    from local_azure.tables.faults import KINDS as STORAGE_FAULTS
    from local_azure.webpubsub.faults import KINDS as WEBPUBSUB_FAULTS

    try:
        return parse_fault(text, (*WEBPUBSUB_FAULTS, *STORAGE_FAULTS))
    except InvalidFault as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(run_command())
