"""Find out which of the app's files have changed."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

WATCHED_SUFFIXES = (".py", ".json", ".example")
# Folders in an app's root that are not part of the app, beside those that `DefaultFilter` knows.
UNWATCHED_FOLDERS = frozenset({".local", ".python_packages", "tests", "local_azure"})


class AppFileFilter(DefaultFilter):
    """Accepts changes of the app's Python and JSON files, not those of environments, caches and data."""

    def __init__(self, app_root: Path, data: Path | None) -> None:
        super().__init__()
        self._app_root = app_root
        self._data = data

    def __call__(self, change: Change, path: str) -> bool:
        """Return whether the change concerns the app."""
        changed = Path(path)
        if changed.suffix not in WATCHED_SUFFIXES or not super().__call__(change, path):
            return False
        if self._data is not None and changed.is_relative_to(self._data):
            return False
        parts = changed.relative_to(self._app_root).parts if changed.is_relative_to(self._app_root) else ()
        return not UNWATCHED_FOLDERS.intersection(parts[:1])


async def watch_files(app_root: Path, data: Path | None) -> AsyncIterator[list[str]]:
    """Yield the sorted names of the app's files whenever some have changed."""
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    async for changes in awatch(app_root, watch_filter=AppFileFilter(app_root, data)):
        yield sorted({Path(path).name for _, path in changes})
