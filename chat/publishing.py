"""Publishing by hand: the call that every message makes costs a third of the SDK's CPU time so.

Publishing a frame twice is safe, because readers know a message by its id: it is tried again when it fails.
"""

import base64
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from chat.correlation import REQUEST_ID, call_headers, new_call_id
from chat.errors import ServiceUnavailable
from chat.http_client import HttpClient, call_with_retries
from chat.http_connections import CallFailed
from chat.http_messages import HttpAnswer

API_VERSION = "2024-12-01"
PAUSES = ((0.02, 0.1), (0.1, 0.4))
TRY_SECONDS = 4.0
TOKEN_SECONDS = 300
# A token is the same for a minute, so that it need not be signed for each message.
TOKEN_STEP_SECONDS = 60
_ACCEPTED = 202
# {"alg":"HS256","typ":"JWT"}
_JWT_HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
# Made once: `json.dumps` makes an encoder for each call that has options.
_encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


Authorize = Callable[[str, float], Awaitable[str]]
"""Returns the bearer token for a URL without its query within so many seconds; raises CallFailed."""


class Publisher:
    """Sends to the groups of one hub; it belongs to one event loop."""

    def __init__(self, endpoint: str, hub: str, authorize: Authorize) -> None:
        self._groups = f"{endpoint}/api/hubs/{quote(hub, safe='')}/groups"
        self._authorize = authorize
        self._http = HttpClient(endpoint)

    async def publish(self, group: str, frame: dict[str, Any], excluded: str | None, seconds: float) -> None:
        """Send a frame to every connection in the group, except the excluded one.

        Raises ServiceUnavailable when the service does not take it within that many seconds, or refuses it.
        """
        url = send_url(self._groups, group)
        address = f"{url}?api-version={API_VERSION}"
        if excluded:
            address += f"&excluded={quote(excluded, safe='')}"
        joined, body = {REQUEST_ID: new_call_id()} | call_headers(), encode_frame(frame)

        async def send(limit: float) -> HttpAnswer:
            began = time.monotonic()
            headers = {
                "Authorization": f"Bearer {await self._authorize(url, limit)}",
                "Content-Type": "application/json",
                **joined,
            }
            left = limit - (time.monotonic() - began)
            return await self._http.call("POST", address, headers, body, left)

        try:
            answer = await call_with_retries(send, PAUSES, seconds, TRY_SECONDS)
        except CallFailed as problem:
            raise ServiceUnavailable("the Web PubSub service did not take the message") from problem
        if answer.status != _ACCEPTED:
            raise ServiceUnavailable(f"the Web PubSub service did not take the message: {answer.status}")


@lru_cache(maxsize=1024)
def send_url(groups: str, group: str) -> str:
    """Return the URL that sends to a group, without its query; `groups` is the URL of the hub's groups."""
    return f"{groups}/{quote(group, safe='')}/:send"


def authorize_with_key(access_key: str) -> Authorize:
    """Return what signs tokens with an access key of the service."""

    async def authorize(url: str, _: float) -> str:
        step = int(time.time()) // TOKEN_STEP_SECONDS
        return sign_token(url, access_key, (step + 1) * TOKEN_STEP_SECONDS + TOKEN_SECONDS)

    return authorize


@lru_cache(maxsize=1024)
def sign_token(audience: str, access_key: str, expires: int) -> str:
    """Return a token (JWT, HS256) for one URL without its query; `expires` is in seconds since 1970."""
    claims = json.dumps({"aud": audience, "exp": expires}, separators=(",", ":")).encode()
    signed = f"{_JWT_HEADER}.{_base64url(claims)}"
    return f"{signed}.{_base64url(hmac.digest(access_key.encode(), signed.encode(), 'sha256'))}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encode_frame(frame: dict[str, Any]) -> bytes:
    """Return a frame's JSON in UTF-8; halves of surrogate pairs, which UTF-8 does not have, are escaped."""
    text = _encode_json(frame)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(frame).encode()
