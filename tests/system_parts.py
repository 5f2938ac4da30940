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


def node_path() -> str:
    """Return the path of Node.js; without it the test is skipped, or fails where CI=true."""
    return shutil.which("node") or miss("Node.js 20 or newer")
