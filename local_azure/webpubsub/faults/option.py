"""The command-line option `--fault`, the same for every command that starts the service."""

import argparse

from local_azure.webpubsub.faults.grammar import FORMS, parse_fault
from local_azure.webpubsub.faults.rules import Fault, InvalidFault

HELP = (
    "inject a fault, may be repeated: "
    + ", ".join(f"'{form}'" for form in FORMS)
    + "; then any of hub= user= connection= event= operation= group=, and count=N or for=TIME (200ms, 10s, 2m)"
)


def add_fault_option(parser: argparse.ArgumentParser) -> None:
    """Add `--fault`; the parsed arguments then have `fault`, the list of faults to add at the start."""
    parser.add_argument("--fault", type=_fault, action="append", default=[], metavar="TEXT", help=HELP)


def _fault(text: str) -> Fault:
    try:
        return parse_fault(text)
    except InvalidFault as error:
        raise argparse.ArgumentTypeError(str(error)) from None
