import pytest

from local_azure.webpubsub import Service
from tests.local_azure.webpubsub.acting import Stage
from tests.local_azure.webpubsub.rest.calling import Rest


@pytest.fixture
def rest(stage: Stage, service: Service) -> Rest:
    """A caller of the service's REST data plane."""
    return Rest(service, stage.http)
