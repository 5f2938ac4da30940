"""The ini options of the pytest plugin: read once at the start of a run, and refused there when they cannot be used."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local_azure.webpubsub import Settings

SETTINGS = "local_azure_webpubsub_settings"
PORT = "local_azure_webpubsub_port"
HUB = "local_azure_webpubsub_hub"
EVENT_HANDLER = "local_azure_webpubsub_event_handler"
TABLES_PORT = "local_azure_tables_port"

INI_OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        SETTINGS: "settings file of web_pubsub, relative to the ini file",
        PORT: "port of web_pubsub (0: any; with xdist each worker adds its number)",
        HUB: "hub of the event handler, and the one that web_pubsub.published and .events look at",
        EVENT_HANDLER: "URL template that gets every event of the hub",
        TABLES_PORT: "port of table_storage (0: any; with xdist each worker adds its number)",
    }
)
"""Each option and its help; without a value it is an empty text."""

MAX_PORT = 65_535
# pytest-xdist names its workers gw0, gw1 …
XDIST_WORKER = "PYTEST_XDIST_WORKER"


class InvalidOption(ValueError):
    """An option cannot be used; the text names it and its value."""


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

        Raises `InvalidOption` when the file or the event handler cannot be used.
        """
        if self.settings_file is None and self.event_handler is None:
            return None
        # Not before a test needs a service.
        from local_azure.webpubsub import Settings, SettingsError
        from local_azure.webpubsub.__main__ import load_settings

        try:
            settings = load_settings(self.settings_file) if self.settings_file else Settings()
        except SettingsError as error:
            raise InvalidOption(f"{SETTINGS}: {error}") from error
        try:
            return self._with_event_handler(settings)
        except SettingsError as error:
            raise InvalidOption(f"{EVENT_HANDLER} is {self.event_handler!r}, {HUB} is {self.hub!r}: {error}") from error

    def _with_event_handler(self, settings: "Settings") -> "Settings":
        if self.event_handler is None or self.hub is None:
            return settings
        from local_azure.webpubsub import EventHandler

        handler = EventHandler(self.event_handler, ("connect", "connected", "disconnected"), "*")
        hub = settings.hub(self.hub)
        with_handler = replace(hub, event_handlers=(*hub.event_handlers, handler))
        return replace(settings, hubs={**settings.hubs, self.hub.lower(): with_handler})


def read_options(values: Mapping[str, str], folder: Path, environment: Mapping[str, str]) -> Options:
    """Return the options of a run; raises `InvalidOption`.

    `values` are those of `INI_OPTIONS`, `folder` is that of the ini file. The environment names the worker.
    """
    worker = environment.get(XDIST_WORKER, "").removeprefix("gw")
    number = int(worker) if worker.isdecimal() else 0
    hub, event_handler = values[HUB] or None, values[EVENT_HANDLER] or None
    if event_handler and not hub:
        raise InvalidOption(f"{EVENT_HANDLER} is {event_handler!r}, and no {HUB} says for which hub")
    return Options(
        settings_file=_file(values[SETTINGS], folder),
        port=_port(PORT, values[PORT], number),
        hub=hub,
        event_handler=event_handler,
        tables_port=_port(TABLES_PORT, values[TABLES_PORT], number),
    )


def _file(name: str, folder: Path) -> Path | None:
    if not name:
        return None
    if not (folder / name).is_file():
        raise InvalidOption(f"{SETTINGS} is {name!r}, and there is no file {folder / name}")
    return folder / name


def _port(option: str, text: str, worker_number: int) -> int:
    if not text:
        return 0
    if not text.isdecimal() or int(text) > MAX_PORT:
        raise InvalidOption(f"{option} is {text!r}; it must be a whole number from 0 to {MAX_PORT}")
    port = int(text)
    if port + worker_number > MAX_PORT:
        raise InvalidOption(f"{option} is {port}; for worker {worker_number} it would be above {MAX_PORT}")
    return port + worker_number if port else 0
