"""`python -m conformance`: the options, the run, and what is printed."""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from conformance.all_cases import WITHOUT_CASE, all_cases
from conformance.event_handler import EventHandler, serve_events
from conformance.hubs import settings_for
from conformance.registry import Case
from conformance.report import summary, table, write_results
from conformance.results import Result
from conformance.run import Limits, run_cases
from conformance.target import InvalidConnectionString, Target, parse_connection_string, read_statements

SLOWEST_SECONDS = 3600.0
PROBE_SECONDS = 5.0
INTERRUPTED = 130


class InvalidOption(Exception):
    """An option cannot be used; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases and print the table; return 0, 1 when something differs unexpectedly, 2 for a wrong option."""
    options = make_parser().parse_args(arguments)
    try:
        _check_handler_url(options.handler_url)
        if options.print_settings:
            if not options.handler_url:
                raise InvalidOption("--print-settings needs --handler-url")
            print(json.dumps(settings_for(options.hub, options.handler_url, options.target), indent=2))
            return 0
        return asyncio.run(_listen(options) if options.only_listen else _run(options))
    except (InvalidOption, InvalidConnectionString) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED


async def _listen(options: argparse.Namespace) -> int:
    """Answer the validation of event handlers until Ctrl-C: a hub of the cloud cannot be saved before."""
    if not options.handler_url:
        raise InvalidOption("--only-listen needs --handler-url")
    host, port = _listening(options)
    async with _served_events(options.handler_url, host, port):
        print(f"listens on http://{host}:{port} until Ctrl-C", flush=True)
        await asyncio.Event().wait()
    return 0


@asynccontextmanager
async def _served_events(url: str, host: str, port: int) -> AsyncIterator[EventHandler]:
    """Listen for events; raises `InvalidOption` when the address is not available."""
    async with AsyncExitStack() as stack:
        try:
            handler = await stack.enter_async_context(serve_events(url, host, port))
        except OSError as error:
            raise InvalidOption(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
        yield handler


async def _run(options: argparse.Namespace) -> int:
    target = _target(options)
    cases = _chosen(options.only)
    statements = read_statements(options.target)
    limits = Limits(options.at_a_time, SLOWEST_SECONDS if options.slow else Limits().patience_seconds)
    started = time.perf_counter()
    await _check_reachable(target)
    async with AsyncExitStack() as stack:
        handler = None
        if options.handler_url:
            events = _served_events(options.handler_url, *_listening(options))
            handler = await stack.enter_async_context(events)
        results = await run_cases(cases, target, statements, handler, limits)
    results = sorted([*results, *_without_case(options.only)], key=lambda result: result.number)
    about = {"target": options.target, "endpoint": target.endpoint, "hub": target.hub}
    about["date"] = time.strftime("%Y-%m-%d", time.gmtime())
    write_results(results, about, options.json, options.markdown)
    shown = results if options.verbose else [result for result in results if result.status != "pass"]
    print(table(shown))
    print(f"{summary(results)} (in {time.perf_counter() - started:.1f} s)")
    return 1 if any(result.status == "differs" for result in results) else 0


def _target(options: argparse.Namespace) -> Target:
    if not options.connection_string:
        raise InvalidOption("--connection-string is missing")
    endpoint, key = parse_connection_string(options.connection_string)
    return Target(
        endpoint.lower(), key, options.hub, options.wait, options.retention_seconds, options.handler_timeout_seconds
    )


def _chosen(only: Sequence[str]) -> list[Case]:
    cases = all_cases()
    unknown = [number for number in only if number not in cases and number not in WITHOUT_CASE]
    if unknown:
        raise InvalidOption(f"no behaviour has the number {', '.join(unknown)}")
    return [case for number, case in cases.items() if not only or number in only]


def _without_case(only: Sequence[str]) -> list[Result]:
    numbers = [number for number in WITHOUT_CASE if not only or number in only]
    return [Result(number, "no case", "not run", reason=WITHOUT_CASE[number]) for number in numbers]


async def _check_reachable(target: Target) -> None:
    """Raise `InvalidOption` when nothing answers at the endpoint: else every case would say so by itself."""
    timeout = aiohttp.ClientTimeout(total=PROBE_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http, http.head(f"{target.endpoint}/api/health"):
            return
    except (OSError, aiohttp.ClientError, TimeoutError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise InvalidOption(f"{target.endpoint} does not answer: {reason}") from error


def _check_handler_url(url: str | None) -> None:
    """Raise `InvalidOption` for what is no origin: the paths behind it tell the hubs apart."""
    parts = urlsplit(url or "")
    if url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query):
        raise InvalidOption(f"--handler-url is {url!r}; it must be like http://127.0.0.1:9797, without a path")


def _listening(options: argparse.Namespace) -> tuple[str, int]:
    """Return host and port for the event handler: those of `--listen`, else the port of its URL on this machine."""
    if options.listen:
        host, _, port = options.listen.rpartition(":")
        if not host or not port.isdecimal():
            raise InvalidOption(f"--listen is {options.listen!r}; it must be like 127.0.0.1:9797")
        return host, int(port)
    port = urlsplit(options.handler_url).port
    if port is None:
        raise InvalidOption("--handler-url has no port: --listen says where its requests arrive on this machine")
    return "127.0.0.1", port


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    parser = argparse.ArgumentParser(
        prog="conformance",
        description="Look whether a Web PubSub service does what is documented.",
        epilog="docs/local-azure/conformance.md has more.",
    )
    parser.add_argument("--connection-string", help="of the service to look at")
    parser.add_argument(
        "--target",
        choices=("local", "emulator", "cloud"),
        default="local",
        help="its kind: what is stated about it (default %(default)s)",
    )
    parser.add_argument(
        "--hub", default="conformance", help="the hub; others have names that begin with it (default %(default)s)"
    )
    parser.add_argument(
        "--handler-url", help="the address by which the target reaches this machine; without it no case sees events"
    )
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        help="where requests to that address arrive, for a tunnel (default: its port, on 127.0.0.1)",
    )
    parser.add_argument(
        "--print-settings",
        action="store_true",
        help="print the settings that the event handlers of the target need, and end",
    )
    parser.add_argument(
        "--only-listen",
        action="store_true",
        help="answer the validation of event handlers until Ctrl-C, and run nothing",
    )
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NUMBER", help="run these behaviours only, such as W-031"
    )
    parser.add_argument("--slow", action="store_true", help="run what waits for more than 10 seconds too")
    parser.add_argument(
        "--retention-seconds",
        type=float,
        default=30.0,
        metavar="S",
        help="how long the target keeps a lost reliable connection (default %(default)g)",
    )
    parser.add_argument(
        "--handler-timeout-seconds",
        type=float,
        default=100.0,
        metavar="S",
        help="how long the target waits for an event handler (default %(default)g)",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=10.0,
        metavar="S",
        help="how long a case waits for one thing (default %(default)g)",
    )
    parser.add_argument(
        "--at-a-time", type=int, default=16, metavar="N", help="how many cases run at a time (default %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the results as Markdown")
    parser.add_argument("--verbose", action="store_true", help="print what passes too")
    return parser


if __name__ == "__main__":
    # A shell that starts it in the background lets it ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
