"""Who may do what: Shared Key, Shared Key Lite, shared access signatures, and bearer tokens of identities."""

from local_azure.tables.authentication.authenticate import Credentials, authenticate, challenge
from local_azure.tables.authentication.grant import FULL_ACCESS, Grant, Permission, ResourceType

__all__ = ["FULL_ACCESS", "Credentials", "Grant", "Permission", "ResourceType", "authenticate", "challenge"]
