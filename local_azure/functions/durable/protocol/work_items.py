"""What travels between orchestrations, activities, timers and entities: small frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from local_azure.functions.durable.protocol.identifiers import EntityId


@dataclass(frozen=True, slots=True)
class ActivityWork:
    """An activity to run for an execution; `input_text` is JSON text."""

    instance_id: str
    execution_id: str
    task_id: int
    name: str
    input_text: str


@dataclass(frozen=True, slots=True)
class TimerWork:
    """A timer of an execution."""

    instance_id: str
    execution_id: str
    timer_id: int
    fire_at: datetime


@dataclass(frozen=True, slots=True)
class ChildStart:
    """A sub-orchestration to start; `input_text` is JSON text."""

    task_id: int
    name: str
    instance_id: str
    execution_id: str
    input_text: str
    version: str | None


@dataclass(frozen=True, slots=True)
class EntityRequest:
    """An operation for an entity: a call when `parent` (instance id, execution id) waits for it, else a signal."""

    entity: EntityId
    operation: str
    input_text: str | None
    id: str
    parent: tuple[str, str] | None = None
    due: datetime | None = None
