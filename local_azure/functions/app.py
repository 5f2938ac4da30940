"""A loaded app: its functions, those of them that are served, and why the others are not."""

import inspect
import logging
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from local_azure.functions.configuration.host_json import HostConfig
from local_azure.functions.errors import AppLoadError
from local_azure.functions.routing.routes import DURABLE_TRIGGERS, Routes, build_routes
from local_azure.functions.worker.loading import TIMER_TRIGGER, LoadedFunction, load_functions
from local_azure.functions.worker.streaming import is_streaming

if TYPE_CHECKING:
    from local_azure.functions.timers.timers import Timer

log = logging.getLogger("local_azure.functions")


@dataclass(frozen=True, slots=True)
class App:
    """One loaded app, or the failure that left it without functions.

    `functions` are all that were indexed; `served` are those of them that break no rule of the host and are not
    disabled. `timer_errors` are the reasons why functions with a timer trigger cannot run. `streams` says that the app
    uses a web extension, by which all its HTTP functions get their requests and answer.
    """

    functions: tuple[LoadedFunction, ...] = ()
    routes: Routes = field(default_factory=lambda: Routes((), {}))
    disabled: frozenset[str] = frozenset()
    failure: AppLoadError | None = None
    timers: "tuple[Timer, ...]" = ()
    timer_errors: Mapping[str, str] = field(default_factory=dict)
    streams: bool = False

    @property
    def errors(self) -> dict[str, str]:
        """The functions that the host refuses, with the reason."""
        return {**self.routes.errors, **self.timer_errors}

    @property
    def served(self) -> tuple[LoadedFunction, ...]:
        """The functions that can be called."""
        return tuple(f for f in self.functions if f.name not in self.disabled and f.name not in self.errors)

    @property
    def needs_durable(self) -> bool:
        """Whether any function is durable or has a durable client."""
        return any(
            function.trigger_type in DURABLE_TRIGGERS
            or any(binding["type"] == "durableClient" for binding in function.bindings)
            for function in self.served
        )


def load_app(app_root: Path, config: HostConfig, environment: Mapping[str, str]) -> App:
    """Load the app; a failure is logged and returned in `App.failure`, because the host keeps running."""
    try:
        functions = load_functions(app_root)
        streams = is_streaming()
    except AppLoadError as error:
        log.error("%s\n%s", error, _app_traceback(error, app_root))
        return App(failure=error)
    disabled = frozenset(function.name for function in functions if _is_disabled(function.name, environment))
    enabled = [function for function in functions if function.name not in disabled]
    for function in enabled:
        _warn_about_sync_client(function)
    routes = build_routes(enabled, config.route_prefix)
    timers, timer_errors = _read_timers([f for f in enabled if f.name not in routes.errors], environment)
    return App(tuple(functions), routes, disabled, timers=timers, timer_errors=timer_errors, streams=streams)


def _read_timers(
    functions: Sequence[LoadedFunction], environment: Mapping[str, str]
) -> "tuple[tuple[Timer, ...], dict[str, str]]":
    if not any(function.trigger_type == TIMER_TRIGGER for function in functions):
        return (), {}
    # Imported here, because an app without timers should not wait for it.
    from local_azure.functions.timers.timers import read_timers

    return read_timers(functions, environment)


def _is_disabled(name: str, environment: Mapping[str, str]) -> bool:
    settings = (f"AzureWebJobs.{name}.Disabled", f"AzureWebJobs__{name}__Disabled")
    return any(environment.get(setting, "").lower() in ("true", "1") for setting in settings)


def _warn_about_sync_client(function: LoadedFunction) -> None:
    wrapped = getattr(function.user_function, "client_function", None)
    if wrapped is not None and not inspect.iscoroutinefunction(wrapped):
        log.warning(
            "'%s' has a durable client but is written with def: every call will fail. Write it with async def.",
            function.name,
        )


def _app_traceback(error: AppLoadError, app_root: Path) -> str:
    """Return the traceback of the app's own exception, without the host's and the import system's frames."""
    cause = error.__cause__
    if cause is None:
        return ""
    trace = cause.__traceback__
    while trace and not Path(trace.tb_frame.f_code.co_filename).is_relative_to(app_root):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(cause), cause, trace or cause.__traceback__))
