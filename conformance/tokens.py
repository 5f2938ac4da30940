"""JSON Web Tokens with HS256, as access keys sign them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping


def sign_token(key: str | bytes, claims: Mapping[str, object]) -> str:
    """Return a token with these claims; the key counts as its UTF-8 bytes."""
    signed = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
    secret = key.encode() if isinstance(key, str) else key
    return f"{signed}.{_base64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def event_signature(key: str, connection_id: str) -> str:
    """Return what the service writes into `ce-signature` for a key."""
    return f"sha256={hmac.new(key.encode(), connection_id.encode(), hashlib.sha256).hexdigest()}"


def _encode(part: Mapping[str, object]) -> str:
    return _base64url(json.dumps(part, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
