"""What runs after a deployment has the standard library only; the rest of the doctor is for a machine with the app."""

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.import_graph import find_cycle, read_import_graph

ROOT = Path(__file__).resolve().parents[2]
GRAPH = read_import_graph(ROOT, "doctor")
HOOKS = sorted((ROOT / "infra" / "hooks").glob("*.py"))


def reachable(names: set[str]) -> set[str]:
    """Return the modules, and all that they import of the package."""
    found: set[str] = set()
    while names:
        found |= names
        names = {target for name in names for target in GRAPH[name]} - found
    return found


def imports_of(source: str) -> set[str]:
    """Return the first part of each import of a source."""
    nodes = list(ast.walk(ast.parse(source)))
    plain = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module.split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


USED = reachable({name for hook in HOOKS for name in re.findall(r"from (doctor\.\w+) import", hook.read_text())})


@pytest.mark.parametrize("name", sorted(USED))
def test_what_the_hook_uses_needs_only_the_standard_library(name: str) -> None:
    source = (ROOT / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8")

    assert imports_of(source) - sys.stdlib_module_names == {"doctor"} & imports_of(source)


def test_the_hook_uses_the_probes() -> None:
    assert {"doctor.webhook", "doctor.round_trip", "doctor.health", "doctor.http"} <= USED


def test_no_module_of_the_doctor_imports_one_that_imports_it() -> None:
    assert find_cycle(GRAPH) == []
