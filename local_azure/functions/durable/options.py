"""The settings of the durable backend: `extensions.durableTask` of host.json, and durations that tests shorten."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

CALLS_PER_CORE = 10  # the extension's default concurrency, for each kind of function


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return uuid.uuid4().hex


def _default_concurrency() -> int:
    return CALLS_PER_CORE * (os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class DurableOptions:
    """How the backend behaves. Durations are seconds unless they are timedeltas."""

    max_entity_batch: int = 1000
    max_orchestrators: int = _default_concurrency()
    max_activities: int = _default_concurrency()
    max_entities: int = _default_concurrency()
    default_version: str = ""
    replace_running: bool = False
    longest_timer: timedelta = timedelta(days=6)
    timer_interval: timedelta = timedelta(days=3)
    first_retry_seconds: float = 1.0
    longest_retry_seconds: float = 30.0
    http_poll_seconds: float = 30.0
    http_timeout_seconds: float = 100.0
    clock: Callable[[], datetime] = _utc_now
    new_id: Callable[[], str] = _new_id

    @classmethod
    def from_host_json(cls, durable_task: Mapping[str, Any]) -> DurableOptions:
        """Return the options that the section `extensions.durableTask` of a host.json asks for.

        Names match in any case, as in the host; numbers may be text. Raises ValueError for a value that cannot be used.
        """
        given = {name.lower(): value for name, value in durable_task.items()}
        if str(given.get("extendedsessionsenabled", "false")).lower() == "true":
            raise ValueError(
                "extensions.durableTask.extendedSessionsEnabled must be false: the Durable extension keeps "
                "orchestrators in memory for in-process .NET only, and does not start a Python app with it"
            )
        concurrency = _default_concurrency()
        return cls(
            max_entity_batch=_count(given, "maxEntityOperationBatchSize", 1000),
            max_orchestrators=_count(given, "maxConcurrentOrchestratorFunctions", concurrency),
            max_activities=_count(given, "maxConcurrentActivityFunctions", concurrency),
            max_entities=_count(given, "maxConcurrentEntityFunctions", concurrency),
            default_version=str(given.get("defaultversion", "")),
            replace_running=_replaces_running(given.get("overridableexistinginstancestates", "NonRunningStates")),
        )


def _replaces_running(states: object) -> bool:
    if states not in ("NonRunningStates", "AnyState"):
        name = "extensions.durableTask.overridableExistingInstanceStates"
        raise ValueError(f"{name} must be NonRunningStates or AnyState, not {states!r}")
    return states == "AnyState"


def _count(given: Mapping[str, Any], name: str, default: int) -> int:
    value = str(given.get(name.lower(), default))
    if not value.isdecimal() or int(value) < 1:
        raise ValueError(f"extensions.durableTask.{name} must be a whole number of at least 1, not {value!r}")
    return int(value)
