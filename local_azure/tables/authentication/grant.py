"""What a caller is allowed to do: everything with a key, less with a shared access signature."""

from dataclasses import dataclass
from enum import StrEnum

from local_azure.tables.errors import ErrorCode, TableError
from local_azure.tables.names import table_key


class Permission(StrEnum):
    """The letters of a signature's `sp`; an account's signature has more than a table's."""

    READ = "r"
    ADD = "a"
    UPDATE = "u"
    DELETE = "d"
    LIST = "l"
    CREATE = "c"
    WRITE = "w"


class ResourceType(StrEnum):
    """The letters of an account signature's `srt`."""

    SERVICE = "s"
    CONTAINER = "c"
    OBJECT = "o"


@dataclass(frozen=True, slots=True)
class Grant:
    """Permissions; None for `permissions` means all. `table` limits them to one table and its entities."""

    permissions: str | None = None
    resource_types: str = "sco"
    table: str | None = None

    def require(self, resource_type: ResourceType, table: str, *any_of: str) -> None:
        """Raise `TableError` unless one of the sets of letters is granted in full for this kind of resource."""
        if self.permissions is None:
            return
        if resource_type not in self.resource_types:
            raise TableError(ErrorCode.AUTHORIZATION_RESOURCE_TYPE_MISMATCH)
        if self.table is not None and table_key(table) != table_key(self.table):
            raise TableError(ErrorCode.AUTHENTICATION_FAILED)
        if not any(set(letters) <= set(self.permissions) for letters in any_of):
            raise TableError(ErrorCode.AUTHORIZATION_PERMISSION_MISMATCH)

    def require_full(self) -> None:
        """Raise `TableError` for every signature: the operation needs an account key or a token."""
        if self.permissions is not None:
            raise TableError(ErrorCode.AUTHORIZATION_PERMISSION_MISMATCH)


FULL_ACCESS = Grant()
