"""The console script `local-azure`: which command the first word names, and what is missing for it.

It imports nothing but the command that runs: processes of the app import this module again.
"""

import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from local_azure import __version__

PROGRAM = "local-azure"

SUBCOMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "webpubsub": "Azure Web PubSub alone",
        "tables": "Azure Table storage alone",
        "functions": "the Functions host alone, for an app's folder",
    }
)
"""What each subcommand serves; it is the package of that name, run as a module."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the subcommand that the first word names, else all services for an app; return the exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words == ["--version"]:
        print(f"{PROGRAM} {__version__}")  # noqa: T201
        return 0
    if words and words[0] in SUBCOMMANDS:
        return _run(f"local_azure.{words[0]}.__main__", words[1:])
    return _run("local_azure.__main__", words)


def program_name(module: str) -> str:
    """Return how a module's command was called: `local-azure tables`, or `python -m local_azure.tables`."""
    if Path(sys.argv[0]).stem == PROGRAM:
        return " ".join([PROGRAM, *module.split(".")[1:]])
    return f"python -m {module}"


def list_subcommands() -> str:
    """Return the sentence of the help that names the subcommands."""
    listed = "; ".join(f"{name} ({what})" for name, what in SUBCOMMANDS.items())
    return f"The first word may be a subcommand, which has options of its own: {listed}."


def _run(module: str, arguments: Sequence[str]) -> int:
    status: int = importlib.import_module(module).main(arguments)
    return status
