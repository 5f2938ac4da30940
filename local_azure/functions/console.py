"""The output of a host process: plain lines, and log lines with their time; never a key or a token."""

import logging
import sys

from local_azure.log_lines import FieldFormatter

# .NET's names, as host.json uses them.
LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 1,
}


def print_line(text: str) -> None:
    """Write a line to standard output, without a time."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def print_error(text: str) -> None:
    """Write a line to standard error: why the process cannot go on."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def log_to_console() -> None:
    """Send this process's log records, the app's among them, to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(FieldFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # This logger writes several lines for every call of an Azure SDK, with all headers.
    logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)


def set_log_level(name: str) -> None:
    """Set the level to host.json's `logging.logLevel.default`; an unknown name changes nothing."""
    logging.getLogger().setLevel(LEVELS.get(name.lower(), logging.getLogger().level))
