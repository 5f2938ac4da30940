"""The console script `local-azure`: which command the first word names, and what is missing for it.

It imports nothing but the command that runs: processes of the app import this module again.
"""

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from local_azure import __version__
from local_azure.interrupts import exit_at_interrupt, raise_at_interrupt

PROGRAM = "local-azure"


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A package with a command: `package` can be run as a module, `purpose` is for the help.

    `words` are what the command of the package is given before its own arguments.
    """

    package: str
    purpose: str
    words: tuple[str, ...] = ()


SUBCOMMANDS: Mapping[str, Subcommand] = MappingProxyType(
    {
        "webpubsub": Subcommand("local_azure.webpubsub", "Azure Web PubSub alone"),
        "tables": Subcommand("local_azure.tables", "Azure Table storage alone"),
        "functions": Subcommand("local_azure.functions", "the Functions host alone, for an app's folder"),
        "record": Subcommand(
            "local_azure.recording", "Web PubSub that records a conversation into a file", ("record",)
        ),
        "replay": Subcommand("local_azure.recording", "play a recording again and compare", ("replay",)),
        "compare": Subcommand("local_azure.recording", "compare two recordings", ("compare",)),
    }
)


# Commands that set a handler for Ctrl-C once they have started. The others rely on KeyboardInterrupt on Windows.
SET_HANDLERS = frozenset({"local_azure", "local_azure.functions", "local_azure.tables", "local_azure.webpubsub"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the subcommand that the first word names, else all services for an app; return the exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    has_own_process = arguments is None
    if words == ["--version"]:
        print(f"{PROGRAM} {__version__}")  # noqa: T201
        return 0
    package = "local_azure"
    if words and words[0] in SUBCOMMANDS:
        command = SUBCOMMANDS[words.pop(0)]
        package, words = command.package, [*command.words, *words]
    if has_own_process:
        prepare = exit_at_interrupt if package in SET_HANDLERS else raise_at_interrupt
        prepare()
    return _run(package, words)


def program_name(package: str) -> str:
    """Return how a package's command was called: `local-azure tables`, or `python -m local_azure.tables`."""
    if Path(sys.argv[0]).stem != PROGRAM:
        return f"python -m {package}"
    return " ".join([PROGRAM, *(name for name, command in SUBCOMMANDS.items() if command.package == package)])


def list_subcommands() -> str:
    """Return the sentence of the help that names the subcommands."""
    listed = "; ".join(f"{name} ({command.purpose})" for name, command in SUBCOMMANDS.items())
    return f"The first word may be a subcommand, which has options of its own: {listed}."


def _run(package: str, arguments: Sequence[str]) -> int:
    status: int = importlib.import_module(f"{package}.__main__").main(arguments)
    return status
