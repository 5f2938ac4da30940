"""The keys that sign the authority's tokens.

As in Entra ID, the key that signs next is published before it is used, and the one before stays published: whoever
keeps the published keys for a while misses no rotation.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from local_azure.bearer_tokens import PublishedKey

KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and the id by which tokens name it."""

    id: str
    private_key: rsa.RSAPrivateKey

    def published(self) -> PublishedKey:
        """Return the public half as a JSON Web Key."""
        key: PublishedKey = json.loads(RSAAlgorithm.to_jwk(self.private_key.public_key()))
        return {**key, "kid": self.id, "use": "sig", "alg": "RS256"}


def make_key() -> SigningKey:
    """Return a new key, in some 100 ms."""
    return SigningKey(uuid4().hex, rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS))


class SigningKeys:
    """The keys of one authority: the one that signs, the next one, and after a rotation the one before."""

    def __init__(self) -> None:
        """Make the first two keys."""
        self._current, self._next = make_key(), make_key()
        self._before: SigningKey | None = None
        self._listeners: list[Callable[[Sequence[PublishedKey]], None]] = []

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self._current

    def published(self) -> Sequence[PublishedKey]:
        """Return the public keys as JSON Web Keys."""
        return [key.published() for key in (self._current, self._next, self._before) if key is not None]

    def rotate(self) -> SigningKey:
        """Sign with the next key from now on, and return it; tokens of the one before are valid until the next time."""
        self._before, self._current, self._next = self._current, self._next, make_key()
        for listener in self._listeners:
            listener(self.published())
        return self.current

    def on_rotation(self, listener: Callable[[Sequence[PublishedKey]], None]) -> None:
        """Call a function with the published keys whenever they change."""
        self._listeners.append(listener)
