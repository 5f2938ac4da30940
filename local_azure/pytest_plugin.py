"""pytest fixtures for projects that test against Azure Web PubSub or Table storage: a local service on a free port.

Where the package is installed, pytest loads this by itself. In a clone, the top conftest.py says
`pytest_plugins = ["local_azure.pytest_plugin"]`. A plugin is loaded in every run of pytest: a service is not imported
before a test needs it.
"""

import importlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from local_azure.pytest_options import INI_OPTIONS, InvalidOption, Options, read_options

if TYPE_CHECKING:
    from local_azure import tables
    from local_azure.testing import TableStorage, WebPubSub, running, running_table_storage
    from local_azure.webpubsub import Settings

__all__ = [
    "TableStorage",
    "WebPubSub",
    "running",
    "running_table_storage",
    "session_web_pubsub",
    "session_web_pubsub_settings",
    "shared_web_pubsub",
    "table_storage",
    "table_storage_settings",
    "web_pubsub",
    "web_pubsub_settings",
]

_OF_TESTING = ("TableStorage", "WebPubSub", "running", "running_table_storage")
_OPTIONS = pytest.StashKey[Options]()


def __getattr__(name: str) -> object:
    if name not in _OF_TESTING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("local_azure.testing"), name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options."""
    for name, text in INI_OPTIONS.items():
        parser.addini(name, text, type="string", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Read the ini options; one that cannot be used ends the run with a usage error."""
    values = {name: str(config.getini(name)) for name in INI_OPTIONS}
    folder = config.inipath.parent if config.inipath else config.rootpath
    try:
        config.stash[_OPTIONS] = read_options(values, folder, os.environ)
    except InvalidOption as error:
        raise pytest.UsageError(str(error)) from error


def _options(config: pytest.Config) -> Options:
    """Return the options; the defaults where a conftest.py imports the fixtures and does not load the plugin."""
    return config.stash.get(_OPTIONS, Options())


@pytest.fixture
def web_pubsub_settings(pytestconfig: pytest.Config) -> "Settings | None":
    """Return the settings of `web_pubsub`: those of the ini options. Override this fixture to choose others."""
    return _options(pytestconfig).settings()


@pytest.fixture
def web_pubsub(pytestconfig: pytest.Config, web_pubsub_settings: "Settings | None") -> Iterator["WebPubSub"]:
    """Give the test its own service: no connection, group or permission of another test is in it."""
    from local_azure.testing import running

    options = _options(pytestconfig)
    with running(web_pubsub_settings, port=options.port, hub=options.hub) as service:
        yield service


@pytest.fixture(scope="session")
def session_web_pubsub_settings(pytestconfig: pytest.Config) -> "Settings | None":
    """Return the settings of `session_web_pubsub`: those of the ini options. Override this to choose others."""
    return _options(pytestconfig).settings()


@pytest.fixture(scope="session")
def session_web_pubsub(
    pytestconfig: pytest.Config, session_web_pubsub_settings: "Settings | None"
) -> Iterator["WebPubSub"]:
    """Give the whole run one service, for an app that is started once; with xdist, one for each worker."""
    from local_azure.testing import running

    options = _options(pytestconfig)
    with running(session_web_pubsub_settings, port=options.port, hub=options.hub) as service:
        yield service


@pytest.fixture
def shared_web_pubsub(session_web_pubsub: "WebPubSub") -> Iterator["WebPubSub"]:
    """Give the test the run's service as it was at its start: connections, faults and records of others are gone."""
    session_web_pubsub.reset()
    yield session_web_pubsub
    session_web_pubsub.reset()


@pytest.fixture
def table_storage_settings() -> "tables.Settings | None":
    """Return the settings of `table_storage`; override this fixture to choose others. None means the defaults."""
    return None


@pytest.fixture
def table_storage(
    pytestconfig: pytest.Config, table_storage_settings: "tables.Settings | None"
) -> Iterator["TableStorage"]:
    """Give the test its own table storage, in memory and empty."""
    from local_azure.testing import running_table_storage

    with running_table_storage(table_storage_settings, port=_options(pytestconfig).tables_port) as storage:
        yield storage
