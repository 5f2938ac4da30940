"""The fixtures of invocations: a service that waits long for handlers, and why its calls failed."""

from dataclasses import replace

import pytest

from local_azure.webpubsub import Service, Settings
from tests.local_azure.webpubsub.harness import FAST, WAIT_SECONDS, Harness


@pytest.fixture
async def service(harness: Harness) -> Service:
    """A service that waits for handlers longer than a test waits: only a cancel ends a request that hangs."""
    return await harness.service(Settings(times=replace(FAST, handler_timeout_seconds=10 * WAIT_SECONDS)))


@pytest.fixture
def failures(service: Service) -> list[object]:
    """Why calls of handlers failed; None for a call that was answered."""
    found: list[object] = []
    service.observations.subscribe(lambda record: found.append(getattr(record, "failure", None)))
    return found
