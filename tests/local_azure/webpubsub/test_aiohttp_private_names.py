"""The private names of aiohttp that the service uses: each is listed with what breaks without it.

`local_azure/requirements.txt` limits aiohttp to the minor version with which this was tried.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "local_azure" / "webpubsub"

PRIVATE_NAMES = {
    "_post_start": (
        web.WebSocketResponse,
        "aiohttp calls it when the handshake is answered. Without it nothing requires a client to mask its frames: "
        "a client that works here is closed with 1002 in the cloud.",
    ),
    "_message_tail": (
        RequestHandler,
        "It holds the bytes that came with the handshake. Without it the check of the first frame's mask could begin "
        "in the middle of a frame, and close a correct client with 1002.",
    ),
    "_payload_parser": (
        RequestHandler,
        "The protocol gives received bytes to it. Without it the check of the mask cannot see the first frame.",
    ),
}


def private_names_in(source: str) -> Iterator[str]:
    """Yield the private attributes that a module uses of objects other than its own classes' `self` and `cls`."""
    tree = ast.parse(source)
    own = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_own(node.value)}
    own |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not _is_own(node.value):
            is_private = node.attr.startswith("_") and not node.attr.startswith("__")
            if is_private and (node.attr not in own or node.attr in PRIVATE_NAMES):
                yield node.attr


def _is_own(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


@pytest.mark.parametrize("name", PRIVATE_NAMES)
def test_aiohttp_still_has_the_private_name(name: str) -> None:
    owner, consequence = PRIVATE_NAMES[name]

    assert hasattr(owner, name), f"aiohttp has no {owner.__name__}.{name} any more. {consequence}"


def test_every_private_name_that_is_used_is_listed() -> None:
    files = [file for file in PACKAGE.rglob("*.py") if not file.name.endswith("_pb2.py")]

    used = {name for file in files for name in private_names_in(file.read_text(encoding="utf-8"))}

    assert used == set(PRIVATE_NAMES)


def test_aiohttp_is_limited_to_the_minor_version_of_the_tests() -> None:
    requirements = (ROOT / "local_azure" / "requirements.txt").read_text()
    limits = re.search(r"^aiohttp>=3\.(\d+)\.\d+,<3\.(\d+)$", requirements, re.MULTILINE)
    major, minor = map(int, aiohttp.__version__.split(".")[:2])

    assert limits
    assert (major, int(limits[1]), int(limits[2])) == (3, minor, minor + 1)
