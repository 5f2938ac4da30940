"""Who is asking? Decided by one setting, `ChatAuth`.

`open`: anyone chooses a name, as in the tutorial; for local use and demos. The name is the user's id too. `easyauth`:
the principal that App Service Authentication puts into `x-ms-client-principal*`, and nobody else. Its id is the
identity provider with the provider's id of the user; the name is only shown. Not set: nobody.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chat.errors import InvalidName, MissingUser, NotConfigured, SignInRequired
from chat.names import ERASED_USER, REMINDER_USER, user_key
from chat.settings import Auth, Settings
from chat.text_rules import decode_header, is_blank, is_clean
from chat.user_names.rules import clean_name, user_name

PRINCIPAL_NAME = "x-ms-client-principal-name"
PRINCIPAL_ID = "x-ms-client-principal-id"
PROVIDER = "x-ms-client-principal-idp"
USER_ID_LENGTH = 128
# The role of a token that carries the user's name. The service ignores roles that it does not know.
NAME_ROLE = "chat.name."
_PROVIDER = re.compile(r"[a-z0-9_.-]{1,32}")
_PRINCIPAL_ID = re.compile(rf"(?=.{{3,{USER_ID_LENGTH}}}$)[a-z0-9_.-]{{1,32}}:[!-~]+")


@dataclass(frozen=True, slots=True)
class User:
    """Who somebody is: an id that never changes, and the name that is shown. In open mode both are the same text."""

    id: str
    name: str

    @property
    def own_name(self) -> str | None:
        """The name where it is another text than the id, else None."""
        return None if self.name == self.id else self.name


def principal(headers: Mapping[str, str], settings: Settings) -> User | None:
    """Return the signed-in user under `easyauth` (header names are lower case), or None when nobody is signed in.

    Raises NotConfigured where the platform says that its authentication is off: then anyone could send the headers.
    """
    enabled = settings.text("WEBSITE_AUTH_ENABLED").lower()
    if enabled == "false" or (not enabled and settings.text("WEBSITE_INSTANCE_ID")):
        raise NotConfigured("ChatAuth", "is 'easyauth', but App Service Authentication is not enabled for this app")
    provider, identity = headers.get(PROVIDER, "").strip().lower(), headers.get(PRINCIPAL_ID, "").strip()
    if not identity or not _PROVIDER.fullmatch(provider):
        return None
    user = principal_id(provider, identity)
    return User(user, clean_name(decode_header(headers.get(PRINCIPAL_NAME, ""))) or user)


def principal_id(provider: str, identity: str) -> str:
    """Return a principal's id, `aad:3f2b…`; a provider's id that is long or has other characters is hashed."""
    user = f"{provider}:{identity}"
    return user if _PRINCIPAL_ID.fullmatch(user) else f"{provider}:sha256-{user_key(identity)}"


def signed_in_user(headers: Mapping[str, str], settings: Settings) -> User:
    """Return the principal; raises SignInRequired without one."""
    if user := principal(headers, settings):
        return user
    raise SignInRequired("sign in first: nobody can name themselves here")


def negotiating_user(headers: Mapping[str, str], asked: Sequence[str], settings: Settings) -> User:
    """Return the user that a negotiate request may connect as; `asked` holds the ids it names itself by.

    Raises MissingUser, InvalidName, SignInRequired or NotConfigured.
    """
    if settings.auth is Auth.OPEN:
        return named_user(asked, status=400)
    user = signed_in_user(headers, settings)
    if any(name not in (user.id, user.name) for name in asked):
        raise SignInRequired("the user is who signed in: nobody can name themselves here")
    return user


def connecting_user(token_user: str | None, roles: Sequence[str], asked: Sequence[str], settings: Settings) -> User:
    """Return the user of a connection: its token's, else in open mode the one it names itself by.

    The token's `roles` carry the name under `easyauth`. Raises MissingUser (401), InvalidName or NotConfigured.
    """
    auth = settings.auth
    if token_user and auth is Auth.EASYAUTH:
        return User(known_user(token_user, settings), read_name(roles) or token_user)
    if token_user:
        return named_user([token_user], status=401)
    if auth is Auth.OPEN:
        return named_user(asked, status=401)
    raise MissingUser(401)


def known_user(user: str, settings: Settings) -> str:
    """Return the id of a connection's user; raises InvalidName for one that this mode does not give, NotConfigured."""
    if settings.auth is Auth.OPEN:
        return user_name(user)
    if _PRINCIPAL_ID.fullmatch(user):
        return user
    raise InvalidName(f"the user id must be <provider>:<id>, at most {USER_ID_LENGTH} printable ASCII characters")


def stored_user(text: str) -> str:
    """Return the id of a user that may have written something at any time, also under earlier rules of names.

    Raises InvalidName for what was never a user, and for the names that the chat uses itself.
    """
    if is_blank(text) or not is_clean(text) or len(text) > USER_ID_LENGTH or text in (REMINDER_USER, ERASED_USER):
        raise InvalidName(f"{text[:USER_ID_LENGTH]!r} is no user: 1 to {USER_ID_LENGTH} characters, no reserved name")
    return text


def named_user(asked: Sequence[str], *, status: int) -> User:
    """Return the last of the names, checked; raises MissingUser with the status when there is none."""
    if not any(name.strip() for name in asked):
        raise MissingUser(status)
    name = user_name(asked[-1])
    return User(name, name)


def name_roles(user: User) -> list[str]:
    """Return the roles with which a token carries the user's name; none where the name is the id."""
    if user.own_name is None:
        return []
    return [NAME_ROLE + base64.urlsafe_b64encode(user.name.encode()).decode()]


def read_name(roles: Sequence[str]) -> str | None:
    """Return the name that the roles of a token carry, or None."""
    for role in roles:
        if role.startswith(NAME_ROLE):
            try:
                return clean_name(base64.urlsafe_b64decode(role.removeprefix(NAME_ROLE)).decode()) or None
            except (binascii.Error, ValueError):
                return None
    return None
