"""`python -m local_azure.webpubsub`: the service alone, for any application that uses Azure Web PubSub."""

from local_azure.interrupts import exit_at_interrupt, stop_at_signals

if __name__ == "__main__":
    exit_at_interrupt()

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from local_azure.command_line import program_name
from local_azure.faults import add_fault_option
from local_azure.garbage_collection import collect_seldom
from local_azure.identity_option import IdentityFailed, add_identity_options, serve_identity
from local_azure.listening import parse_port
from local_azure.log_lines import log_to_stderr
from local_azure.meter.options import MeterFailed, MeterOptions, add_meter_options, read_meter_options, report_run
from local_azure.meter.prices import InvalidPrice
from local_azure.webpubsub.faults import KINDS
from local_azure.webpubsub.service import Service, serve
from local_azure.webpubsub.settings import Settings, SettingsError
from local_azure.webpubsub.settings_file import followed_settings

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080
DEFAULT_SETTINGS_FILE = Path("webpubsub.json")


Observe = Callable[[Service], AbstractContextManager[None]]


def main(arguments: Sequence[str] | None = None, observe: Observe | None = None) -> int:
    """Run until interrupted; return the exit status: 0, 1 when the address is in use, 2 for invalid settings.

    While the service runs, the context that `observe` returns is open.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.identity and options.tls is None:
        parser.error("--identity needs --tls DIR: SDKs send no token over plain http")
    log_to_stderr(logging.DEBUG if options.verbose else logging.INFO)
    try:
        settings = load_settings(options.settings)
        if options.no_recorder:
            settings = replace(settings, recorder=replace(settings.recorder, enabled=False))
        host, port = _address(settings, options.host, options.port)
        meter = read_meter_options(options)
    except (SettingsError, InvalidPrice) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    try:
        asyncio.run(_run(settings, host, port, options, meter, observe or _observe_nothing))
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except (IdentityFailed, MeterFailed) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except OSError as error:
        print(f"error: cannot listen on {host}:{port}: {error.strerror or error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def load_settings(file: Path | None) -> Settings:
    """Return the settings of a file (default: `webpubsub.json` here, if it exists) and the environment.

    Raises `SettingsError`.
    """
    if file is None and not DEFAULT_SETTINGS_FILE.exists():
        return Settings.from_json({}, os.environ)
    file = file or DEFAULT_SETTINGS_FILE
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise SettingsError(f"{file} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise SettingsError(f"{file} must hold one JSON object")
    return Settings.from_json(document, os.environ)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program_name("local_azure.webpubsub"),
        description="Azure Web PubSub on this machine, for development and tests.",
    )
    parser.add_argument("--settings", type=Path, help="settings file (default: webpubsub.json, if it exists)")
    parser.add_argument("--host", help=f"address to listen on (default: {DEFAULT_HOST}, or Urls of the settings)")
    parser.add_argument("--port", type=parse_port, help=f"port; 0 takes a free one (default: {DEFAULT_PORT})")
    add_fault_option(parser, KINDS)
    add_identity_options(parser)
    add_meter_options(parser)
    parser.add_argument("--no-recorder", action="store_true", help="the inspector records only while its page is open")
    parser.add_argument("--verbose", action="store_true", help="log more")
    return parser


def _address(settings: Settings, host: str | None, port: int | None) -> tuple[str, int]:
    """Return the address to listen on: the command line overrides the settings' `Urls`."""
    try:
        url = urlsplit((settings.urls or "").partition(";")[0])
        configured = url.hostname, url.port
    except ValueError as error:
        raise SettingsError(f"Urls is not a URL: {error}") from None
    if settings.urls and (url.scheme != "http" or not configured[0]):
        raise SettingsError("Urls must be like http://127.0.0.1:8080; https is not offered")
    if port is None:
        port = configured[1] if configured[1] is not None else DEFAULT_PORT
    return host or configured[0] or DEFAULT_HOST, port


def _observe_nothing(_service: Service) -> AbstractContextManager[None]:
    return nullcontext()


async def _run(
    settings: Settings, host: str, port: int, options: argparse.Namespace, meter: MeterOptions, observe: Observe
) -> None:
    stopped = asyncio.Event()
    async with (
        serve_identity(options) as identity,
        serve(
            settings, host=host, port=port, tls=identity.tls, tokens=identity.tokens, own_token=identity.own_token
        ) as service,
    ):
        for fault in options.fault:
            service.faults.add(fault)
        stop_at_signals(stopped)
        print(f"Web PubSub listens on {service.endpoint}")  # noqa: T201
        print(f"Connection string: {service.connection_string}", flush=True)  # noqa: T201
        if service.has_inspector:
            print(f"Inspector, for a browser: {service.endpoint}/", flush=True)  # noqa: T201
        if notes := identity.write_variables({"WebPubSubConnectionString__serviceUri": service.endpoint}):
            print(notes, flush=True)  # noqa: T201
        service.observations.meter.prices = meter.prices
        file = options.settings or DEFAULT_SETTINGS_FILE
        async with followed_settings(file, partial(load_settings, options.settings), service):
            collect_seldom()
            with observe(service):
                await stopped.wait()
    if meter.is_wanted:
        print(report_run(service.observations.meter, meter), flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
