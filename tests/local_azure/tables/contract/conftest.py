"""The contract tests run against the embedded storage, and against Azurite where its npm package is installed (T-091).

A test that shows a difference names it with `differs_from_azurite`: against Azurite it must then fail.
"""

import socket
import subprocess
import uuid
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import aiohttp
import pytest

from local_azure import tables
from tests.local_azure.tables.contract.differences import difference_of
from tests.local_azure.tables.rest_client import RestClient
from tests.system_parts import miss, node_path

AZURITE = Path(__file__).resolve().parents[3] / "azurite" / "node_modules" / "azurite" / "dist/src/table/main.js"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "storage_endpoint" not in metafunc.fixturenames:
        return
    metafunc.parametrize("storage_endpoint", ["embedded", "azurite"], indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Expect a test that shows a difference to fail against Azurite."""
    difference = difference_of(pyfuncitem.function)
    if difference is None or pyfuncitem.callspec.params["storage_endpoint"] != "azurite":
        return (yield)
    try:
        yield
    except Exception:
        return True
    pytest.fail(f"Azurite passes: it no longer holds that {difference}")


@pytest.fixture(scope="session")
def azurite_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run Azurite's table service; where it is missing the tests are skipped, except with CI=true."""
    node = node_path()
    if not AZURITE.exists():
        miss("Azurite: run `npm ci` in tests/azurite")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--disableProductStyleUrl"]
    process = subprocess.Popen(
        [node, AZURITE, *options, "--silent", "--tablePort", str(port)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path_factory.mktemp("azurite"),
    )
    assert process.stdout
    try:
        assert any("successfully started" in line for line in process.stdout)
        yield f"http://127.0.0.1:{port}/{tables.DEVELOPMENT_ACCOUNT}"
    finally:
        process.kill()  # It does not end when it is asked to.
        process.wait()
        process.stdout.close()


@pytest.fixture
async def storage_endpoint(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    if request.param == "azurite":
        yield request.getfixturevalue("azurite_endpoint")
        return
    async with tables.serve() as service:
        yield service.endpoint


@pytest.fixture
async def rest(storage_endpoint: str) -> AsyncIterator[RestClient]:
    """Return a caller that has a table of the test's own."""
    # Azurite closes idle connections after 5 seconds; a closed one must not be used again.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        made = RestClient(session, storage_endpoint, f"T{uuid.uuid4().hex}")
        created = await made.call("POST", "Tables", {"TableName": made.table})
        assert created.status == 201
        yield made
