"""What an answer that is no success says: certain refusals of a write, and everything else."""

import json
import re
from dataclasses import dataclass

from chat.errors import StorageUnavailable

TABLE_NOT_FOUND = "TableNotFound"
TABLE_ALREADY_EXISTS = "TableAlreadyExists"
NOT_FOUND = "ResourceNotFound"
SERVER_BUSY = "ServerBusy"
CONFLICTS = frozenset(("EntityAlreadyExists", NOT_FOUND, "EntityNotFound"))
_INDEX = re.compile(r"(\d+):")


class Conflict(Exception):
    """Storage refused a write, and changed nothing: the entity exists (409), changed (412), or is absent (404).

    `index` is the operation's position in its transaction, from 0; `code` is the service's error code.
    """

    def __init__(self, index: int, status: int, code: str) -> None:
        super().__init__(f"operation {index}: {status} {code}")
        self.index = index
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer with an error: its status, the service's code (empty when unreadable), and the operation's index."""

    status: int
    code: str
    index: int = 0


def parse_failure(status: int, body: bytes) -> Failure:
    """Return what an error's body says; a body that is no JSON, as a gateway's is not, gives an empty code."""
    try:
        error = json.loads(body)["odata.error"]
        code, text = error["code"], error["message"]["value"]
    except (ValueError, LookupError, TypeError):
        # The service answers a caller that it cannot authenticate in XML.
        found = re.search(rb"<(?:m:)?code>(\w+)</", body)
        return Failure(status, found[1].decode() if found else "")
    index = _INDEX.match(text) if isinstance(text, str) else None
    return Failure(status, str(code), int(index[1]) if index else 0)


def write_error(failure: Failure) -> Conflict | StorageUnavailable:
    """Return the exception for a write that failed."""
    if failure.status == 412 or failure.code in CONFLICTS:
        return Conflict(failure.index, failure.status, failure.code)
    return StorageUnavailable(_describe(failure), may_have_happened=_may_have_happened(failure))


def read_error(failure: Failure) -> StorageUnavailable:
    """Return the exception for a read that failed."""
    return StorageUnavailable(_describe(failure), may_have_happened=False)


def _may_have_happened(failure: Failure) -> bool:
    # A throttled call is refused before it is carried out. Every other answer of the server's side is uncertain.
    if failure.code == SERVER_BUSY:
        return False
    return failure.status == 408 or failure.status >= 500


def _describe(failure: Failure) -> str:
    return f"storage answered {failure.status} {failure.code}".rstrip()
