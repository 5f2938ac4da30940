"""Signatures in the query: one for a table, or one for the account.

Not offered: signatures by a stored access policy, for a range of keys, and user delegation.
"""

from collections.abc import Mapping, Sequence

from local_azure.tables.authentication.grant import Grant
from local_azure.tables.authentication.shared_key import signature_matches
from local_azure.tables.errors import ErrorCode, TableError
from local_azure.tables.timestamps import TICKS_PER_SECOND, InvalidTime, TimeOutOfRange, parse_datetime

# From this version on the string that an account's signature signs has a further field, the encryption scope.
_ENCRYPTION_SCOPE_VERSION = "2020-12-06"
_KEY_RANGE = ("spk", "srk", "epk", "erk")


def is_signed(query: Mapping[str, str]) -> bool:
    """Return whether the query holds a shared access signature."""
    return "sig" in query


def check_signature(query: Mapping[str, str], account: str, keys: Sequence[str], now: float) -> Grant:
    """Return what the signature in the query allows; `now` is in seconds since 1970. Raises `TableError`."""
    is_for_account = "ss" in query or "srt" in query
    text = _account_string(query, account) if is_for_account else _table_string(query, account)
    if not signature_matches(query["sig"], [text], keys):
        raise TableError(ErrorCode.AUTHENTICATION_FAILED)
    if "si" in query or any(name in query for name in _KEY_RANGE):
        raise TableError(
            ErrorCode.NOT_IMPLEMENTED, "Signatures by a stored access policy or for a range of keys are not offered."
        )
    _check_times(query, now)
    if not is_for_account:
        return Grant(query.get("sp", ""), table=query.get("tn", ""))
    if "t" not in query.get("ss", ""):
        raise TableError(ErrorCode.AUTHORIZATION_SERVICE_MISMATCH)
    return Grant(query.get("sp", ""), resource_types=query.get("srt", ""))


def _table_string(query: Mapping[str, str], account: str) -> str:
    resource = f"/table/{account}/{query.get('tn', '').lower()}"
    names = ("si", "sip", "spr", "sv", *_KEY_RANGE)
    fields = [*(query.get(name, "") for name in ("sp", "st", "se")), resource]
    return "\n".join([*fields, *(query.get(name, "") for name in names)])


def _account_string(query: Mapping[str, str], account: str) -> str:
    names = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"]
    if query.get("sv", "") >= _ENCRYPTION_SCOPE_VERSION:
        names.append("ses")
    return "\n".join([account, *(query.get(name, "") for name in names)]) + "\n"


def _check_times(query: Mapping[str, str], now: float) -> None:
    ticks = now * TICKS_PER_SECOND
    if "se" not in query or ticks >= _ticks(query["se"]) or ("st" in query and ticks < _ticks(query["st"])):
        raise TableError(ErrorCode.AUTHENTICATION_FAILED)


def _ticks(text: str) -> int:
    try:
        # A day alone means its beginning.
        return parse_datetime(text if "T" in text else f"{text}T00:00Z")
    except (InvalidTime, TimeOutOfRange):
        raise TableError(ErrorCode.AUTHENTICATION_FAILED) from None
