"""Pages of entries: the newest that a filter lets pass, searched in steps so that the service answers meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from local_azure.webpubsub.inspector.entries import Entry
from local_azure.webpubsub.inspector.event_buffer import EventBuffer
from local_azure.webpubsub.inspector.filters import EntryFilter

STEP_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries, the newest last; whether there are older ones; and how many there are in all."""

    entries: list[Entry]
    has_more: bool
    total: int


async def read_page(buffer: EventBuffer, entry_filter: EntryFilter, *, before: int | None, limit: int) -> EntryPage:
    """Return the newest entries that the filter lets pass; with `before` only those with lower numbers."""
    page: list[Entry] = []
    total, has_more = 0, False
    async for entry in matching_entries(buffer, entry_filter):
        total += 1
        if before is not None and entry.id >= before:
            continue
        if len(page) < limit:
            page.append(entry)
        else:
            has_more = True
    page.reverse()
    return EntryPage(page, has_more, total)


async def matching_entries(buffer: EventBuffer, entry_filter: EntryFilter) -> AsyncIterator[Entry]:
    """Yield the entries that the filter lets pass, the newest first."""
    loop = asyncio.get_running_loop()
    pause_due = loop.time() + STEP_SECONDS
    for entry in list(reversed(buffer)):
        if entry_filter.matches(entry):
            yield entry
        if loop.time() >= pause_due:
            await asyncio.sleep(0)
            pause_due = loop.time() + STEP_SECONDS
