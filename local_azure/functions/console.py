"""The output of a host process that is not a log line, and the level of its log."""

import logging
import sys

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


# What the Python worker takes for true in a setting, in any case.
_TRUE = frozenset({"1", "true", "t", "yes", "y"})


def limit_log_level(name: str, debug_setting: str) -> str:
    """Return host.json's level, but not below Information where PYTHON_ENABLE_DEBUG_LOGGING is not true.

    The worker then drops what an app logs at the level DEBUG before the host sees it.
    """
    if LEVELS.get(name.lower()) == logging.DEBUG and debug_setting.strip().lower() not in _TRUE:
        return "Information"
    return name


def print_line(text: str) -> None:
    """Write a line to standard output, without a time."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def print_error(text: str) -> None:
    """Write a line to standard error: why the process cannot go on."""
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def print_startup(text: str, seconds: float, *, is_loaded: bool) -> None:
    """Print what the host says of its settings and functions, and how long the start took."""
    state = "Ready" if is_loaded else "The app did not load: see above. The host is up"
    print_line(f"{text}\n{state} after {seconds:.2f} s. Ctrl-C stops.")


def set_log_level(name: str) -> None:
    """Set the level to host.json's `logging.logLevel.default`; an unknown name changes nothing."""
    root = logging.getLogger()
    root.setLevel(LEVELS.get(name.lower(), root.level))
