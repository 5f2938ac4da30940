"""Which bindings this host provides, and what to use for the others."""

from collections.abc import Iterable, Mapping

TABLE = "table"
PROVIDED_INPUTS = frozenset({"durableClient", TABLE})
PROVIDED_OUTPUTS = frozenset({"http", TABLE})
# Storage services that the emulator Azurite has and this host does not.
IN_AZURITE = frozenset({"queue", "blob"})


def is_provided(binding: Mapping[str, object]) -> bool:
    """Return whether this host provides a binding that is not the trigger."""
    provided = PROVIDED_INPUTS if binding["direction"] == "IN" else PROVIDED_OUTPUTS
    return binding["type"] in provided


def refusal(binding: Mapping[str, object]) -> str:
    """Return why a function with this binding is not served, and what runs it."""
    kind = binding["type"]
    service = "Azurite, which has queues and blobs" if kind in IN_AZURITE else "the service that it connects to"
    direction = "input" if binding["direction"] == "IN" else "output"
    return (
        f"This host does not provide the {direction} binding '{binding['name']}' of type {kind}: "
        f"run the app with Core Tools (func start) and {service}."
    )


def has_table_binding(bindings: Iterable[Mapping[str, object]]) -> bool:
    """Return whether any of a function's bindings is one of tables."""
    return any(binding["type"] == TABLE for binding in bindings)
