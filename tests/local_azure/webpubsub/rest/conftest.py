import pytest

from local_azure.webpubsub import Service
from tests.local_azure.webpubsub.harness import Harness
from tests.local_azure.webpubsub.rest.rest_client import RestClient


@pytest.fixture
def rest(harness: Harness, service: Service) -> RestClient:
    """A caller of the service's REST data plane."""
    return RestClient(service, harness.http)
