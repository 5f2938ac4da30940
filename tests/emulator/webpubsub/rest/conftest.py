import pytest

from emulator.webpubsub import Service
from tests.emulator.webpubsub.acting import Stage
from tests.emulator.webpubsub.rest.calling import Rest


@pytest.fixture
def rest(stage: Stage, service: Service) -> Rest:
    """A caller of the service's REST data plane."""
    return Rest(service, stage.http)
