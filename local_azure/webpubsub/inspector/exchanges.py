"""The HTTP call of a webhook, of REST or of storage: its request, its answer, and how it is shown without secrets."""

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from local_azure.webpubsub.event_handlers.requests import signature
from local_azure.webpubsub.inspector.redaction import RedactedPayload, Redactor
from local_azure.webpubsub.tokens import bearer, inspect_token

SHOWN_BYTES = 256 * 1024
"""How much of a body is shown with an entry."""

VERIFIED = "verified"
NOT_WITH_THIS_KEY = "not with this key"

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass(slots=True)
class Exchange:
    """One HTTP request and its answer, as they were recorded; `status` is None without an answer.

    `check_signature` finds from the request's headers who signed it: `VERIFIED`, `NOT_WITH_THIS_KEY`, or None where
    there is no signature of a key. A body is None where there is none, and where it was not read.
    """

    method: str
    url: str
    request_headers: Headers
    request_body: bytes | None = None
    status: int | None = None
    response_headers: Headers = ()
    response_body: bytes | None = None
    check_signature: Callable[[Sequence[tuple[str, str]]], str | None] = lambda headers: None
    reason: str | None = None

    def request_pairs(self) -> list[tuple[str, str]]:
        """Return the request's headers with their secrets."""
        return _pairs(self.request_headers)

    def response_pairs(self) -> list[tuple[str, str]]:
        """Return the answer's headers with their secrets."""
        return _pairs(self.response_headers)

    def document(self, redactor: Redactor, limit: int = SHOWN_BYTES) -> dict[str, object]:
        """Return the call for a JSON document, without secrets; of each body `limit` bytes."""
        sent = self.request_pairs()
        document: dict[str, object] = {
            "method": self.method,
            "url": redactor.redact_url(self.url),
            "requestHeaders": redactor.redact_headers(sent),
            "requestBody": _body(self.request_body, redactor, limit),
            "status": self.status,
            "reason": self.reason if self.reason is not None else reason_of(self.status),
            "responseHeaders": redactor.redact_headers(self.response_pairs()),
            "responseBody": _body(self.response_body, redactor, limit),
            "signature": self.check_signature(sent),
        }
        claims = _claims(sent, redactor)
        return document | {"token": claims} if claims is not None else document


def reason_of(status: int | None) -> str:
    """Return the standard phrase of a status, empty for one that has none."""
    try:
        return HTTPStatus(status or 0).phrase
    except ValueError:
        return ""


def header(pairs: Iterable[tuple[str, str]], name: str) -> str | None:
    """Return the first header of this name in lower case, or None."""
    return next((value for other, value in pairs if other.lower() == name), None)


def event_signature(keys: tuple[str, ...]) -> Callable[[Sequence[tuple[str, str]]], str | None]:
    """Return the check of an event's signature, which is over its connection id."""

    def check(headers: Sequence[tuple[str, str]]) -> str | None:
        given = header(headers, "ce-signature")
        if given is None:
            return None
        received = given.encode(errors="replace").split(b",")
        expected = signature(header(headers, "ce-connectionid") or "", keys).encode().split(b",")
        # Every pair is compared: an early end would tell which one it was.
        matches = [hmac.compare_digest(one.strip(), other) for one in received for other in expected]
        return VERIFIED if any(matches) else NOT_WITH_THIS_KEY

    return check


def token_signature(keys: tuple[str, ...]) -> Callable[[Sequence[tuple[str, str]]], str | None]:
    """Return the check of a bearer token; one of an identity is not signed with a key."""

    def check(headers: Sequence[tuple[str, str]]) -> str | None:
        token = bearer(header(headers, "authorization"))
        if token is None:
            return None
        token_claims = inspect_token(token, keys)
        if token_claims.is_of_identity:
            return None
        return VERIFIED if token_claims.is_signed else NOT_WITH_THIS_KEY

    return check


def _claims(headers: Sequence[tuple[str, str]], redactor: Redactor) -> object:
    """Return the claims of a bearer token, without secrets, or None."""
    token = bearer(header(headers, "authorization"))
    claims = None if token is None else inspect_token(token, ()).claims
    return None if claims is None else redactor.redact_value(dict(claims))


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return list(headers.items()) if isinstance(headers, Mapping) else list(headers)


def _body(body: bytes | None, redactor: Redactor, limit: int) -> dict[str, object] | None:
    if body is None:
        return None
    shown: RedactedPayload = redactor.redact(body, limit)
    return shown.document()
