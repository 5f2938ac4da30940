"""The headers that authorize a call: Shared Key Lite with the account's key, or a bearer token.

The rules are those of "Authorize with Shared Key" for the Table service: the date and the path are signed, the path as
it stands on the request line, and of the query only `comp`, which the chat does not use.
"""

import base64
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class SharedKeySigner:
    """Signs with one key of an account."""

    account: str
    key: bytes

    def headers(self, path: str, now: float) -> dict[str, str]:
        """Return the date and the authorization for a path as it is sent; `now` is in seconds since 1970."""
        date = http_date(int(now))
        return {"x-ms-date": date, "Authorization": self.authorization(path, date)}

    def authorization(self, path: str, date: str) -> str:
        """Return the value of the Authorization header for a path and a date."""
        # An emulator's path begins with the account: then the account stands in the text twice.
        signed = f"{date}\n/{self.account}{path}".encode()
        signature = base64.b64encode(hmac.digest(self.key, signed, "sha256")).decode()
        return f"SharedKeyLite {self.account}:{signature}"


@lru_cache(maxsize=2)
def http_date(seconds: int) -> str:
    """Return a time in seconds since 1970 as HTTP writes it, whatever the process's language is."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} GMT"
