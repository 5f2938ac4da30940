"""Imports in `local_azure` point one way: between modules, between packages, and never from one service to another.

Every import statement counts: those inside functions and those under `TYPE_CHECKING` too, because a reader meets the
dependency all the same.
"""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "local_azure"

Graph = Mapping[str, set[str]]


def module_name(file: Path) -> str:
    """Return the dotted name of a file's module; a package's `__init__.py` has the name of the package."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(file): file for file in sorted((ROOT / PACKAGE).rglob("*.py"))}
PACKAGES = {name for name, file in FILES.items() if file.name == "__init__.py"}


def imported_modules(name: str, source: str) -> Iterator[str]:
    """Yield the modules of `local_azure` that a module's source names in its import statements."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = imported_base(name, node)
            # `from package import name` imports the module `package.name`, if there is one.
            targets = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in FILES else base for alias in node.names]
        else:
            continue
        yield from (target for target in targets if target in FILES)


def imported_base(name: str, node: ast.ImportFrom) -> str:
    """Return the absolute name of the module after `from`."""
    if node.level == 0:
        return node.module or ""
    package = name.split(".") if name in PACKAGES else name.split(".")[:-1]
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def import_graph() -> dict[str, set[str]]:
    """Return which modules each module imports."""
    sources = {name: file.read_text(encoding="utf-8") for name, file in FILES.items()}
    return {name: set(imported_modules(name, source)) - {name} for name, source in sources.items()}


def members_graph(package: str, graph: Graph) -> dict[str, set[str]]:
    """Return which members of a package import each other; a member is a module or a package with all in it.

    The package's own `__init__.py` is left out: it may import every member, and the module graph shows who imports it.
    """
    depth = len(package.split(".")) + 1
    members: dict[str, set[str]] = {}
    for name, imported in graph.items():
        if not name.startswith(f"{package}."):
            continue
        member = ".".join(name.split(".")[:depth])
        inside = (target for target in imported if target.startswith(f"{package}."))
        members.setdefault(member, set()).update(".".join(target.split(".")[:depth]) for target in inside)
    return {member: targets - {member} for member, targets in members.items()}


def cycle_in(graph: Graph) -> list[str]:
    """Return a cycle of the graph as a list of names, the first one repeated at the end; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


GRAPH = import_graph()


def test_no_module_imports_one_that_imports_it() -> None:
    assert cycle_in(GRAPH) == []


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_the_members_of_a_package_do_not_import_each_other_in_a_circle(package: str) -> None:
    assert cycle_in(members_graph(package, GRAPH)) == []


@pytest.mark.parametrize("package", sorted(PACKAGES - {PACKAGE}))
def test_no_module_imports_the_package_that_holds_it(package: str) -> None:
    """The package's `__init__.py` offers what its members define, so it stands above them."""
    upward = [name for name in GRAPH if name.startswith(f"{package}.") and package in GRAPH[name]]

    assert upward == []


@pytest.mark.parametrize(("service", "other"), [("webpubsub", "functions"), ("functions", "webpubsub")])
def test_the_services_do_not_import_each_other(service: str, other: str) -> None:
    forbidden = f"{PACKAGE}.{other}"

    wrong = [
        f"{name} imports {target}"
        for name, imported in GRAPH.items()
        for target in imported
        if name.startswith(f"{PACKAGE}.{service}") and (target == forbidden or target.startswith(f"{forbidden}."))
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("from local_azure import webpubsub", "local_azure.webpubsub"),
        ("import local_azure.webpubsub.hub", "local_azure.webpubsub.hub"),
        ("from local_azure.webpubsub.hub import Hub", "local_azure.webpubsub.hub"),
        ("from local_azure.webpubsub import Service, rest", "local_azure.webpubsub.rest"),
        ("from .hub import Hub", "local_azure.webpubsub.hub"),
        ("from . import hub", "local_azure.webpubsub.hub"),
        ("if TYPE_CHECKING:\n    from local_azure.webpubsub.hub import Hub", "local_azure.webpubsub.hub"),
        ("def use():\n    from local_azure.webpubsub.hub import Hub", "local_azure.webpubsub.hub"),
    ],
)
def test_the_graph_sees_every_form_of_import(statement: str, expected: str) -> None:
    assert expected in set(imported_modules("local_azure.webpubsub.service", statement))


def test_a_cycle_is_found_and_named() -> None:
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})[0] in {"a", "b", "c"}
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": set()}) == []
