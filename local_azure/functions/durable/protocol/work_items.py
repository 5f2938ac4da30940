"""The work items that orchestrations create for activities, timers, sub-orchestrations and entities."""

from __future__ import annotations

from dataclasses import dataclass, field
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
class SubOrchestrationStart:
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


@dataclass(frozen=True, slots=True)
class QueuedRequest:
    """A request and its place in the queue."""

    seq: int
    request: EntityRequest


@dataclass(frozen=True, slots=True)
class Batch:
    """An entity's state (JSON text) and the operations to perform on it, in order."""

    entity: EntityId
    exists: bool
    state: str | None
    queued: list[QueuedRequest]


@dataclass(slots=True)
class ReadyWork:
    """The work that a transaction made ready: who must run now, and whose status changed."""

    instances: set[str] = field(default_factory=set)
    entities: set[EntityId] = field(default_factory=set)
    activities: list[ActivityWork] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    has_timers: bool = False
