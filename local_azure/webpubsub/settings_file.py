"""The settings file while the service runs: its event handlers and listeners are read again when it changes.

The official emulator does the same; what else a file says counts from the next start.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from local_azure.webpubsub.service import Service
from local_azure.webpubsub.settings import Settings, SettingsError

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5


@asynccontextmanager
async def followed_settings(
    file: Path, read: Callable[[], Settings], service: Service, *, poll_seconds: float = POLL_SECONDS
) -> AsyncIterator[None]:
    """Give the service the handlers and listeners of the file whenever that has changed in the block.

    `read` returns the file's settings. When it raises `SettingsError`, the last settings stay, and the log says why.
    """
    task = asyncio.create_task(_follow(file, read, service, poll_seconds))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _follow(file: Path, read: Callable[[], Settings], service: Service, poll_seconds: float) -> None:
    seen = _version(file)
    while True:
        await asyncio.sleep(poll_seconds)
        found = _version(file)
        if found == seen:
            continue
        seen = found
        try:
            service.replace_hubs(read().hubs)
        except SettingsError as problem:
            log.warning("the settings file cannot be used, the last settings stay", extra={"reason": str(problem)})
        else:
            log.info("event handlers were read again", extra={"file": file.name})


def _version(file: Path) -> tuple[int, int] | None:
    """Return what differs between two versions of a file; None while it is not there."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
