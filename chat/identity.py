"""Who is asking? Decided by one setting, `ChatAuth`.

`open`: anyone chooses a name, as in the tutorial; for local use and demos. `easyauth`: the principal that App Service
Authentication puts into `x-ms-client-principal*`, and nobody else. Not set: nobody.
"""

from collections.abc import Mapping, Sequence

from chat.errors import MissingUser, NotConfigured, SignInRequired
from chat.names import user_id
from chat.settings import Auth, Settings
from chat.text_rules import decode_header

PRINCIPAL_NAME = "x-ms-client-principal-name"
PRINCIPAL_ID = "x-ms-client-principal-id"


def principal(headers: Mapping[str, str], settings: Settings) -> str | None:
    """Return the signed-in user under `easyauth` (header names are lower case), or None when nobody is signed in.

    Raises NotConfigured where the platform says that its authentication is off: then anyone could send the headers.
    """
    enabled = settings.text("WEBSITE_AUTH_ENABLED").lower()
    if enabled == "false" or (not enabled and settings.text("WEBSITE_INSTANCE_ID")):
        raise NotConfigured("ChatAuth", "is 'easyauth', but App Service Authentication is not enabled for this app")
    names = (PRINCIPAL_ID,) if settings.user_is_principal_id else (PRINCIPAL_NAME, PRINCIPAL_ID)
    found = next((headers[name] for name in names if headers.get(name)), None)
    return user_id(decode_header(found)) if found else None


def signed_in_user(headers: Mapping[str, str], settings: Settings) -> str:
    """Return the principal; raises SignInRequired without one."""
    if user := principal(headers, settings):
        return user
    raise SignInRequired("sign in first: nobody can name themselves here")


def negotiating_user(headers: Mapping[str, str], asked: Sequence[str], settings: Settings) -> str:
    """Return the user that a negotiate request may connect as; `asked` holds the ids it names itself by.

    Raises MissingUser, InvalidName, SignInRequired or NotConfigured.
    """
    if settings.auth is Auth.OPEN:
        return named_user(asked, status=400)
    user = signed_in_user(headers, settings)
    if any(user_id(name) != user for name in asked):
        raise SignInRequired("the user is who signed in: nobody can name themselves here")
    return user


def connecting_user(token_user: str | None, asked: Sequence[str], settings: Settings) -> str:
    """Return the user of a connection: its token's, else in open mode the one it names itself by.

    Raises MissingUser (401), InvalidName or NotConfigured.
    """
    auth = settings.auth
    if token_user:
        return user_id(token_user)
    if auth is Auth.OPEN:
        return named_user(asked, status=401)
    raise MissingUser(401)


def named_user(asked: Sequence[str], *, status: int) -> str:
    """Return the last of the ids, checked; raises MissingUser with the status when there is none."""
    if not any(name.strip() for name in asked):
        raise MissingUser(status)
    return user_id(asked[-1])
