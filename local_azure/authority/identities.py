"""Which identities there are in the tenant, which of them the app has, and which roles they were given.

The ids of the default ones are fixed, like the key of every emulator: settings may name them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from local_azure.bearer_tokens import Role

TENANT = "10ca1a20-7e4a-4000-8000-000000000001"


class InvalidIdentities(ValueError):
    """A description of identities that cannot be used; the text says which part of it, and why."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity: the id of its application, the id of its object in the directory, and the names of its roles."""

    name: str
    client_id: str
    object_id: str
    roles: Sequence[str] = ()


_ROLES = (Role.WEB_PUBSUB_OWNER, Role.TABLE_CONTRIBUTOR)
APP_SYSTEM_ASSIGNED = Identity(
    "app", "10ca1a20-7e4a-4000-8000-00000000000a", "10ca1a20-7e4a-4000-8000-0000000000aa", _ROLES
)
APP_USER_ASSIGNED = Identity(
    "app-user-assigned", "10ca1a20-7e4a-4000-8000-00000000000b", "10ca1a20-7e4a-4000-8000-0000000000bb", _ROLES
)
WEB_PUBSUB = Identity("web-pubsub", "10ca1a20-7e4a-4000-8000-00000000000c", "10ca1a20-7e4a-4000-8000-0000000000cc")
"""The service's own identity. It has no role: nobody who captures one of its tokens can do anything with it here."""

STRANGER = Identity("stranger", "10ca1a20-7e4a-4000-8000-00000000000d", "10ca1a20-7e4a-4000-8000-0000000000dd")
"""An identity of the same tenant that was given nothing, to try out refusals."""


@dataclass(frozen=True, slots=True)
class Identities:
    """One tenant: the app's identities, the one of Web PubSub, and others that only exist.

    The app has at most one system-assigned identity, which is used where nobody names another one.
    """

    tenant: str = TENANT
    system_assigned: Identity | None = APP_SYSTEM_ASSIGNED
    user_assigned: Sequence[Identity] = ()
    web_pubsub: Identity = WEB_PUBSUB
    others: Sequence[Identity] = field(default=(STRANGER,))

    @property
    def of_app(self) -> Sequence[Identity]:
        """The identities that the app may use."""
        return [*([self.system_assigned] if self.system_assigned else []), *self.user_assigned]

    @property
    def all(self) -> Sequence[Identity]:
        """Every identity of the tenant."""
        return [*self.of_app, self.web_pubsub, *self.others]

    def find(self, name: str) -> Identity | None:
        """Return the identity with this name, client id or object id."""
        return next((each for each in self.all if name in (each.name, each.client_id, each.object_id)), None)

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> "Identities":
        """Return the identities that a JSON document describes; what it does not say is as by default.

        Its keys are `tenant`, `systemAssigned` (null: none), `userAssigned` and `others` (lists) and `webPubSub`. Each
        identity has `name`, `clientId`, `objectId` and `roles`. Raises InvalidIdentities.
        """
        unknown = set(document) - {"tenant", "systemAssigned", "userAssigned", "webPubSub", "others"}
        if unknown:
            raise InvalidIdentities(f"unknown key {', '.join(sorted(unknown))}")
        chosen: dict[str, object] = {}
        if "tenant" in document:
            chosen["tenant"] = _uuid(document["tenant"], "tenant")
        if "systemAssigned" in document:
            value = document["systemAssigned"]
            chosen["system_assigned"] = None if value is None else _identity(value, "systemAssigned")
        if "webPubSub" in document:
            chosen["web_pubsub"] = _identity(document["webPubSub"], "webPubSub")
        for key, name in (("userAssigned", "user_assigned"), ("others", "others")):
            if key in document:
                chosen[name] = _identities(document[key], key)
        identities = cls(**chosen)  # type: ignore[arg-type]
        _refuse_same_ids(identities)
        return identities


def default_identities(kind: str) -> Identities:
    """Return the default tenant for an app whose identity is `system` or `user` assigned."""
    if kind == "user":
        return Identities(system_assigned=None, user_assigned=(APP_USER_ASSIGNED,))
    return Identities()


def _identities(value: object, where: str) -> Sequence[Identity]:
    if not isinstance(value, list):
        raise InvalidIdentities(f"{where} must be a list")
    return tuple(_identity(item, f"{where}[{index}]") for index, item in enumerate(value))


def _identity(value: object, where: str) -> Identity:
    if not isinstance(value, dict):
        raise InvalidIdentities(f"{where} must be an object with name, clientId, objectId and roles")
    unknown = set(value) - {"name", "clientId", "objectId", "roles"}
    if unknown:
        raise InvalidIdentities(f"{where} has the unknown key {', '.join(sorted(map(str, unknown)))}")
    name, roles = value.get("name"), value.get("roles", [])
    if not isinstance(name, str) or not name:
        raise InvalidIdentities(f"{where}.name must be a text")
    if not isinstance(roles, list) or not all(role in tuple(Role) for role in roles):
        raise InvalidIdentities(f"{where}.roles must be a list; the roles that count here are {', '.join(Role)}")
    client_id, object_id = (_uuid(value.get(key), f"{where}.{key}") for key in ("clientId", "objectId"))
    return Identity(name, client_id, object_id, tuple(roles))


def _uuid(value: object, where: str) -> str:
    try:
        return str(UUID(value if isinstance(value, str) else ""))
    except ValueError:
        raise InvalidIdentities(f"{where} must be an id like {TENANT}") from None


def _refuse_same_ids(identities: Identities) -> None:
    ids = [text for each in identities.all for text in (each.name, each.client_id, each.object_id)]
    for text in ids:
        if ids.count(text) > 1:
            raise InvalidIdentities(f"{text!r} names two identities, or two ids of one")
