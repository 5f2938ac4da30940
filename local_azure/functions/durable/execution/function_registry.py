"""The durable functions of an app, found by kind and name; names match in any case."""

from __future__ import annotations

from collections.abc import Sequence

from local_azure.functions.durable.protocol.history import EventType
from local_azure.functions.durable.protocol.identifiers import EntityId, parse_entity_id
from local_azure.functions.durable.protocol.replay import HTTP_ACTIVITY, ScheduledWork
from local_azure.functions.worker.loading import LoadedFunction


class UnknownFunction(LookupError):
    """No function of this kind has the name."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        names = ", ".join(sorted(known)) or "none"
        super().__init__(
            f"The function '{name}' doesn't exist, is disabled, or is not an {kind} function. "
            f"The following are the known {kind} functions: {names}."
        )


class FunctionsByName:
    """The functions of one kind, by the names that clients and orchestrations use."""

    def __init__(self, kind: str, functions: Sequence[LoadedFunction], name_field: str) -> None:
        self._kind = kind
        self._named = {str(function.trigger.get(name_field) or function.name): function for function in functions}
        self._functions = {name.lower(): function for name, function in self._named.items()}

    def find(self, name: str) -> LoadedFunction:
        """Return the function with the name. Raises UnknownFunction."""
        try:
            return self._functions[name.lower()]
        except KeyError:
            raise UnknownFunction(self._kind, name, list(self._named)) from None


class FunctionRegistry:
    """The app's orchestrators, activities and entities."""

    def __init__(self, functions: Sequence[LoadedFunction]) -> None:
        def with_trigger(trigger: str) -> list[LoadedFunction]:
            return [function for function in functions if function.trigger["type"] == trigger]

        self.orchestrators = FunctionsByName("orchestrator", with_trigger("orchestrationTrigger"), "orchestration")
        self.activities = FunctionsByName("activity", with_trigger("activityTrigger"), "activity")
        self.entities = FunctionsByName("entity", with_trigger("entityTrigger"), "entityName")

    def find_entity(self, entity: EntityId) -> LoadedFunction:
        """Return the function of an entity. Raises UnknownFunction."""
        return self.entities.find(entity.name)

    def missing_reason(self, work: ScheduledWork) -> str | None:
        """Return why scheduled work cannot run (its function does not exist), or None."""
        try:
            if work.kind is EventType.TASK_SCHEDULED and work.name != HTTP_ACTIVITY:
                self.activities.find(work.name)
            elif work.kind is EventType.SUB_ORCHESTRATION_CREATED:
                self.orchestrators.find(work.name)
            elif work.kind is EventType.EVENT_SENT:
                self.entities.find(parse_entity_id(work.name).name)
        except UnknownFunction as error:
            return str(error)
        return None
