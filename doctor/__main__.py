"""`python -m doctor`: find what is wrong with a chat, here or deployed, and name the fix.

Exit code: 0 all is well, 1 something is wrong, 2 the command itself is, 3 nothing is wrong but something could not be
told. No message is read and no secret is printed. Options are seen in the lists of processes: the function key and
the connection string may be given by DOCTOR_FUNCTION_KEY and DOCTOR_CONNECTION_STRING instead.
"""

import argparse
import io
import logging
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from doctor.concealment import Concealer
from doctor.examination import DEFAULT_PORTS, Options, examine
from doctor.folder.files import UnreadableFile, is_app_setting, read_app_settings, read_variables
from doctor.http import split_url
from doctor.report import EXIT_USAGE, exit_code, format_line, format_summary, to_json

FUNCTION_KEY_VARIABLE = "DOCTOR_FUNCTION_KEY"
CONNECTION_VARIABLE = "DOCTOR_CONNECTION_STRING"
MAX_TIMEOUT = 120
"""In seconds."""
_SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|CONNECTION", re.IGNORECASE)
PUBLIC_SETTINGS = frozenset(("WebPubSubHub",))
"""Each client's URL shows the hub: it is no secret, however long."""


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None) -> int:
    """Examine and report; return the exit code."""
    environment = os.environ if environment is None else environment
    parsed = _parser().parse_args(arguments)
    options = _options(parsed, environment)
    if problem := _usage_problem(options):
        print(f"doctor: {problem}", file=sys.stderr)
        return EXIT_USAGE
    if options.variables and environment is os.environ:
        _take_variables(options.variables)
    concealer = Concealer(secrets_of(options, environment))
    findings = []
    for finding in map(concealer.conceal_finding, examine(options, environment)):
        findings.append(finding)
        if not parsed.json:
            print(format_line(finding), flush=True)
    print(to_json(findings) if parsed.json else format_summary(findings))
    return exit_code(findings)


def _take_variables(file: Path) -> None:
    """Let this process call the services as the app does: variables name its identity and whom it trusts."""
    with suppress(UnreadableFile):  # `settings.file` says so
        os.environ.update(read_variables(file))


def _options(parsed: argparse.Namespace, environment: Mapping[str, str]) -> Options:
    return Options(
        folder=parsed.app,
        url=parsed.url.rstrip("/"),
        function_key=parsed.function_key or environment.get(FUNCTION_KEY_VARIABLE, ""),
        connection_string=parsed.connection_string or environment.get(CONNECTION_VARIABLE, ""),
        hub=parsed.hub,
        variables=parsed.settings,
        ports={"functions": parsed.port, "webpubsub": parsed.webpubsub_port, "tables": parsed.tables_port},
        timeout=parsed.timeout,
    )


def _usage_problem(options: Options) -> str:
    """Return what is wrong with the command; "" when nothing is. A connection string is never quoted."""
    if options.url:
        try:
            parts = split_url(options.url)
        except ValueError as problem:
            return f"--url: {problem}"
        if parts.query or parts.fragment:
            return "--url: give the address without ? and #; a key is given by --function-key"
    if options.hub and not (options.url or options.connection_string):
        return "--hub is for --url and --connection-string; on this machine the setting WebPubSubHub says it"
    if options.variables and (options.url or options.connection_string):
        return "--settings is for this machine, not for --url and --connection-string"
    if not options.folder.is_dir():
        return f"--app: there is no folder {options.folder}"
    if not 0 < options.timeout <= MAX_TIMEOUT:
        return f"--timeout is {options.timeout:g}, it must be over 0 and at most {MAX_TIMEOUT} seconds"
    return ""


def secrets_of(options: Options, environment: Mapping[str, str]) -> list[str]:
    """Return every value that may hold a secret: the options, all settings, and variables that are named like one."""
    try:
        settings = read_app_settings(options.folder, environment, options.variables)
        names, values = settings.own, settings.values
    except UnreadableFile:  # nothing of that file is shown
        names, values = frozenset(filter(is_app_setting, environment)), environment
    secret = {name for name in environment if _SECRET_NAME.search(name)} | (names - PUBLIC_SETTINGS)
    return [options.function_key, options.connection_string, *(values[name] for name in sorted(secret))]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dev.py doctor", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    return parser


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--url", default="", help="a running app: https://…, without a path (default: this machine)")
    parser.add_argument("--function-key", default="", metavar="KEY", help=f"its key; or {FUNCTION_KEY_VARIABLE}")
    parser.add_argument(
        "--connection-string", default="", metavar="TEXT", help=f"a Web PubSub service; or {CONNECTION_VARIABLE}"
    )
    parser.add_argument("--hub", default="", help="the hub of that service (default Sample_ChatApp)")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS", help="of each request (default 10)")
    parser.add_argument("--app", type=Path, default=Path(), metavar="DIR", help="the app's folder (default: this one)")
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="lines NAME=value in place of local.settings.json: the file that `run --identity` prints",
    )
    ports = {
        "--port": ("functions", "the app"),
        "--webpubsub-port": ("webpubsub", "Web PubSub"),
        "--tables-port": ("tables", "Table storage"),
    }
    for option, (name, service) in ports.items():
        text = f"port of {service} on this machine (default %(default)s)"
        parser.add_argument(option, type=int, default=DEFAULT_PORTS[name], help=text)


if __name__ == "__main__":
    # What libraries log (azure-identity the sign-ins that it tried) is no part of the report.
    logging.basicConfig(handlers=[logging.NullHandler()])
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a character shows `?`
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
