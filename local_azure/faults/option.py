"""The command-line option `--fault`, the same for every command that starts a service."""

import argparse
from collections.abc import Sequence

from local_azure.faults.grammar import forms_of, parse_fault
from local_azure.faults.rules import Fault
from local_azure.faults.values import InvalidFault


def add_fault_option(parser: argparse.ArgumentParser, kinds: Sequence[type[Fault]]) -> None:
    """Add `--fault`; the parsed arguments then have `fault`, the list of faults of these kinds to add at the start."""

    def parse(text: str) -> Fault:
        try:
            return parse_fault(text, kinds)
        except InvalidFault as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    forms = ", ".join(f"'{form}'" for form in forms_of(kinds))
    scopes = " ".join(f"{scope}=" for scope in sorted({scope for kind in kinds for scope in kind.scopes}))
    text = (
        f"inject a fault, may be repeated: {forms}; then its scope ({scopes}), and count=N or for=TIME (200ms, 10s, 2m)"
    )
    parser.add_argument("--fault", type=parse, action="append", default=[], metavar="TEXT", help=text)
