"""From a request's headers and query to what its caller is allowed to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache

from local_azure.bearer_tokens import BearerTokens, InvalidBearerToken, Role
from local_azure.tables.authentication import shared_access_signature as sas
from local_azure.tables.authentication.grant import FULL_ACCESS, Grant
from local_azure.tables.authentication.shared_key import (
    SHARED_KEY,
    SHARED_KEY_LITE,
    canonical_resource,
    signature_matches,
    string_to_sign,
)
from local_azure.tables.errors import ErrorCode, TableError
from local_azure.tables.resource_path import SECONDARY

MAX_SKEW_SECONDS = 15 * 60
AUDIENCE = "https://storage.azure.com"
READING = Grant("rl")
NOTHING = Grant("")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The account's name and its keys, base64; any of them is good, unless keys are not allowed at all.

    `tokens` checks those of identities; without it any bearer token is accepted.
    """

    account: str
    keys: Sequence[str] = field(repr=False)
    allow_shared_key: bool = True
    tokens: BearerTokens | None = None


def authenticate(
    method: str,
    raw_path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    *,
    credentials: Credentials,
    now: float,
) -> Grant:
    """Return what the caller may do; `now` is in seconds since 1970. Raises `TableError` with status 401 or 403."""
    authorization = headers.get("Authorization")
    if authorization is None:
        if sas.is_signed(query):
            _require_shared_key(credentials)
            return sas.check_signature(query, credentials.account, credentials.keys, now)
        raise TableError(ErrorCode.AUTHENTICATION_FAILED)
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return _grant_to_identity(value.strip(), credentials, now)
    account, _, signature = value.strip().partition(":")
    if scheme not in (SHARED_KEY, SHARED_KEY_LITE) or account != credentials.account:
        raise TableError(ErrorCode.AUTHENTICATION_FAILED)
    _require_shared_key(credentials)
    date = headers.get("x-ms-date") or headers.get("Date") or ""
    _check_date(date, now)
    resources = [
        canonical_resource(account, path, query.get("comp")) for path in _signed_paths(raw_path, credentials.account)
    ]
    texts = [string_to_sign(scheme, method, headers, date, resource) for resource in resources]
    if not signature_matches(signature, texts, credentials.keys):
        raise TableError(ErrorCode.AUTHENTICATION_FAILED)
    return FULL_ACCESS


def challenge(credentials: Credentials) -> Mapping[str, str]:
    """Return the header of an answer with status 401: where the caller gets a token, and for what."""
    url = credentials.tokens.authorization_url if credentials.tokens else ""
    return {"WWW-Authenticate": f"Bearer authorization_uri={url} resource_id={AUDIENCE}"}


def _require_shared_key(credentials: Credentials) -> None:
    if not credentials.allow_shared_key:
        raise TableError(ErrorCode.KEY_BASED_AUTHENTICATION_NOT_PERMITTED)


def _grant_to_identity(token: str, credentials: Credentials, now: float) -> Grant:
    """Return what the roles of the token's identity allow: nothing, reading, or all."""
    if credentials.tokens is None:
        return FULL_ACCESS  # there is nothing to check it with
    own = f"https://{credentials.account}.table.core.windows.net"
    try:
        roles = credentials.tokens.read_roles(token, audiences=(AUDIENCE, f"{AUDIENCE}/", own, f"{own}/"), now=now)
    except InvalidBearerToken as error:
        raise TableError(ErrorCode.INVALID_AUTHENTICATION_INFO, str(error)) from None
    if Role.TABLE_CONTRIBUTOR in roles:
        return FULL_ACCESS
    return READING if Role.TABLE_READER in roles else NOTHING


def _signed_paths(raw_path: str, account: str) -> list[str]:
    """Return what a client may have signed as its path.

    For the secondary, the Python SDK signs the primary's path and then puts a segment before it; others sign the
    primary's path in the same place.
    """
    secondary = f"/{account}{SECONDARY}"
    if raw_path != secondary and not raw_path.startswith(f"{secondary}/"):
        return [raw_path]
    rest = raw_path.removeprefix(secondary)
    return [raw_path, rest, f"/{account}{rest}"]


def _check_date(date: str, now: float) -> None:
    seconds = _parse_date(date)
    if seconds is None or abs(now - seconds) > MAX_SKEW_SECONDS:
        raise TableError(ErrorCode.AUTHENTICATION_FAILED)


@lru_cache(maxsize=16)
def _parse_date(date: str) -> float | None:
    """Return the seconds since 1970 of an RFC 1123 date, None for any other text."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
