"""The requests that check the webhook: the service's question, and one event that does nothing.

The event is `disconnected` of a connection that was never there, without a user. Where it is accepted, the app writes
one line to its log and does nothing else, because there is no user who could leave a room.
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from doctor.answers import REQUEST_ORIGIN, Answer, judge_answer
from doctor.http import Response, send_request


@dataclass(frozen=True, slots=True)
class Webhook:
    """The webhook that is asked, and what is known of it. `origin_host` is the service's host."""

    base_url: str
    hub: str
    origin_host: str
    access_key: str | None
    function_key: str | None
    timeout: float
    connection_id: str = field(default_factory=lambda: f"doctor-{secrets.token_hex(12)}")

    def ask(self, origin: str, **headers: str) -> Answer:
        """Return the answer to a validation request of these origins; raises NoAnswer."""
        url = self._url("validate", with_key=True)
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return judge_answer(self._send("OPTIONS", url, {REQUEST_ORIGIN: origin, "ce-awpsversion": "1.0"} | more), url)

    def deliver(self, headers: Mapping[str, str], *, with_key: bool = False) -> Answer:
        """Return the answer to the harmless event with these headers for its proof; raises NoAnswer."""
        url = self._url("disconnected", with_key=with_key)
        return judge_answer(self._send("POST", url, self._event_headers() | dict(headers), b"{}"), url)

    def signature(self, key: str) -> str:
        """Return the `ce-signature` of the event's connection with an access key."""
        return "sha256=" + hmac.digest(key.encode(), self.connection_id.encode(), "sha256").hex()

    def shown(self, method: str, event: str) -> str:
        """Return a request in words: without the query, which may hold a key."""
        return f"{method} {urlsplit(self._url(event, with_key=False)).path}"

    def redact(self, text: str) -> str:
        """Return a text in which no key of ours stands, whatever a server answered."""
        for secret in filter(None, (self.access_key, self.function_key)):
            text = text.replace(secret, "…").replace(quote(secret, safe=""), "…")
        return text

    def _url(self, event: str, *, with_key: bool) -> str:
        query = f"?code={quote(self.function_key, safe='')}" if with_key and self.function_key else ""
        return f"{self.base_url}/eventhandler/{event}{query}"

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        return send_request(method, url, headers=headers, body=body, timeout=self.timeout)

    def _event_headers(self) -> dict[str, str]:
        return {
            REQUEST_ORIGIN: self.origin_host,
            "Content-Type": "application/json",
            "ce-specversion": "1.0",
            "ce-awpsversion": "1.0",
            "ce-type": "azure.webpubsub.sys.disconnected",
            "ce-source": f"/hubs/{self.hub.lower()}/client/{self.connection_id}",
            "ce-id": "1",
            "ce-time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "ce-hub": self.hub.lower(),
            "ce-eventName": "disconnected",
            "ce-connectionId": self.connection_id,
        }


def foreign_token() -> str:
    """Return a bearer token of the right form that no authority has signed."""
    now = int(time.time())
    claims = {"iss": "https://sts.windows.net/doctor/", "aud": "doctor", "iat": now, "exp": now + 600}
    parts: list[dict[str, Any]] = [{"alg": "RS256", "typ": "JWT", "kid": secrets.token_hex(8)}, claims]
    encoded = [encode_base64(json.dumps(part).encode()) for part in parts]
    return ".".join([*encoded, encode_base64(secrets.token_bytes(256))])


def encode_base64(data: bytes) -> str:
    """Return unpadded base64 for URLs."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
