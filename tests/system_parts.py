"""What a test needs of the machine and no package of Python brings."""

import os
import shutil
from typing import NoReturn

import pytest


def miss(part: str) -> NoReturn:
    """Skip the test because the machine lacks a part of the system; fail it where CI=true."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing on this machine: {part}")
    pytest.skip(f"missing on this machine: {part}")


def needs(part: str, *, is_there: bool) -> pytest.MarkDecorator:
    """Return the mark of a test that is skipped where the machine lacks a part; where CI=true it runs all the same."""
    may_skip = os.environ.get("CI") != "true"
    return pytest.mark.skipif(may_skip and not is_there, reason=f"missing on this machine: {part}")


def needs_posix(part: str) -> pytest.MarkDecorator:
    """Return `needs` for what only POSIX systems have."""
    return needs(part, is_there=os.name == "posix")


def node_path() -> str:
    """Return the path of Node.js; without it the test is skipped, or fails where CI=true."""
    return shutil.which("node") or miss("Node.js 20 or newer")
