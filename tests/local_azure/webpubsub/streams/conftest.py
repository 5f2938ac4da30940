"""A publisher, a subscriber, and a service that offers no streams."""

import pytest

from local_azure.webpubsub import Service, Settings
from local_azure.webpubsub.settings import HubSettings
from tests.local_azure.webpubsub.harness import FAST, HUB, Client, Harness


@pytest.fixture
async def ana(harness: Harness, service: Service) -> Client:
    """The publisher; not a member of the group (W-226)."""
    return await harness.connect(service, "ana")


@pytest.fixture
async def bo(harness: Harness, service: Service) -> Client:
    """A subscriber."""
    return await harness.connect(service, "bo", groups=["room"])


@pytest.fixture
async def without_streams(harness: Harness) -> Service:
    """A service whose hub offers no streams."""
    return await harness.service(Settings(hubs={HUB: HubSettings(streams=False)}, times=FAST))
