"""Every numbered behaviour: the cases, and for the other numbers the reason why there is none."""

from conformance.cases import (
    connect_event,
    events,
    group_members,
    invocations,
    json_messages,
    presence,
    protobuf_clients,
    raw_clients,
    reliable,
    rest_calls,
    rest_filters,
    roles,
    stream_ends,
    streams,
    tokens,
    webhook_requests,
)
from conformance.registry import Case

MODULES = (
    tokens,
    roles,
    raw_clients,
    json_messages,
    reliable,
    protobuf_clients,
    webhook_requests,
    connect_event,
    events,
    rest_calls,
    rest_filters,
    group_members,
    invocations,
    streams,
    stream_ends,
    presence,
)

OF_CLIENT_LIBRARIES = "about what reads a connection string or an official SDK, not about a service"
OF_HANDLERS = "about an event handler, not about a service"
OF_IDENTITIES = "needs an identity provider"

WITHOUT_CASE = {
    "W-001": OF_CLIENT_LIBRARIES,
    "W-002": OF_CLIENT_LIBRARIES,
    "W-003": OF_CLIENT_LIBRARIES,
    "W-004": OF_CLIENT_LIBRARIES,
    "W-030": OF_CLIENT_LIBRARIES,
    "W-110": OF_CLIENT_LIBRARIES,
    "W-111": OF_CLIENT_LIBRARIES,
    "W-127": OF_HANDLERS,
    "W-131": OF_HANDLERS,
    "W-132": OF_HANDLERS,
    "W-290": OF_CLIENT_LIBRARIES,
    "W-291": OF_IDENTITIES,
    "W-292": OF_IDENTITIES,
    "W-293": OF_IDENTITIES,
    "W-294": OF_IDENTITIES,
    "W-295": OF_IDENTITIES,
}
"""The numbers that no case can see from outside, with the reason."""


def all_cases() -> dict[str, Case]:
    """Return the cases by number, in order; raises `ValueError` when a number has two."""
    cases: dict[str, Case] = {}
    for case in (value for module in MODULES for value in vars(module).values() if isinstance(value, Case)):
        if case.number in cases:
            raise ValueError(f"{case.number} has two cases")
        cases[case.number] = case
    return dict(sorted(cases.items()))
