"""Make one app's modules importable for a while, then restore the import system.

In Azure an app has a process of its own. Here the host shares it, and tests load several apps one after another, so the
modules of an app are removed from `sys.modules` when it stops.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from local_azure.functions.worker.streaming import EXTENSIONS_PACKAGE

# Folders that may be in an app's folder but do not belong to the app: this package, which is running, and the tests.
NON_APP_PACKAGES = frozenset({"local_azure", "tests"})


@contextmanager
def app_import_scope(app_root: Path) -> Iterator[None]:
    """Make the app importable while the context lasts, its folder first on `sys.path` as in Azure on Linux.

    Modules with the same names that this process imported before are removed meanwhile and restored afterwards.
    """
    names = _top_level_names(app_root)
    extensions = _take_modules(lambda name: name.partition(".")[0] == EXTENSIONS_PACKAGE)
    replaced = {
        name: module
        for name, module in sys.modules.items()
        if name.partition(".")[0] in names and not _is_installed(module)
    }
    for name in replaced:
        del sys.modules[name]
    sys.path.insert(0, str(app_root))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(app_root))
        for name in [name for name in sys.modules if name.partition(".")[0] in names]:
            if _is_within(sys.modules[name], app_root):
                del sys.modules[name]
        _take_modules(lambda name: name.partition(".")[0] == EXTENSIONS_PACKAGE)
        sys.modules.update(replaced | extensions)


def _take_modules(is_taken: Callable[[str], bool]) -> dict[str, ModuleType]:
    """Remove the modules whose names are to be taken from the import system, and return them."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if is_taken(name)}


def _top_level_names(app_root: Path) -> frozenset[str]:
    names = {
        entry.stem if entry.suffix == ".py" else entry.name
        for entry in app_root.iterdir()
        if entry.suffix == ".py" or entry.is_dir()
    }
    return frozenset(name for name in names if name.isidentifier() or "-" in name) - NON_APP_PACKAGES - {"__main__"}


def _locations(module: ModuleType) -> list[Path]:
    file = getattr(module, "__file__", None)
    return [Path(file)] if file else [Path(path) for path in getattr(module, "__path__", [])]


def _is_installed(module: ModuleType) -> bool:
    locations = _locations(module)
    return not locations or any(
        "site-packages" in path.parts or path.is_relative_to(Path(importlib.__file__).parent.parent)
        for path in locations
    )


def _is_within(module: ModuleType, app_root: Path) -> bool:
    return not _is_installed(module) and any(path.is_relative_to(app_root) for path in _locations(module))
