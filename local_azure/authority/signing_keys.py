"""The keys that sign the authority's tokens: one signs, and the one before it stays published, as in Entra ID."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from local_azure.bearer_tokens import PublishedKey

KEY_BITS = 2048
# A token that was signed a moment before a rotation stays valid.
PUBLISHED_KEYS = 2


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
    """The keys of one authority, the one that signs at first."""

    def __init__(self) -> None:
        """Make the first key."""
        self._keys = [make_key()]
        self._listeners: list[Callable[[Sequence[PublishedKey]], None]] = []

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self._keys[0]

    def published(self) -> Sequence[PublishedKey]:
        """Return the public keys as JSON Web Keys."""
        return [key.published() for key in self._keys]

    def rotate(self) -> SigningKey:
        """Sign with a new key from now on, and return it; only the key before it stays published."""
        self._keys = [make_key(), *self._keys][:PUBLISHED_KEYS]
        for listener in self._listeners:
            listener(self.published())
        return self.current

    def on_rotation(self, listener: Callable[[Sequence[PublishedKey]], None]) -> None:
        """Call a function with the published keys whenever they change."""
        self._listeners.append(listener)
