"""The same request to the embedded host and to the official runtime, and what must be equal of the answers."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.local_azure.functions.apps import Answer, Served
from tests.local_azure.functions.official.runtime import OfficialApp

# Of the server and the connection, not of the function's answer.
NOT_THE_FUNCTIONS = frozenset({"date", "server", "content-length", "connection", "transfer-encoding"})
HOST = "compared.example:7071"


def verbatim(body: bytes) -> bytes:
    return body


@dataclass(frozen=True)
class Case:
    """One request. `timeless` takes out of a body what depends on the moment it was made."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    timeless: Callable[[bytes], bytes] = verbatim

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


async def answers_to(case: Case, embedded: Served, official: OfficialApp) -> tuple[object, object]:
    """Return both answers in a form that is equal when status, headers and body are."""
    ours = await embedded.send(case.method, case.target, ("Host", HOST), *case.headers, body=case.body)
    theirs = await official.send(case.method, case.target, *case.headers, host=HOST, body=case.body)
    return comparable(ours, case), comparable(theirs, case)


def comparable(answer: Answer, case: Case) -> object:
    """Return status, sorted headers and body."""
    headers = sorted((n.lower(), v) for n, v in answer.headers if n.lower() not in NOT_THE_FUNCTIONS)
    return answer.status, headers, case.timeless(answer.body)
