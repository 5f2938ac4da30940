"""The parts of local Azure that need packages which a plain installation does not bring.

The same parts are the extras of pyproject.toml.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

PACKAGES: Mapping[str, Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "functions": {
            "the Functions host": {"azure.functions": "azure-functions"},
            "--reload": {"watchfiles": "watchfiles"},
        }
    }
)
"""For each extra what a person may want to use, and the modules that this imports, each with its package."""


class MissingExtra(ImportError):
    """A part cannot be used, because packages of its extra are not installed; the text names them."""


def require_extra(extra: str, part: str) -> None:
    """Do nothing when all packages of a part of the extra are installed, else raise `MissingExtra`; import nothing."""
    missing = [package for module, package in PACKAGES[extra][part].items() if not _is_installed(module)]
    if missing:
        raise MissingExtra(
            f"{part} needs {' and '.join(missing)}, which {'are' if len(missing) > 1 else 'is'} not installed: "
            f"install local-azure with its extra {extra!r}, or run: python -m pip install {' '.join(missing)}"
        )


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package that would hold it is missing
        return False
