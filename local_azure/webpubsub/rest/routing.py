"""The 25 operations of the 2024-12-01 data plane, found by method and raw path.

The service matches paths itself because the general router decodes `%2F` and refuses some characters that group names
and user ids may have.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from aiohttp import web

from local_azure.webpubsub.rest import client_tokens, connections, membership, permissions, sending
from local_azure.webpubsub.rest.call import RestCall, checked_names, decoded_segments

Handler = Callable[[RestCall], Awaitable[web.Response]]

HUB = "/api/hubs/{hub}"
CONNECTION = "/connections/{connectionId}"
GROUP = "/groups/{group}"
USER = "/users/{userId}"
PERMISSION = "/permissions/{permission}/connections/{connectionId}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the data plane. `name` is public (`operation=` of a fault); `path` is below `HUB`."""

    name: str
    method: str
    path: str
    handle: Handler


OPERATIONS = (
    Operation("send_to_all", "POST", "/:send", sending.send_to_all),
    Operation("generate_token", "POST", "/:generateToken", client_tokens.generate_token),
    Operation("close_all", "POST", "/:closeConnections", connections.close_all),
    Operation("add_to_groups", "POST", "/:addToGroups", membership.add_to_groups),
    Operation("remove_from_groups", "POST", "/:removeFromGroups", membership.remove_from_groups),
    Operation("connection_exists", "HEAD", CONNECTION, connections.connection_exists),
    Operation("close_connection", "DELETE", CONNECTION, connections.close_connection),
    Operation("send_to_connection", "POST", f"{CONNECTION}/:send", sending.send_to_connection),
    Operation(
        "remove_connection_from_all_groups",
        "DELETE",
        f"{CONNECTION}/groups",
        membership.remove_connection_from_all_groups,
    ),
    Operation("group_exists", "HEAD", GROUP, connections.group_exists),
    Operation("send_to_group", "POST", f"{GROUP}/:send", sending.send_to_group),
    Operation("close_group", "POST", f"{GROUP}/:closeConnections", connections.close_group),
    Operation("list_members", "GET", f"{GROUP}/connections", membership.list_members),
    Operation("add_connection_to_group", "PUT", f"{GROUP}{CONNECTION}", membership.add_connection_to_group),
    Operation(
        "remove_connection_from_group", "DELETE", f"{GROUP}{CONNECTION}", membership.remove_connection_from_group
    ),
    Operation("check_permission", "HEAD", PERMISSION, permissions.check_permission),
    Operation("grant_permission", "PUT", PERMISSION, permissions.grant_permission),
    Operation("revoke_permission", "DELETE", PERMISSION, permissions.revoke_permission),
    Operation("user_exists", "HEAD", USER, connections.user_exists),
    Operation("send_to_user", "POST", f"{USER}/:send", sending.send_to_user),
    Operation("close_user", "POST", f"{USER}/:closeConnections", connections.close_user),
    Operation("add_user_to_group", "PUT", f"{USER}{GROUP}", membership.add_user_to_group),
    Operation("remove_user_from_group", "DELETE", f"{USER}{GROUP}", membership.remove_user_from_group),
    Operation("remove_user_from_all_groups", "DELETE", f"{USER}/groups", membership.remove_user_from_all_groups),
)
"""Every operation except the health check, which needs no hub and no token."""


@dataclass(slots=True)
class _Node:
    """One position in a path: the segments that may follow, and the operations of a path that ends here."""

    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    parameter_name: str = ""
    operations: dict[str, Operation] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """The operations of a path by method, and the names in the path as they are given."""

    operations: Mapping[str, Operation]
    names: Mapping[str, str]

    @cached_property
    def checked_names(self) -> Mapping[str, str]:
        """The names; raises `RestError` for one that the service does not allow."""
        return checked_names(self.names)


@lru_cache(maxsize=1_000)
def find_operations(raw_path: str) -> Match | None:
    """Return the operations of a path without a slash at its end, or None if there are none.

    Letter case does not matter in the fixed segments of a path. Raises `RestError` for a path that is not UTF-8.
    """
    return _find_operations(decoded_segments(raw_path)[1:])


def _find_operations(segments: Sequence[str]) -> Match | None:
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
    for operation in OPERATIONS:
        node = root
        for segment in f"{HUB}{operation.path}".split("/")[1:]:
            node = _following(node, segment)
        node.operations[operation.method] = operation
    return root


def _following(node: _Node, segment: str) -> _Node:
    if not segment.startswith("{"):
        return node.literals.setdefault(segment.lower(), _Node())
    node.parameter_name = segment.strip("{}")
    node.parameter = node.parameter or _Node()
    return node.parameter


_ROOT = _tree()
