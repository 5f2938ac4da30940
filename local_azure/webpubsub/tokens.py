"""Makes and checks the three kinds of token: client, REST and reconnection.

All are JSON Web Tokens signed with HS256 and an access key; the key's UTF-8 bytes are the secret. Time is always an
argument, in seconds since the epoch.
"""

import json
import math
from base64 import urlsafe_b64decode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

import jwt
from jwt.types import Options

from local_azure.json_depth import check_depth
from local_azure.webpubsub.names import is_unicode

ENTRA_AUDIENCE = "https://webpubsub.azure.com"
RECONNECTION_ISSUER = "https://webpubsub.azure.com"
NAME_IDENTIFIER = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
MAX_TOKEN_CHARACTERS = 64 * 1024

_ALGORITHM = "HS256"


class InvalidToken(Exception):
    """A token that is refused; the text says why and never holds the token."""


@dataclass(frozen=True, slots=True)
class ClientToken:
    """The content of a client token: the user (None without a user claim), roles, groups and all claims as texts."""

    user_id: str | None
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    claims: Mapping[str, tuple[str, ...]]


def client_audience(endpoint: str, hub: str) -> str:
    """Return the audience of client tokens for a hub, e.g. `http://localhost:8080/client/hubs/chat`."""
    return f"{endpoint.rstrip('/')}/client/hubs/{hub}"


def make_client_token(
    key: str,
    audience: str,
    *,
    now: float,
    lifetime_seconds: float,
    user_id: str | None = None,
    roles: Sequence[str] = (),
    groups: Sequence[str] = (),
    more_claims: Mapping[str, object] | None = None,
) -> str:
    """Return a client token as the service SDKs make it; empty values are left out."""
    claims: dict[str, object] = {"aud": audience, "iat": int(now), "exp": int(now + lifetime_seconds)}
    optional: dict[str, object] = {"sub": user_id, "role": list(roles), "webpubsub.group": list(groups)}
    claims |= {name: value for name, value in optional.items() if value}
    claims |= {name: value for name, value in (more_claims or {}).items() if name not in claims}
    return jwt.encode(claims, key, _ALGORITHM)


def read_client_token(
    token: str, *, keys: Iterable[str], audiences: Iterable[str], now: float, skew_seconds: float
) -> ClientToken:
    """Return the content of a token that was signed with one of the keys for one of the audiences.

    Audiences are compared without regard to letter case. Raises `InvalidToken`.
    """
    claims = _signed_claims(token, keys)
    _check_lifetime(claims, now, skew_seconds)
    expected = {audience.lower() for audience in audiences}
    if not any(audience.lower() in expected for audience in _audiences(claims)):
        raise InvalidToken("the token is for another audience")
    texts = {name: tuple(_texts(value)) for name, value in claims.items()}
    if not all(is_unicode(text) for name, values in texts.items() for text in (name, *values)):
        raise InvalidToken("the token has a claim that is not valid Unicode")
    return ClientToken(
        user_id=_user_id(texts),
        roles=texts.get("role", ()),
        groups=texts.get("webpubsub.group", ()),
        claims=texts,
    )


def check_rest_token(
    token: str,
    *,
    keys: Iterable[str],
    endpoints: Iterable[str],
    path: str,
    now: float,
    skew_seconds: float,
    allow_entra: bool = False,
) -> None:
    """Accept a REST token for the request's path at one of the endpoints, else raise `InvalidToken`.

    Endpoints are like `http://host:port`. The audience's scheme and its query are ignored, and it may name a path
    below the request's. With `allow_entra` a token for Microsoft Entra's audience is accepted if its lifetime is
    valid: its signature cannot be checked here.
    """
    try:
        claims = _rest_claims(token, tuple(keys), tuple(endpoints), path)
        _check_lifetime(claims, now, skew_seconds)
    except InvalidToken:
        if not allow_entra:
            raise
        _check_entra_token(token, now, skew_seconds)


def make_reconnection_token(key: str, connection_id: str, *, now: float, lifetime_seconds: float, token_id: str) -> str:
    """Return the token with which a reliable client recovers this one connection."""
    claims = {
        "iss": RECONNECTION_ISSUER,
        "aud": connection_id,
        "jti": token_id,
        "nbf": int(now),
        "exp": int(now + lifetime_seconds),
    }
    return jwt.encode(claims, key, _ALGORITHM)


def check_reconnection_token(token: str, connection_id: str, *, keys: Iterable[str], now: float) -> None:
    """Accept a reconnection token of this connection, else raise `InvalidToken`; no clock skew is allowed for."""
    claims = _signed_claims(token, keys)
    _check_lifetime(claims, now, skew_seconds=0)
    if claims.get("iss") != RECONNECTION_ISSUER or claims.get("aud") != connection_id:
        raise InvalidToken("the token belongs to another connection")


@dataclass(frozen=True, slots=True)
class InspectedToken:
    """What a token says, whoever signed it; `claims` are None when it is no JSON Web Token.

    `is_signed` says whether one of the keys signed it, `is_of_identity` that it is signed in another way.
    """

    claims: Mapping[str, object] | None
    is_signed: bool
    is_of_identity: bool


