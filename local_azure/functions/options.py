"""The command-line options of the Functions host.

This module imports nothing large: a command starts the processes of the app before it imports the rest.
"""

import argparse
from dataclasses import dataclass, field
from pathlib import Path

from local_azure.functions.configuration.local_settings import read_local_settings
from local_azure.functions.errors import ConfigurationError
from local_azure.listening import parse_port

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
    instances: int = 1
    reload: bool = False
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instance:
    """One of several hosts of one app, behind a load balancer at `url` and `port`, which is the app's public address.

    Numbers start at 1. Durable work runs in the first instance alone.
    """

    number: int
    url: str
    port: int

    @property
    def runs_durable(self) -> bool:
        """Whether orchestrations, entities and activities run in this one."""
        return self.number == 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that both `python -m local_azure` and `python -m local_azure.functions` take."""
    parser.add_argument("--host", help=f"address to listen on (default {DEFAULT_ADDRESS})")
    parser.add_argument(
        "--port", type=parse_port, help=f"port of the Functions host (default {DEFAULT_PORT}, 0 for any)"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder of durable state, timers and keys (default: memory)"
    )
    parser.add_argument("--enable-auth", action="store_true", help="check access keys (they are in DIR/keys.json)")
    parser.add_argument("--cors", metavar="ORIGINS", help="allowed origins, joined by commas")
    parser.add_argument("--cors-credentials", action="store_true", help="allow credentials across origins")
    parser.add_argument(
        "--instances", type=parse_count, default=1, metavar="N", help="processes of the app behind one address"
    )
    parser.add_argument("--reload", action="store_true", help="restart the app when its files change")


def parse_count(text: str) -> int:
    """Return a number of instances. Raises ArgumentTypeError when it is not a whole number from 1 to 100."""
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 100, not {text!r}")
    return int(text)


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
        instances=arguments.instances,
        reload=arguments.reload,
    )
