"""Imports in `local_azure` go one way: between modules, between packages, and never from one service to another."""

import re
from pathlib import Path

import pytest

from tests.import_graph import find_cycle, members_of, read_import_graph

ROOT = Path(__file__).resolve().parents[2]
GRAPH = read_import_graph(ROOT, "local_azure")
PACKAGES = sorted(name for name in GRAPH if (ROOT / name.replace(".", "/") / "__init__.py").exists())
SERVICES = ["webpubsub", "tables", "functions"]


def test_no_module_imports_one_that_imports_it() -> None:
    assert find_cycle(GRAPH) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_members_of_a_package_do_not_import_each_other_in_a_circle(package: str) -> None:
    assert find_cycle(members_of(package, GRAPH)) == []


@pytest.mark.parametrize("package", [name for name in PACKAGES if name != "local_azure"])
def test_no_module_imports_the_package_that_holds_it(package: str) -> None:
    """The package's `__init__.py` offers what its members define, so it stands above them."""
    assert [name for name in GRAPH if name.startswith(f"{package}.") and package in GRAPH[name]] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_no_other_service(service: str) -> None:
    others = {f"local_azure.{other}" for other in SERVICES if other != service}

    assert members_of("local_azure", GRAPH)[f"local_azure.{service}"] & others == set()


# The rules of Table storage, with `store`, `operations`, `http_server.py` and `service.py` around them, and of streams.
PURE = ["authentication/*", "batch/*", "edm", "entities", "errors", "filters/*", "json_format", "messages", "names"]
PURE += ["queries", "resource_path", "timestamps", "writes"]
PURE = [f"tables/{name}" for name in PURE] + ["webpubsub/streams/rules"]


@pytest.mark.parametrize("name", PURE)
def test_a_module_of_rules_has_no_input_and_output(name: str) -> None:
    files = list((ROOT / "local_azure").glob(f"{name}.py"))
    sources = "".join(file.read_text(encoding="utf-8") for file in files)

    assert files
    assert re.findall(r"^\s*(?:import|from) (aiohttp|asyncio|os|sqlite3|time)\b", sources, re.MULTILINE) == []
