"""From a request's headers and query to what its caller is allowed to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache

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


@dataclass(frozen=True, slots=True)
class Credentials:
    """The account's name and its keys, base64; any of them is good."""

    account: str
    keys: Sequence[str] = field(repr=False)


def authenticate(
    method: str,
    raw_path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    *,
    credentials: Credentials,
    now: float,
) -> Grant:
    """Return what the caller may do; `now` is in seconds since 1970. Raises `TableError` with status 403.

    A bearer token is accepted and not looked at: there is nothing on this machine to check it with.
    """
    authorization = headers.get("Authorization")
    if authorization is None:
        if sas.is_signed(query):
            return sas.check_signature(query, credentials.account, credentials.keys, now)
        raise TableError(ErrorCode.AUTHENTICATION_FAILED)
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return FULL_ACCESS
    account, _, signature = value.strip().partition(":")
    if scheme not in (SHARED_KEY, SHARED_KEY_LITE) or account != credentials.account:
        raise TableError(ErrorCode.AUTHENTICATION_FAILED)
    date = headers.get("x-ms-date") or headers.get("Date") or ""
    _check_date(date, now)
    resources = [
        canonical_resource(account, path, query.get("comp")) for path in _signed_paths(raw_path, credentials.account)
    ]
    texts = [string_to_sign(scheme, method, headers, date, resource) for resource in resources]
    if not signature_matches(signature, texts, credentials.keys):
        raise TableError(ErrorCode.AUTHENTICATION_FAILED)
    return FULL_ACCESS


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
