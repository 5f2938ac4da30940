"""Continuation tokens: where the next page of a group's members begins, for that group only.

A token is URL-safe text without padding, so that clients may encode it again or not.
"""

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from local_azure.webpubsub.rest.call import RestCall
from local_azure.webpubsub.rest.errors import RestError, bad_request

MAX_TOKEN_CHARACTERS = 2048
_SIGNATURE_BYTES = 16


def make_continuation_token(last_id: str, call: RestCall) -> str:
    """Return the token for the page after this connection id."""
    content = last_id.encode()
    return urlsafe_b64encode(_sign(content, call) + content).decode().rstrip("=")


def read_continuation_token(token: str, call: RestCall) -> str:
    """Return the connection id after which the page begins; raises `RestError` for a token of another list."""
    if not token.strip() or len(token) > MAX_TOKEN_CHARACTERS:
        raise _refusal()
    try:
        data = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        signature, content = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
        last_id = content.decode()
    except (binascii.Error, UnicodeError):
        raise _refusal() from None
    if not hmac.compare_digest(signature, _sign(content, call)):
        raise _refusal()
    return last_id


def _refusal() -> RestError:
    return bad_request("Invalid continuationToken.", "continuationToken")


def _sign(content: bytes, call: RestCall) -> bytes:
    message = b"\0".join((call.hub.name.encode(), call.group.encode(), content))
    return hmac.digest(call.settings.access_key.encode(), message, sha256)[:_SIGNATURE_BYTES]
