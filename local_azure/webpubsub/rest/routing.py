"""Which operation is a request for? The 25 operations of the 2024-12-01 data plane, found by their raw path.

The service matches paths itself because the general router decodes `%2F` and refuses some characters that group names
and user ids may have.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from local_azure.webpubsub.rest import client_tokens, connections, membership, permissions, sending
from local_azure.webpubsub.rest.call import Call

Operation = Callable[[Call], Awaitable[web.Response]]

HUB = "/api/hubs/{hub}"

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("POST", f"{HUB}/:send"): sending.send_to_all,
    ("POST", f"{HUB}/:generateToken"): client_tokens.generate_token,
    ("POST", f"{HUB}/:closeConnections"): connections.close_all,
    ("POST", f"{HUB}/:addToGroups"): membership.add_to_groups,
    ("POST", f"{HUB}/:removeFromGroups"): membership.remove_from_groups,
    ("HEAD", f"{HUB}/connections/{{connectionId}}"): connections.connection_exists,
    ("DELETE", f"{HUB}/connections/{{connectionId}}"): connections.close_connection,
    ("POST", f"{HUB}/connections/{{connectionId}}/:send"): sending.send_to_connection,
    ("DELETE", f"{HUB}/connections/{{connectionId}}/groups"): membership.remove_connection_from_all_groups,
    ("HEAD", f"{HUB}/groups/{{group}}"): connections.group_exists,
    ("POST", f"{HUB}/groups/{{group}}/:send"): sending.send_to_group,
    ("POST", f"{HUB}/groups/{{group}}/:closeConnections"): connections.close_group,
    ("GET", f"{HUB}/groups/{{group}}/connections"): membership.list_members,
    ("PUT", f"{HUB}/groups/{{group}}/connections/{{connectionId}}"): membership.add_connection_to_group,
    ("DELETE", f"{HUB}/groups/{{group}}/connections/{{connectionId}}"): membership.remove_connection_from_group,
    ("HEAD", f"{HUB}/permissions/{{permission}}/connections/{{connectionId}}"): permissions.check_permission,
    ("PUT", f"{HUB}/permissions/{{permission}}/connections/{{connectionId}}"): permissions.grant_permission,
    ("DELETE", f"{HUB}/permissions/{{permission}}/connections/{{connectionId}}"): permissions.revoke_permission,
    ("HEAD", f"{HUB}/users/{{userId}}"): connections.user_exists,
    ("POST", f"{HUB}/users/{{userId}}/:send"): sending.send_to_user,
    ("POST", f"{HUB}/users/{{userId}}/:closeConnections"): connections.close_user,
    ("PUT", f"{HUB}/users/{{userId}}/groups/{{group}}"): membership.add_user_to_group,
    ("DELETE", f"{HUB}/users/{{userId}}/groups/{{group}}"): membership.remove_user_from_group,
    ("DELETE", f"{HUB}/users/{{userId}}/groups"): membership.remove_user_from_all_groups,
}
"""Every operation but the health check, which alone needs no hub and no token."""


@dataclass(slots=True)
class _Node:
    """One position in a path: what may follow, and the operations of a path that ends here."""

    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    parameter_name: str = ""
    operations: dict[str, Operation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """The operations of a path by method, and the names in the path."""

    operations: Mapping[str, Operation]
    names: Mapping[str, str]


def find_operations(segments: Sequence[str]) -> Match | None:
    """Return what a path of decoded segments (after the first slash) stands for, or None; verbs may be in any case."""
    node: _Node | None = _ROOT
    names: dict[str, str] = {}
    for segment in segments:
        if node is None or not segment:
            return None
        following = node.literals.get(segment.lower())
        if following is None and node.parameter is not None:
            names[node.parameter_name] = segment
            following = node.parameter
        node = following
    return Match(node.operations, names) if node is not None and node.operations else None


def _tree() -> _Node:
    root = _Node()
    for (method, template), operation in OPERATIONS.items():
        node = root
        for segment in template.split("/")[1:]:
            node = _following(node, segment)
        node.operations[method] = operation
    return root


def _following(node: _Node, segment: str) -> _Node:
    if not segment.startswith("{"):
        return node.literals.setdefault(segment.lower(), _Node())
    node.parameter_name = segment.strip("{}")
    node.parameter = node.parameter or _Node()
    return node.parameter


_ROOT = _tree()
