"""A token authority in the place of Microsoft Entra ID, for the identities of the app and of Web PubSub."""

from local_azure.authority.authority import Authority, IssuedToken
from local_azure.authority.http_server import HOST, AuthorityServer, serve
from local_azure.authority.identities import (
    APP_SYSTEM_ASSIGNED,
    APP_USER_ASSIGNED,
    STRANGER,
    TENANT,
    WEB_PUBSUB,
    Identities,
    Identity,
    InvalidIdentities,
    default_identities,
)

__all__ = [
    "APP_SYSTEM_ASSIGNED",
    "APP_USER_ASSIGNED",
    "HOST",
    "STRANGER",
    "TENANT",
    "WEB_PUBSUB",
    "Authority",
    "AuthorityServer",
    "Identities",
    "Identity",
    "InvalidIdentities",
    "IssuedToken",
    "default_identities",
    "serve",
]