def inspect_token(token: str, keys: Iterable[str]) -> InspectedToken:
    """Return what a token says; its lifetime and its audience are not checked."""
    is_signed = any(_decoded(token, key) is not None for key in keys)
    try:
        algorithm = jwt.get_unverified_header(token).get("alg") if len(token) <= MAX_TOKEN_CHARACTERS else _ALGORITHM
    except (jwt.PyJWTError, ValueError, TypeError):
        algorithm = _ALGORITHM
    return InspectedToken(_unverified_claims(token), is_signed, algorithm != _ALGORITHM)


def _unverified_claims(token: str) -> Mapping[str, object] | None:
    if len(token) > MAX_TOKEN_CHARACTERS:
        return None
    try:
        part = token.split(".")[1]
        claims = json.loads(check_depth(urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()))
    except (ValueError, IndexError):
        return None
    return claims if isinstance(claims, dict) else None


def bearer(authorization: str | None) -> str | None:
    """Return the token of an `Authorization: Bearer …` header, or None when there is none."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _signed_claims(token: str, keys: Iterable[str]) -> Mapping[str, object]:
    for key in keys:
        claims = _decoded(token, key)
        if claims is not None:
            return claims
    raise InvalidToken("the token was not signed with an access key of this service")


@lru_cache(maxsize=256)
def _decoded(token: str, key: str | None) -> Mapping[str, object] | None:
    """Return the claims if the key signed them (without a key: the signature is not checked), else None.

    Cached, because a server sends many messages with one token, and decoding takes a third of the time of a REST call.
    """
    if len(token) > MAX_TOKEN_CHARACTERS:
        return None
    options: Options = {
        "verify_signature": key is not None,
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
        "verify_aud": False,
        "verify_iss": False,
        "verify_sub": False,
        "verify_jti": False,
    }
    try:
        for part in token.split(".")[:2]:
            check_depth(urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode())
        return jwt.decode(token, key or "", algorithms=[_ALGORITHM], options=options)
    except (jwt.PyJWTError, ValueError, TypeError):
        # The library parses a header whose signature is not checked yet. Its older releases raise not only their own
        # errors, but also those of json for very long numbers and wrong types.
        return None


@lru_cache(maxsize=1_000)
def _rest_claims(token: str, keys: tuple[str, ...], endpoints: tuple[str, ...], path: str) -> Mapping[str, object]:
    """Return the claims of a token for this path, whose lifetime is not checked; raises `InvalidToken`.

    Cached, because a server sends many messages to one group, and all of this is the same for them.
    """
    claims = _signed_claims(token, keys)
    if not any(_covers(audience, endpoints, path) for audience in _audiences(claims)):
        raise InvalidToken("the token is for another address")
    return claims


def _check_lifetime(claims: Mapping[str, object], now: float, skew_seconds: float) -> None:
    expires = _seconds(claims.get("exp"))
    if expires is None:
        raise InvalidToken("the token has no usable exp claim")
    if expires <= now - skew_seconds:
        raise InvalidToken("the token has expired")
    if "nbf" not in claims:
        return
    starts = _seconds(claims["nbf"])
    if starts is None or starts > now + skew_seconds:
        raise InvalidToken("the token is not valid yet")


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) and abs(value) > 2**53:
        return None
    return float(value) if math.isfinite(value) else None


def _audiences(claims: Mapping[str, object]) -> Collection[str]:
    value = claims.get("aud")
    values = value if isinstance(value, list) else [value]
    return [audience for audience in values if isinstance(audience, str)]


def _texts(value: object) -> list[str]:
    """Return a claim's values as texts, as in the `connect` event."""
    if isinstance(value, list):
        return [text for item in value for text in ([_text(item)] if isinstance(item, list) else _texts(item))]
    return [] if value is None else [_text(value)]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _user_id(claims: Mapping[str, tuple[str, ...]]) -> str | None:
    users = claims["sub"] if "sub" in claims else claims.get(NAME_IDENTIFIER, ())
    if len(users) > 1:
        raise InvalidToken(f"the token has {len(users)} user ids, the limit is 1")
    return users[0] if users else None


def _covers(audience: str, endpoints: tuple[str, ...], path: str) -> bool:
    """Return whether the audience, as it is or percent-decoded, is the path at an endpoint or below it."""
    paths = {path.rstrip("/").lower(), unquote(path).rstrip("/").lower()}
    prefixes = [f"{urlsplit(endpoint).netloc.lower()}{below}" for endpoint in endpoints for below in paths]
    addresses = [_without_scheme(audience.lower()), _without_scheme(unquote(audience).lower())]
    return any(
        address is not None and address.startswith(prefix) and address[len(prefix) : len(prefix) + 1] in ("", "/", "?")
        for address in addresses
        for prefix in prefixes
    )


def _without_scheme(audience: str) -> str | None:
    scheme, separator, address = audience.partition("://")
    return address if separator and scheme in ("http", "https", "ws", "wss") else None


def _check_entra_token(token: str, now: float, skew_seconds: float) -> None:
    claims = _decoded(token, key=None)
    if claims is None:
        raise InvalidToken("the token is not a JSON Web Token")
    _check_lifetime(claims, now, skew_seconds)
    if not any(audience.rstrip("/").lower() == ENTRA_AUDIENCE for audience in _audiences(claims)):
        raise InvalidToken("the token is for another audience")
