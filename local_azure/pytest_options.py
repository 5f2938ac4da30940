"""The ini options of the pytest plugin: read once at the start of a run, and refused there when they cannot be used."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local_azure.webpubsub import Settings

SETTINGS = "local_azure_webpubsub_settings"
PORT = "local_azure_webpubsub_port"
HUB = "local_azure_webpubsub_hub"
EVENT_HANDLER = "local_azure_webpubsub_event_handler"
TABLES_PORT = "local_azure_tables_port"

MAX_PORT = 65_535
# pytest-xdist names its workers gw0, gw1 …
XDIST_WORKER = "PYTEST_XDIST_WORKER"


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a run; `settings_file` is a path that exists, ports are those of this process, 0 for any."""

    settings_file: Path | None = None
    port: int = 0
    hub: str | None = None
    event_handler: str | None = None
    tables_port: int = 0

    def settings(self) -> "Settings | None":
        """Return the settings that the options ask for, None for the defaults.

        Raises pytest.UsageError when the file or the event handler cannot be used.
        """
        if self.settings_file is None and self.event_handler is None:
            return None
        # Not before a test needs a service.
        from local_azure.webpubsub import SettingsError

        try:
            return self._read_settings()
        except SettingsError as error:
            name = SETTINGS if self.event_handler is None else f"{SETTINGS}, {EVENT_HANDLER}"
            raise pytest.UsageError(f"{name}: {error}") from error

    def _read_settings(self) -> "Settings":
        from local_azure.webpubsub import EventHandler, Settings
        from local_azure.webpubsub.__main__ import load_settings

        settings = load_settings(self.settings_file) if self.settings_file else Settings()
        if self.event_handler is None or self.hub is None:
            return settings
        handler = EventHandler(self.event_handler, ("connect", "connected", "disconnected"), "*")
        hub = settings.hub(self.hub)
        with_handler = replace(hub, event_handlers=(*hub.event_handlers, handler))
        return replace(settings, hubs={**settings.hubs, self.hub.lower(): with_handler})


OPTIONS = pytest.StashKey[Options]()


def add_options(parser: pytest.Parser) -> None:
    """Add the ini options."""
    parser.addini(SETTINGS, "settings file of web_pubsub, relative to the ini file", default="")
    parser.addini(PORT, "port of web_pubsub (0: any; with xdist each worker adds its number)", default="0")
    parser.addini(HUB, "hub of the event handler, and of web_pubsub.published and .events", default="")
    parser.addini(EVENT_HANDLER, "URL template that gets every event of the hub", default="")
    parser.addini(TABLES_PORT, "port of table_storage (0: any; with xdist each worker adds its number)", default="0")


def read_options(config: pytest.Config, environment: Mapping[str, str] = os.environ) -> Options:
    """Return the options of a run; raises pytest.UsageError, which names the option and the value."""
    worker = environment.get(XDIST_WORKER, "")
    number = int(worker.removeprefix("gw")) if worker.removeprefix("gw").isdecimal() else 0
    hub, event_handler = config.getini(HUB) or None, config.getini(EVENT_HANDLER) or None
    if event_handler and not hub:
        raise pytest.UsageError(f"{EVENT_HANDLER} is {event_handler!r}, and no {HUB} says for which hub")
    return Options(
        settings_file=_file(config),
        port=_port(config, PORT, number),
        hub=hub,
        event_handler=event_handler,
        tables_port=_port(config, TABLES_PORT, number),
    )


def _file(config: pytest.Config) -> Path | None:
    name = config.getini(SETTINGS)
    if not name:
        return None
    folder = config.inipath.parent if config.inipath else config.rootpath
    file: Path = folder / name
    if not file.is_file():
        raise pytest.UsageError(f"{SETTINGS} is {name!r}, and there is no file {file}")
    return file


def _port(config: pytest.Config, option: str, worker_number: int) -> int:
    text = str(config.getini(option))
    if not text.isdecimal() or int(text) > MAX_PORT:
        raise pytest.UsageError(f"{option} is {text!r}; it must be a whole number from 0 to {MAX_PORT}")
    port = int(text)
    if port and port + worker_number > MAX_PORT:
        raise pytest.UsageError(f"{option} is {port}; for worker {worker_number} that would be above {MAX_PORT}")
    return port + worker_number if port else 0
