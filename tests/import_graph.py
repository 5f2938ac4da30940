"""Which modules import which: read from the sources, so that tests can hold the directions of imports.

Every import statement counts, also one inside a function or under `TYPE_CHECKING`.
"""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

Graph = Mapping[str, set[str]]


def read_import_graph(root: Path, package: str) -> dict[str, set[str]]:
    """Return for each module of a package the modules of the package that it imports; names are dotted."""
    files = {module_name(file, root): file for file in sorted((root / package).rglob("*.py"))}
    return {
        name: set(imported_modules(name, file.read_text(encoding="utf-8"), files)) - {name}
        for name, file in files.items()
    }


def module_name(file: Path, root: Path) -> str:
    """Return the dotted name of a file's module; a package's `__init__.py` has the name of the package."""
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(name: str, source: str, modules: Mapping[str, Path]) -> Iterator[str]:
    """Yield the known modules that a module's source names in its import statements."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = imported_base(name, node, modules)
            # `from package import name` imports the module `package.name`, if there is one.
            targets = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in modules else base for alias in node.names]
        else:
            continue
        yield from (target for target in targets if target in modules)


def imported_base(name: str, node: ast.ImportFrom, modules: Mapping[str, Path]) -> str:
    """Return the absolute name of the module after `from`."""
    if node.level == 0:
        return node.module or ""
    is_package = modules[name].name == "__init__.py" if name in modules else False
    package = name.split(".") if is_package else name.split(".")[:-1]
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def members_of(package: str, graph: Graph) -> dict[str, set[str]]:
    """Return which members of a package import each other; a member is a module, or a package with all in it.

    The package's own `__init__.py` is left out: it may import every member.
    """
    depth = len(package.split(".")) + 1
    members: dict[str, set[str]] = {}
    for name, imported in graph.items():
        if name.startswith(f"{package}."):
            member = ".".join(name.split(".")[:depth])
            inside = {".".join(each.split(".")[:depth]) for each in imported if each.startswith(f"{package}.")}
            members.setdefault(member, set()).update(inside - {member})
    return members


def find_cycle(graph: Graph) -> list[str]:
    """Return a cycle of the graph, its first name repeated at the end; empty when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def count_levels(graph: Graph) -> int:
    """Return how many levels an acyclic graph has: the modules on the longest chain of imports."""
    levels: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        levels[name] = 1 + max((levels[target] for target in graph.get(name, ())), default=0)
    return max(levels.values(), default=0)
